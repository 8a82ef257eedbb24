"""A store's /metrics: the series of guides/tikv.md 3.2 that the physics moves."""

from __future__ import annotations

from console.sim.physics.numbers import NET_BOUNDS, Durations
from console.sim.physics.store import StoreNode
from console.sim.physics.world import World

from .prometheus import Text

THREADS = (("raftstore_1_0", 0.25), ("apply_0", 0.15), ("unified_read_po", 0.25), ("grpc_0", 0.25), ("sched_0", 0.1))


def tikv_metrics(world: World, node: StoreNode) -> str:
    """The whole page for one store."""
    text = Text()
    _process(world, node, text)
    _raft(world, node, text)
    _requests(node, text)
    _network(world, node, text)
    _storage(node, text)
    return text.text()


def _process(world: World, node: StoreNode, text: Text) -> None:
    usage, now = world.usages[node.container.id], world.now
    cpu = usage.meters["cpu"].value(now)
    text.one("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.", [({}, cpu)])
    text.one("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", [({}, usage.memory())])
    text.one(
        "process_start_time_seconds",
        "gauge",
        "Start time of the process since unix epoch in seconds.",
        [({}, node.started_wall)],
    )
    text.one(
        "tikv_thread_cpu_seconds_total",
        "counter",
        "Total user and system CPU time spent in seconds by threads.",
        [({"name": name, "tid": str(100 + i)}, cpu * share) for i, (name, share) in enumerate(THREADS)],
    )
    gauges = node.numbers.gauges
    text.one(
        "tikv_server_cpu_cores_quota",
        "gauge",
        "Total CPU cores quota for TiKV server",
        [({}, gauges["cores"])] if gauges else [],
    )
    text.one(
        "tikv_server_memory_quota_bytes",
        "gauge",
        "Total memory bytes quota for TiKV server",
        [({}, gauges["memory_quota"])] if gauges else [],
    )
    text.one("tikv_server_memory_usage", "gauge", "Memory usage for the instance", [({}, usage.memory())])
    text.one(
        "tikv_server_info",
        "gauge",
        "Indicate the tikv server info",
        [({"version": "8.5.5", "hash": "0" * 40}, node.started_wall)],
    )


def _raft(world: World, node: StoreNode, text: Text) -> None:
    gauges, numbers = node.numbers.gauges, node.numbers
    if gauges:
        text.one(
            "tikv_raftstore_region_count",
            "gauge",
            "Number of regions collected in region_collector",
            [({"type": "leader"}, gauges["leader"]), ({"type": "region"}, gauges["region"])],
        )
        text.one(
            "tikv_raftstore_leader_missing",
            "gauge",
            "Total number of leader missed region",
            [({}, gauges["leader_missing"])],
        )
        text.one(
            "tikv_raftstore_hibernated_peer_state",
            "gauge",
            "Total number of peers in awaken/hibernated state.",
            [({"state": "awaken"}, gauges["awake"]), ({"state": "hibernated"}, gauges["hibernated"])],
        )
    text.one(
        "tikv_raftstore_slow_score",
        "gauge",
        "Slow score of the store.",
        [({"type": "disk"}, node.slow.value), ({"type": "network"}, 1)],
    )
    text.one(
        "tikv_raftstore_raft_sent_message_total",
        "counter",
        "Total number of raft ready sent messages.",
        [
            ({"type": "prevote", "status": "accept"}, numbers.prevotes),
            ({"type": "vote", "status": "accept"}, numbers.votes),
        ],
    )
    text.one(
        "tikv_server_report_failure_msg_total",
        "counter",
        "Total number of reporting failure messages",
        [({"type": "unreachable", "store_id": str(s)}, n) for s, n in sorted(numbers.unreachable.items())],
    )
    name = "tikv_pd_request_duration_seconds"
    text.family(name, "histogram", "Bucketed histogram of PD requests duration")
    beats = world.pd.stores.metas[node.id].beats if node.id in world.pd.stores.metas else 0
    text.histogram(name, {"type": "store_heartbeat"}, (0.001, 0.01, 0.1), (beats, beats, beats), beats, beats * 0.0006)
    text.one(
        "tikv_pd_reconnect_total",
        "counter",
        "Total number of PD reconnections.",
        [({"type": "success"}, 1), ({"type": "failure"}, node.pd_failures)],
    )


def _histogram(text: Text, name: str, help_text: str, rows: list[tuple[dict[str, str], Durations]]) -> None:
    text.family(name, "histogram", help_text)
    for labels, seen in rows:
        text.histogram(name, labels, seen.bounds, seen.counts, seen.total, seen.sum)


def _requests(node: StoreNode, text: Text) -> None:
    n = node.numbers
    _histogram(
        text,
        "tikv_grpc_msg_duration_seconds",
        "Bucketed histogram of grpc server messages",
        [({"type": "raw_get", "priority": "medium"}, n.get), ({"type": "raw_put", "priority": "medium"}, n.put)],
    )
    text.one(
        "tikv_storage_engine_async_request_total",
        "counter",
        "Total number of engine asynchronous requests",
        [
            ({"type": "write", "status": "success"}, int(n.put.total)),
            ({"type": "write", "status": "err_disk_full"}, int(n.disk_full_errors)),
            ({"type": "snapshot", "status": "success"}, int(n.get.total)),
        ],
    )
    for name, help_text, seen in (
        ("append_log", "Bucketed histogram of peer appending log duration.", n.append),
        ("commit_log", "Bucketed histogram of peer commits logs duration.", n.commit),
        ("apply_log", "Bucketed histogram of peer applying log duration.", n.apply),
    ):
        _histogram(text, f"tikv_raftstore_{name}_duration_seconds", help_text, [({}, seen)])
    _histogram(
        text,
        "tikv_raftstore_request_wait_time_duration_secs",
        "Bucketed histogram of request wait time duration.",
        [({}, n.wait)],
    )
    _histogram(text, "raft_engine_write_duration_seconds", "Histogram of raft engine write duration", [({}, n.append)])


def _network(world: World, node: StoreNode, text: Text) -> None:
    name = "tikv_raftstore_inspect_network_duration_seconds"
    seen = world.inspections
    rows = [key for key in seen.count if key[0] == node.id]
    if not rows:
        return
    text.family(name, "histogram", "Bucketed histogram of inspect network duration.")
    for source, target in rows:
        key, now = (source, target), world.now
        labels = {"source": str(source), "target": str(target)}
        counts = [m.value(now) for m in seen.buckets[key]]
        text.histogram(name, labels, NET_BOUNDS, counts, seen.count[key].value(now), seen.seconds[key].value(now))


def _storage(node: StoreNode, text: Text) -> None:
    sizes = node.numbers.sizes
    if sizes:
        text.one(
            "tikv_store_size_bytes",
            "gauge",
            "Size of storage.",
            [({"type": t}, sizes[t]) for t in ("capacity", "available", "used")],
        )
        text.one(
            "tikv_engine_size_bytes",
            "gauge",
            "Sizes of each column families",
            [({"db": "kv", "type": "default"}, sizes["used"])],
        )
