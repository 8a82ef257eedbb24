"""PD's schedulers: leader balance and the evictions, their pauses, and the operators they make."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from .ground import Ground
from .pd_config import PdConfig
from .pd_operator import Operator
from .pd_stores import PdStores, StoreMeta
from .raft import Raft, Region
from .timeline import Timer

# guides/tikv.md 1.3: the list of a fresh v8.5.5.
DEFAULT = (
    "balance-region-scheduler",
    "balance-leader-scheduler",
    "balance-hot-region-scheduler",
    "evict-slow-store-scheduler",
    "evict-stopping-store-scheduler",
)
KNOWN = frozenset(
    {
        *DEFAULT,
        "evict-leader-scheduler",
        "grant-leader-scheduler",
        "shuffle-leader-scheduler",
        "shuffle-region-scheduler",
        "random-merge-scheduler",
        "scatter-range",
        "label-scheduler",
        "evict-slow-trend-scheduler",
        "grant-hot-region-scheduler",
    }
)
CHECKERS = ("replica", "rule", "merge", "split", "learner", "joint-state")
BUSY_S = 0.25  # between rounds while there is something to move
IDLE_S = 2.0
BATCH = 3  # guides/tikv.md 1.3: batch of evict-leader-scheduler
SLOW_EVICTED = 100  # guides/tikv.md 2.5: acts at 100, and only where exactly one store is at 80 or more
SLOW = 80


class Scheduling:
    """Works only while PD has a leader (`leading`)."""

    def __init__(
        self, ground: Ground, raft: Raft, stores: PdStores, config: PdConfig, leading: Callable[[], float | None]
    ) -> None:
        self.ground = ground
        self.raft = raft
        self.stores = stores
        self.config = config
        self.leading = leading  # uptime of the serving PD leader in s, or None
        self.schedulers: dict[str, float] = dict.fromkeys(DEFAULT, 0.0)  # name -> paused until
        self.checkers: dict[str, float] = dict.fromkeys(CHECKERS, 0.0)
        self.evicted: set[int] = set()
        self.operators: dict[int, Operator] = {}
        self.records: deque[Operator] = deque(maxlen=200)
        self.events: dict[tuple[str, str], int] = {}  # (type, event) -> pd_schedule_operators_count
        self._timer: Timer = ground.after(IDLE_S, self._round)

    # -- pauses and names ------------------------------------------------------------------------------------------

    def paused(self, name: str) -> bool:
        """A scheduler or checker whose delay has not run out."""
        until = self.schedulers.get(name, self.checkers.get(name, 0.0))
        return until > self.ground.now

    def delay(self, name: str, seconds: float) -> bool:
        """Pause for `seconds`, 0 resumes; `all` means every scheduler. False for an unknown name."""
        table = self.checkers if name in self.checkers else self.schedulers
        names = list(self.schedulers) if name == "all" else [name]
        if any(n not in table for n in names):
            return False
        for n in names:
            table[n] = self.ground.now + seconds if seconds > 0 else 0.0
        return True

    def evict(self, store: int) -> None:
        """Add a store to evict-leader-scheduler, and begin soon."""
        self.schedulers.setdefault("evict-leader-scheduler", 0.0)
        self.evicted.add(store)
        self.wake()

    def unevict(self, store: int) -> bool:
        """Take it out again; the scheduler goes with its last store."""
        if store not in self.evicted:
            return False
        self.evicted.discard(store)
        if not self.evicted:
            self.schedulers.pop("evict-leader-scheduler", None)
        self.wake()
        return True

    def wake(self) -> None:
        """Look soon rather than at the end of an idle wait."""
        self._timer.cancel()
        self._timer = self.ground.after(0.05, self._round)

    # -- rounds ----------------------------------------------------------------------------------------------------

    def _runs(self, name: str) -> bool:
        return name in self.schedulers and not self.paused(name)

    def _round(self) -> None:
        moved = 0
        if self.leading() is not None and self.ground.now >= self.stores.ready_at:
            moved = self._move()
        self._timer = self.ground.after(BUSY_S if moved else IDLE_S, self._round)

    def _move(self) -> int:
        now = self.ground.now
        if self.config.flag("halt-scheduling", now):
            return 0
        limit = int(self.config.number("leader-schedule-limit", now))
        free = limit - sum(op.kind.startswith("leader") for op in self.operators.values())
        if free <= 0:
            return 0
        for desc, store in self._evictions():
            started = self._drain(desc, store, min(free, BATCH))
            if started:
                return started
        return self._balance() if self._runs("balance-leader-scheduler") else 0

    def _evictions(self) -> Iterable[tuple[str, int]]:
        if self._runs("evict-stopping-store-scheduler"):
            yield from (("evict-stopping-store", m.id) for m in self.stores.metas.values() if m.stopping)
        if self._runs("evict-leader-scheduler"):
            yield from (("evict-leader", s) for s in sorted(self.evicted))
        if self._runs("evict-slow-store-scheduler"):
            slow = [m for m in self.stores.metas.values() if m.slow_score >= SLOW]
            if len(slow) == 1 and slow[0].slow_score >= SLOW_EVICTED:
                yield "evict-slow-store", slow[0].id

    def _targets(self) -> list[StoreMeta]:
        return [m for m in self.stores.metas.values() if self.stores.available(m) and m.id not in self.evicted]

    def _drain(self, desc: str, store: int, limit: int) -> int:
        """Move up to `limit` leaders off a store."""
        started = 0
        able = {m.id for m in self._targets()} - {store}
        for region in self.raft.regions.values():
            if started >= limit:
                break
            if region.reported != store or region.id in self.operators:
                continue
            to = [s for s in region.peers if s in able and s not in region.pending]
            if to:
                self.transfer(region, min(to, key=lambda s: (self._load(s), s)), desc)
                started += 1
        return started

    def _load(self, store: int) -> int:
        """Leaders it has, and those on their way."""
        coming = sum(1 for op in self.operators.values() if op.brief.endswith(f" to {store}"))
        return self.stores.leader_counts[store] + coming

    def _balance(self) -> int:
        """One leader from the store with most to the one with fewest, where they differ by two or more."""
        able = sorted(self._targets(), key=lambda m: (self._load(m.id), m.id))
        if len(able) < 2 or self._load(able[-1].id) - self._load(able[0].id) < 2:
            return 0
        source, target = able[-1].id, able[0].id
        for region in self.raft.regions.values():
            fits = region.reported == source and target in region.peers and target not in region.pending
            if fits and region.id not in self.operators:
                self.transfer(region, target, "balance-leader")
                return 1
        return 0

    # -- operators -------------------------------------------------------------------------------------------------

    def transfer(self, region: Region, to: int, desc: str) -> Operator:
        """Start an operator that moves the region's leader."""
        source = region.reported
        op = self.open(region, desc, "leader" if desc != "admin-transfer-leader" else "leader,admin",
                       f"transfer leader: store {source} to {to}",
                       f"transfer leader from store {source} to store {to}")  # fmt: skip
        self.raft.transfer(region, to, lambda ok: self.close(op, ok))
        return op

    def open(self, region: Region, desc: str, kind: str, brief: str, step: str) -> Operator:
        """Register an operator; the caller closes it."""
        op = Operator(
            desc, kind, brief, step, region.id, region.version, region.conf_ver, region.size,
            self.ground.wall(), self.leading() or 0.0,
        )  # fmt: skip
        self.operators[region.id] = op
        self._count(op, "create")
        return op

    def close(self, op: Operator, ok: bool) -> None:
        """It ended."""
        if self.operators.get(op.region) is op:
            del self.operators[op.region]
        op.finished, op.ok = self.ground.wall(), ok
        self.records.append(op)
        self._count(op, "finish" if ok else "cancel")

    def _count(self, op: Operator, event: str) -> None:
        key = (op.desc, event)
        self.events[key] = self.events.get(key, 0) + 1
