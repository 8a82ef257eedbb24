"""Who leads PD: etcd's election, then PD's own lease on top of it, and what each member has heard of both."""

from __future__ import annotations

from collections.abc import Callable

from .fabric import Fabric, Reach
from .ground import Ground
from .pd_member import CLIENT_PORT, PEER_PORT, PdMember
from .timeline import Timer

# guides/tikv.md 0.6, 1.4, 7.3: etcd elects 3.3 s (killed) to 3.9 s (frozen) after the loss; PD's lease is then
# extended, so the leader API is back 10.7-12.9 s (killed) or 10.9-12.0 s (frozen) after it; 0.4-0.9 s on an orderly
# stop, 0.5 s on resign.
ETCD_KILLED_S = (3.2, 3.6)
ETCD_FROZEN_S = (3.7, 4.0)
ETCD_QUORUM_BACK_S = (1.5, 3.9)
LEASE_KILLED_S = (10.7, 12.7)
LEASE_FROZEN_S = (10.9, 12.0)
ORDERLY_S = (0.4, 0.9)
RESIGN_S = (0.4, 0.6)
STEP_DOWN_S = 4.9  # guides/tikv.md 2.3: a leader that lost its quorum
STALE_S = (0.05, 0.2)  # guides/tikv.md 2.3: two claimants after a thaw
ETCD_BLIND_S = (3.0, 4.0)  # a member without an etcd leader notices


class Elections:
    """etcd's leader and PD's leader over all members. `on_leader` is called with every new PD leader."""

    def __init__(self, ground: Ground, fabric: Fabric, members: dict[str, PdMember]) -> None:
        self.ground = ground
        self.fabric = fabric
        self.members = members
        self.etcd_leader: str | None = None
        self.leader: str | None = None
        self.term = 2
        self.lost_at: float | None = None  # when the present PD leader was lost
        self.lost_frozen = False
        self.on_leader: list[Callable[[PdMember], None]] = []
        self._etcd_turn = 0
        self._etcd_timer: Timer | None = None
        self._lease_timer: Timer | None = None
        self._views: dict[str, Timer] = {}
        self._blind: dict[str, Timer] = {}

    # -- questions ---------------------------------------------------------------------------------------------------

    def linked(self, a: PdMember, b: PdMember) -> bool:
        """etcd messages pass between two members that both take part."""
        if not a.serving or not b.serving:
            return False
        return a is b or self.fabric.both_ways(a.container, b.container, PEER_PORT)

    def has_quorum(self, member: PdMember) -> bool:
        """It hears a majority, itself included."""
        return sum(self.linked(member, other) for other in self.members.values()) * 2 > len(self.members)

    def electable(self) -> list[PdMember]:
        """Members that could lead etcd now."""
        return [m for m in self.members.values() if self.has_quorum(m)]

    @property
    def leading(self) -> PdMember | None:
        """The member that serves as PD leader now, or None."""
        if self.leader is None:
            return None
        member = self.members[self.leader]
        return member if member.serving and member.leader == member.name else None

    def _draw(self, limits: tuple[float, float]) -> float:
        return self.ground.chance("pd").uniform(*limits)

    def _chief(self) -> PdMember | None:
        """etcd's leader while it is one: the same process, hearing a majority."""
        member = self.members.get(self.etcd_leader or "")
        if member is None or member.turn != self._etcd_turn or not self.has_quorum(member):
            return None
        return member

    # -- watching ----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look at both leaders and every member's beliefs after a change of the world."""
        self._watch_etcd()
        self._watch_lease()
        for member in self.members.values():
            self._watch_beliefs(member)

    def _watch_etcd(self) -> None:
        old = self.members.get(self.etcd_leader or "")
        if self._chief() is not None:
            self._etcd_timer = _cancel(self._etcd_timer)
        elif self._etcd_timer is None and (old is not None or self.electable()):
            if old is None:
                wait = self._draw(ETCD_QUORUM_BACK_S)
            else:
                wait = self._draw(ETCD_FROZEN_S if old.container.alive else ETCD_KILLED_S)
            self._etcd_timer = self.ground.after(wait, self._elect_etcd)

    def _elect_etcd(self) -> None:
        self._etcd_timer = None
        able = self.electable()
        with self.ground.change():
            if not able:
                self.etcd_leader = None
                return
            self.term += 1
            self._enthrone(self.ground.chance("pd").choice(able))
            for member in able:
                self._believe(member)

    def _enthrone(self, member: PdMember) -> None:
        self.etcd_leader, self._etcd_turn = member.name, member.turn

    def _watch_lease(self) -> None:
        if self.leader is None:
            if self._lease_timer is None and self._chief() is not None:
                self._lease_timer = self.ground.after(self._draw(ORDERLY_S), self._campaign)
            return
        holder = self.members[self.leader]
        if holder.serving and self.has_quorum(holder) and holder.leader == holder.name:
            self._keep_or_resign(holder)
        elif self.lost_at is None:
            self.lost_at, self.lost_frozen = self.ground.now, holder.container.alive
            wait = self._draw(LEASE_FROZEN_S if self.lost_frozen else LEASE_KILLED_S)
            self._lease_timer = self.ground.after(wait, self._campaign)
            if holder.serving:
                self.ground.after(STEP_DOWN_S, lambda: self._step_down(holder))

    def _keep_or_resign(self, holder: PdMember) -> None:
        if self.lost_at is None:
            return
        self.lost_at = None
        self._lease_timer = _cancel(self._lease_timer)
        if self.etcd_leader != holder.name:  # PD's leader must sit on etcd's: it gives way at once
            self._lease_timer = self.ground.after(self._draw(ORDERLY_S), self._campaign)
            self.ground.after(self._draw(STALE_S), lambda: self._step_down(holder, always=True))

    def _step_down(self, holder: PdMember, always: bool = False) -> None:
        if not holder.serving or holder.leader != holder.name:
            return
        if always or (self.lost_at is not None and not self.has_quorum(holder)):
            with self.ground.change():
                holder.leader = None

    def _campaign(self) -> None:
        self._lease_timer = None
        chief = self._chief()
        if chief is not None:
            self.install(chief)
            return
        with self.ground.change():
            self.leader, self.lost_at = None, None

    def install(self, member: PdMember) -> None:
        """This member is PD leader from now on."""
        self._lease_timer = _cancel(self._lease_timer)
        with self.ground.change():
            self._enthrone(member)
            self.leader = member.name
            self.lost_at = None
            for other in self.members.values():
                if self.linked(member, other):
                    self._believe(other)
            for hook in self.on_leader:
                hook(member)
        member.say("INFO", 'server.go:1728] ["PD leader is ready to serve"] [leader-name=' + member.name)

    # -- orderly change ----------------------------------------------------------------------------------------------

    def hand_over(self, to: str | None = None, wait: tuple[float, float] = RESIGN_S) -> bool:
        """The leader gives up its office, to `to` or to whoever etcd chooses; False where nobody can take it."""
        old = self.leader
        able = [m for m in self.electable() if m.name != old and (to is None or m.name == to)]
        if not able:
            return False
        heir = self.ground.chance("pd").choice(able)
        with self.ground.change():
            self.term += 1
            self._enthrone(heir)
            if old is not None:
                self.members[old].leader = None
            self.leader, self.lost_at = None, None
            self._lease_timer = _cancel(self._lease_timer)
            self._lease_timer = self.ground.after(self._draw(wait), self._campaign)
        return True

    # -- beliefs -----------------------------------------------------------------------------------------------------

    def _believe(self, member: PdMember) -> None:
        member.term, member.etcd_leader = self.term, self.etcd_leader
        if self.leader is not None and self.lost_at is None:
            member.leader = self.leader

    def _watch_beliefs(self, member: PdMember) -> None:
        """A member in touch with etcd's leader learns the truth in a moment; one without notices after seconds."""
        if not member.serving:
            return
        chief = self._chief()
        if chief is not None and self.linked(member, chief):
            self._blind.pop(member.name, Timer(0, lambda: None)).cancel()
            stale = (member.term, member.etcd_leader) != (self.term, self.etcd_leader)
            stale = stale or (self.leader is not None and self.lost_at is None and member.leader != self.leader)
            if stale and member.name not in self._views:
                self._views[member.name] = self.ground.after(self._draw(STALE_S), lambda: self._learn(member))
        elif member.etcd_leader is not None and member.name not in self._blind:
            self._blind[member.name] = self.ground.after(self._draw(ETCD_BLIND_S), lambda: self._lose_sight(member))

    def _learn(self, member: PdMember) -> None:
        self._views.pop(member.name, None)
        chief = self._chief()
        if member.serving and chief is not None and self.linked(member, chief):
            with self.ground.change():
                self._believe(member)
                member.cached = True

    def _lose_sight(self, member: PdMember) -> None:
        self._blind.pop(member.name, None)
        if member.serving and not self.has_quorum(member):
            with self.ground.change():
                member.etcd_leader = None
            self.ground.after(STEP_DOWN_S, lambda: self._forget_leader(member))

    def _forget_leader(self, member: PdMember) -> None:
        """Without quorum a member ends up knowing no leader: `/leader` null (guides/tikv.md 5.2 row 36)."""
        if member.serving and member.etcd_leader is None and member.leader is not None:
            with self.ground.change():
                member.leader = None


def member_reach(fabric: Fabric, a: PdMember, b: PdMember) -> Reach:
    """How one member's HTTP requests to another fare."""
    if a is b:
        return Reach.OK
    return fabric.reach(a.container, b.container, CLIENT_PORT)


def _cancel(timer: Timer | None) -> Timer | None:
    """Cancel it; the answer, None, is what to keep instead."""
    if timer is not None:
        timer.cancel()
    return None
