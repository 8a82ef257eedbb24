"""Replica repair: peers of a lost or leaving store made anew elsewhere, where there is an elsewhere."""

from __future__ import annotations

from .ground import Ground
from .pd_config import PdConfig
from .pd_schedule import Scheduling
from .pd_stores import NodeState, PdStores, StoreMeta, StoreState
from .raft import Raft, Region

ROUND_S = 1.0
TOMBSTONE_CHECK_S = 10.0  # guides/tikv.md 2.1
# One peer: a snapshot of about 20 MiB and the two membership changes around it [inference].
MOVE_S = (1.0, 4.0)


class Repair:
    """Asleep until a store is Down or Offline."""

    def __init__(self, ground: Ground, raft: Raft, stores: PdStores, config: PdConfig, schedule: Scheduling) -> None:
        self.ground = ground
        self.raft = raft
        self.stores = stores
        self.config = config
        self.schedule = schedule
        self.peer_ids = 1_000_000
        self.no_place = 0  # pd_checker_event_count{type="rule_checker",name="no-store-replace"}
        self._added: dict[int, list[float]] = {}  # store -> moments of peers added, for its limit per minute
        ground.every(TOMBSTONE_CHECK_S, TOMBSTONE_CHECK_S, self._look)

    def _look(self) -> None:
        bad = self._bad()
        if bad and self.schedule.leading() is not None:
            self._round(bad)
        for meta in self.stores.metas.values():
            empty = self.stores.region_counts[meta.id] <= 0
            if meta.state is StoreState.OFFLINE and empty:
                meta.state, meta.node_state = StoreState.TOMBSTONE, NodeState.REMOVED

    def _bad(self) -> list[StoreMeta]:
        now = self.ground.now
        bad = []
        for meta in self.stores.metas.values():
            lost = meta.unreachable_since is not None and now - meta.unreachable_since >= 600
            down = (
                self.stores.state_name(meta) == "Down" and lost and self.config.flag("enable-remove-down-replica", now)
            )
            leaving = meta.state is StoreState.OFFLINE and self.config.flag("enable-replace-offline-replica", now)
            if (down or leaving) and self.stores.region_counts[meta.id] > 0:
                bad.append(meta)
        return bad

    def _round(self, bad: list[StoreMeta]) -> None:
        now = self.ground.now
        limit = int(self.config.number("replica-schedule-limit", now))
        for meta in bad:
            for region in self.raft.regions.values():
                if limit <= len(self.schedule.operators) or self.schedule.paused("rule"):
                    break
                if meta.id in region.peers and region.id not in self.schedule.operators and region.healthy:
                    self._replace(region, meta)
        if self._bad():
            self.ground.after(ROUND_S, lambda: self._round(self._bad()))

    def _replace(self, region: Region, bad: StoreMeta) -> None:
        place = self._place(region)
        if place is None:
            self.no_place += 1
            return
        if region.leader == bad.id:
            heirs = [s for s in region.peers if s != bad.id and self.raft.linked(region.leader, s)]
            if heirs:
                self.schedule.transfer(region, heirs[0], "replace-offline-leader-replica")
            return
        why = "offline" if bad.state is StoreState.OFFLINE else "down"
        op = self.schedule.open(
            region, f"replace-rule-{why}-peer", "replica,region",
            f"mv peer: store [{bad.id}] to [{place.id}]",
            f"add learner peer on store {place.id}",
        )  # fmt: skip
        self._added.setdefault(place.id, []).append(self.ground.now)

        def done() -> None:
            ok = region.healthy and bad.id in region.peers and place.id not in region.peers and self.raft.up(place.id)
            if ok:
                self._swap(region, bad.id, place.id)
            self.schedule.close(op, ok)

        self.ground.after(self.ground.chance("repair").uniform(*MOVE_S), done)

    def _place(self, region: Region) -> StoreMeta | None:
        now = self.ground.now
        able = []
        for meta in self.stores.metas.values():
            recent = [t for t in self._added.get(meta.id, []) if now - t < 60]
            self._added[meta.id] = recent
            if meta.id not in region.peers and self.stores.available(meta) and len(recent) < meta.add_limit:
                able.append(meta)
        return min(able, key=lambda m: (self.stores.region_counts[m.id], m.id), default=None)

    def _swap(self, region: Region, old: int, new: int) -> None:
        with self.ground.change():
            self.peer_ids += 1
            del region.peers[old]
            region.peers[new] = self.peer_ids
            region.conf_ver += 4  # joint consensus: learner in, joint in, joint out, old out
            region.pending.discard(old)
            self.stores.region_counts[old] -= 1
            self.stores.region_counts[new] += 1
            self.stores.report(region)
