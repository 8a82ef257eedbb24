"""The load generator's connection to one store: when it notices a loss, what it writes about it, when it is back."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING

from . import client_text as text
from .fabric import Reach
from .ground import Ground

if TYPE_CHECKING:
    from .store import StoreNode


class Loss(StrEnum):
    """How a store went away, for its client."""

    REFUSED = "refused"  # FIN or RST at once
    VANISHED = "vanished"  # its interface is gone: the kernel gives up on the open connection after a few seconds
    SILENT = "silent"  # nothing: only the keepalive tells


_LOSS = {
    Reach.GONE: Loss.REFUSED,
    Reach.REFUSED: Loss.REFUSED,
    Reach.NO_NAME: Loss.REFUSED,
    Reach.NO_NETWORK: Loss.VANISHED,
    Reach.LOST: Loss.SILENT,
    Reach.SILENT: Loss.SILENT,
}
# guides/tikv.md 0.5: +0.02 s refused, +14.0 s frozen (keepalive 10 + 3 + 1); recordings/partition_store_leader: first
# read error ("connection timed out") +4.1 s, first health check +1.2 s.
AWARE_S = {Loss.REFUSED: (0.015, 0.03), Loss.VANISHED: (3.6, 4.6), Loss.SILENT: (13.98, 14.03)}
# recordings/: streams are re-created 0.3 s after a start or unpause; 4.0 s after a reconnected network (dial back-off).
BACK_S = {Loss.REFUSED: (0.2, 0.9), Loss.VANISHED: (0.3, 4.2), Loss.SILENT: (0.2, 0.6)}
HEALTH_S = 1.0
STREAM_S = (5.05, 5.35)  # recordings/go-ycsb/kill: context deadline of the stream, then again
SILENT_STREAM_S = 4.0  # recordings/go-ycsb/pause: first failed stream 4.0 s after the keepalive failed


class StoreLink:
    """State of one client-to-store connection. `say` writes a line of the client's log."""

    def __init__(
        self, ground: Ground, node: StoreNode, client_ip: Callable[[], str], say: Callable[[str], None]
    ) -> None:
        self.ground = ground
        self.node = node
        self.loss: Loss | None = None
        self.since = 0.0
        self.aware_at = 0.0
        self.ready_at = 0.0  # when it works again, while it comes back
        self._client_ip = client_ip
        self._say = say
        self._turn = 0
        self._returning = False
        self._noticed = False

    @property
    def up(self) -> bool:
        """Requests go through."""
        return self.loss is None

    @property
    def _chance(self) -> Random:
        return self.ground.chance("client")

    def look(self, reach: Reach) -> None:
        """Take in how the store fares now."""
        loss = _LOSS.get(reach)
        if loss is None:
            if self.loss is not None and not self._returning:
                self._come_back()
            return
        self._returning = False
        if self.loss is None:
            self._lose(loss, reach)
        elif loss is Loss.REFUSED and self.loss is not Loss.REFUSED and self.ground.now < self.aware_at:
            self._lose(loss, reach)  # killed while frozen: the socket tells at once

    # -- losing ----------------------------------------------------------------------------------------------------

    def _lose(self, loss: Loss, reach: Reach) -> None:
        self._turn += 1
        turn, now = self._turn, self.ground.now
        if self.loss is None:
            self.since = now
        self.loss, self._noticed = loss, False
        self.aware_at = now + self._chance.uniform(*AWARE_S[loss])
        self._at(turn, self.aware_at - now, lambda: self._notice(turn, loss, reach))
        if loss is Loss.VANISHED:
            self._at(turn, 1.2, lambda: self._health(turn))

    def _at(self, turn: int, delay: float, action: Callable[[], None]) -> None:
        def run() -> None:
            if turn == self._turn:
                action()

        self.ground.after(max(0.0, delay), run)

    def _address(self) -> str:
        return self.node.address

    def _ip(self) -> str:
        endpoints = self.node.container.endpoints.values()
        return next((e.reserved for e in endpoints), "172.23.0.2")

    def _me(self) -> str:
        return f"{self._client_ip()}:{self._chance.randrange(40000, 60000)}"

    def _streams(self, error: str = "") -> None:
        for _ in range(self.ground.spec.connections):
            self._say(text.recreate_failed(self._address(), error))

    def _notice(self, turn: int, loss: Loss, reach: Reach) -> None:
        self._noticed = True
        node, address = self.node, self._address()
        if loss is Loss.REFUSED:
            self._streams()
            error = text.no_host(node.name) if reach is Reach.NO_NAME else text.refused(self._ip())
            self._say(text.health_error(address, error))
            self._refill(text.RESET)
            self._at(turn, HEALTH_S, lambda: self._health(turn))
            self._at(turn, self._chance.uniform(*STREAM_S), lambda: self._stream(turn))
        elif loss is Loss.VANISHED:
            self._streams()
            self._refill(text.TIMED_OUT)
            self._at(turn, 13.6 - 4.1, lambda: self._no_connections(turn))
            self._at(turn, self._chance.uniform(*STREAM_S), lambda: self._stream(turn))
        else:
            self._say(text.health_error(address, text.DEADLINE))
            self._say(text.refill(node.id, address, text.unavailable(text.KEEPALIVE)))
            self._no_connections(turn)
            self._at(turn, 2.0, lambda: self._health(turn))
            self._at(turn, SILENT_STREAM_S, lambda: self._first_silent_stream(turn))

    def _refill(self, template: str) -> None:
        error = text.unavailable(template.format(me=self._me(), ip=self._ip()))
        self._say(text.refill(self.node.id, self._address(), error))

    def _no_connections(self, turn: int) -> None:
        def more() -> None:
            self._say(text.no_connections(self._address()))
            self._say(text.refill(self.node.id, self._address(), "no available connections"))

        self._at(turn, 0.06, lambda: self._say(text.no_connections(self._address())))
        self._at(turn, 1.06, more)

    def _first_silent_stream(self, turn: int) -> None:
        self._streams()
        self._at(turn, self._chance.uniform(*STREAM_S), lambda: self._stream(turn))

    def _stream(self, turn: int) -> None:
        self._streams("context deadline exceeded")
        self._at(turn, self._chance.uniform(*STREAM_S), lambda: self._stream(turn))

    def _health(self, turn: int) -> None:
        """Each second: by name where the name is gone, else a deadline (recordings: both, mixed)."""
        nameless = not self.node.container.address or self.loss is Loss.VANISHED
        by_name = nameless and (not self._noticed or self._chance.random() < 0.6)
        if by_name:
            error = text.no_host(self.node.name)
        elif self.loss is Loss.REFUSED and self.node.container.alive:
            error = text.refused(self._ip())
        else:
            error = text.DEADLINE
        self._say(text.health_error(self._address(), error))
        self._at(turn, HEALTH_S + self._chance.uniform(-0.01, 0.03), lambda: self._health(turn))

    # -- returning -------------------------------------------------------------------------------------------------

    def _come_back(self) -> None:
        now = self.ground.now
        if now < self.aware_at and self.loss is not Loss.REFUSED:
            self._turn += 1  # never noticed: the connection lived through it
            self.loss = None
            return
        self._returning = True
        turn = self._turn
        loss = self.loss or Loss.REFUSED
        self.ready_at = max(now, self.aware_at) + self._chance.uniform(*BACK_S[loss])
        self._at(turn, self.ready_at - now, self._returned)

    def _returned(self) -> None:
        if not self._returning:
            return
        self._turn += 1
        self._returning = False
        for _ in range(self.ground.spec.connections):
            self._say(text.recreated(self._address()))
        self._say(text.reachable(self.node.id))
        with self.ground.change():
            self.loss = None
