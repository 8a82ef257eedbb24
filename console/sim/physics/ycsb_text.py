"""go-ycsb's output, character by character (guides/tikv.md 4.3, recordings/go-ycsb)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .histogram import Histogram, hdr_high
from .spec import ClusterSpec

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9, 99.99)
STARS = "**********************************************"


def summary(op: str, elapsed_s: float, seen: Histogram) -> str:
    """One cumulative line: Takes since the operation's first sample, averages and percentiles since the start."""
    count = int(seen.count)
    p50, p90, p95, p99, p999, p9999 = seen.percentiles(PERCENTILES)
    rate = count / elapsed_s if elapsed_s > 0 else 0.0
    average = int(seen.total_us / seen.count) if seen.count else 0
    return (
        f"{op:<6} - Takes(s): {elapsed_s:.1f}, Count: {count}, OPS: {rate:.1f}, Avg(us): {average}, "
        f"Min(us): {int(seen.smallest)}, Max(us): {hdr_high(seen.largest)}, 50th(us): {p50}, 90th(us): {p90}, "
        f"95th(us): {p95}, 99th(us): {p99}, 99.9th(us): {p999}, 99.99th(us): {p9999}"
    )


def block(now: float, seen: Mapping[str, Histogram], first: Mapping[str, float]) -> list[str]:
    """One line per operation that has occurred, sorted by name."""
    return [
        summary(op, max(0.0, now - first[op]), histogram)
        for op, histogram in sorted(seen.items())
        if histogram.count >= 1
    ]


def header(spec: ClusterSpec, pd: Iterable[str]) -> list[str]:
    """The first lines of a run: distribution, properties in map order."""
    properties = {
        "updateproportion": f"{1 - spec.read_share:g}",
        "recordcount": str(spec.records),
        "operationcount": "2000000000",
        "fieldcount": "1",
        "fieldlength": "64",
        "insertproportion": "0",
        "threadcount": str(spec.threads),
        "workload": "core",
        "scanproportion": "0",
        "requestdistribution": "uniform",
        "tikv.pd": ",".join(pd),
        "tikv.type": spec.mode,
        "tikv.conncount": str(spec.connections),
        "table": "usertable",
        "readallfields": "true",
        "silence": "false",
        "dotransactions": "true",
        "readproportion": f"{spec.read_share:g}",
        "command": "run",
        "measurement.interval": "1",
    }
    if spec.target:
        properties["target"] = str(spec.target)
    return [
        "***************** properties *****************",
        *(f'"{name}"="{value}"' for name, value in properties.items()),
        STARS,
    ]


def distribution(spec: ClusterSpec) -> str:
    """The very first line."""
    return f"Using request distribution 'uniform' a keyrange of [0 {spec.records}]"


def finished(takes_s: float) -> list[str]:
    """What a run prints at its end, before the last block."""
    minutes, seconds = divmod(takes_s, 60)
    text = (
        f"{int(minutes)}m{seconds:.9f}".rstrip("0").rstrip(".") if minutes else f"{seconds:.9f}".rstrip("0").rstrip(".")
    )
    return [STARS, f"Run finished, takes {text}s"]
