"""Handlers of questions about stores, schedulers, configuration and members."""

from __future__ import annotations

from typing import Any

from console.sim.physics.ground import rfc3339_ns
from console.sim.physics.pd_schedule import CHECKERS
from console.sim.physics.pd_stores import StoreMeta, StoreState

from . import pd_admin as admin
from . import pd_views as views
from .http import Answer, not_found, number, pretty
from .pd_question import Question, Route


def store(q: Question) -> StoreMeta | Answer:
    """The store named in the path, or the refusal."""
    if not q.part[0].isdigit():
        return pretty(f'strconv.ParseUint: parsing "{q.part[0]}": invalid syntax', 400)
    meta = q.world.pd.stores.metas.get(int(q.part[0]))
    return meta or pretty(f"[PD:core:ErrStoreNotFound]store {q.part[0]} not found", 404)


def stores(q: Question) -> Answer:
    """`/stores?state=`; tombstones only where asked for."""
    wanted = q.asked.query.get("state")
    states = {0, 1}
    if wanted:
        if not all(s.isdigit() for s in wanted):
            return pretty(f'strconv.Atoi: parsing "{wanted[0]}": invalid syntax', 400)
        if not all(int(s) in (0, 1, 2) for s in wanted):
            return pretty(f"unknown StoreState: {wanted[0]}", 400)
        states = {int(s) for s in wanted}
    metas = [m for m in q.world.pd.stores.metas.values() if int(m.state) in states]
    return pretty(views.stores_view(q.world, metas, q.chance))


def stores_check(q: Question) -> Answer:
    """`/stores/check?state=`."""
    wanted = [s.lower() for s in q.asked.query.get("state", [])]
    unknown = next((s for s in q.asked.query.get("state", []) if s.lower() not in views.STATE_NAMES), None)
    if unknown is not None:
        return pretty(f"unknown StoreState: {unknown}", 400)
    metas = [
        m for m in q.world.pd.stores.metas.values() if not wanted or q.world.pd.stores.state_name(m).lower() in wanted
    ]
    return pretty(views.stores_view(q.world, metas, q.chance))


def one_store(q: Question) -> Answer:
    """`/store/N`."""
    meta = store(q)
    return meta if isinstance(meta, Answer) else pretty(views.store_view(q.world, meta))


def delete_store(q: Question) -> Answer:
    """`DELETE /store/N`."""
    meta = store(q)
    if isinstance(meta, Answer):
        return meta
    return admin.remove_store(q.world, meta.id, q.asked.one("force") == "true")


def store_state(q: Question) -> Answer:
    """`POST /store/N/state`."""
    meta = store(q)
    return meta if isinstance(meta, Answer) else admin.set_store_state(q.world, meta.id, q.asked)


def limits(q: Question) -> Answer:
    """`/stores/limit`."""
    rows = {
        str(m.id): {"add-peer": number(m.add_limit), "remove-peer": number(m.remove_limit)}
        for m in q.world.pd.stores.metas.values()
        if m.state is not StoreState.TOMBSTONE
    }
    return pretty(rows)


def progress(q: Question) -> Answer:
    """`/stores/progress`."""
    action = q.asked.one("action")
    if not action and not q.asked.one("id"):
        return pretty("need query parameters", 400)
    return pretty(f"[PD:progress:ErrProgressNotFound]no progress found for the action: {action}", 404)


def tombstones(q: Question) -> Answer:
    """`DELETE /stores/remove-tombstone`."""
    metas = q.world.pd.stores.metas
    for id_ in [m.id for m in metas.values() if m.state is StoreState.TOMBSTONE]:
        del metas[id_]
    return pretty("Remove tombstone successfully.")


def schedule_config(q: Question) -> dict[str, Any]:
    """The schedule part with the store limits in it."""
    limits = {
        str(m.id): {"add-peer": number(m.add_limit), "remove-peer": number(m.remove_limit)}
        for m in q.world.pd.stores.metas.values()
    }
    return {**q.world.pd.config.parts["schedule"], "store-limit": limits}


def rules(q: Question) -> Answer:
    """`/config/rules`."""
    rule = {
        "group_id": "pd",
        "id": "default",
        "start_key": "",
        "end_key": "",
        "role": "voter",
        "is_witness": False,
        "count": q.world.pd.config.rule_count,
    }
    return pretty([rule])


def cluster_status(q: Question) -> Answer:
    """`/cluster/status`."""
    wall_ns = round(q.world.pd.bootstrapped_wall * 1e9)
    return pretty({"raft_bootstrap_time": rfc3339_ns(wall_ns), "is_initialized": True, "replication_status": ""})


def schedulers(q: Question) -> Answer:
    """`/schedulers?status=`."""
    schedule, status = q.world.pd.schedule, q.asked.one("status")
    names = list(schedule.schedulers)
    if status == "paused":
        names = [n for n in names if schedule.paused(n)]
    elif status == "disabled":
        names = []
    elif status:
        return pretty(f"unknown scheduler status: {status}", 400)
    return pretty(names)


def diagnostic(q: Question) -> Answer:
    """`/schedulers/diagnostic/<name>`."""
    name, schedule = q.part[0], q.world.pd.schedule
    if name not in schedule.schedulers:
        return pretty(f"[PD:scheduler:ErrSchedulerUndiagnosable]scheduler {name} is undiagnosable", 400)
    status = "paused" if schedule.paused(name) else "scheduling" if schedule.operators else "normal"
    count = len(q.world.pd.stores.metas)
    summary = f"{count} store(s) StoreScoreDisallowed; " if status == "normal" else ""
    return pretty({"name": name, "status": status, "summary": summary, "timestamp": int(q.world.ground.wall())})


def evicted(q: Question) -> Answer:
    """`/scheduler-config/evict-leader-scheduler/list`."""
    schedule = q.world.pd.schedule
    if q.part[0] != "evict-leader-scheduler" or not schedule.evicted:
        return not_found()
    ranges = {str(s): [{"start-key": "", "end-key": ""}] for s in sorted(schedule.evicted)}
    return pretty({"store-id-ranges": ranges, "batch": 3})


def checker(q: Question) -> Answer:
    """`/checker/<name>`."""
    if q.part[0] not in CHECKERS:
        return pretty("checker not found", 404)
    return pretty({"paused": q.world.pd.schedule.paused(q.part[0])})


def set_checker(q: Question) -> Answer:
    """`POST /checker/<name>`."""
    if q.part[0] not in CHECKERS:
        return pretty("checker not found", 404)
    return admin.delay(q.world, q.part[0], q.asked)


def split(q: Question) -> Answer:
    """`POST /regions/split`: accepted; regions of this world do not split."""
    order = admin.body_of(q.asked)
    if isinstance(order, Answer):
        return order
    keys = order.get("split_keys")
    if not isinstance(keys, list) or not keys:
        return pretty("split_keys should be provided.", 400)
    return pretty({"processed-percentage": 100, "regions-id": []})


def scatter(q: Question) -> Answer:
    """`POST /regions/scatter`."""
    order = admin.body_of(q.asked)
    return order if isinstance(order, Answer) else pretty({"processed-percentage": 100})


def members(q: Question) -> Answer:
    """`/members`."""
    return pretty(views.members_view(q.world, q.member))


def leader(q: Question) -> Answer:
    """`/leader`."""
    leader = q.world.pd.members.get(q.member.leader or "")
    return pretty(views.member_view(leader, versions=False) if leader else None)


_MIDDLEWARE: dict[str, Any] = {
    "audit": {"enable-audit": "true"},
    "rate-limit": {"enable-rate-limit": "true", "limiter-config": {}},
    "grpc-rate-limit": {"enable-grpc-rate-limit": "true", "grpc-limiter-config": {}},
}


def middleware(q: Question) -> Answer:
    """`/service-middleware/config`."""
    rate = {**_MIDDLEWARE["rate-limit"], "limiter-config": q.world.pd.rate_limits}
    return pretty({**_MIDDLEWARE, "rate-limit": rate})


def fixed(value: Any) -> Route:
    """A handler that always says the same."""
    return lambda _q: pretty(value)


def config_part(part: str) -> Route:
    """A handler that shows one part of the configuration."""
    return lambda q: pretty(q.world.pd.config.parts[part])
