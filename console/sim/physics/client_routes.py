"""Which regions the load generator can use: raft must have a leader, and the client must have found it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .client_link import StoreLink
from .containers import Container
from .fabric import Fabric
from .ground import Ground
from .raft import STORE_PORT, Raft, Region

if TYPE_CHECKING:
    from .store import StoreNode

# guides/tikv.md 2.2: region cache and back-off after an election, at most 1 s.
FIND_S = (0.05, 1.0)


@dataclass(slots=True)
class Lost:
    """A region the client cannot use: which store it talked to, and when it will have found the way."""

    store: int
    ready_at: float | None = None


class Routes:
    """The client's map. `shares` and `blind` are fractions of the workload's operations."""

    def __init__(
        self, ground: Ground, raft: Raft, fabric: Fabric, client: Callable[[], Container], say: Callable[[str], None]
    ) -> None:
        self.ground = ground
        self.raft = raft
        self.fabric = fabric
        self._client = client
        self._say = say
        self.links: dict[int, StoreLink] = {}
        self.lost: dict[int, Lost] = {}
        self.shares: dict[int, float] = {}  # store -> share of all operations, of usable regions
        self.blind = 0.0  # share on unusable regions
        self._known: Counter[int] = Counter()
        self._signature: object = None
        raft.on_leader.append(lambda _region, _old: self._forget())

    def _forget(self) -> None:
        self._signature = None

    def link(self, node: StoreNode) -> StoreLink:
        """The connection to a store, made on first use."""
        link = self.links.get(node.id)
        if link is None:
            link = self.links[node.id] = StoreLink(self.ground, node, lambda: self._client().address, self._say)
        return link

    def reset(self) -> None:
        """A restarted client knows nothing."""
        self.links.clear()
        self.lost.clear()
        self._signature = None

    def refresh(self) -> None:
        """Look at links and regions after a change of the world."""
        client = self._client()
        trouble, clean = bool(self.lost), bool(client.address) and not len(client.netns)
        for node in self.raft.stores.values():
            link = self.link(node)
            if not (clean and node.plain and link.up):
                link.look(self.fabric.reach(client, node.container, STORE_PORT))
            trouble = trouble or not link.up
        if trouble or self.raft.unhealthy:
            for region in self.raft.regions.values():
                self._judge(region)
        self._sum_up()

    def _judge(self, region: Region) -> None:
        usable = region.healthy and bool(region.leader) and self.links[region.leader].up
        lost = self.lost.get(region.id)
        if not usable:
            if lost is None:
                self.lost[region.id] = Lost(region.leader)
                self._forget()
            else:
                lost.ready_at = None
            return
        if lost is None:
            return
        if lost.ready_at is None:
            lost.ready_at = self._when(region, lost)
            self.ground.timeline.at(lost.ready_at, self._found)
        if self.ground.now >= lost.ready_at:
            del self.lost[region.id]
            self._forget()

    def _when(self, region: Region, lost: Lost) -> float:
        """The moment the client will use the region again."""
        now, chance = self.ground.now, self.ground.chance("client")
        if region.leader == lost.store:
            return now + chance.uniform(0.0, 0.1)
        old = self.links.get(lost.store)
        aware = old.aware_at if old is not None and not old.up else now
        return max(now, aware) + chance.uniform(*FIND_S)

    def _found(self) -> None:
        if any(lost.ready_at is not None and lost.ready_at <= self.ground.now for lost in self.lost.values()):
            self.ground.changed()

    def _sum_up(self) -> None:
        signature = (len(self.raft.regions), tuple(self.lost))
        if self._signature == signature:
            return
        self._signature = signature
        shares: Counter[int] = Counter()
        blind = 0.0
        for region in self.raft.regions.values():
            if region.id in self.lost:
                blind += region.weight
            elif region.leader:
                shares[region.leader] += region.weight  # type: ignore[assignment]
        total = sum(shares.values()) + blind
        scale = 1 / total if total > 0 else 0.0
        self.shares = {store: share * scale for store, share in shares.items() if share > 0}
        self.blind = blind * scale
