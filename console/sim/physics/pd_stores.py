"""What PD knows of stores and regions: beats, states, counts; and what it forgets when its leader changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from .ground import Ground
from .raft import Raft, Region

if TYPE_CHECKING:
    from .pd_config import PdConfig
    from .store import StoreNode

DISCONNECTED_S = 20.0  # guides/tikv.md 2.1: strictly more than, hard-coded
UNHEALTHY_S = 600.0
PERSIST_S = 300.0  # guides/tikv.md 0.8: last_heartbeat is written to etcd each 5 min
DOWN_PEER_S = 600.0  # guides/tikv.md 2.2: max-peer-down-duration
DISK_REPORT_S = 60.0  # guides/tikv.md 3.4


class StoreState(IntEnum):
    """metapb.StoreState: the operator's intent."""

    UP = 0
    OFFLINE = 1
    TOMBSTONE = 2


class NodeState(IntEnum):
    """metapb.NodeState: the life cycle."""

    PREPARING = 0
    SERVING = 1
    REMOVING = 2
    REMOVED = 3


@dataclass(slots=True)
class StoreMeta:
    """One store as PD has it. Moments are the world's seconds; None: never."""

    id: int
    address: str
    status_address: str
    start_wall: int = 0
    last_beat: float | None = None
    persisted_beat: float | None = None
    state: StoreState = StoreState.UP
    node_state: NodeState = NodeState.SERVING
    labels: dict[str, str] = field(default_factory=dict)
    leader_weight: float = 1.0
    region_weight: float = 1.0
    slow_score: int = 1
    capacity: int = 0
    available: int = 0
    used: int = 0
    disk_at: float = -1e9
    busy: bool = False
    stopping: bool = False
    add_limit: float = 15.0
    remove_limit: float = 15.0
    destroyed: bool = False
    network_slow: dict[int, int] = field(default_factory=dict)
    beats: int = 0
    unreachable_since: float | None = None  # for its peers: when it stopped taking part


class PdStores:
    """The leader's view of stores and regions."""

    def __init__(self, ground: Ground, raft: Raft, config: PdConfig) -> None:
        self.ground = ground
        self.raft = raft
        self.config = config
        self.metas: dict[int, StoreMeta] = {}
        self.leader_counts: Counter[int] = Counter()
        self.region_counts: Counter[int] = Counter()
        self.unreported: set[int] = set()  # regions whose news has not reached PD
        self.ready_at = 0.0  # schedulers start when regions have reported

    # -- states ------------------------------------------------------------------------------------------------------

    def age(self, meta: StoreMeta) -> float:
        """Seconds since the last beat, by PD's clock."""
        return self.ground.now - meta.last_beat if meta.last_beat is not None else self.ground.wall()

    def state_name(self, meta: StoreMeta) -> str:
        """Computed when somebody asks (guides/tikv.md 2.1)."""
        if meta.state is StoreState.TOMBSTONE:
            return "Tombstone"
        if meta.state is StoreState.OFFLINE:
            return "Offline"
        age = self.age(meta)
        if age > self.config.down_after_s:
            return "Down"
        return "Disconnected" if age > DISCONNECTED_S else "Up"

    def available(self, meta: StoreMeta) -> bool:
        """Fit to receive leaders."""
        return self.state_name(meta) == "Up" and not meta.stopping and meta.slow_score < 80

    # -- reports -----------------------------------------------------------------------------------------------------

    def beat(self, node: StoreNode) -> None:
        """A store heartbeat arrived at the leader."""
        meta, now = self.metas[node.id], self.ground.now
        meta.last_beat = now
        meta.beats += 1
        if meta.persisted_beat is None or now - meta.persisted_beat >= PERSIST_S:
            meta.persisted_beat = now
        meta.slow_score, meta.busy = node.slow.value, node.disk.hung
        meta.stopping, meta.start_wall = node.stopping, node.started_wall
        if now - meta.disk_at >= DISK_REPORT_S:
            self.measure(meta, node)
        for region_id in [r for r in self.unreported if self.raft.regions[r].leader == node.id]:
            self.report(self.raft.regions[region_id])

    def measure(self, meta: StoreMeta, node: StoreNode) -> None:
        """Take in the store's disk numbers; the store measures once a minute."""
        disk = node.disk
        meta.disk_at = self.ground.now
        meta.capacity, meta.available = disk.capacity, disk.available
        meta.used = disk.data

    def join(self, node: StoreNode) -> StoreMeta:
        """A store registers; a known one gets a new start time and keeps its last beat."""
        meta = self.metas.get(node.id)
        if meta is None:
            meta = self.metas[node.id] = StoreMeta(node.id, node.address, node.status_address)
        meta.start_wall = node.started_wall
        return meta

    def report(self, region: Region) -> None:
        """A region heartbeat arrived: PD now knows its leader and pending peers."""
        self.unreported.discard(region.id)
        if region.leader and region.leader != region.reported:
            if region.reported:
                self.leader_counts[region.reported] -= 1
            self.leader_counts[region.leader] += 1
            region.reported = region.leader
        region.reported_pending = frozenset(region.pending)

    def add(self, region: Region) -> None:
        """A region PD knew from the beginning."""
        self.leader_counts[region.reported] += 1
        for store in region.peers:
            self.region_counts[store] += 1

    def forget_beats(self, cached: bool) -> None:
        """A new leader starts from what etcd kept; without a region cache it knows no leaders either."""
        for meta in self.metas.values():
            meta.last_beat = meta.persisted_beat
        self.ready_at = self.ground.now
        if cached:
            return
        self.leader_counts.clear()
        for region in self.raft.regions.values():
            region.reported = 0
            region.reported_pending = frozenset()
            self.unreported.add(region.id)
        self.ready_at = self.ground.now + 10.0

    # -- regions -----------------------------------------------------------------------------------------------------

    def note_absence(self) -> None:
        """Since when a store takes no part, for down peers; registered with the ground."""
        for meta in self.metas.values():
            if self.raft.up(meta.id):
                meta.unreachable_since = None
            elif meta.unreachable_since is None:
                meta.unreachable_since = self.ground.now

    def down_peers(self, region: Region) -> dict[int, int]:
        """Store id -> seconds without contact, as the region's leader reports after ten minutes."""
        down = {}
        for store in region.peers:
            since = self.metas[store].unreachable_since if store in self.metas else None
            if since is not None and store != region.reported and self.ground.now - since >= DOWN_PEER_S:
                down[store] = int(self.ground.now - since)
        return down

    def check(self, kind: str) -> list[Region] | None:
        """`/regions/check/<kind>`; None for a kind PD does not know."""
        regions = self.raft.regions.values()
        if kind == "pending-peer":
            return [r for r in regions if r.reported_pending]
        if kind == "down-peer":
            absent = any(m.unreachable_since is not None for m in self.metas.values())
            return [r for r in regions if self.down_peers(r)] if absent else []
        if kind == "miss-peer":
            return [r for r in regions if len(r.peers) < self.config.parts["replication"]["max-replicas"]]
        if kind == "extra-peer":
            return [r for r in regions if len(r.peers) > self.config.parts["replication"]["max-replicas"]]
        if kind == "offline-peer":
            leaving = {m.id for m in self.metas.values() if m.state is StoreState.OFFLINE}
            return [r for r in regions if leaving & r.peers.keys()] if leaving else []
        if kind == "undersized-region":
            return [r for r in regions if r.size < 54]
        if kind == "oversized-region":
            return [r for r in regions if r.size > 384]
        if kind == "empty-region":
            return [r for r in regions if r.size <= 1]
        return [] if kind == "learner-peer" else None
