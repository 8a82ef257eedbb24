"""PD's answers about stores, members and the cluster (guides/tikv.md 1.3; recordings/pd-api-samples)."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from console.sim.physics.ground import rfc3339_ns
from console.sim.physics.pd_config import go_duration
from console.sim.physics.pd_member import PdMember
from console.sim.physics.pd_stores import StoreMeta, StoreState
from console.sim.physics.world import World

from .http import number

VERSION = "8.5.5"
GIT_HASH = "3f1b5e0c7a9d42e6b8f0a1c2d3e4f5a6b7c8d9e0"
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
STATE_NAMES = ("up", "offline", "tombstone", "disconnected", "down")


def size_text(count: int) -> str:
    """Bytes as PD writes them: `99.5GiB`, up to four significant digits."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.4g}{UNITS[unit]}"


def pending_counts(world: World) -> Counter[int]:
    """Store -> regions in which its peer is pending."""
    return Counter(s for r in world.pd.stores.check("pending-peer") or () for s in r.reported_pending)


def store_view(world: World, meta: StoreMeta, pending: Counter[int] | None = None) -> dict[str, Any]:
    """One element of `/stores`; zero values are left out as Go's omitempty does."""
    stores, ground = world.pd.stores, world.ground
    # PD stores zero, omitted, where no beat was ever had
    beat_ns = ground.wall_ns(meta.last_beat) if meta.last_beat is not None else 0
    store: dict[str, Any] = {"id": meta.id, "address": meta.address}
    if meta.state is not StoreState.UP:
        store["state"] = int(meta.state)
    if meta.labels:
        store["labels"] = [{"key": k, "value": v} for k, v in meta.labels.items()]
    store |= {
        "version": VERSION,
        "peer_address": meta.address,
        "status_address": meta.status_address,
        "git_hash": GIT_HASH,
        "start_timestamp": meta.start_wall,
        "deploy_path": "/",
        "last_heartbeat": beat_ns,
        "node_state": int(meta.node_state),
        "physically_destroyed": meta.destroyed,
        "state_name": stores.state_name(meta),
    }
    return {
        "store": {k: v for k, v in store.items() if v not in (0, "", False)},
        "status": _status(world, meta, beat_ns, pending_counts(world) if pending is None else pending),
    }


def _status(world: World, meta: StoreMeta, beat_ns: int, pending: Counter[int]) -> dict[str, Any]:
    leaders, regions = max(0, world.pd.stores.leader_counts[meta.id]), world.pd.stores.region_counts[meta.id]
    size = _region_size(world)
    status: dict[str, Any] = {
        "capacity": size_text(meta.capacity),
        "available": size_text(meta.available),
        "used_size": size_text(meta.used),
        "leader_count": leaders,
        "leader_weight": number(meta.leader_weight),
        "leader_score": number(leaders / meta.leader_weight if meta.leader_weight else 0),
        "leader_size": leaders * size,
        "region_count": regions,
        "region_weight": number(meta.region_weight),
        "region_score": number(_region_score(meta, regions * size)),
        "region_size": regions * size,
        "pending_peer_count": pending[meta.id],
        "slow_score": meta.slow_score,
        "network_slow_score": {str(k): v for k, v in meta.network_slow.items()},
        "is_busy": meta.busy,
        "start_ts": rfc3339_ns(meta.start_wall * 10**9),
        "last_heartbeat_ts": rfc3339_ns(beat_ns) if beat_ns else "",
        "uptime": go_duration(max(0.0, beat_ns / 1e9 - meta.start_wall)) if beat_ns else "",
    }
    return {k: v for k, v in status.items() if k not in _OMITTED or v not in (0, "", False, {})}


_OMITTED = frozenset(
    {"pending_peer_count", "slow_score", "network_slow_score", "is_busy", "start_ts", "last_heartbeat_ts", "uptime"}
)


def _region_size(world: World) -> int:
    return next((r.size for r in world.raft.regions.values()), 20)


def _region_score(meta: StoreMeta, size: int) -> float:
    """Formula v2 in spirit: grows with size and with how full the disk is [not PD's exact arithmetic]."""
    if meta.capacity <= 0:
        return 0.0
    full = 1 - meta.available / meta.capacity
    return round(size * (1 + full) * 4.8686, 6)


def stores_view(world: World, metas: list[StoreMeta], chance: Random) -> dict[str, Any]:
    """`/stores`: in another order each time, as PD walks a map."""
    pending = pending_counts(world)
    shown = [store_view(world, m, pending) for m in metas]
    chance.shuffle(shown)
    return {"count": len(shown), "stores": shown}


def trend_view(world: World) -> dict[str, Any]:
    """`/trend`."""
    rows = []
    for meta in world.pd.stores.metas.values():
        status = store_view(world, meta, Counter())["status"]
        rows.append(
            {
                "id": meta.id,
                "address": meta.address,
                "state_name": world.pd.stores.state_name(meta),
                "capacity": meta.capacity,
                "available": meta.available,
                "region_count": status.get("region_count", 0),
                "leader_count": status.get("leader_count", 0),
                "start_ts": status["start_ts"],
                "last_heartbeat_ts": status.get("last_heartbeat_ts", ""),
                "uptime": status.get("uptime", "0s"),
                "hot_write_flow": 0,
                "hot_write_region_flows": None,
                "hot_read_flow": 0,
                "hot_read_region_flows": None,
            }
        )
    history = {"start": -62135596800, "end": int(world.ground.wall()), "entries": []}
    return {"stores": rows, "history": history}


def stats_region(world: World, counts_only: bool) -> dict[str, Any]:
    """`/stats/region`: leaders and peers by store, as PD was last told; stores with none are left out."""
    regions, size = world.raft.regions, _region_size(world)
    keys = next((r.keys for r in regions.values()), 0)
    leaders = {str(s): n for s, n in sorted(world.pd.stores.leader_counts.items()) if n > 0}
    peers = {str(s): n for s, n in sorted(world.pd.stores.region_counts.items()) if n > 0}
    if counts_only:
        return {"count": len(regions)}
    return {
        "count": len(regions),
        "empty_count": 0,
        "storage_size": len(regions) * size,
        "user_storage_size": 0,
        "storage_keys": len(regions) * keys,
        "store_leader_count": leaders,
        "store_peer_count": peers,
        "store_leader_size": {s: n * size for s, n in leaders.items()},
        "store_leader_keys": {s: n * keys for s, n in leaders.items()},
        "store_peer_size": {s: n * size for s, n in peers.items()},
        "store_peer_keys": {s: n * keys for s, n in peers.items()},
    }


def member_view(member: PdMember, versions: bool = True) -> dict[str, Any]:
    """One member as `/members` and `/leader` show it."""
    view: dict[str, Any] = {
        "name": member.name,
        "member_id": member.member_id,
        "peer_urls": [f"http://{member.name}:2380"],
        "client_urls": [f"http://{member.name}:2379"],
    }
    if versions:
        view |= {"deploy_path": "/", "binary_version": f"v{VERSION}", "git_hash": GIT_HASH}
    return view


def members_view(world: World, asked: PdMember) -> dict[str, Any]:
    """`/members` as this member has it; a dead member stays in the list."""
    members = world.pd.members
    view: dict[str, Any] = {
        "header": {"cluster_id": world.pd.id},
        "members": [member_view(m) for m in sorted(members.values(), key=lambda m: m.member_id)],
    }
    if asked.leader in members:
        view["leader"] = member_view(members[asked.leader])
    if asked.etcd_leader in members:
        view["etcd_leader"] = member_view(members[asked.etcd_leader])
    return view


def health_view(members: list[tuple[PdMember, bool]]) -> list[dict[str, Any]]:
    """`/health` from the pings' outcomes."""
    return [
        {
            "name": m.name,
            "member_id": m.member_id,
            "client_urls": [f"http://{m.name}:2379"],
            "health": healthy,
        }
        for m, healthy in members
    ]
