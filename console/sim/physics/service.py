"""How fast each store serves the load generator: latency and capacity from CPU, disk, memory and the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .containers import Container
from .fabric import Fabric, lossy, steady_s, wire_cost
from .raft import STORE_PORT, Raft
from .spec import ClusterSpec

if TYPE_CHECKING:
    from .store import StoreNode

# recordings/ (8 threads, full speed): READ 50th 474, 90th 1177; UPDATE 50th 1033, 90th 2217; the tail beyond p99.9.
READ_US, READ_SIGMA = 474.0, 0.72
UPDATE_US, UPDATE_SIGMA = 1033.0, 0.62
TAIL_SHARE, TAIL_FACTOR, TAIL_SIGMA = 0.0005, 15.0, 0.6
IDLE_FACTOR = 0.77  # recordings/go-ycsb/pause: 50th 549 at a low target against 714 at full speed
MACHINE_OPS = 12_800.0  # the fastest second of recordings/
# recordings/cpu_quota_leader: 0.27 cores at 7,800 ops/s before, 0.099 cores and 2,850 ops/s under a 10 % quota;
# 92 bytes in and 47 out an operation.
CPU_PER_OP = 35e-6
CPU_PER_COPY = 10e-6  # a follower's append [inference]
CPU_IDLE = 0.02  # an idle store [inference; the stand-in of recordings/ used 0.005]
BYTES_IN, BYTES_OUT = 92.0, 47.0
DISK_BYTES_PER_UPDATE = 400.0
BUSY_RHO = 0.5  # above this share of its quota a store is throttled in some periods
STALL_SIGMA = 0.6
STALL_MEAN = 1.197  # mean over median of such a log-normal
MEMORY_TIGHT = 0.9
MEMORY_COST_S = 0.003


Stall = tuple[float, float]  # share of operations, seconds they wait longer


@dataclass(slots=True)
class Service:
    """One store as the load generator feels it. Times in seconds, caps in operations/s."""

    read_extra: float = 0.0
    update_extra: float = 0.0
    cap: float = float("inf")
    stalls: list[Stall] = field(default_factory=list)
    write_stalls: list[Stall] = field(default_factory=list)
    waits_s: float = 0.0  # mean wait for CPU inside the store
    commit_s: float = 0.0  # mean wait of a write for disk and followers
    writable: bool = True
    throttled: float = 0.0  # share of CPU periods throttled
    cores: float = 0.0

    def mean_s(self, read_share: float) -> float:
        """Added seconds of an operation on average."""
        write = self.update_extra + sum(share * wait for share, wait in self.write_stalls)
        every = sum(share * wait for share, wait in self.stalls)
        return every + read_share * self.read_extra + (1 - read_share) * write


class Services:
    """Computes `Service` for stores; pure given the world's present state."""

    def __init__(self, spec: ClusterSpec, fabric: Fabric, raft: Raft) -> None:
        self.spec = spec
        self.fabric = fabric
        self.raft = raft

    def of(self, client: Container, node: StoreNode, ops: float, memory_share: float, burners: int = 0) -> Service:
        """`ops`: operations/s it serves now; `memory_share`: resident memory over its limit; `burners`: busy loops
        beside it in its control group, which get their fair share of its cores."""
        out = Service(cores=node.container.limits.cores(self.spec.host_cores) / (1 + burners))
        path = self.fabric.path(client, node.container, STORE_PORT)
        if path.up:
            out.read_extra = out.update_extra = steady_s(path)
            _stall(out.stalls, lossy(path))
        self._disk_and_peers(node, out)
        self._cpu(out, ops)
        out.cap = min(out.cap, path.rate_in / BYTES_OUT, path.rate_out / BYTES_IN)
        if memory_share > MEMORY_TIGHT:
            out.read_extra += MEMORY_COST_S * (memory_share - MEMORY_TIGHT) / (1 - MEMORY_TIGHT)
        return out

    def _disk_and_peers(self, node: StoreNode, out: Service) -> None:
        disk = node.disk
        out.writable = not disk.full and not disk.hung and disk.available > 0
        others = []
        for peer in self.raft.stores.values():
            if peer is not node and self.raft.linked(node.id, peer.id):
                way = self.fabric.path(node.container, peer.container, STORE_PORT)
                others.append((wire_cost(way) + peer.disk.delay_s, steady_s(way) + peer.disk.delay_s, lossy(way)))
            if len(others) >= 8:
                break
        needed = min(self.spec.replicas, len(self.raft.stores)) // 2
        others.sort()
        steady, loss = others[needed - 1][1:] if needed and len(others) >= needed else (0.0, (0.0, 0.0))
        held = max(disk.delay_s, steady)
        out.update_extra += held
        out.commit_s = held + loss[0] * loss[1]
        _stall(out.write_stalls, loss)
        if disk.write_rate < float("inf"):
            write_share = max(0.01, 1 - self.spec.read_share)
            out.cap = min(out.cap, disk.write_rate / DISK_BYTES_PER_UPDATE / write_share)

    def _cpu(self, out: Service, ops: float) -> None:
        if out.cores >= self.spec.host_cores:
            return
        for_ops = max(0.2 * out.cores, out.cores - CPU_IDLE)
        out.cap = min(out.cap, for_ops / CPU_PER_OP)
        rho = (ops * CPU_PER_OP + CPU_IDLE) / out.cores
        out.throttled = min(1.0, max(0.0, (rho - BUSY_RHO) / (1 - BUSY_RHO)))
        if out.throttled > 0 and ops > 0:
            periods = 10.0  # of 100 ms a second
            share = min(0.4, out.throttled * periods * self.spec.threads / max(1.0, ops) * 0.4)
            wait = 0.1 * max(0.02, 1 - min(1.0, out.cores)) * 0.5 * out.throttled
            out.waits_s = share * wait
            _stall(out.stalls, (share, wait))


def _stall(stalls: list[Stall], one: Stall) -> None:
    if one[0] > 0:
        stalls.append(one)
