"""Detection on small streams: each vantage point by itself, one incident per cause, silence in steady state."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from console.detect import Detection, data_plane
from console.model.incident import Incident
from console.model.observation import Observation
from tests.detect.builders import MEMBERS, REFUSED, SILENT, STORES, Stream, event


def run(detection: Detection, observations: Iterable[Observation]) -> tuple[Incident, ...]:
    for obs in observations:
        detection.feed(obs)
    return detection.incidents


@pytest.fixture
def well() -> tuple[Detection, Stream]:
    """Thirty quiet seconds."""
    detection, stream = Detection(), Stream()
    assert run(detection, stream.run(0, 30)) == ()
    return detection, stream


def only(incidents: tuple[Incident, ...]) -> Incident:
    assert len(incidents) == 1, [(i.component, [f.text for f in i.findings]) for i in incidents]
    return incidents[0]


def test_steady_state_raises_nothing(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    assert run(detection, stream.run(30, 200)) == ()


def test_a_refused_status_port_is_seen_by_the_probe_at_once(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    stream.broken["tikv1", "status"] = REFUSED
    incident = only(run(detection, stream.run(30, 31)))
    assert incident.components == ("tikv1",)
    assert incident.detected() == {"probe": 30.0}


def test_silence_needs_more_than_one_lost_answer(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    stream.broken["tikv1", "status"] = SILENT
    assert run(detection, stream.at(30)) == ()
    incident = only(run(detection, stream.run(30.25, 33)))
    assert incident.detected()["probe"] <= 31.5
    assert incident.began == pytest.approx(29.5)


def test_silence_of_everybody_is_our_own(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    for name in STORES:
        stream.broken[name, "status"] = SILENT
    for name in MEMBERS:
        stream.broken[name, "ping"] = SILENT
    assert run(detection, stream.run(30, 36)) == ()


def test_a_late_observer_blames_nobody_for_silence(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    stream.broken["tikv1", "status"] = SILENT
    for obs in stream.run(30, 34):
        late = Observation(obs.t, "console", "tick", {"lag_ms": 900.0}) if obs.kind == "tick" else obs
        detection.feed(late)
    assert detection.incidents == ()


def test_docker_sees_a_death_with_its_code(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    stream.states["tikv2"] = "exited"
    incident = only(run(detection, [event(30.1, "die", "tikv2", exitCode="137"), *stream.run(30.25, 32)]))
    assert incident.components == ("tikv2",)
    assert incident.detected() == {"docker": 30.1}
    assert "137" in incident.findings[0].text


def test_pd_sees_a_late_heartbeat_before_it_says_disconnected(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    stream.stopped_beats["tikv0"] = 30.0
    incident = only(run(detection, stream.run(30, 60)))
    first = {f.symptom: f.seen for f in incident.findings}
    assert first["heartbeat-late"] < first["disconnected"]
    assert 42 <= first["heartbeat-late"] <= 44
    assert 50 <= first["disconnected"] <= 52


def test_stores_are_not_blamed_for_a_new_pd_leader(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    for name in STORES:
        stream.stopped_beats[name] = 5.0
    stream.leader = "pd2"
    incidents = run(detection, stream.run(30, 34))
    assert not [f for i in incidents for f in i.findings if f.symptom in ("disconnected", "heartbeat-late")]


def test_a_lost_pd_leader_is_one_incident_and_no_store_is_down(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    stream.states["pd0"] = "exited"
    for kind in ("stores", "members", "health", "ping"):
        stream.broken["pd0", kind] = REFUSED
        for name in ("pd1", "pd2"):
            if kind in ("stores", "members"):
                stream.broken[name, kind] = {"status": 500, "body": "redirect failed"}
    for name in ("pd1", "pd2"):
        stream.broken[name, "health"] = {"status": 200, "body": {"pd0": False, "pd1": True, "pd2": True}}
    run(detection, stream.run(30, 41))
    for name in STORES:
        stream.stopped_beats[name] = 5.0
    for name in ("pd1", "pd2"):
        del stream.broken[name, "stores"], stream.broken[name, "members"]
    stream.leader = "pd2"
    run(detection, stream.run(41, 44))
    stream.stopped_beats.clear()
    incident = only(run(detection, stream.run(44, 90)))
    assert incident.components == ("pd0",)
    assert {"docker", "pd", "probe"} <= set(incident.detected())


def test_zero_throughput_is_an_incident_without_a_place(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    stream.ops = 0
    incident = only(run(detection, stream.run(30, 34)))
    assert incident.components == ()
    assert set(incident.detected()) == {"workload"}


def test_a_place_found_later_belongs_to_the_same_incident(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    stream.ops = 0
    run(detection, stream.run(30, 34))
    stream.broken["tikv1", "status"] = SILENT
    incident = only(run(detection, stream.run(34, 38)))
    assert incident.components == ("tikv1",)
    assert set(incident.detected()) == {"workload", "probe"}


def test_no_lines_is_the_client_and_not_the_cluster(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    stream.broken["ycsb", "line"] = None
    incident = only(run(detection, stream.run(30, 38)))
    assert incident.components == ("ycsb",)
    assert [f.symptom for f in incident.findings] == ["no-lines"]


def test_a_load_that_was_stopped_in_order_is_no_incident(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    stream.broken["ycsb", "line"] = None
    stream.states["ycsb"] = "exited"
    assert run(detection, [event(30.1, "die", "ycsb", exitCode="143"), *stream.run(30.25, 45)]) == ()


def test_two_that_fall_together_have_one_cause(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    deaths = [event(30.0, "die", "tikv0", exitCode="137"), event(30.3, "die", "tikv2", exitCode="137")]
    stream.states["tikv0"] = stream.states["tikv2"] = "exited"
    incident = only(run(detection, [*deaths, *stream.run(30.5, 33)]))
    assert incident.components == ("tikv0", "tikv2")


def test_two_that_fall_apart_in_time_are_two(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    run(detection, [event(30.0, "die", "tikv0", exitCode="137")])
    stream.states["tikv0"] = "exited"
    run(detection, stream.run(30.25, 50))
    stream.states["tikv2"] = "exited"
    incidents = run(detection, [event(50.0, "die", "tikv2", exitCode="137"), *stream.run(50.25, 53)])
    assert [i.components for i in incidents] == [("tikv0",), ("tikv2",)]


def test_an_incident_ends_when_its_place_is_well_again(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    stream.broken["tikv1", "status"] = REFUSED
    run(detection, stream.run(30, 40))
    del stream.broken["tikv1", "status"]
    incident = only(run(detection, stream.run(40, 50)))
    assert incident.over == pytest.approx(40.0)
    assert run(detection, stream.run(50, 80)) == detection.incidents


def test_a_lost_source_is_not_a_dead_cluster(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    for key in ("containers", "event"):
        stream.broken["docker", key] = None
    stream.broken["ycsb", "line"] = None
    lost = {"ok": False, "error": "the engine did not answer"}
    extra = [Observation(30.0, "console", "source/docker", lost), Observation(30.0, "console", "source/ycsb", lost)]
    assert run(detection, [*extra, *stream.run(30, 60)]) == ()


def test_the_injectors_own_lines_change_nothing(well: tuple[Detection, Stream]) -> None:
    detection, stream = well
    other = Detection()
    run(other, Stream().run(0, 30))
    stream.broken["tikv1", "status"] = REFUSED
    told = [Observation(29.9, "lab", "inject", "docker kill lab-tikv1-1"), *stream.run(30, 34)]
    run(detection, told)
    run(other, [o for o in told if o.src != "lab"])
    assert detection.incidents == other.incidents


def test_the_data_plane_knows_no_command_and_no_flag() -> None:
    assert data_plane(event(1, "pause", "tikv0")) is None
    assert data_plane(event(1, "kill", "tikv0", signal="9")) is None
    assert data_plane(Observation(1, "docker", "stats/x", {})) is None
    assert data_plane(Observation(1, "lab", "inject", "x")) is None
    died = data_plane(event(1, "die", "tikv0", exitCode="137", image="x"))
    assert died is not None
    assert died.data["Actor"]["Attributes"] == {"name": "lab-tikv0-1", "exitCode": "137"}
    rows = [{"name": "lab-tikv0-1", "state": "paused", "networks": [], "limits": {"CpuQuota": 1000}, "oom": True}]
    seen = data_plane(Observation(1, "docker", "containers", rows))
    assert seen is not None
    assert seen.data == [{"name": "lab-tikv0-1", "state": "running"}]
