"""The closed loop: how many operations a second so many threads get done on stores as they are."""

from __future__ import annotations

from collections.abc import Collection

from .service import IDLE_FACTOR, MACHINE_OPS, READ_US, UPDATE_US, Service
from .spec import ClusterSpec

READ_MEAN, UPDATE_MEAN = 1.31, 1.23  # mean over median of the two log-normals with their tails
TXN_FACTOR = 2.2  # recordings/go-ycsb/txnpdkill: 50th 1,600 us where raw has 700


def pace(
    spec: ClusterSpec,
    stores: Collection[tuple[float, Service]],
    factor: float,
    active: int,
    client_cap: float,
    others: float = 0.0,
) -> tuple[float, float]:
    """(operations/s of `active` threads, factor on base latencies).

    `stores`: (share of all operations, service) of usable stores; `factor`: the world's present speed, 1 usual;
    `client_cap`: what the client's own CPU allows; `others`: operations/s that other clients would like to have.
    Little's law: threads = rate x mean latency, up to the caps.
    """
    usable = sum(share for share, _ in stores)
    r = spec.read_share
    txn = TXN_FACTOR if spec.mode == "txn" else 1.0
    base = (r * READ_US * READ_MEAN + (1 - r) * UPDATE_US * UPDATE_MEAN) * 1e-6 * txn / factor
    extra = sum(share / usable * s.mean_s(r) for share, s in stores)
    free = active / (base + extra)
    cap = min((s.cap * usable / share for share, s in stores if share > 0), default=float("inf"))
    machine = MACHINE_OPS * factor
    if others > 0 and free + others > machine:
        machine *= free / (free + others)  # everybody gets a share as large as the demand
    speed = min(free, cap, machine, client_cap)
    if speed <= 0:
        return 0.0, 1.0
    wanted = min(speed, spec.target) if spec.target else speed
    stretch = max(1.0, (active / speed - extra) / base)
    scale = (IDLE_FACTOR + (1 - IDLE_FACTOR) * min(1.0, wanted / free)) * stretch * txn / max(0.3, factor)
    return speed, scale
