"""Sample views: one builder per state a screen must show, all deterministic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from console.model.cluster import (
    Cluster,
)
from console.model.diagnosis import DiagnosisStatus
from console.model.fault import (
    InjectionState,
)
from console.model.report import Comparison, Difference, ReportEntry
from console.model.view import (
    Chapter,
    Event,
    ExperimentEntry,
    ExperimentRun,
    Gauge,
    Level,
    Mode,
    Playback,
    RevertProgress,
    Timer,
    View,
)

from .happenings import ANSWER, HIT, INCIDENT, NARRATIVE, OLD, REVERTED, TIMELINE, injection, run
from .parts import (
    CATALOGUE,
    FAULT_AT,
    HOSTILE,
    NOW,
    WALL,
    cluster,
    killed,
    sources,
    store,
    workload,
)


def view(**changes: object) -> View:
    """Healthy, load on, nothing injected."""
    base = View(
        seq=1,
        now=NOW,
        wall=WALL,
        mode=Mode.SIMULATED,
        project="tikvlab",
        cluster=cluster(),
        faults=CATALOGUE,
        timeline=TIMELINE,
        incidents=(OLD,),
        load_on=True,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


EXPERIMENTS = (
    ExperimentEntry(
        "domain-n-1", "N-1: one store is removed", "Infrastructure", "db-failure", "crash", 1,
        "When any one store is killed, the system should elect new leaders and serve half of its throughput.",
        ("kill on random",), ("throughput >= 50%", "recovery < 120 s"), ("errors > 50% for 20 s",), 40.0,
    ),
    ExperimentEntry(
        "domain-n-2", "N-2: two stores are removed", "Infrastructure", "blast-radius", "crash", 2,
        "When two of three stores freeze, the system should stop and come back.",
        ("pause on n-2",), ("level = RED",), (), 25.0,
    ),
)  # fmt: skip


def experimenting() -> View:
    """An experiment that has ended, with everything it says."""
    ended = ExperimentRun(
        "domain-n-1",
        61.0,
        (
            (61.0, "steady state", "measured for 12 s"),
            (73.4, "injected", "kill on tikv1"),
            (113.4, "put back", "COMPLETE"),
            (121.0, "recovered", "steady state is back"),
        ),
        (("throughput >= 50%", "96.1%", True), ("recovery < 120 s", "130 s", False)),
        (("Rollback Complete", "COMPLETE: put back and verified", True), ("No Data Corruption", "no client", None)),
        "HYPOTHESIS_REJECTED",
        "COMPLETE",
        "recovery < 120 s did not hold: 130 s",
        "/home/op/.local/state/chaos-console/experiments/20251120T120000-ab12cd/report.md",
    )
    return view(experiment=ended)


def experiment_running() -> View:
    """The fault of an experiment is in: gauges, criteria and gates as they stand."""
    running = ExperimentRun(
        "domain-n-1",
        61.0,
        ((61.0, "steady state", "measured for 12 s"), (73.4, "injected", "kill on tikv1")),
        (("throughput >= 50%", "41.2%", False), ("recovery < 120 s", "not measured", None)),
        (
            ("Rollback Complete", "1 injected, nothing put back yet", None),
            ("No Data Corruption", "records are written, to be read back at the end", None),
            ("Hypothesis Tested", "0 of 2 criteria hold so far", None),
            ("Blast Radius Measured", "meant tikv1; deviates tikv1; beyond that tikv2", True),
            ("Safety Observed", "the labels of all that was touched are read again at the end", None),
        ),
        phase="fault",
        gauges=(
            Gauge("throughput", "ops/s", 9812.4, 4043.0),
            Gauge("latency", "ms", 3.11, 241.7, "<= 200", False),
            Gauge("errors", "%", 0.0, 0.02, "<= 0.1", True),
            Gauge("coverage", "%", 100.0, 100.0, ">= 100", True),
            Gauge("stores up", "", 3.0, 2.0),
            Gauge("PD members", "", 3.0, None),
        ),
    )
    return view(experiment=running)


REPORTS = tuple(
    ReportEntry(
        f"20251120T12{n:02d}00-ab12c{n}",
        ("N-1: one store is removed", "N-2: two stores are removed")[n % 2],
        ("HYPOTHESIS_CONFIRMED", "HYPOTHESIS_REJECTED", "EXPERIMENT_FAILED")[n % 3],
        ("COMPLETE", "COMPLETE", "PARTIAL")[n % 3],
        "throughput >= 50% did not hold: 41.2%",
        "SIMULATED",
        WALL - 3600 * n,
        83.0,
        0.4 + n,
        None if n == 2 else 6.1 * (n + 1),
    )
    for n in range(5)
)
REPORT = """# N-1: one store is removed

**Status: HYPOTHESIS_REJECTED**, rollback COMPLETE. Throughput >= 50% did not hold: 41.2%.

- Run: `20251120T120000-ab12c0`, 2025-11-20 12:00:00 UTC
- Environment: test, SIMULATED cluster `tikvlab`

## Results

| Metric | Expected | Actual | Pass/Fail |
| --- | --- | --- | --- |
| throughput | >= 50% | 41.2% | FAIL |
| recovery | < 120 s | 6.1 s | PASS |

## Recommendations

1. Raise the client's timeout above the election timeout of a region, so that the operations that wait for a leader do
not end as errors, and look at the distribution of leaders before the next run.
"""
COMPARISON = Comparison(
    REPORTS[1],
    REPORTS[0],
    (
        Difference("status", "REJECTED", "CONFIRMED", "differs", True),
        Difference("time to detect", "1.40 s", "0.40 s", "-1.00 s", True),
        Difference("time to recover", "6.10 s", "12.20 s", "+6.10 s", False),
        Difference("deviated", "tikv1", "tikv1, tikv2", "differs"),
        Difference("throughput fault, ops/s", "4,043", "8,912", "+4,869", True),
        Difference("stores up fault", "2", "2"),
    ),
    (tuple(9800.0 if n < 15 or n > 60 else 3000.0 for n in range(90)), (*(9700.0 for _ in range(20)), None, 0.0)),
)


def starting() -> View:
    return View(
        0,
        1.0,
        WALL,
        Mode.LIVE,
        "tikvlab",
        Cluster(),
        starting="the first answer of PD at http://127.0.0.1:2379",
        faults=CATALOGUE,
    )


def injected() -> View:
    """A second after the kill: only the operator knows."""
    now = FAULT_AT + 1.0
    timer = Timer("kill tikv1", FAULT_AT, FAULT_AT + 0.4, (("docker", FAULT_AT + 0.3), ("probe", FAULT_AT + 0.6)))
    return view(
        now=now,
        wall=WALL - 11,
        cluster=killed(beat=3.0, at=now),
        injections=(injection(),),
        timer=timer,
        level=Level.YELLOW,
        incidents=(OLD, INCIDENT),
        timeline=TIMELINE + HIT[:3],
        marks=((FAULT_AT, "fault"), (FAULT_AT + 0.3, "detected")),
    )


def detected() -> View:
    """Seen by three, PD still waits."""
    timer = Timer(
        "kill tikv1",
        FAULT_AT,
        FAULT_AT + 0.4,
        (("docker", FAULT_AT + 0.3), ("probe", FAULT_AT + 0.6), ("workload", FAULT_AT + 2.1), ("pd", None)),
    )
    return replace(injected(), seq=2, now=NOW, wall=WALL, cluster=killed(), timer=timer, timeline=TIMELINE + HIT)


def diagnosing() -> View:
    streaming = run(DiagnosisStatus.STREAMING, text=NARRATIVE[:230])
    timer = detected().timer
    assert timer is not None
    return replace(detected(), seq=3, diagnosis=streaming, timer=replace(timer, first_token=FAULT_AT + 2.7))


def diagnosed() -> View:
    """Both diagnosticians answered, PD noticed."""
    timer = Timer(
        "kill tikv1",
        FAULT_AT,
        FAULT_AT + 0.4,
        (("docker", FAULT_AT + 0.3), ("probe", FAULT_AT + 0.6), ("workload", FAULT_AT + 2.1), ("pd", FAULT_AT + 17.2)),
        FAULT_AT + 2.7,
        FAULT_AT + 9.4,
    )
    return replace(
        detected(),
        seq=4,
        now=NOW + 10,
        wall=WALL + 10,
        cluster=killed("Disconnected", 24.0, NOW + 10),
        timer=timer,
        diagnosis=run(),
    )


def contradicting() -> View:
    rules = replace(
        ANSWER, fault="memory", narrative="by rule", hypotheses=(ANSWER.hypotheses[1], ANSWER.hypotheses[0])
    )
    return replace(diagnosed(), seq=5, earlier=(run(author="rules", answer=rules),))


def reverting() -> View:
    two = (injection(InjectionState.REVERTING), injection(InjectionState.REVERTING, "latency", "tikv2", "inj-8"))
    return replace(detected(), seq=6, injections=two, revert=RevertProgress(2, 1, (REVERTED,), False, NOW))


def disarmed() -> View:
    return view(
        seq=7,
        disarmed="kill switch at 14:02:11 by root@lab",
        incidents=(OLD, replace(INCIDENT, over=NOW - 5)),
        timeline=TIMELINE + HIT + (Event(NOW - 8, "rollback", "kill on tikv1 is back, verified", "good"),),
    )


def stuck() -> View:
    bad = replace(injection(InjectionState.FAILED), note="docker start: no such container")
    return replace(detected(), seq=8, injections=(bad,), disarmed="a rollback failed")


def blind() -> View:
    gone = replace(cluster(), sources=sources(docker=14.0, pd0=9.0, pd1=9.0, pd2=9.0))
    return view(seq=9, cluster=gone, level=Level.BLIND, load_on=None)


def silent_client() -> View:
    return view(seq=10, cluster=replace(cluster(), workload=workload(until=NOW - 9)))


def zero_ops() -> View:
    return view(seq=11, cluster=replace(cluster(), workload=workload(dip_from=NOW - 14, dip=0.0)))


def replay(playing: bool = True) -> View:
    marks = ((FAULT_AT, "fault"), (FAULT_AT + 0.6, "detected"), (340.0, "reverted"))
    return replace(
        diagnosed(),
        seq=12,
        mode=Mode.REPLAY,
        injections=(),
        marks=marks,
        playback=Playback(NOW + 10, 420.0, 2.0, playing, marks),
    )


def demo() -> View:
    caption = (
        "Nobody told the console. Docker saw the exit after 0.3 s and the probe after 0.6 s; PD will need another "
        "sixteen seconds, because it waits for two missed heartbeats."
    )
    return replace(detected(), seq=13, chapter=Chapter(4, 7, "Detection", caption, waiting=True))


def hostile() -> View:
    """Names, errors, log lines and model output that try to own the terminal."""
    base = cluster()
    bad = replace(store("tikv9", 1), name=HOSTILE)
    text = f"{HOSTILE} [link=http://evil]click[/link] [@click=app.bell]x[/]"
    return view(
        seq=14,
        project=HOSTILE,
        cluster=replace(base, stores={**base.stores, HOSTILE: bad}),
        timeline=(Event(1.0, HOSTILE, text, "bad"),),
        diagnosis=run(text=f"{text}\n\x1b[2J[/]", author=HOSTILE),
        injections=(injection(service=HOSTILE, kind="[red]kill"),),
        disarmed=text,
    )


def crowded(stores: int = 30) -> View:
    return view(seq=15, cluster=cluster(stores))


def read_only() -> View:
    return view(seq=16, read_only=True, read_only_reason="started with --read-only")


STATES: Mapping[str, View] = {
    "experimenting": experimenting(),
    "experiment-running": experiment_running(),
    "starting": starting(),
    "healthy": view(),
    "injected": injected(),
    "detected": detected(),
    "diagnosing": diagnosing(),
    "diagnosed": diagnosed(),
    "contradicting": contradicting(),
    "reverting": reverting(),
    "disarmed": disarmed(),
    "stuck": stuck(),
    "blind": blind(),
    "silent": silent_client(),
    "zero": zero_ops(),
    "replay": replay(),
    "paused": replay(False),
    "demo": demo(),
    "hostile": hostile(),
    "crowded": crowded(),
    "read_only": read_only(),
}
