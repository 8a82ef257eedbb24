"""The load generator and PD: what it writes when the leader changes, and how long transactions wait for timestamps."""

from __future__ import annotations

from collections.abc import Callable

from . import client_text as text
from .containers import Container
from .ground import Ground
from .pd import PdCluster

# guides/tikv.md 0.7: with transactions a killed PD leader costs 30.0-30.5 s (dead address tried five times), a frozen
# one 14 s, an orderly change about a second.
KILLED_S = (30.0, 30.5)
FROZEN_S = (14.0, 14.3)
ORDERLY_S = (0.2, 1.0)
SWITCH_S = (0.4, 1.8)  # recordings/kill_pd_leader: "switch leader" 1.6 s after the new leader served
NOTICE_S = (8.0, 10.0)  # the same: first complaint 9.0 s after the kill, in raw mode


class ClientPd:
    """What the client makes of PD. `say` writes a line of its log."""

    def __init__(
        self, ground: Ground, pd: PdCluster, client: Callable[[], Container], say: Callable[[str], None]
    ) -> None:
        self.ground = ground
        self.pd = pd
        self._client = client
        self._say = say
        self.known: str = ""
        self.tso = True
        self._lost_at: float | None = None
        self._killed = False
        self._orderly = False
        self._turn = 0
        self._finding_turn = -1  # the turn in which the new leader is being found

    @property
    def txn(self) -> bool:
        """Transactions need timestamps."""
        return self.ground.spec.mode == "txn"

    def begin(self) -> None:
        """A run starts: the client finds the leader."""
        member = self.pd.leader_for(self._client())
        self.known, self.tso, self._lost_at = member.name if member else "", True, None
        self._turn += 1
        self._say(text.pd_switched(self.known, ""))

    def refresh(self) -> None:
        """Look at PD after a change of the world."""
        member = self.pd.leader_for(self._client())
        if member is None or member.name != self.known:
            self._lost()
        if member is not None and (self._lost_at is not None) and self._finding_turn != self._turn:
            self._found()

    def _lost(self) -> None:
        if self._lost_at is not None:
            return
        self._turn += 1
        self._lost_at = self.ground.now
        old = self.pd.members.get(self.known)
        self._killed = old is None or not old.container.alive
        self._orderly = old is not None and old.serving
        if not self.txn:
            self._at(self._draw(NOTICE_S), lambda: self._say(text.pd_member_error(self.known, not self._killed)))
            return
        self.tso = False
        if self._killed:
            self._at(0.01, lambda: self._say(text.tso_error(self.known)))
        else:
            self._at(3.0, lambda: self._say(text.tso_cancelled()))

    def _found(self) -> None:
        now, lost_at = self.ground.now, self._lost_at or self.ground.now
        self._finding_turn = self._turn
        wait = self._draw(SWITCH_S)
        if self.txn:
            if self._orderly:
                wait = self._draw(ORDERLY_S)
            else:
                limits = KILLED_S if self._killed else FROZEN_S
                wait = max(0.2, lost_at + self._draw(limits) - now)
        self._at(wait, self._switch)

    def _switch(self) -> None:
        member = self.pd.leader_for(self._client())
        self._finding_turn = -1
        if member is None:
            return
        waited = self.ground.now - (self._lost_at or self.ground.now)
        self._say(text.pd_switched(member.name, self.known))
        self.known, self._lost_at = member.name, None
        self._turn += 1
        if not self.tso:
            if waited > 0.03:
                self._say(text.tso_slow(waited))
            with self.ground.change():
                self.tso = True

    def _at(self, delay: float, action: Callable[[], None]) -> None:
        turn = self._turn

        def run() -> None:
            if turn == self._turn:
                action()

        self.ground.after(delay, run)

    def _draw(self, limits: tuple[float, float]) -> float:
        return self.ground.chance("client-pd").uniform(*limits)
