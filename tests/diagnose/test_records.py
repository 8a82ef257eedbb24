"""The recorded flights of a real cluster, judged blind and sighted: fault, component, times (flight-record.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from console.observe.record import read
from console.session.judging import VANTAGES, report
from tests.conftest import RECORDS


@dataclass(frozen=True)
class Told:
    """What was done, and how soon each vantage point must have seen it (seconds after it was done)."""

    fault: str
    component: str
    began: float
    ended: float
    within: dict[str, float]


FLIGHTS = {
    "kill_store_leader": Told("kill", "tikv2", 15.24, 76.26, {"docker": 0.5, "probe": 0.8, "workload": 0.5, "pd": 12}),
    "pause_store_leader": Told(
        "pause", "tikv1", 15.17, 60.41, {"docker": 0.5, "probe": 2.5, "workload": 1.5, "pd": 14}
    ),
    "partition_store_leader": Told(
        "partition", "tikv0", 15.19, 66.0, {"docker": 1, "probe": 0.6, "workload": 2, "pd": 14}
    ),
    "kill_pd_leader": Told("kill", "pd0", 15.15, 46.65, {"docker": 0.3, "pd": 0.5}),
}
ONSET_S = 0.7
END_S = 6.0


def judged(name: str, **how: Any) -> dict[str, Any]:
    return report(read(RECORDS / f"{name}.jsonl.gz"), reveal=True, **how)


@pytest.mark.parametrize("blind", [False, True], ids=["host-aware", "data-plane"])
@pytest.mark.parametrize("name", FLIGHTS)
def test_fault_component_and_times(name: str, blind: bool) -> None:
    told, answer = FLIGHTS[name], judged(name, blind=blind)
    (incident,) = answer["incidents"]
    assert (incident["fault"], incident["component"]) == (told.fault, told.component)
    assert incident["began_s"] == pytest.approx(told.began, abs=ONSET_S)
    assert incident["over_s"] == pytest.approx(told.ended, abs=END_S)
    assert incident["confidence"] > 0.9
    for vantage, seconds in told.within.items():
        if blind and vantage == "docker" and told.fault in ("pause", "partition"):
            assert vantage not in incident["detected_s"], "the data plane has no such flag"
        else:
            assert told.began <= incident["detected_s"][vantage] <= told.began + seconds
    assert answer["score"]["right"] is True


@pytest.mark.parametrize("blind", [False, True], ids=["host-aware", "data-plane"])
@pytest.mark.parametrize("name", ["steady", "steady_with_stats"])
def test_steady_state_raises_nothing(name: str, blind: bool) -> None:
    answer = judged(name, blind=blind)
    assert answer["incidents"] == []
    assert answer["throughput"]["median_ops"] > 5000


def test_starvation_is_told_by_its_throttling() -> None:
    (incident,) = judged("cpu_quota_leader")["incidents"]
    assert (incident["fault"], incident["component"]) == ("cpu", "tikv1")


@pytest.mark.parametrize(
    ("name", "fault", "component"),
    [
        ("evict_leaders", "eviction", "tikv0"),  # PD's operators name it; no list of schedulers is recorded
        ("bandwidth_store_leader", "bandwidth", "tikv0"),  # 2 Mbit/s; one store sends all, so it is there
        ("overload", "overload", "ycsb"),  # a second client with 64 threads, in a container nobody records
    ],
)
def test_what_only_operators_or_bytes_tell(name: str, fault: str, component: str) -> None:
    answer = judged(name)
    (incident,) = answer["incidents"]
    assert (incident["fault"], incident["component"]) == (fault, component)
    assert incident["began_s"] == pytest.approx(answer["truth"]["began_s"], abs=1.5)


@pytest.mark.parametrize("name", FLIGHTS)
@pytest.mark.parametrize("vantage", VANTAGES)
def test_a_hidden_vantage_point_saw_nothing(name: str, vantage: str) -> None:
    answer = judged(name, without=(vantage,))
    assert all(vantage not in i["detected_s"] for i in answer["incidents"])
    assert len(answer["incidents"]) <= 1


@pytest.mark.parametrize("name", ["kill_store_leader", "pause_store_leader"])
def test_each_vantage_point_finds_the_component_by_itself(name: str) -> None:
    told = FLIGHTS[name]
    for vantage in told.within:
        (incident,) = judged(name, without=[v for v in VANTAGES if v != vantage])["incidents"]
        assert incident["component"] == told.component


@pytest.mark.parametrize("name", ["pause_store_leader", "partition_store_leader"])
def test_what_the_client_alone_cannot_tell_apart_is_not_told_as_certain(name: str) -> None:
    (incident,) = judged(name, blind=True, without=("docker", "probe", "pd"))["incidents"]
    assert incident["confidence"] < 0.6
    assert FLIGHTS[name].fault in [h["fault"] for h in incident["hypotheses"]]


def test_the_answer_does_not_depend_on_what_the_injector_wrote() -> None:
    record = read(RECORDS / "kill_store_leader.jsonl.gz")
    with_lines = report(record)
    record.observations = [o for o in record.observations if o.src != "lab"]
    assert report(record) == with_lines


def test_the_truth_is_told_only_when_asked() -> None:
    record = read(RECORDS / "kill_store_leader.jsonl.gz")
    assert "truth" not in report(record)
    told = report(record, reveal=True)["truth"]
    assert (told["fault"], told["target"]) == ("kill", "tikv2")


def test_where_nothing_fits_the_first_sentence_says_what_was_seen() -> None:
    incident = judged("cpu_quota_leader", blind=True)["incidents"][0]
    assert incident["confidence"] < 0.5
    assert "throughput is at" in incident["narrative"]
    assert incident["component"] == "cluster"
