"""What a PD leader answers to which path: one table, from method and path to a handler."""

from __future__ import annotations

import re
from random import Random

from console.sim.physics.pd_member import PdMember
from console.sim.physics.world import World

from . import pd_admin as admin
from . import pd_handlers as at
from . import pd_region_handlers as at_regions
from . import pd_regions as regions
from . import pd_views as views
from .http import Answer, Asked, not_found, plain, pretty
from .pd_question import Question, Route

_TABLE: tuple[tuple[str, str, Route], ...] = (
    ("GET", r"/stores", at.stores),
    ("GET", r"/stores/check", at.stores_check),
    ("GET", r"/stores/limit", at.limits),
    ("POST", r"/stores/limit", lambda q: admin.set_limit(q.world, q.asked)),
    ("GET", r"/stores/progress", at.progress),
    ("DELETE", r"/stores/remove-tombstone", at.tombstones),
    ("GET", r"/store/([^/]+)", at.one_store),
    ("DELETE", r"/store/([^/]+)", at.delete_store),
    ("POST", r"/store/([^/]+)/state", at.store_state),
    ("POST", r"/store/([^/]+)/limit", lambda q: admin.set_limit(q.world, q.asked)),
    ("GET", r"/trend", lambda q: pretty(views.trend_view(q.world))),
    ("GET", r"/stats/region", lambda q: pretty(views.stats_region(q.world, "count" in q.asked.query))),
    ("GET", r"/members", at.members),
    ("GET", r"/leader", at.leader),
    ("POST", r"/leader/resign", lambda q: admin.resign(q.world)),
    ("POST", r"/leader/transfer/([^/]+)", lambda q: admin.transfer(q.world, q.part[0])),
    ("GET", r"/cluster", lambda q: pretty(
        {"id": q.world.pd.id, "max_peer_count": q.world.pd.config.parts["replication"]["max-replicas"]})),
    ("GET", r"/cluster/status", at.cluster_status),
    ("GET", r"/regions", at_regions.all_regions),
    ("GET", r"/regions/count", lambda q: pretty({"count": len(q.world.raft.regions), "regions": None})),
    ("GET", r"/regions/key", at_regions.scan),
    ("GET", r"/regions/store/([^/]+)", at_regions.of_store),
    ("GET", r"/regions/check/([^/]+)", at_regions.check),
    ("GET", rf"/regions/({'|'.join(regions.FLOWS)})", at_regions.top),
    ("GET", r"/regions/range-holes", at.fixed([])),
    ("POST", r"/regions/split", at.split),
    ("POST", r"/regions/scatter", at.scatter),
    ("GET", r"/region/id/([^/]+)", at_regions.region),
    ("GET", r"/region/key/(.+)", at_regions.region_by_key),
    ("GET", r"/hotspot/stores", lambda q: pretty(regions.hot_stores(q.world))),
    ("GET", r"/hotspot/regions/(read|write)", lambda q: pretty(regions.hot_regions(q.world, q.part[0]))),
    ("GET", r"/schedulers", at.schedulers),
    ("POST", r"/schedulers", lambda q: admin.add_scheduler(q.world, q.asked)),
    ("POST", r"/schedulers/([^/]+)", lambda q: admin.delay(q.world, q.part[0], q.asked)),
    ("DELETE", r"/schedulers/([^/]+)", lambda q: admin.remove_scheduler(q.world, q.part[0])),
    ("GET", r"/schedulers/diagnostic/([^/]+)", at.diagnostic),
    ("GET", r"/scheduler-config/([^/]+)/list", at.evicted),
    ("GET", r"/checker/([^/]+)", at.checker),
    ("POST", r"/checker/([^/]+)", at.set_checker),
    ("GET", r"/operators", lambda q: admin.operators(q.world, q.asked)),
    ("POST", r"/operators", lambda q: admin.add_operator(q.world, q.asked)),
    ("GET", r"/operators/records", lambda q: admin.records(q.world, q.asked)),
    ("GET", r"/operators/([^/]+)", lambda q: admin.operator_of(q.world, q.part[0])),
    ("DELETE", r"/operators/([^/]+)", lambda q: admin.cancel_operator(q.world, q.part[0])),
    ("POST", r"/config", lambda q: admin.set_config(q.world, q.asked)),
    ("GET", r"/config/schedule", lambda q: pretty(at.schedule_config(q))),
    ("GET", r"/config/replicate", at.config_part("replication")),
    ("GET", r"/config/pd-server", at.config_part("pd-server")),
    ("GET", r"/config/replication-mode", at.config_part("replication-mode")),
    ("GET", r"/config/cluster-version", lambda q: pretty(q.world.pd.config.parts["cluster-version"])),
    ("GET", r"/config/rules", at.rules),
    ("POST", r"/config/rule", lambda q: admin.set_rules(q.world, q.asked)),
    ("GET", r"/min-resolved-ts", at.fixed({"is_real_time": True, "min_resolved_ts": 0, "persist_interval": "1s",
                                         "stores_min_resolved_ts": None})),
    ("GET", r"/labels", at.fixed(None)),
    ("GET", r"/replication_mode/status", at.fixed(
        {"mode": "majority", "dr-auto-sync": {"label_key": "", "state": "", "acid_consistent": False}})),
    ("GET", r"/gc/safepoint", at.fixed({"service_gc_safe_points": [], "gc_safe_point": 0})),
    ("GET", r"/service-middleware/config", at.middleware),
    ("POST", r"/service-middleware/config/rate-limit", lambda q: admin.rate_limit(q.world, q.asked)),
    ("GET", r"/admin/unsafe/remove-failed-stores/show", at.fixed([{"info": "No on-going recovery."}])),
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
