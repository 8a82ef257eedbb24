"""What PD members say: stores, members, health, region checks, their own liveness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from console.model.cluster import Cluster, Member, PdStore, Probe, Regions, Store
from console.model.names import host_of, service_of
from console.model.observation import Answer, Observation, Reach

from .probes import advance

_FRESH = Probe()
_STEP_NS = 1_000_000_000
_SERVED = ("stores", "members")  # answered by the leader, through whichever member was asked
_ABOUT_LEADER = (Reach.SILENT, Reach.UNREACHABLE, Reach.ERROR)  # refused and reset are of the member asked


def _int(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _str(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _member(cluster: Cluster, name: str) -> Member:
    return cluster.members.get(name) or Member(name)


def _with_member(cluster: Cluster, member: Member) -> Cluster:
    return replace(cluster, members={**cluster.members, member.name: member})


def answered(cluster: Cluster, obs: Observation, endpoint: str) -> tuple[Cluster, Answer]:
    """Note one answer of one endpoint of the member asked."""
    answer = Answer.of(obs.data)
    member = _member(cluster, obs.src)
    before = member.probes.get(endpoint)
    probe = advance(before or _FRESH, obs.t, answer)
    code = answer.status if answer.reach is Reach.ERROR else None
    member = replace(member, probes={**member.probes, endpoint: probe})
    if endpoint in _SERVED:
        member = replace(member, error_code=code)
    return _with_member(cluster, member), answer


def serving(cluster: Cluster) -> bool:
    """True while some member's word on what only the leader knows can be believed to hold.

    A record that leaves repeated answers out also leaves out that an answer is being waited for: where another member
    has since heard silence or an error about the leader, the last good answer of this one is no longer news.
    """
    probes = [p for m in cluster.members.values() for k in _SERVED if (p := m.probes.get(k)) is not None]
    good = [p.at for p in probes if p.reach is Reach.OK]
    if not good or not cluster.sparse:
        return bool(good)
    lost = [p.down_since or p.at for p in probes if p.reach in _ABOUT_LEADER]
    return not lost or max(good) > max(lost)


def fold_stores(cluster: Cluster, obs: Observation) -> Cluster:
    """`stores`: a list of `{id, addr, state, last_heartbeat, leaders, regions, slow_score, ...}`, in any order."""
    was_out = bool(cluster.members) and not serving(cluster)
    cluster, answer = answered(cluster, obs, "stores")
    if answer.reach is not Reach.OK or not isinstance(answer.body, list):
        return cluster
    rows = [r for r in answer.body if isinstance(r, Mapping) and _int(r.get("id")) is not None]
    # A heartbeat that lies before the one already known is another leader's older knowledge.
    older = any(_older(cluster, row) for row in rows)
    if cluster.stores and (was_out or older):
        cluster = replace(cluster, pd_resumed=obs.t)
    cluster = replace(cluster, pd_clock=_clock(cluster.pd_clock, obs.t, rows))
    stores = dict(cluster.stores)
    for row in rows:
        address = _str(row.get("addr")) or f"store-{row['id']}"
        name = service_of(host_of(address))
        if name in ("127.0.0.1", "localhost", "0.0.0.0"):  # noqa: S104 - a name, not a bind
            name = address
        store = stores.get(name) or Store(name)
        stores[name] = replace(store, pd=_pd_store(store.pd, row, address, obs.t, cluster.pd_clock))
    return replace(cluster, stores=stores)


def _older(cluster: Cluster, row: Mapping[str, Any]) -> bool:
    beat = _int(row.get("last_heartbeat"))
    known = next((s.pd for s in cluster.stores.values() if s.pd and s.pd.id == row.get("id")), None)
    before = known.last_heartbeat_ns if known else None
    return beat is not None and before is not None and before - beat > _STEP_NS


def _clock(known: float | None, t: float, rows: list[Mapping[str, Any]]) -> float | None:
    """PD's wall clock minus ours: no heartbeat can lie in PD's future, so the largest difference seen is a bound.

    It is tight to one polling period once every store has beaten once; before that ages read too young, never too old.
    """
    beats = [b for r in rows if (b := _int(r.get("last_heartbeat"))) is not None]
    if not beats:
        return known
    bound = max(beats) / 1e9 - t
    return bound if known is None else max(known, bound)


def _pd_store(before: PdStore | None, row: Mapping[str, Any], address: str, t: float, clock: float | None) -> PdStore:
    beat = _int(row.get("last_heartbeat"))
    state = _str(row.get("state"))
    same = before is not None and before.state == state
    return PdStore(
        id=int(row["id"]),
        address=address,
        state=state,
        last_heartbeat_ns=beat,
        leaders=_int(row.get("leaders")),
        regions=_int(row.get("regions")),
        slow_score=_int(row.get("slow_score")),
        at=t,
        beat_at=beat / 1e9 - clock if beat is not None and clock is not None else None,
        state_since=before.state_since if same and before else t,
        capacity=_str(row.get("capacity")),
        available=_str(row.get("available")),
        version=_str(row.get("version")),
        start_s=_int(row.get("start")),
        node_state=_int(row.get("node_state")),
    )


def _leader(cluster: Cluster, t: float, name: str | None) -> Cluster:
    """A good answer named the PD leader; None or `{}` during an election changes nothing."""
    if not name or name == cluster.leader:
        return cluster
    changed = t if cluster.leader is not None else cluster.leader_changed
    return replace(
        cluster, leader=name, leader_since=t, leader_changed=changed, previous_leader=cluster.leader, pd_clock=None
    )


def fold_members(cluster: Cluster, obs: Observation) -> Cluster:
    """`members`: `{leader, etcd_leader, n}`."""
    cluster, answer = answered(cluster, obs, "members")
    if answer.reach is not Reach.OK or not isinstance(answer.body, Mapping):
        return cluster
    leader = _str(answer.body.get("leader"))
    member = replace(_member(cluster, obs.src), leader=leader, etcd_leader=_str(answer.body.get("etcd_leader")))
    return _leader(_with_member(cluster, member), obs.t, leader)


def fold_leader(cluster: Cluster, obs: Observation) -> Cluster:
    """`leader`: the member's own memory of who leads (asked with follower handling), or null."""
    cluster, answer = answered(cluster, obs, "leader")
    if answer.reach is not Reach.OK:
        return cluster
    name = _str(answer.body.get("name")) if isinstance(answer.body, Mapping) else None
    cluster = _with_member(cluster, replace(_member(cluster, obs.src), leader=name))
    # A member that was just resumed still claims the leadership it lost: a name counts only when uncontradicted.
    claims = {
        m.leader for m in cluster.members.values() if m.leader and m.probes.get("leader", _FRESH).reach is Reach.OK
    }
    return _leader(cluster, obs.t, name) if len(claims) == 1 else cluster


def fold_etcd(cluster: Cluster, obs: Observation) -> Cluster:
    """`etcd`: `{leader, term}` from the member's own memory; a new term is the earliest sign of an election."""
    cluster, answer = answered(cluster, obs, "etcd")
    if answer.reach is not Reach.OK or not isinstance(answer.body, Mapping):
        return cluster
    member, term = _member(cluster, obs.src), _int(answer.body.get("term"))
    if term is not None and term != member.term:
        member = replace(member, term=term, term_since=obs.t if member.term is not None else None)
    return _with_member(cluster, member)


def fold_health(cluster: Cluster, obs: Observation) -> Cluster:
    """`health`: `{member name: bool}` as the member asked sees it."""
    cluster, answer = answered(cluster, obs, "health")
    if answer.reach is not Reach.OK or not isinstance(answer.body, Mapping):
        return cluster
    view = {str(k): v for k, v in answer.body.items() if isinstance(v, bool)}
    member = _member(cluster, obs.src)
    since = {
        name: member.health_since.get(name, obs.t) if member.health.get(name) == ok else obs.t
        for name, ok in view.items()
    }
    return _with_member(cluster, replace(member, health=view, health_since=since))


def fold_ping(cluster: Cluster, obs: Observation) -> Cluster:
    """`ping`: the member's own empty answer."""
    return answered(cluster, obs, "ping")[0]


def fold_check(cluster: Cluster, obs: Observation) -> Cluster:
    """`check/<kind>`: the number of regions PD counts under that check."""
    cluster, answer = answered(cluster, obs, "check")
    count = _int(answer.body)
    if answer.reach is not Reach.OK or count is None:
        return cluster
    kind = obs.kind.split("/", 1)[1]
    regions = cluster.regions
    return replace(cluster, regions=replace(regions, counts={**regions.counts, kind: count}, at=obs.t))


def fold_region_stats(cluster: Cluster, obs: Observation) -> Cluster:
    """`regions`: `{count, leaders: {store id: n}}` of the whole cluster."""
    cluster, answer = answered(cluster, obs, "regions")
    if answer.reach is not Reach.OK or not isinstance(answer.body, Mapping):
        return cluster
    leaders = answer.body.get("leaders")
    by_id = {s.pd.id: name for name, s in cluster.stores.items() if s.pd}
    led = {
        by_id[int(k)]: v
        for k, v in (leaders.items() if isinstance(leaders, Mapping) else ())
        if str(k).isdigit() and int(k) in by_id and isinstance(v, int)
    }
    regions: Regions = replace(cluster.regions, total=_int(answer.body.get("count")), leaders=led, at=obs.t)
    return replace(cluster, regions=regions)


def fold_operators(cluster: Cluster, obs: Observation) -> Cluster:
    """`operators`: PD's own descriptions of what it is doing."""
    cluster, answer = answered(cluster, obs, "operators")
    if answer.reach is not Reach.OK or not isinstance(answer.body, list):
        return cluster
    return replace(cluster, operators=tuple(str(x) for x in answer.body[:200]))


def fold_schedulers(cluster: Cluster, obs: Observation) -> Cluster:
    """`schedulers`: `{active: [name], paused: [name], evicting: [store id]}`."""
    cluster, answer = answered(cluster, obs, "schedulers")
    if answer.reach is not Reach.OK or not isinstance(answer.body, Mapping):
        return cluster
    names = answer.body.get("active")
    config = {**cluster.config, "paused": answer.body.get("paused"), "evicting": answer.body.get("evicting")}
    return replace(
        cluster,
        schedulers=tuple(sorted(str(x) for x in names)) if isinstance(names, list) else cluster.schedulers,
        config=config,
    )


def fold_config(cluster: Cluster, obs: Observation) -> Cluster:
    """`config/<part>`: one part of PD's configuration, as PD answers it."""
    cluster, answer = answered(cluster, obs, "config")
    if answer.reach is not Reach.OK or not isinstance(answer.body, Mapping):
        return cluster
    return replace(cluster, config={**cluster.config, obs.kind.split("/", 1)[1]: dict(answer.body)})
