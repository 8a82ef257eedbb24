"""PD's /metrics: the series of guides/tikv.md 1.5 that the physics moves. Leader-only ones vanish with leadership."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console.sim.physics.pd_member import PdMember
from console.sim.physics.pd_stores import UNHEALTHY_S, NodeState, StoreMeta, StoreState
from console.sim.physics.world import World

from .prometheus import Text

Row = tuple[Mapping[str, str], float]
REGION_CHECKS = {
    "miss-peer-region-count": "miss-peer",
    "extra-peer-region-count": "extra-peer",
    "down-peer-region-count": "down-peer",
    "pending-peer-region-count": "pending-peer",
    "offline-peer-region-count": "offline-peer",
    "learner-peer-region-count": "learner-peer",
    "empty-region-count": "empty-region",
    "oversized-region-count": "oversized-region",
    "undersized-region-count": "undersized-region",
}


def pd_metrics(world: World, member: PdMember) -> str:
    """The whole page for one member."""
    text = Text()
    _process(world, member, text)
    _etcd(world, member, text)
    if member.leader == member.name:
        _cluster(world, text)
        _regions(world, text)
        _scheduling(world, text)
    return text.text()


def _process(world: World, member: PdMember, text: Text) -> None:
    usage = world.usages[member.container.id]
    text.one(
        "process_cpu_seconds_total",
        "counter",
        "Total user and system CPU time spent in seconds.",
        [({}, usage.meters["cpu"].value(world.now))],
    )
    text.one("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", [({}, usage.memory())])
    text.one(
        "process_start_time_seconds",
        "gauge",
        "Start time of the process since unix epoch in seconds.",
        [({}, member.started_wall)],
    )


def _etcd(world: World, member: PdMember, text: Text) -> None:
    leads = float(member.etcd_leader == member.name)
    text.one(
        "etcd_server_has_leader",
        "gauge",
        "Whether or not a leader exists. 1 is existence, 0 is not.",
        [({}, float(member.etcd_leader is not None))],
    )
    text.one("etcd_server_is_leader", "gauge", "Whether or not this member is a leader.", [({}, leads)])
    text.one(
        "etcd_server_leader_changes_seen_total",
        "counter",
        "The number of leader changes seen.",
        [({}, max(0, member.term - 1))],
    )
    text.one(
        "service_member_role",
        "gauge",
        "The leader of services.",
        [({"service": "PD"}, float(member.leader == member.name))],
    )
    text.one(
        "pd_server_etcd_state",
        "gauge",
        "Etcd raft states.",
        [
            ({"type": "term"}, member.term),
            ({"type": "appliedIndex"}, 1000 + int(world.now * 3)),
            ({"type": "committedIndex"}, 1000 + int(world.now * 3)),
        ],
    )
    text.one(
        "pd_tso_role",
        "gauge",
        "Indicate the PD server role info for TSO allocators.",
        [({"dc": "global", "group": "global"}, float(member.leader == member.name))],
    )


def _bucket(world: World, meta: StoreMeta) -> str:
    """The one exclusive state a store is counted in."""
    if meta.state is StoreState.TOMBSTONE:
        return "store_tombstone_count"
    if meta.state is StoreState.OFFLINE:
        return "store_offline_count"
    age = world.pd.stores.age(meta)
    if world.pd.stores.state_name(meta) == "Down":
        return "store_down_count"
    if age > UNHEALTHY_S:
        return "store_unhealth_count"
    if world.pd.stores.state_name(meta) == "Disconnected":
        return "store_disconnected_count"
    return "store_slow_count" if meta.slow_score >= 80 else "store_up_count"


_STATES = (
    "store_up_count",
    "store_disconnected_count",
    "store_slow_count",
    "store_unhealth_count",
    "store_down_count",
    "store_offline_count",
    "store_tombstone_count",
)
_NODE_STATES = {
    "store_preparing_count": NodeState.PREPARING,
    "store_serving_count": NodeState.SERVING,
    "store_removing_count": NodeState.REMOVING,
    "store_removed_count": NodeState.REMOVED,
}


def _cluster(world: World, text: Text) -> None:
    def rows() -> Iterator[Row]:
        metas = list(world.pd.stores.metas.values())
        buckets = [_bucket(world, m) for m in metas]
        sums = {
            **{name: float(buckets.count(name)) for name in _STATES},
            "store_low_space_count": float(sum(m.available < 0.2 * m.capacity for m in metas)),
            **{name: float(sum(m.node_state is s for m in metas)) for name, s in _NODE_STATES.items()},
            "storage_capacity": float(sum(m.capacity for m in metas)),
            "storage_size": float(sum(m.used for m in metas)),
            "region_count": float(sum(world.pd.stores.region_counts[m.id] for m in metas)),
            "leader_count": float(sum(max(0, world.pd.stores.leader_counts[m.id]) for m in metas)),
        }
        for name, value in sums.items():
            yield {"type": name, "engine": "tikv", "store": ""}, value

    text.one("pd_cluster_status", "gauge", "Status of the cluster.", rows())

    def stores() -> Iterator[Row]:
        for meta in world.pd.stores.metas.values():
            labels = {"address": meta.address, "store": str(meta.id)}
            values = {
                "leader_count": max(0, world.pd.stores.leader_counts[meta.id]),
                "region_count": world.pd.stores.region_counts[meta.id],
                "store_available": meta.available,
                "store_used": meta.used,
                "store_capacity": meta.capacity,
                "store_write_query_write": world.workload.served.get(meta.id, 0.0) * (1 - world.spec.read_share),
                "store_read_query_read": world.workload.served.get(meta.id, 0.0) * world.spec.read_share,
            }
            for name, value in values.items():
                yield {**labels, "type": name}, float(value)

    text.one("pd_scheduler_store_status", "gauge", "Store status for schedule", stores())


def _regions(world: World, text: Text) -> None:
    rows = [({"type": t}, float(len(world.pd.stores.check(check) or ()))) for t, check in REGION_CHECKS.items()]
    text.one("pd_regions_status", "gauge", "Status of the regions.", rows)


def _scheduling(world: World, text: Text) -> None:
    schedule = world.pd.schedule
    events = [({"type": desc, "event": event}, float(n)) for (desc, event), n in sorted(schedule.events.items())]
    text.one("pd_schedule_operators_count", "counter", "Counter of schedule operators.", events)
    if world.pd.repair.no_place:
        text.one(
            "pd_checker_event_count",
            "counter",
            "Counter of checker events.",
            [({"type": "rule_checker", "name": "no-store-replace"}, float(world.pd.repair.no_place))],
        )
    config = world.pd.config.parts["schedule"]
    rows: list[Row] = []
    for name, value in config.items():
        if isinstance(value, (int, float)):  # in force now: a value with a time to live is seen here and nowhere else
            rows.append(({"type": name}, world.pd.config.number(name, world.now)))
        elif value in ("true", "false"):
            rows.append(({"type": name}, float(value == "true")))
    text.one("pd_config_status", "gauge", "Status of the scheduling configurations.", rows)
