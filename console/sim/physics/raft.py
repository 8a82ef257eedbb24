"""Regions and their leaders: who leads, with what majority, and the elections when a leader is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .fabric import Fabric, wire_cost
from .ground import Ground

if TYPE_CHECKING:
    from .store import StoreNode
    from .timeline import Timer

STORE_PORT = 20160
# guides/tikv.md 2.2: raft tick 1 s, heartbeat 2 ticks, election 10 ticks randomised to 10-20 s since the last
# heartbeat, so 8-20 s after the fault; every region on its own (7.4).
ELECTION_S = (10.0, 20.0)
HEARTBEAT_S = 2.0
# guides/tikv.md 2.2: an idle region sleeps; its follower wakes when the leader's store turns unreachable: at once
# for a broken connection, after the raft connection's keepalive (10 s + 3 s) for a silent one.
RAFT_KEEPALIVE_S = 13.0
TRANSFER_S = (0.02, 0.15)
CATCH_UP_S = (0.5, 8.0)  # recordings/: pending-peer 0 again 0.5-1.0 s (kill, pause) and 7.6-13.6 s (partition)


class Region:
    """One region. `leader`: store id, 0 where there is none; `reported`: the leader PD was last told of."""

    __slots__ = (
        "conf_ver",
        "election",
        "end",
        "healthy",
        "id",
        "keys",
        "leader",
        "lost_at",
        "peers",
        "pending",
        "reported",
        "reported_pending",
        "size",
        "start",
        "term",
        "version",
        "weight",
    )

    def __init__(self, id: int, start: bytes, end: bytes, peers: dict[int, int]) -> None:  # noqa: A002 - PD's word
        self.id = id
        self.start = start
        self.end = end
        self.peers = peers  # store id -> peer id
        self.leader = 0
        self.reported = 0
        self.term = 6
        self.conf_ver = 2 * len(peers) - 1
        self.version = 1
        self.weight = 0.0  # share of the workload's operations
        self.size = 20  # MiB, as PD approximates
        self.keys = 10_000
        self.healthy = True  # a leader that can commit
        self.lost_at = 0.0
        self.election: Timer | None = None
        self.pending: set[int] = set()
        self.reported_pending: frozenset[int] = frozenset()

    @property
    def majority(self) -> int:
        """Peers needed to commit."""
        return len(self.peers) // 2 + 1


class Raft:
    """All regions. `on_leader(region, old store id)` is called after every change of a leader."""

    def __init__(self, ground: Ground, fabric: Fabric, stores: dict[int, StoreNode]) -> None:
        self.ground = ground
        self.fabric = fabric
        self.stores = stores
        self.regions: dict[int, Region] = {}
        self.leaders: Counter[int] = Counter()  # store id -> regions led, as raft has it
        self.unhealthy: set[int] = set()
        self.on_leader: list[Callable[[Region, int], None]] = []
        self.on_report: list[Callable[[Region], None]] = []
        self._links: dict[tuple[int, int], bool] = {}
        self._version = -1
        self._was_calm = False

    # -- links -------------------------------------------------------------------------------------------------------

    def up(self, store: int) -> bool:
        """The store's process runs, is part of the cluster, and gets CPU."""
        node = self.stores.get(store)
        return node is not None and node.serving

    def linked(self, a: int, b: int) -> bool:
        """Raft messages pass both ways between two stores (guides/tikv.md 5.1 row 14: one way lost kills both)."""
        if a == b:
            return self.up(a)
        if self._version != self.ground.version:
            self._version = self.ground.version
            self._links.clear()
        key = (a, b) if a < b else (b, a)
        known = self._links.get(key)
        if known is None:
            known = self._links[key] = self._link(*key)
        return known

    def _link(self, a: int, b: int) -> bool:
        if not self.up(a) or not self.up(b):
            return False
        return self.fabric.both_ways(self.stores[a].container, self.stores[b].container, STORE_PORT)

    def commits(self, region: Region, store: int) -> bool:
        """Whether this store could commit as the region's leader."""
        if store not in region.peers or not self.up(store):
            return False
        return sum(self.linked(store, peer) for peer in region.peers) >= region.majority

    def wire_s(self, a: int, b: int) -> float:
        """Seconds that shaping adds to a round trip between two stores."""
        return wire_cost(self.fabric.path(self.stores[a].container, self.stores[b].container, STORE_PORT))

    # -- watching ----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look at every region after a change of the world; cheap while nothing is amiss."""
        calm = all(node.plain for node in self.stores.values())
        if calm and self._was_calm and not self.unhealthy:
            return
        self._was_calm = calm
        for region in self.regions.values():
            self._look(region)

    def _look(self, region: Region) -> None:
        if region.leader and self.commits(region, region.leader):
            if not region.healthy:
                self._heal(region)
            if region.pending:
                self._catch_up(region)
            return
        if region.healthy:
            region.healthy, region.lost_at = False, self.ground.now
            self.unhealthy.add(region.id)
            self._plan_election(region, self._first_timeout(region))
        elif any(self.commits(region, s) for s in region.peers) and region.election is not None:
            wait = self._draw(ELECTION_S)
            if self.ground.now + wait < region.election.when:
                self._plan_election(region, wait)

    def _heal(self, region: Region) -> None:
        region.healthy = True
        self.unhealthy.discard(region.id)
        if region.election:
            region.election.cancel()
            region.election = None

    def _catch_up(self, region: Region) -> None:
        """Peers that are reachable again leave the pending set after they have caught up."""
        for store in [s for s in region.pending if self.linked(region.leader, s)]:
            region.pending.discard(store)
            self.ground.after(self._draw(CATCH_UP_S), lambda: self._report(region))

    def _report(self, region: Region) -> None:
        for hook in self.on_report:
            hook(region)

    # -- elections ---------------------------------------------------------------------------------------------------

    def _draw(self, limits: tuple[float, float]) -> float:
        return self.ground.chance("raft").uniform(*limits)

    def _first_timeout(self, region: Region) -> float:
        """Seconds until the first follower that lost its leader stands for election."""
        followers = [s for s in region.peers if s != region.leader and self.up(s)]
        draws = [self._draw(ELECTION_S) for _ in followers] or [self._draw(ELECTION_S)]
        if region.weight > 0:
            return min(draws) - self._draw((0.0, HEARTBEAT_S))
        old = self.stores.get(region.leader)
        silent = old is not None and old.container.alive
        return min(draws) + (RAFT_KEEPALIVE_S if silent else 0.0)

    def _plan_election(self, region: Region, wait: float) -> None:
        if region.election:
            region.election.cancel()
        region.election = self.ground.after(wait, lambda: self._elect(region))

    def _elect(self, region: Region) -> None:
        region.election = None
        if region.id not in self.regions:
            return
        able = [s for s in sorted(region.peers) if self.commits(region, s)]
        for store in region.peers:
            if store != region.leader and self.up(store):
                self.stores[store].numbers.prevotes += 1
        if able:
            self._install(region, self.ground.chance("raft").choice(able))
            return
        if region.leader:  # check-quorum: a leader without followers steps down; a dead one is no leader either
            self.leaders[region.leader] -= 1
            region.leader = 0
        self._plan_election(region, self._draw(ELECTION_S))

    def _install(self, region: Region, store: int) -> None:
        """Only this region changes, so only those who follow regions are told, not the whole world."""
        self.ground.settle()
        old = region.leader
        if old:
            self.leaders[old] -= 1
        self.leaders[store] += 1
        self.stores[store].numbers.votes += 1
        region.leader, region.term = store, region.term + 1
        told = f"[term={region.term}] [raft_id={region.peers[store]}] [region_id={region.id}"
        self.stores[store].say("INFO", f'raft.rs:1223] ["became leader at term {region.term}"] {told}')
        region.pending = {s for s in region.peers if not self.linked(store, s)}
        self._heal(region)
        for hook in self.on_leader:
            hook(region, old)

    def transfer(self, region: Region, to: int, done: Callable[[bool], None] = lambda _: None) -> None:
        """Ask the leader to hand over to `to`; `done` hears whether it did."""

        def hand_over() -> None:
            ok = (
                region.id in self.regions
                and bool(region.leader)
                and self.commits(region, region.leader)
                and self.linked(region.leader, to)
                and self.commits(region, to)
                and to not in region.pending
            )
            if ok and region.leader != to:
                self._install(region, to)
            done(ok)

        self.ground.after(self._draw(TRANSFER_S), hand_over)

    # -- building ----------------------------------------------------------------------------------------------------

    def add(self, region: Region, leader: int) -> None:
        """A region that exists from the beginning, led and reported."""
        self.regions[region.id] = region
        region.leader = region.reported = leader
        self.leaders[leader] += 1

    def led_by(self, store: int) -> Iterable[Region]:
        """Regions this store leads."""
        return [r for r in self.regions.values() if r.leader == store]
