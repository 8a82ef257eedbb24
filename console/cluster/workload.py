"""What go-ycsb prints: cumulative summaries between client log lines (guides: columns never reset)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from console.model.cluster import ClientComplaint, Cluster, Interval, Workload
from console.model.names import host_of, service_of
from console.model.observation import Observation

MAX_INTERVALS = 600
MAX_COMPLAINTS = 200
MEAN_OVER = 300  # intervals
MEAN_ERROR_US, MEAN_ERROR = 500.0, 0.2  # a mean may be off by this much, or by this share of itself
_SUMMARY = re.compile(
    r"^(?P<op>[A-Z_]+)\s*- Takes\(s\): (?P<takes>[\d.]+), Count: (?P<count>\d+), OPS: [\d.]+, "
    r"Avg\(us\): (?P<avg>\d+), .*?99th\(us\): (?P<p99>\d+)"
)
_PLACE = re.compile(r"\[(?:target|store|addr)=([\w.-]+:\d+)\]")
_PROPERTY = re.compile(r'^"([\w.-]+)"="(.*)"$')
_PD_ADDRESS = re.compile(r"(?:address|stream-addr|url)=https?://([\w.-]+)")
# First match wins: a refused dial also says "connection error".
_KINDS: tuple[tuple[str, str], ...] = (
    ("unknown service grpc.health", ""),  # answered: a store without the health service is alive
    ("connection refused", "refused"),
    ("connection reset by peer", "reset"),
    ("no such host", "no-such-host"),
    ("connection timed out", "timed-out"),
    ("i/o timeout", "timed-out"),
    ("no route to host", "timed-out"),
    ("keepalive ping failed", "keepalive"),
    ("no available connections", "no-connection"),
    ("server is busy", "busy"),
    ("DeadlineExceeded", "deadline"),
)
_SPEAKS_OF_A_STORE = ("[health check]", "need be refill", "no available connections", "sending batch commands")
_BURST_S = 5.0  # silence after which the same complaint is a new one


def fold_line(cluster: Cluster, obs: Observation) -> Cluster:
    """`line`: one raw line of go-ycsb output, summaries and client log alike."""
    line = str(obs.data)
    load = replace(cluster.workload, last_line=obs.t)
    match = _SUMMARY.match(line)
    if match:
        load = _summary(load, obs.t, match)
    elif line.startswith("[20"):
        load = _log_line(load, obs.t, line)
    elif line.startswith('"'):
        load = _property(load, line)
    elif line.startswith("Run finished"):
        load = replace(load, finished=True)
    elif " - Takes(s)" in line:
        load = replace(load, malformed=load.malformed + 1)
    return replace(cluster, workload=load)


def fold_suppressed(cluster: Cluster, obs: Observation) -> Cluster:
    """`suppressed`: a number of client log lines the source left out, all alike."""
    count = obs.data if isinstance(obs.data, int) else 0
    load = cluster.workload
    return replace(cluster, workload=replace(load, suppressed=load.suppressed + count, last_line=obs.t))


def _property(load: Workload, line: str) -> Workload:
    match = _PROPERTY.match(line)
    if not match or len(load.properties) > 100:
        return load
    return replace(load, properties={**load.properties, match[1]: match[2]}, finished=False)


def _summary(load: Workload, t: float, match: re.Match[str]) -> Workload:
    op, takes, count = match["op"], float(match["takes"]), int(match["count"])
    total_us = count * int(match["avg"])
    if op.endswith("_ERROR"):
        return replace(load, error_counts={**load.error_counts, op: count})
    if op != "TOTAL":
        return load
    errors = sum(load.error_counts.values())
    base = replace(
        load,
        total_count=count,
        total_takes=takes,
        total_us=total_us,
        total_errors=errors,
        last_summary=t,
        finished=False,
    )
    if load.total_count is None or load.total_takes is None:
        return base
    if count < load.total_count or takes < load.total_takes:
        return replace(base, run=load.run + 1, error_counts={}, total_errors=0)
    seconds = takes - load.total_takes
    if seconds <= 0.05:
        return base
    done = count - load.total_count
    spent = (done, total_us - (load.total_us or 0))
    interval = Interval(
        t=t,
        seconds=seconds,
        count=done,
        ops=done / seconds,
        mean_us=_mean(spent, count, load.intervals),
        errors=max(0, errors - load.total_errors),
        p99_us=int(match["p99"]),
        spent_us=spent[1],
    )
    return replace(base, intervals=(*load.intervals[-MAX_INTERVALS + 1 :], interval))


def _mean(latest: tuple[int, int], total: int, before: Sequence[Interval]) -> float | None:
    """Mean latency of the shortest stretch up to now that can tell it; None where there is none.

    Avg is a whole number of us since the client began, so the latest n of `total` operations are known to total / n us.
    """
    count, spent = latest
    for interval in (None, *before[: -MEAN_OVER - 1 : -1]):
        if interval is not None:
            count, spent = count + interval.count, spent + interval.spent_us
        if count > 0 and total / count <= max(MEAN_ERROR_US, MEAN_ERROR * spent / count):
            return max(0.0, spent / count)
    return None


def _log_line(load: Workload, t: float, line: str) -> Workload:
    place = _PLACE.search(line)
    if place and "store became reachable" not in line:
        if not any(s in line for s in _SPEAKS_OF_A_STORE):
            return load
        kind = next((kind for text, kind in _KINDS if text in line), None)
        return _complain(load, t, service_of(host_of(place[1])), kind, place[1])
    pd = _PD_ADDRESS.search(line)
    if pd and "[pd]" in line and ("error" in line or "cannot" in line):
        return _complain(load, t, service_of(pd[1]), "pd-error", pd[1])
    return load


def _complain(load: Workload, t: float, service: str, kind: str | None, address: str) -> Workload:
    if kind is None:
        return load
    known: Mapping[tuple[str, str], ClientComplaint] = load.complaints
    if not kind:  # the store answered: what was complained of before is over
        kept = {k: v for k, v in known.items() if k[0] != service}
        return load if len(kept) == len(known) else replace(load, complaints=kept)
    before = known.get((service, kind))
    if before and t - before.at <= _BURST_S:
        now = replace(before, at=t, count=before.count + 1)
    else:
        now = ClientComplaint(at=t, first=t, kind=kind, address=address)
    if before is None and len(known) >= MAX_COMPLAINTS:
        return load
    return replace(load, complaints={**known, (service, kind): now})
