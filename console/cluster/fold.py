"""`fold(Cluster, Observation) -> Cluster`: which observation changes what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from console.model.cluster import Cluster, Observer, SourceHealth, Store
from console.model.names import Role, role_of
from console.model.observation import CONSOLE, DOCKER, LAB, YCSB, Answer, Observation

from . import engine, metrics, pd, workload
from .probes import advance

SICK_LAG_MS = 200.0  # guides/diagnosis.md 3.1: above this the observer is the sick one
SICK_FOR_S = 3.0
_Fold = Callable[[Cluster, Observation], Cluster]


def _status(cluster: Cluster, obs: Observation) -> Cluster:
    store = cluster.stores.get(obs.src) or Store(obs.src)
    store = replace(store, status=advance(store.status, obs.t, Answer.of(obs.data)))
    return replace(cluster, stores={**cluster.stores, obs.src: store})


def _direct(cluster: Cluster, obs: Observation) -> Cluster:
    if role_of(obs.src) is Role.PD:
        return pd.answered(cluster, obs, "direct")[0]
    store = cluster.stores.get(obs.src) or Store(obs.src)
    store = replace(store, direct=advance(store.direct, obs.t, Answer.of(obs.data)))
    return replace(cluster, stores={**cluster.stores, obs.src: store})


def _tcp(cluster: Cluster, obs: Observation) -> Cluster:
    if role_of(obs.src) is Role.PD:
        return pd.answered(cluster, obs, "tcp")[0]
    store = cluster.stores.get(obs.src) or Store(obs.src)
    store = replace(store, tcp=advance(store.tcp, obs.t, Answer.of(obs.data)))
    return replace(cluster, stores={**cluster.stores, obs.src: store})


def _tick(cluster: Cluster, obs: Observation) -> Cluster:
    lag = obs.data.get("lag_ms", 0.0) if isinstance(obs.data, Mapping) else 0.0
    lag = float(lag) if isinstance(lag, (int, float)) else 0.0
    sick = obs.t + SICK_FOR_S if lag > SICK_LAG_MS else cluster.observer.sick_until
    return replace(cluster, observer=Observer(obs.t, lag, sick))


def _source(cluster: Cluster, obs: Observation) -> Cluster:
    name = obs.kind.split("/", 1)[1]
    data = obs.data if isinstance(obs.data, Mapping) else {}
    ok = data.get("ok") is True
    before = cluster.sources.get(name) or SourceHealth(name, ok, obs.t)
    period = data.get("period_s")
    health = SourceHealth(
        name=name,
        ok=ok,
        since=before.since if before.ok == ok else obs.t,
        at=obs.t,
        last_ok=obs.t if ok else before.last_ok,
        error="" if ok else str(data.get("error", "")),
        period_s=float(period) if isinstance(period, (int, float)) else before.period_s,
    )
    return replace(cluster, sources={**cluster.sources, name: health})


_EXACT: dict[str, _Fold] = {
    "stores": pd.fold_stores,
    "members": pd.fold_members,
    "leader": pd.fold_leader,
    "etcd": pd.fold_etcd,
    "health": pd.fold_health,
    "ping": pd.fold_ping,
    "regions": pd.fold_region_stats,
    "operators": pd.fold_operators,
    "schedulers": pd.fold_schedulers,
    "status": _status,
    "tcp": _tcp,
    "direct": _direct,
    "metrics": metrics.fold_metrics,
}
_BY_SOURCE: dict[str, dict[str, _Fold]] = {
    DOCKER: {"event": engine.fold_event, "containers": engine.fold_containers, "stats/": engine.fold_stats},
    YCSB: {"line": workload.fold_line, "suppressed": workload.fold_suppressed},
    CONSOLE: {"tick": _tick, "source/": _source},
}
_OF_MEMBERS: dict[str, _Fold] = {**_EXACT, "check/": pd.fold_check, "config/": pd.fold_config}


def fold(cluster: Cluster, obs: Observation) -> Cluster:
    """The cluster after one more observation. Unknown kinds change nothing but the time; `lab` changes nothing.

    Pure and total: an observation of any shape folds without raising.
    """
    if obs.src == LAB:
        return cluster
    family, slash, _ = obs.kind.partition("/")
    handler = _BY_SOURCE.get(obs.src, _OF_MEMBERS).get(family + slash)
    if handler is not None:
        cluster = handler(cluster, obs)
    return cluster if obs.t <= cluster.t else replace(cluster, t=obs.t)


def replay(observations: Iterable[Observation], start: Cluster | None = None) -> Cluster:
    """Fold a whole sequence."""
    cluster = start or Cluster()
    for obs in observations:
        cluster = fold(cluster, obs)
    return cluster
