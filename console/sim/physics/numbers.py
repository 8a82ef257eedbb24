"""A store's own numbers, as its /metrics will show them: durations, counters, and gauges that change on a grid."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .meter import Meter

if TYPE_CHECKING:
    from .raft import Raft
    from .service import Service
    from .store import StoreNode

# tikv_grpc_msg_duration_seconds runs from 50 us to 104 s in steps of two; every third bound is kept here.
GRPC_BOUNDS = (0.00005, 0.0004, 0.0008, 0.0016, 0.0032, 0.0128, 0.1024, 0.8192, 6.5536, 104.8576)
LOG_BOUNDS = (0.0005, 0.001, 0.002, 0.004, 0.016, 0.064, 0.128, 0.512, 2.048, 16.384)
NET_BOUNDS = (0.0005, 0.001, 0.002, 0.004, 0.016, 0.064, 0.256, 1.0, 4.0)
GRID_S = 10.0  # guides/tikv.md 3.2: region_count and leader_missing every 10 s
SIZE_GRID_S = 60.0  # the same: sizes every 60 s
INSPECT_HZ = 10.0  # guides/tikv.md 2.5: stores look at each other every 100 ms
RTT_S = 0.0004
INSPECTED_STORES = 16  # beyond so many the matrix is left out
SERVER_SHARE = 0.35  # of the client's latency is spent in the store [inference]


class Durations:
    """A Prometheus histogram fed with log-normal batches. Values in seconds."""

    __slots__ = ("bounds", "counts", "sum", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0.0] * len(bounds)  # cumulative
        self.total = 0.0
        self.sum = 0.0

    def add(self, n: float, median: float, sigma: float = 0.6) -> None:
        """`n` samples around `median`."""
        if n <= 0:
            return
        self.total += n
        self.sum += n * median * math.exp(sigma * sigma / 2)
        scale = 1 / (sigma * math.sqrt(2))
        middle = math.log(max(1e-6, median))
        for i, bound in enumerate(self.bounds):
            self.counts[i] += n * 0.5 * (1 + math.erf((math.log(bound) - middle) * scale))

    def clear(self) -> None:
        """A restarted process counts from zero."""
        self.counts = [0.0] * len(self.bounds)
        self.total = self.sum = 0.0


class Numbers:
    """All numbers of one store's process."""

    def __init__(self) -> None:
        self.get = Durations(GRPC_BOUNDS)
        self.put = Durations(GRPC_BOUNDS)
        self.append = Durations(LOG_BOUNDS)
        self.commit = Durations(LOG_BOUNDS)
        self.apply = Durations(LOG_BOUNDS)
        self.wait = Durations(LOG_BOUNDS)
        self.prevotes = 0
        self.votes = 0
        self.unreachable: dict[int, int] = {}
        self.disk_full_errors = 0.0
        self.gauges: dict[str, float] = {}
        self.sizes: dict[str, float] = {}

    def reset(self) -> None:
        """The process restarted."""
        for one in (self.get, self.put, self.append, self.commit, self.apply, self.wait):
            one.clear()
        self.prevotes = self.votes = 0
        self.unreachable.clear()
        self.disk_full_errors = 0.0
        self.gauges, self.sizes = {}, {}

    def served(
        self, reads: float, writes: float, read_s: float, write_s: float, service: Service, sync_s: float
    ) -> None:
        """A leader served so many operations; latencies are the client's medians in a healthy store, s."""
        stall = service.waits_s
        self.get.add(reads, read_s * SERVER_SHARE + stall)
        commit = sync_s + service.commit_s
        self.put.add(writes, write_s * SERVER_SHARE + stall + service.commit_s)
        self.append.add(writes, sync_s)
        self.commit.add(writes, commit)
        self.apply.add(writes, 0.0002)
        self.wait.add(writes, 0.0001 + stall)

    def flush(self, node: StoreNode, raft: Raft) -> None:
        """Gauges on the 10 s grid."""
        mine = [r for r in raft.regions.values() if node.id in r.peers] if len(raft.regions) <= 2000 else []
        self.gauges = {
            "leader": float(max(0, raft.leaders[node.id])),
            "region": float(len(mine)) if mine else float(node.pd.stores.region_counts[node.id]),
            "leader_missing": float(sum(1 for r in mine if not r.leader)),
            "cores": node.container.limits.cores(node.ground.spec.host_cores),
            "memory_quota": float(node.container.limits.memory or node.ground.spec.host_memory),
            "awake": float(sum(1 for r in mine if r.weight > 0 or not r.healthy)),
            "hibernated": float(sum(1 for r in mine if r.weight <= 0 and r.healthy)),
        }
        if not self.sizes or node.ground.now - self.sizes["at"] >= SIZE_GRID_S - 0.5:
            disk = node.disk
            self.sizes = {
                "at": node.ground.now,
                "capacity": float(disk.capacity),
                "available": float(disk.available),
                "used": float(disk.data),
            }


class Inspections:
    """How often and how slowly stores reach each other: (source, target) -> meters of count, seconds, buckets."""

    def __init__(self) -> None:
        self.count: dict[tuple[int, int], Meter] = {}
        self.seconds: dict[tuple[int, int], Meter] = {}
        self.buckets: dict[tuple[int, int], list[Meter]] = {}

    def refresh(self, raft: Raft, now: float) -> None:
        """After a change of the world: links that are down give no samples."""
        stores = raft.stores
        if len(stores) > INSPECTED_STORES:
            return
        for source in stores:
            for target in stores:
                if source != target:
                    self._set(raft, now, source, target)

    def _set(self, raft: Raft, now: float, source: int, target: int) -> None:
        key = (source, target)
        if key not in self.count:
            self.count[key], self.seconds[key] = Meter(now), Meter(now)
            self.buckets[key] = [Meter(now) for _ in NET_BOUNDS]
        rate, rtt = 0.0, RTT_S
        if raft.linked(source, target):
            rate, rtt = INSPECT_HZ, RTT_S + raft.wire_s(source, target)
        elif self.count[key].rate > 0 and raft.up(source):
            failures = raft.stores[source].numbers.unreachable
            failures[target] = failures.get(target, 0) + 1
        self.count[key].set_rate(now, rate)
        self.seconds[key].set_rate(now, rate * rtt)
        middle = math.log(rtt)
        for bound, meter in zip(NET_BOUNDS, self.buckets[key], strict=True):
            meter.set_rate(now, rate * 0.5 * (1 + math.erf((math.log(bound) - middle) / (0.4 * math.sqrt(2)))))

    def forget(self, source: int, now: float) -> None:
        """A restarted store counts from zero."""
        for key, meter in self.count.items():
            if key[0] == source:
                for one in (meter, self.seconds[key], *self.buckets[key]):
                    one.reset(now)
