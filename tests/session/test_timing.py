"""The detection timer and the timeline."""

from __future__ import annotations

from console.model.diagnosis import DiagnosisRun, DiagnosisStatus
from console.model.fault import Injection, InjectionState, Target
from console.model.incident import Finding, Incident, Vantage
from console.session.timeline import LENGTH, Timeline
from console.session.timing import Timing


def injected(t: float = 10.0, service: str = "tikv1", id_: str = "x1") -> Injection:
    target = Target(service, "c", "n", "s")
    return Injection(id_, "lab", "kill", (target,), state=InjectionState.VERIFIED, called=t, returned=t + 0.4)


def incident(began: float, component: str = "tikv1", over: float | None = None, **seen: float) -> Incident:
    findings = tuple(Finding(Vantage(v), "s", component, began, t, "text") for v, t in seen.items())
    return Incident("i1", began, began, findings, (component,), over)


def test_lanes_measure_from_before_the_call() -> None:
    timing = Timing()
    timing.update([injected()], [incident(10.1, docker=10.2, probe=10.5)], None)
    timer = timing.timer
    assert timer is not None
    assert (timer.zero, timer.returned, timer.running) == (10.0, 10.4, True)
    assert dict(timer.lanes) == {"docker": 10.2, "probe": 10.5, "pd": None, "workload": None}


def test_an_incident_of_another_place_or_time_is_not_this_one() -> None:
    timing = Timing()
    timing.update([injected()], [incident(3.0, docker=3.0), incident(11.0, "tikv2", docker=11.0)], None)
    assert timing.timer is not None
    assert all(at is None for _, at in timing.timer.lanes)


def test_reverted_and_recovered_are_two_things() -> None:
    timing = Timing()
    timing.update([injected()], [incident(10.1, docker=10.2)], None)
    timing.undone("x1", 30.0)
    run = DiagnosisRun("i1", "rules", DiagnosisStatus.DONE, 11.0, first_text=11.2, finished=13.0)
    timing.update([injected()], [incident(10.1, over=41.0, docker=10.2)], run)
    timer = timing.timer
    assert timer is not None
    assert (timer.first_token, timer.diagnosed, timer.reverted, timer.recovered) == (11.2, 13.0, 30.0, 41.0)
    assert not timer.running


def test_what_nobody_here_did_is_timed_from_its_onset() -> None:
    timing = Timing()
    timing.update([], [incident(7.5, docker=8.0)], None)
    assert timing.timer is not None
    assert timing.timer.zero == 7.5
    assert timing.timer.title.startswith("seen:")


def test_a_newer_injection_takes_the_timer() -> None:
    timing = Timing()
    timing.update([injected()], [], None)
    timing.update([injected(), injected(50.0, "tikv2", "x2")], [], None)
    assert timing.timer is not None
    assert timing.timer.zero == 50.0


def test_events_stand_where_they_happened() -> None:
    timeline = Timeline()
    for t, text in ((1.0, "a"), (3.0, "c"), (2.0, "b")):
        timeline.add(t, "x", text)
    assert [e.text for e in timeline.events] == ["a", "b", "c"]


def test_the_timeline_is_bounded_and_clean() -> None:
    timeline = Timeline()
    for n in range(LENGTH + 50):
        timeline.add(float(n), "x", "\x1b[31m[bold]text[/bold]\n")
    assert len(timeline.events) == LENGTH
    assert timeline.events[0].text == "[bold]text[/bold] "
    timeline.add(0.0, "x", "late")
    assert len(timeline.events) == LENGTH
