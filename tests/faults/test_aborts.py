"""Abort conditions: read, measured, held for their time; what cannot be measured never trips (S2-52, E5)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.faults.aborts import AbortError, Condition, Watch, measure, parse, watch
from console.model.cluster import Cluster, Interval, Member, PdStore, Probe, Regions, SourceHealth, Store, Workload
from console.model.observation import Reach


def interval(t: float, ops: float, errors: int = 0, mean_us: float = 2000) -> Interval:
    return Interval(t, 1.0, int(ops), ops, mean_us, errors, None)


def working(t: float, *ops: float, errors: int = 0, mean_us: float = 2000) -> Cluster:
    steps = tuple(interval(t - len(ops) + 1 + n, o, errors, mean_us) for n, o in enumerate(ops))
    return Cluster(t=t, workload=Workload(intervals=steps))


def one(text: str, cluster: Cluster, ops: float | None = None) -> float | None:
    return measure(parse(text), cluster, ops)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("errors>5%", "errors > 5%"),
        (" Throughput  <  30 %  for 10 s", "throughput < 30% for 10 s"),
        ("throughput < 100/s", "throughput < 100/s"),
        ("latency > 0.2 s for 5s", "latency > 0.2 s for 5 s"),
        ("stores < 2", "stores < 2"),
        ("stale > 15s", "stale > 15 s"),
    ],
)
def test_reading(text: str, shown: str) -> None:
    assert str(parse(text)) == shown
    assert parse(shown) == parse(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected METRIC"),
        ("errors = 5%", "expected METRIC"),
        ("mood > 3", "no metric 'mood'"),
        ("errors > 5", "measured in %"),
        ("stores < 2 s", "measured in no unit"),
        ("errors > -5%", "expected METRIC"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, why: str) -> None:
    with pytest.raises(AbortError, match=why):
        parse(text)


def test_metrics() -> None:
    c = working(10, 100, 80, errors=20, mean_us=3000)
    assert one("errors > 1%", c) == 20
    assert one("throughput < 1/s", c) == 80
    assert one("throughput < 1%", c, 160) == 50
    assert one("latency > 1 ms", c) == 3
    assert one("latency > 1 s", c) == 0.003
    up, cut = Probe(reach=Reach.OK), Probe(reach=Reach.SILENT, misses=2)
    pd = PdStore(1, "a", "Up", None, 3, 9, None)
    stores = {
        "a": Store("a", pd, up),
        "b": Store("b", replace(pd, state="Disconnected"), up),
        "c": Store("c", pd, cut),
    }
    members = {"x": Member("x", {"ping": up}), "y": Member("y", {"ping": cut}), "z": Member("z")}
    whole = Cluster(t=5, stores=stores, members=members, regions=Regions(total=12))
    assert (one("stores < 9", whole), one("members < 9", whole), one("leaderless > 9", whole)) == (1, 1, 3)
    deaf = Cluster(t=50, sources={"docker": SourceHealth("docker", False, 20, 50, 20), "pd0": SourceHealth("pd0")})
    assert one("stale > 1 s", deaf) == 30


def test_a_client_whose_calls_hang_has_no_throughput() -> None:
    assert one("throughput < 1/s", replace(working(10, 100), t=20)) == 0


@pytest.mark.parametrize("metric", ["errors > 0%", "throughput < 9/s", "latency > 0 ms", "stores < 9", "members < 9"])
def test_what_cannot_be_measured_does_not_trip(metric: str) -> None:
    assert watch([metric], Cluster()).look(Cluster(t=99))[1] is None


def test_a_share_of_nothing_is_refused_when_it_is_asked_for() -> None:
    with pytest.raises(AbortError, match="no throughput to take a share of"):
        watch(["throughput < 30%"], Cluster())
    assert watch([], Cluster(), ["throughput < 30%"]).look(Cluster(t=9))[1] is None


def test_it_must_hold_in_a_row() -> None:
    seen = watch(["throughput < 50% for 3 s"], working(10, 100, 100))
    tripped = None
    for t, ops in enumerate([40, 40, 60, 40, 40, 40], start=11):
        assert tripped is None, "only after three seconds in a row"
        seen, tripped = seen.look(working(t, ops))
    assert tripped is None
    seen, tripped = seen.look(working(17, 30))
    assert tripped is not None
    assert (str(tripped), tripped.since) == ("throughput < 50% for 3 s (measured 30%)", 14)


@given(st.lists(st.floats(0, 200), min_size=1, max_size=30), st.integers(0, 5))
def test_it_trips_exactly_when_the_last_seconds_were_all_bad(values: list[float], hold: int) -> None:
    seen = Watch((Condition("throughput", True, 100, "/s", hold),))
    for t, ops in enumerate(values):
        seen, tripped = seen.look(working(t, ops))
        row = values[max(0, t - hold) : t + 1]
        assert (tripped is not None) == (len(row) == hold + 1 and all(v < 100 for v in row))
