"""PD's answers about regions: compact JSON typed as bytes, keys in upper-case hexadecimal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from console.sim.physics.raft import Region
from console.sim.physics.service import BYTES_IN, BYTES_OUT
from console.sim.physics.world import World

# What PD prints for a region it does not have: 200 and id 0 (guides/tikv.md 1.2).
NO_REGION: dict[str, Any] = {
    "id": 0,
    "start_key": "",
    "end_key": "",
    "leader": {"role_name": ""},
    "cpu_usage": 0,
    "written_bytes": 0,
    "read_bytes": 0,
    "written_keys": 0,
    "read_keys": 0,
    "approximate_size": 0,
    "approximate_keys": 0,
}
DEFAULT_LIMIT = 16
MAX_LIMIT = 1024 * 1024
READ_FLOW_S, WRITE_FLOW_S = 10.0, 60.0  # guides/tikv.md 1.3
FLOWS = ("writeflow", "readflow", "writequery", "readquery", "size", "keys", "cpu", "confver", "version")


def hexed(key: bytes) -> str:
    """A key as PD prints it."""
    return key.hex().upper()


def _peer(region: Region, store: int) -> dict[str, Any]:
    return {"role_name": "Voter", "id": region.peers[store], "store_id": store}


def region_view(world: World, region: Region) -> dict[str, Any]:
    """One region as PD was last told of it."""
    reads, writes = flow(world, region)
    view: dict[str, Any] = {
        "id": region.id,
        "start_key": hexed(region.start),
        "end_key": hexed(region.end),
        "epoch": {"conf_ver": region.conf_ver, "version": region.version},
        "peers": [_peer(region, store) for store in region.peers],
        "leader": _peer(region, region.reported) if region.reported in region.peers else {"role_name": ""},
    }
    down = world.pd.stores.down_peers(region)
    if down:
        view["down_peers"] = [{"down_seconds": s, "peer": _peer(region, store)} for store, s in down.items()]
    pending = [s for s in region.peers if s in region.reported_pending]
    if pending:
        view["pending_peers"] = [_peer(region, store) for store in pending]
    return view | {
        "cpu_usage": 0,
        "written_bytes": int(writes * BYTES_IN * WRITE_FLOW_S),
        "read_bytes": int(reads * BYTES_OUT * READ_FLOW_S),
        "written_keys": int(writes * WRITE_FLOW_S),
        "read_keys": int(reads * READ_FLOW_S),
        "approximate_size": region.size,
        "approximate_keys": region.keys,
    }


def flow(world: World, region: Region) -> tuple[float, float]:
    """(reads, writes) a second that reach the region now."""
    load = world.workload
    if region.id in world.routes.lost:
        return 0.0, 0.0
    own = max(0.0, sum(load.served.values()) - load.guests_got)
    ops = own * region.weight + load.guests.on_region(region.id, load.guests_got)
    share = world.spec.read_share
    return ops * share, ops * (1 - share)


def regions_view(world: World, regions: Iterable[Region]) -> dict[str, Any]:
    """`{count, regions}`."""
    rows = [region_view(world, r) for r in regions]
    return {"count": len(rows), "regions": rows}


def by_key(world: World, key: bytes) -> Region | None:
    """The region a key lies in."""
    for region in world.raft.regions.values():
        if region.start <= key and (not region.end or key < region.end):
            return region
    return None


def scan(world: World, key: bytes, end: bytes, limit: int) -> list[Region]:
    """Regions from `key` on, in key order; a limit below 1 is the default."""
    ordered = sorted(world.raft.regions.values(), key=lambda r: r.start)
    found = [r for r in ordered if (not r.end or r.end > key) and (not end or r.start < end)]
    return found[: limit if 0 < limit <= MAX_LIMIT else DEFAULT_LIMIT]


def of_store(world: World, store: int, kind: str) -> list[Region] | None:
    """`/regions/store/N?type=`; None for a type PD does not know."""
    regions = [r for r in world.raft.regions.values() if store in r.peers]
    if kind in ("", "all"):
        return regions
    if kind == "leader":
        return [r for r in regions if r.reported == store]
    if kind == "follower":
        return [r for r in regions if r.reported != store]
    if kind == "pending":
        return [r for r in regions if store in r.reported_pending]
    return [] if kind in ("learner", "witness") else None


def top(world: World, what: str, limit: int) -> list[Region]:
    """`/regions/<what>`: the first by that measure."""

    def measure(region: Region) -> float:
        if what in ("writeflow", "writequery"):
            return flow(world, region)[1]
        if what in ("readflow", "readquery"):
            return flow(world, region)[0]
        return {
            "size": region.size,
            "keys": region.keys,
            "cpu": region.weight,
            "confver": region.conf_ver,
            "version": region.version,
        }[what]

    ordered = sorted(world.raft.regions.values(), key=measure, reverse=True)
    return ordered[: limit if limit > 0 else DEFAULT_LIMIT]


def hist_size(world: World) -> list[dict[str, int]]:
    """`/regions/check/hist-size`."""
    counts: dict[int, int] = {}
    for region in world.raft.regions.values():
        counts[region.size] = counts.get(region.size, 0) + 1
    return [{"start": size, "end": size, "count": n} for size, n in sorted(counts.items())]


def hot_stores(world: World) -> dict[str, dict[str, float]]:
    """`/hotspot/stores`: flows by store, a second."""
    share = world.spec.read_share
    served = {str(s): world.workload.served.get(s, 0.0) for s in world.stores}
    return {
        "bytes-write-rate": {s: round(o * (1 - share) * BYTES_IN) for s, o in served.items()},
        "bytes-read-rate": {s: round(o * share * BYTES_OUT) for s, o in served.items()},
        "keys-write-rate": {s: round(o * (1 - share)) for s, o in served.items()},
        "keys-read-rate": {s: round(o * share) for s, o in served.items()},
        "query-write-rate": {s: round(o * (1 - share)) for s, o in served.items()},
        "query-read-rate": {s: round(o * share) for s, o in served.items()},
    }


def hot_regions(world: World, kind: str) -> dict[str, Any]:
    """`/hotspot/regions/{read,write}`: regions with more than twice their fair share."""
    rates = hot_stores(world)
    out: dict[str, Any] = {}
    fair = 1 / max(1, len(world.raft.regions))
    for role in ("as_peer", "as_leader"):
        rows: dict[str, Any] = {}
        total = sum(sum(flow(world, r)) for r in world.raft.regions.values()) or 1.0
        for store in world.stores:
            led = [r for r in world.raft.regions.values() if r.reported == store]
            hot = [r for r in led if sum(flow(world, r)) > 2 * fair * total]
            if role == "as_peer" and kind == "read":
                hot = []
            rows[str(store)] = {
                "store_bytes": rates[f"bytes-{kind}-rate"][str(store)],
                "store_keys": rates[f"keys-{kind}-rate"][str(store)],
                "store_query": rates[f"query-{kind}-rate"][str(store)],
                "total_flow_bytes": 0,
                "total_flow_keys": 0,
                "total_flow_query": 0,
                "regions_count": len(hot),
                "statistics": [_hot(world, r, store, kind) for r in hot],
            }
        out[role] = rows
    return out


def _hot(world: World, region: Region, store: int, kind: str) -> dict[str, Any]:
    reads, writes = flow(world, region)
    rate = writes if kind == "write" else reads
    return {
        "store_id": store,
        "region_id": region.id,
        "stores": list(region.peers),
        "is_leader": region.reported == store,
        "hot_degree": 3,
        "flow_bytes": int(rate * BYTES_IN),
        "flow_keys": rate,
        "flow_query": rate,
    }
