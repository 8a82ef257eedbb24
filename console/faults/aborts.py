"""Abort conditions: what must not become of the cluster while something is injected; tripping one puts all back.

    errors > 5% [for 3 s]         share of failed operations in the client's last interval
    throughput < 30% for 10 s     of what it was before the injection; `throughput < 100/s` in operations per second
    latency > 200 ms for 5 s      mean of the client's last interval
    stores < 2                    stores that answer and that PD calls Up
    members < 2                   PD members that answer
    leaderless > 0 for 15 s       regions without a leader, as PD counts them
    stale > 15 s                  age of what the engine and the probes last said

Pure: fed with the folded cluster, whose times are the only clock. What cannot be measured does not trip; that nothing
can be measured is what `stale` is for.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from console.model.cluster import Cluster, Interval

BASELINE_S = 60.0  # how far back the throughput before the injection is looked for
_UNITS = {
    "errors": ("%",), "throughput": ("%", "/s"), "latency": ("ms", "s"), "stores": ("",), "members": ("",),
    "leaderless": ("",), "stale": ("s",),
}  # fmt: skip
_FORM = re.compile(
    r"(?P<metric>[a-z]+)\s*(?P<op>[<>])\s*(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>%|ms|s|/s)?"
    r"(?:\s+for\s+(?P<hold>\d+(?:\.\d+)?)\s*s)?"
)


class AbortError(ValueError):
    """A condition that cannot be read, or cannot be measured here; one line."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`metric` `op` `value` (unit), true for `hold_s` seconds in a row."""

    metric: str
    below: bool
    value: float
    unit: str
    hold_s: float = 0.0

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit in ("ms", "s") else self.unit
        held = f" for {self.hold_s:g} s" if self.hold_s else ""
        return f"{self.metric} {'<' if self.below else '>'} {self.value:g}{unit}{held}"


def parse(text: str) -> Condition:
    """One condition. Raises AbortError that says what is wrong with it."""
    match = _FORM.fullmatch(" ".join(text.lower().split()))
    if match is None:
        raise AbortError(f"abort condition {text!r}: expected METRIC < or > NUMBER [UNIT] [for N s]")
    metric, unit = match["metric"], match["unit"] or ""
    if metric not in _UNITS:
        raise AbortError(f"abort condition {text!r}: no metric {metric!r}; there are {', '.join(_UNITS)}")
    if unit not in _UNITS[metric]:
        wanted = " or ".join(u or "no unit" for u in _UNITS[metric])
        raise AbortError(f"abort condition {text!r}: {metric} is measured in {wanted}")
    return Condition(metric, match["op"] == "<", float(match["value"]), unit, float(match["hold"] or 0))


@dataclass(frozen=True, slots=True)
class Tripped:
    """The condition that became true, what was measured, and since when (session time, seconds)."""

    condition: Condition
    measured: float
    since: float

    def __str__(self) -> str:
        return f"{self.condition} (measured {self.measured:.4g}{self.condition.unit})"


@dataclass(frozen=True, slots=True)
class Watch:
    """Conditions over one injection. `ops`: throughput before it, per second; None where there was none to measure."""

    conditions: tuple[Condition, ...]
    ops: float | None = None
    since: Mapping[Condition, float] = field(default_factory=dict)

    def look(self, cluster: Cluster) -> tuple[Watch, Tripped | None]:
        """The watch after this picture, and the first condition that has been true long enough."""
        since: dict[Condition, float] = {}
        tripped: Tripped | None = None
        for condition in self.conditions:
            measured = measure(condition, cluster, self.ops)
            if measured is None:
                continue
            if (measured < condition.value) if condition.below else (measured > condition.value):
                began = since[condition] = self.since.get(condition, cluster.t)
                if tripped is None and cluster.t - began >= condition.hold_s:
                    tripped = Tripped(condition, measured, began)
        return replace(self, since=since), tripped


def watch(asked: Iterable[str], cluster: Cluster, always: Iterable[str] = ()) -> Watch:
    """A watch that begins now, on what was asked for and on what holds for every injection.

    Raises AbortError, also where a share of the throughput is asked for and there was none before.
    """
    wanted, ops = [parse(t) for t in asked], baseline(cluster)
    for condition in wanted:
        if condition.metric == "throughput" and condition.unit == "%" and not ops:
            raise AbortError(f"abort condition {condition}: there is no throughput to take a share of")
    return Watch(tuple(dict.fromkeys([*wanted, *(parse(t) for t in always)])), ops)


def baseline(cluster: Cluster) -> float | None:
    """Median of the client's intervals of the last minute, operations per second."""
    recent = [i.ops for i in cluster.workload.intervals if cluster.t - i.t <= BASELINE_S]
    return statistics.median(recent) if recent else None


def measure(condition: Condition, cluster: Cluster, ops: float | None) -> float | None:
    """The condition's metric in its unit, or None where it cannot be known."""
    value = metric(condition.metric, cluster)
    if value is None:
        return None
    if condition.metric == "throughput" and condition.unit == "%":
        return 100 * value / ops if ops else None
    return value / 1000 if condition.metric == "latency" and condition.unit == "s" else value


def metric(name: str, cluster: Cluster) -> float | None:
    """One of the metrics: % of errors, operations per second, milliseconds, numbers, seconds of staleness."""
    return _METRICS[name](cluster)


# -- metrics --------------------------------------------------------------------------------------------------------


def _throughput(cluster: Cluster) -> float | None:
    work = cluster.workload
    if not work.intervals or work.finished:
        return None
    # A client whose calls all hang prints no interval: then it is the silence that counts, not the last good line.
    last = _last(cluster)
    return 0.0 if last is None else last.ops


def _last(cluster: Cluster) -> Interval | None:
    """The client's newest interval; None where it has been silent since."""
    if not cluster.workload.intervals:
        return None
    last = cluster.workload.intervals[-1]
    return None if cluster.t - last.t > 3 * max(last.seconds, 1.0) else last


def _errors(cluster: Cluster) -> float | None:
    last = _last(cluster)
    done = last.count + last.errors if last is not None else 0
    return 100 * last.errors / done if last is not None and done else None


def _latency(cluster: Cluster) -> float | None:
    last = _last(cluster)
    return None if last is None or last.mean_us is None else last.mean_us / 1000


def _stores(cluster: Cluster) -> float | None:
    if not cluster.stores or _blind(cluster):
        return None
    return sum(not s.status.lost and (s.pd is None or s.pd.state in ("Up", None)) for s in cluster.stores.values())


def _members(cluster: Cluster) -> float | None:
    pings = [m.probes.get("ping") for m in cluster.members.values()]
    known = [p for p in pings if p is not None]
    return sum(not p.lost for p in known) if known and not _blind(cluster) else None


def _blind(cluster: Cluster) -> bool:
    """The console itself is starved: what it does not hear says nothing of the cluster."""
    return cluster.t < cluster.observer.sick_until


def _leaderless(cluster: Cluster) -> float | None:
    led = [s.pd.leaders for s in cluster.stores.values() if s.pd is not None and s.pd.leaders is not None]
    if cluster.regions.total is None or not led:
        return None
    return max(0, cluster.regions.total - sum(led))


def _stale(cluster: Cluster) -> float | None:
    ages = [
        cluster.t - (s.last_ok if s.last_ok is not None else s.since)
        for s in cluster.sources.values()
        if s.name in ("docker", "probes")  # a silent PD member is what is looked at, not a blind console
    ]
    return max(ages, default=None)


_METRICS: Mapping[str, Callable[[Cluster], float | None]] = {
    "errors": _errors,
    "throughput": _throughput,
    "latency": _latency,
    "stores": _stores,
    "members": _members,
    "leaderless": _leaderless,
    "stale": _stale,
}
