"""What a TiKV status port's /metrics says of its own store, reduced at the source to the few series used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from console.model.cluster import Cluster, Store, StoreMetrics
from console.model.observation import Observation


def fold_metrics(cluster: Cluster, obs: Observation) -> Cluster:
    """`metrics`: `{series: value}` of one store; a scrape that failed arrives as a source error, not here."""
    if not isinstance(obs.data, Mapping):
        return cluster
    values = {str(k): float(v) for k, v in obs.data.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
    store = cluster.stores.get(obs.src) or Store(obs.src)
    before = store.metrics
    restarted = before is None or values.get("process_start_time_seconds") != before.values.get(
        "process_start_time_seconds"
    )
    rates = {} if restarted or before is None else _rates(before, values, obs.t)
    store = replace(store, metrics=StoreMetrics(at=obs.t, values=values, rates=rates))
    return replace(cluster, stores={**cluster.stores, obs.src: store})


def _rates(before: StoreMetrics, values: Mapping[str, float], t: float) -> dict[str, float]:
    seconds = t - before.at
    if seconds <= 0:
        return dict(before.rates)
    return {k: (v - before.values[k]) / seconds for k, v in values.items() if k in before.values}
