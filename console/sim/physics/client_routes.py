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
        self.on_change: list[Callable[[], None]] = []  # a region became usable or moved, outside a refresh
        self._placed: dict[int, int] = {}  # region -> store it is used on, 0 where it is not
        self._weights: Counter[int] = Counter()  # store (0: blind) -> weight of its regions
        raft.on_leader.append(lambda region, _old: self._moved(region))

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
        self._placed.clear()

    def refresh(self) -> None:
        """Look at links and regions after a change of the world."""
        client = self._client()
        trouble, clean = bool(self.lost), bool(client.address) and not len(client.netns)
        for node in self.raft.stores.values():
            link = self.link(node)
            if not (clean and node.plain and link.up):
                link.look(self.fabric.reach(client, node.container, STORE_PORT))
            trouble = trouble or not link.up
        if trouble or self.raft.unhealthy or len(self._placed) != len(self.raft.regions):
            self._placed.clear()
            self._weights.clear()
            for region in self.raft.regions.values():
                self._judge(region)
        self._sum_up()

    def _moved(self, region: Region) -> None:
        """One region has a new leader; the rest of the map stands."""
        if len(self.links) == len(self.raft.stores):
            self._judge(region)
            self._tell()

    def _tell(self) -> None:
        self._sum_up()
        for hook in self.on_change:
            hook()

    def _judge(self, region: Region) -> None:
        """Is it usable, and if it will be soon, when; then count its weight where it belongs."""
        usable = region.healthy and bool(region.leader) and self.links[region.leader].up
        lost = self.lost.get(region.id)
        if not usable:
            if lost is None:
                self.lost[region.id] = Lost(region.leader)
            else:
                lost.ready_at = None
        elif lost is not None:
            if lost.ready_at is None:
                lost.ready_at = self._when(region, lost)
                self.ground.timeline.at(lost.ready_at, lambda: self._found(region))
            if self.ground.now >= lost.ready_at:
                del self.lost[region.id]
        self._place(region, 0 if region.id in self.lost else region.leader)

    def _place(self, region: Region, store: int) -> None:
        before = self._placed.get(region.id)
        if before is not None:
            self._weights[before] -= region.weight  # type: ignore[assignment]
        self._weights[store] += region.weight  # type: ignore[assignment]
        self._placed[region.id] = store

    def _when(self, region: Region, lost: Lost) -> float:
        """The moment the client will use the region again."""
        now, chance = self.ground.now, self.ground.chance("client")
        if region.leader == lost.store:
            return now + chance.uniform(0.0, 0.1)
        old = self.links.get(lost.store)
        aware = old.aware_at if old is not None and not old.up else now
        return max(now, aware) + chance.uniform(*FIND_S)

    def _found(self, region: Region) -> None:
        lost = self.lost.get(region.id)
        if lost is not None and lost.ready_at is not None and lost.ready_at <= self.ground.now:
            self.ground.settle()
            self._judge(region)
            self._tell()

    def _sum_up(self) -> None:
        total = sum(self._weights.values())
        scale = 1 / total if total > 0 else 0.0
        shares = {store: weight * scale for store, weight in self._weights.items()}
        blind = shares.pop(0, 0.0)
        # sums of differences leave dust behind
        self.blind = blind if blind > 1e-9 else 0.0
        self.shares = {store: share for store, share in sorted(shares.items()) if share > 1e-9}

    def weigh(self) -> None:
        """Weights of regions were changed by hand: count them anew."""
        self._placed.clear()
        self.refresh()
        self._tell()
