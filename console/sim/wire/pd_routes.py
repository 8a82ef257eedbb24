"""What a PD leader answers to which path: one table, from method and path to an answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

from console.sim.physics.ground import rfc3339_ns
from console.sim.physics.pd_member import PdMember
from console.sim.physics.pd_schedule import CHECKERS
from console.sim.physics.pd_stores import StoreMeta, StoreState
from console.sim.physics.world import World

from . import pd_admin as admin
from . import pd_regions as regions
from . import pd_views as views
from .http import Answer, Asked, compact, not_found, number, plain, pretty

Route = Callable[["Question"], Answer]


class Question:
    """One question to the leader: the world, who was asked, the request, the pieces of its path."""

    def __init__(self, world: World, member: PdMember, asked: Asked, part: tuple[str, ...], chance: Random) -> None:
        self.world = world
        self.member = member
        self.asked = asked
        self.part = part
        self.chance = chance


def _store(q: Question) -> StoreMeta | Answer:
    if not q.part[0].isdigit():
        return pretty(f'strconv.ParseUint: parsing "{q.part[0]}": invalid syntax', 400)
    meta = q.world.pd.stores.metas.get(int(q.part[0]))
    return meta or pretty(f"[PD:core:ErrStoreNotFound]store {q.part[0]} not found", 404)


def _stores(q: Question) -> Answer:
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


def _stores_check(q: Question) -> Answer:
    wanted = [s.lower() for s in q.asked.query.get("state", [])]
    unknown = next((s for s in q.asked.query.get("state", []) if s.lower() not in views.STATE_NAMES), None)
    if unknown is not None:
        return pretty(f"unknown StoreState: {unknown}", 400)
    metas = [
        m for m in q.world.pd.stores.metas.values() if not wanted or q.world.pd.stores.state_name(m).lower() in wanted
    ]
    return pretty(views.stores_view(q.world, metas, q.chance))


def _one_store(q: Question) -> Answer:
    meta = _store(q)
    return meta if isinstance(meta, Answer) else pretty(views.store_view(q.world, meta))


def _delete_store(q: Question) -> Answer:
    meta = _store(q)
    if isinstance(meta, Answer):
        return meta
    return admin.remove_store(q.world, meta.id, q.asked.one("force") == "true")


def _store_state(q: Question) -> Answer:
    meta = _store(q)
    return meta if isinstance(meta, Answer) else admin.set_store_state(q.world, meta.id, q.asked)


def _limits(q: Question) -> Answer:
    rows = {
        str(m.id): {"add-peer": number(m.add_limit), "remove-peer": number(m.remove_limit)}
        for m in q.world.pd.stores.metas.values()
        if m.state is not StoreState.TOMBSTONE
    }
    return pretty(rows)


def _progress(q: Question) -> Answer:
    action = q.asked.one("action")
    if not action and not q.asked.one("id"):
        return pretty("need query parameters", 400)
    return pretty(f"[PD:progress:ErrProgressNotFound]no progress found for the action: {action}", 404)


def _tombstones(q: Question) -> Answer:
    metas = q.world.pd.stores.metas
    for id_ in [m.id for m in metas.values() if m.state is StoreState.TOMBSTONE]:
        del metas[id_]
    return pretty("Remove tombstone successfully.")


def _schedule_config(q: Question) -> dict[str, Any]:
    limits = {
        str(m.id): {"add-peer": number(m.add_limit), "remove-peer": number(m.remove_limit)}
        for m in q.world.pd.stores.metas.values()
    }
    return {**q.world.pd.config.parts["schedule"], "store-limit": limits}


def _rules(q: Question) -> Answer:
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


def _cluster_status(q: Question) -> Answer:
    wall_ns = round(q.world.pd.bootstrapped_wall * 1e9)
    return pretty({"raft_bootstrap_time": rfc3339_ns(wall_ns), "is_initialized": True, "replication_status": ""})


def _region(q: Question) -> Answer:
    if not q.part[0].isdigit():
        return pretty(f'strconv.ParseUint: parsing "{q.part[0]}": invalid syntax', 400)
    region = q.world.raft.regions.get(int(q.part[0]))
    return compact(regions.region_view(q.world, region) if region else regions.NO_REGION)


def _key(text: str, asked: Asked) -> bytes | None:
    if asked.one("format") != "hex":
        return text.encode()
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def _region_by_key(q: Question) -> Answer:
    key = _key(q.part[0], q.asked)
    if key is None:
        return pretty("encoding/hex: invalid byte", 400)
    region = regions.by_key(q.world, key)
    return compact(regions.region_view(q.world, region) if region else regions.NO_REGION)


def _scan(q: Question) -> Answer:
    key, end = _key(q.asked.one("key"), q.asked), _key(q.asked.one("end_key"), q.asked)
    limit = q.asked.one("limit", str(regions.DEFAULT_LIMIT))
    if key is None or end is None:
        return pretty("encoding/hex: invalid byte", 400)
    if not limit.lstrip("-").isdigit():
        return pretty(f'strconv.Atoi: parsing "{limit}": invalid syntax', 400)
    return compact(regions.regions_view(q.world, regions.scan(q.world, key, end, int(limit))))


def _of_store(q: Question) -> Answer:
    if not q.part[0].isdigit():
        return pretty(f'strconv.ParseInt: parsing "{q.part[0]}": invalid syntax', 400)
    kind = q.asked.one("type")
    found = regions.of_store(q.world, int(q.part[0]), kind)
    if found is None:
        return pretty(f"unknown region type: {kind}", 400)
    return compact(regions.regions_view(q.world, found))


def _all_regions(q: Question) -> Answer:
    rows = list(q.world.raft.regions.values())
    q.chance.shuffle(rows)
    return compact(regions.regions_view(q.world, rows))


def _check(q: Question) -> Answer:
    if q.part[0] == "hist-size":
        return pretty(regions.hist_size(q.world))
    found = q.world.pd.stores.check(q.part[0])
    return not_found() if found is None else compact(regions.regions_view(q.world, found))


def _top(q: Question) -> Answer:
    limit = q.asked.one("limit", str(regions.DEFAULT_LIMIT))
    if not limit.lstrip("-").isdigit():
        return pretty(f'strconv.Atoi: parsing "{limit}": invalid syntax', 400)
    return compact(regions.regions_view(q.world, regions.top(q.world, q.part[0], int(limit))))


def _schedulers(q: Question) -> Answer:
    schedule, status = q.world.pd.schedule, q.asked.one("status")
    names = list(schedule.schedulers)
    if status == "paused":
        names = [n for n in names if schedule.paused(n)]
    elif status == "disabled":
        names = []
    elif status:
        return pretty(f"unknown scheduler status: {status}", 400)
    return pretty(names)


def _diagnostic(q: Question) -> Answer:
    name, schedule = q.part[0], q.world.pd.schedule
    if name not in schedule.schedulers:
        return pretty(f"[PD:scheduler:ErrSchedulerUndiagnosable]scheduler {name} is undiagnosable", 400)
    status = "paused" if schedule.paused(name) else "scheduling" if schedule.operators else "normal"
    count = len(q.world.pd.stores.metas)
    summary = f"{count} store(s) StoreScoreDisallowed; " if status == "normal" else ""
    return pretty({"name": name, "status": status, "summary": summary, "timestamp": int(q.world.ground.wall())})


def _evicted(q: Question) -> Answer:
    schedule = q.world.pd.schedule
    if q.part[0] != "evict-leader-scheduler" or not schedule.evicted:
        return not_found()
    ranges = {str(s): [{"start-key": "", "end-key": ""}] for s in sorted(schedule.evicted)}
    return pretty({"store-id-ranges": ranges, "batch": 3})


def _checker(q: Question) -> Answer:
    if q.part[0] not in CHECKERS:
        return pretty("checker not found", 404)
    return pretty({"paused": q.world.pd.schedule.paused(q.part[0])})


def _set_checker(q: Question) -> Answer:
    if q.part[0] not in CHECKERS:
        return pretty("checker not found", 404)
    return admin.delay(q.world, q.part[0], q.asked)


def _split(q: Question) -> Answer:
    order = admin.body_of(q.asked)
    if isinstance(order, Answer):
        return order
    keys = order.get("split_keys")
    if not isinstance(keys, list) or not keys:
        return pretty("split_keys should be provided.", 400)
    return pretty({"processed-percentage": 100, "regions-id": []})


def _scatter(q: Question) -> Answer:
    order = admin.body_of(q.asked)
    return order if isinstance(order, Answer) else pretty({"processed-percentage": 100})


def _members(q: Question) -> Answer:
    return pretty(views.members_view(q.world, q.member))


def _leader(q: Question) -> Answer:
    leader = q.world.pd.members.get(q.member.leader or "")
    return pretty(views.member_view(leader, versions=False) if leader else None)


_MIDDLEWARE: dict[str, Any] = {
    "audit": {"enable-audit": "true"},
    "rate-limit": {"enable-rate-limit": "true", "limiter-config": {}},
    "grpc-rate-limit": {"enable-grpc-rate-limit": "true", "grpc-limiter-config": {}},
}


def _middleware(q: Question) -> Answer:
    rate = {**_MIDDLEWARE["rate-limit"], "limiter-config": q.world.pd.rate_limits}
    return pretty({**_MIDDLEWARE, "rate-limit": rate})


def _fixed(value: Any) -> Route:
    return lambda _q: pretty(value)


def _config_part(part: str) -> Route:
    return lambda q: pretty(q.world.pd.config.parts[part])


_TABLE: tuple[tuple[str, str, Route], ...] = (
    ("GET", r"/stores", _stores),
    ("GET", r"/stores/check", _stores_check),
    ("GET", r"/stores/limit", _limits),
    ("POST", r"/stores/limit", lambda q: admin.set_limit(q.world, q.asked)),
    ("GET", r"/stores/progress", _progress),
    ("DELETE", r"/stores/remove-tombstone", _tombstones),
    ("GET", r"/store/([^/]+)", _one_store),
    ("DELETE", r"/store/([^/]+)", _delete_store),
    ("POST", r"/store/([^/]+)/state", _store_state),
    ("POST", r"/store/([^/]+)/limit", lambda q: admin.set_limit(q.world, q.asked)),
    ("GET", r"/trend", lambda q: pretty(views.trend_view(q.world))),
    ("GET", r"/stats/region", lambda q: pretty(views.stats_region(q.world, "count" in q.asked.query))),
    ("GET", r"/members", _members),
    ("GET", r"/leader", _leader),
    ("POST", r"/leader/resign", lambda q: admin.resign(q.world)),
    ("POST", r"/leader/transfer/([^/]+)", lambda q: admin.transfer(q.world, q.part[0])),
    ("GET", r"/cluster", lambda q: pretty(
        {"id": q.world.pd.id, "max_peer_count": q.world.pd.config.parts["replication"]["max-replicas"]})),
    ("GET", r"/cluster/status", _cluster_status),
    ("GET", r"/regions", _all_regions),
    ("GET", r"/regions/count", lambda q: pretty({"count": len(q.world.raft.regions), "regions": None})),
    ("GET", r"/regions/key", _scan),
    ("GET", r"/regions/store/([^/]+)", _of_store),
    ("GET", r"/regions/check/([^/]+)", _check),
    ("GET", rf"/regions/({'|'.join(regions.FLOWS)})", _top),
    ("GET", r"/regions/range-holes", _fixed([])),
    ("POST", r"/regions/split", _split),
    ("POST", r"/regions/scatter", _scatter),
    ("GET", r"/region/id/([^/]+)", _region),
    ("GET", r"/region/key/(.+)", _region_by_key),
    ("GET", r"/hotspot/stores", lambda q: pretty(regions.hot_stores(q.world))),
    ("GET", r"/hotspot/regions/(read|write)", lambda q: pretty(regions.hot_regions(q.world, q.part[0]))),
    ("GET", r"/schedulers", _schedulers),
    ("POST", r"/schedulers", lambda q: admin.add_scheduler(q.world, q.asked)),
    ("POST", r"/schedulers/([^/]+)", lambda q: admin.delay(q.world, q.part[0], q.asked)),
    ("DELETE", r"/schedulers/([^/]+)", lambda q: admin.remove_scheduler(q.world, q.part[0])),
    ("GET", r"/schedulers/diagnostic/([^/]+)", _diagnostic),
    ("GET", r"/scheduler-config/([^/]+)/list", _evicted),
    ("GET", r"/checker/([^/]+)", _checker),
    ("POST", r"/checker/([^/]+)", _set_checker),
    ("GET", r"/operators", lambda q: admin.operators(q.world, q.asked)),
    ("POST", r"/operators", lambda q: admin.add_operator(q.world, q.asked)),
    ("GET", r"/operators/records", lambda q: admin.records(q.world, q.asked)),
    ("GET", r"/operators/([^/]+)", lambda q: admin.operator_of(q.world, q.part[0])),
    ("DELETE", r"/operators/([^/]+)", lambda q: admin.cancel_operator(q.world, q.part[0])),
    ("POST", r"/config", lambda q: admin.set_config(q.world, q.asked)),
    ("GET", r"/config/schedule", lambda q: pretty(_schedule_config(q))),
    ("GET", r"/config/replicate", _config_part("replication")),
    ("GET", r"/config/pd-server", _config_part("pd-server")),
    ("GET", r"/config/replication-mode", _config_part("replication-mode")),
    ("GET", r"/config/cluster-version", lambda q: pretty(q.world.pd.config.parts["cluster-version"])),
    ("GET", r"/config/rules", _rules),
    ("POST", r"/config/rule", lambda q: admin.set_rules(q.world, q.asked)),
    ("GET", r"/min-resolved-ts", _fixed({"is_real_time": True, "min_resolved_ts": 0, "persist_interval": "1s",
                                         "stores_min_resolved_ts": None})),
    ("GET", r"/labels", _fixed(None)),
    ("GET", r"/replication_mode/status", _fixed(
        {"mode": "majority", "dr-auto-sync": {"label_key": "", "state": "", "acid_consistent": False}})),
    ("GET", r"/gc/safepoint", _fixed({"service_gc_safe_points": [], "gc_safe_point": 0})),
    ("GET", r"/service-middleware/config", _middleware),
    ("POST", r"/service-middleware/config/rate-limit", lambda q: admin.rate_limit(q.world, q.asked)),
    ("GET", r"/admin/unsafe/remove-failed-stores/show", _fixed([{"info": "No on-going recovery."}])),
)  # fmt: skip
_COMPILED = tuple((method, re.compile(path), route) for method, path, route in _TABLE)


def leader_answer(world: World, member: PdMember, asked: Asked, path: str, chance: Random) -> Answer:
    """Answer `path` (below /pd/api/v1) as the leader."""
    known = False
    for method, pattern, route in _COMPILED:
        match = pattern.fullmatch(path)
        if match is None:
            continue
        known = True
        if method == ("GET" if asked.method == "HEAD" else asked.method):
            return route(Question(world, member, asked, match.groups(), chance))
    return plain(405, "Method Not Allowed") if known else not_found()
