"""`GET /containers/x/stats`, shaped as an engine 20.10 on cgroup v1 shapes it."""

from __future__ import annotations

from typing import Any

from console.sim.physics.containers import Container
from console.sim.physics.ground import rfc3339
from console.sim.physics.world import World

from .docker_text import ZERO_TIME

Json = dict[str, Any]
PAGE_CACHE = 24 << 20
USER_SHARE = 0.7


def _no_cpu() -> Json:
    return {
        "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }


_BLKIO = (
    "io_service_bytes_recursive",
    "io_serviced_recursive",
    "io_queue_recursive",
    "io_service_time_recursive",
    "io_wait_time_recursive",
    "io_merged_recursive",
    "io_time_recursive",
    "sectors_recursive",
)


def stats_view(world: World, c: Container, before: Json | None) -> Json:
    """One sample; `before` is the sample before it. A container that does not run has empty ones."""
    tail = {"name": f"/{c.name}", "id": c.id}
    if not c.alive:
        return {
            "read": ZERO_TIME,
            "preread": ZERO_TIME,
            "pids_stats": {},
            "blkio_stats": dict.fromkeys(_BLKIO),
            "num_procs": 0,
            "storage_stats": {},
            "cpu_stats": _no_cpu(),
            "precpu_stats": _no_cpu(),
            "memory_stats": {},
            **tail,
        }
    usage, now = world.usages[c.id], world.now
    view: Json = {
        "read": rfc3339(world.ground.wall()),
        "preread": before["read"] if before else ZERO_TIME,
        "pids_stats": {"current": usage.profile.pids},
        "blkio_stats": _blkio(int(usage.meters["write"].value(now))),
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": _cpu(world, c),
        "precpu_stats": before["cpu_stats"] if before else _no_cpu(),
        "memory_stats": _memory(world, c),
        **tail,
    }
    if c.address:
        view["networks"] = {"eth0": _network(world, c)}
    return view


def _cpu(world: World, c: Container) -> Json:
    meters, now = world.usages[c.id].meters, world.now
    total = int(meters["cpu"].value(now) * 1e9)
    cores = world.spec.host_cores
    return {
        "cpu_usage": {
            "total_usage": total,
            "percpu_usage": [total // cores + (total % cores if i == 0 else 0) for i in range(cores)],
            "usage_in_kernelmode": int(total * (1 - USER_SHARE)),
            "usage_in_usermode": int(total * USER_SHARE),
        },
        "system_cpu_usage": int((now + 3600) * cores * 1e9),
        "online_cpus": cores,
        "throttling_data": {
            "periods": int(meters["periods"].value(now)),
            "throttled_periods": int(meters["throttled"].value(now)),
            "throttled_time": int(meters["throttled_s"].value(now) * 1e9),
        },
    }


def _memory(world: World, c: Container) -> Json:
    rss = world.usages[c.id].memory()
    limit = c.limits.memory or world.spec.host_memory
    cache = max(0, min(PAGE_CACHE, limit - rss))
    inner = {
        "active_anon": rss,
        "active_file": cache // 3,
        "cache": cache,
        "dirty": 0,
        "hierarchical_memory_limit": limit,
        "inactive_anon": 0,
        "inactive_file": cache - cache // 3,
        "mapped_file": 0,
        "pgfault": 130_000,
        "pgmajfault": 7,
        "rss": rss,
        "rss_huge": 0,
        "unevictable": 0,
        "writeback": 0,
    }
    totals = {f"total_{k}": v for k, v in inner.items() if not k.startswith("hierarchical")}
    return {"usage": rss + cache, "max_usage": rss + cache, "stats": {**inner, **totals}, "limit": limit}


def _network(world: World, c: Container) -> Json:
    meters, now = world.usages[c.id].meters, world.now
    rx, tx = int(meters["rx"].value(now)), int(meters["tx"].value(now))
    return {
        "rx_bytes": rx,
        "rx_packets": rx // 180,
        "rx_errors": 0,
        "rx_dropped": 0,
        "tx_bytes": tx,
        "tx_packets": tx // 180,
        "tx_errors": 0,
        "tx_dropped": 0,
    }


def _blkio(written: int) -> Json:
    rows = [
        {"major": 254, "minor": 0, "op": op, "value": value}
        for op, value in (("Read", 0), ("Write", written), ("Sync", written), ("Async", 0), ("Total", written))
    ]
    return {**{k: [] for k in _BLKIO}, "io_service_bytes_recursive": rows}
