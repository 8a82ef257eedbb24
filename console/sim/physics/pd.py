"""The placement driver as one thing: members and elections, its view of stores, scheduling, and who may ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .containers import Container
from .engine import Engine
from .fabric import Fabric, Reach
from .ground import Ground
from .pd_config import PdConfig
from .pd_election import Elections
from .pd_member import CLIENT_PORT, PdMember
from .pd_repair import Repair
from .pd_schedule import Scheduling
from .pd_stores import PdStores
from .raft import Raft, Region

if TYPE_CHECKING:
    from .store import StoreNode


class PdCluster:
    """All of PD."""

    def __init__(self, ground: Ground, engine: Engine, fabric: Fabric, raft: Raft) -> None:
        self.ground = ground
        self.engine = engine
        self.fabric = fabric
        self.raft = raft
        self.id = 7_600_000_000_000_000_000 + ground.chance("pd-id").randrange(10**17)
        self.members: dict[str, PdMember] = {}
        self.config = PdConfig(min(ground.spec.replicas, ground.spec.stores))
        self.elections = Elections(ground, fabric, self.members)
        self.stores = PdStores(ground, raft, self.config)
        self.schedule = Scheduling(ground, raft, self.stores, self.config, self.leader_uptime)
        self.repair = Repair(ground, raft, self.stores, self.config, self.schedule)
        self.bootstrapped_wall = ground.wall()
        self.rate_limits: dict[str, dict[str, float]] = {}
        raft.on_leader.append(lambda region, _old: self._region_reports(region))
        raft.on_report.append(self._region_reports)
        self.elections.on_leader.append(self._new_leader)

    # -- who leads -------------------------------------------------------------------------------------------------

    @property
    def leading(self) -> PdMember | None:
        """The member that serves as leader, or None."""
        return self.elections.leading

    def leader_uptime(self) -> float | None:
        """Seconds since the serving leader's process began, or None without one."""
        member = self.leading
        return None if member is None else max(0.0, self.ground.now - (member.container.started_at or 0.0))

    def leader_for(self, asker: Container) -> PdMember | None:
        """The serving leader where this container can talk to it."""
        member = self.leading
        if member is None or self.fabric.reach(asker, member.container, CLIENT_PORT) is not Reach.OK:
            return None
        return member

    def stop_of(self, member: PdMember) -> None:
        """A member is being stopped in an orderly way: the leader hands over."""
        if self.elections.leader == member.name:
            self.elections.hand_over(wait=(0.3, 0.8))

    def _new_leader(self, member: PdMember) -> None:
        self.stores.forget_beats(member.cached)
        member.cached = True

    # -- what reaches it -------------------------------------------------------------------------------------------

    def store_joined(self, node: StoreNode) -> None:
        """A store registers at the leader."""
        self.stores.join(node)

    def store_heartbeat(self, node: StoreNode) -> bool:
        """A store's beat; False where it found no leader."""
        if self.leader_for(node.container) is None:
            return False
        self.stores.beat(node)
        if node.stopping or node.slow.value >= 100:
            self.schedule.wake()
        return True

    def _region_reports(self, region: Region) -> None:
        node = self.raft.stores.get(region.leader)
        if node is not None and node.container.awake and self.leader_for(node.container) is not None:
            self.stores.report(region)
        else:
            self.stores.unreported.add(region.id)
