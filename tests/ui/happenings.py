"""What happened in the sample lab: a store was killed, seen, explained and put back."""

from __future__ import annotations

from dataclasses import replace

from console.model.diagnosis import Diagnosis, DiagnosisRun, DiagnosisStatus, Hypothesis
from console.model.fault import (
    Injection,
    InjectionState,
    Outcome,
    Revert,
    Target,
)
from console.model.incident import Finding, Incident, Vantage
from console.model.view import (
    Event,
)

from .parts import (
    FAULT_AT,
    WALL,
)

# what happened


def injection(
    state: InjectionState = InjectionState.VERIFIED, kind: str = "kill", service: str = "tikv1", ident: str = "inj-7"
) -> Injection:
    target = Target(service, "0" * 12, f"tikvlab-{service}-1", "2025-11-20T12:00:00Z")
    return Injection(
        ident,
        "tikvlab",
        kind,
        (target,),
        {},
        state,
        WALL - 12,
        WALL + 288,
        "console",
        called=FAULT_AT,
        returned=FAULT_AT + 0.4,
    )


INCIDENT = Incident(
    "inc-3",
    FAULT_AT + 0.1,
    FAULT_AT + 0.6,
    (
        Finding(Vantage.DOCKER, "exited", "tikv1", FAULT_AT, FAULT_AT + 0.3, "tikv1 exited with code 137"),
        Finding(
            Vantage.PROBE, "refused", "tikv1", FAULT_AT, FAULT_AT + 0.6, "status port of tikv1 refuses connections"
        ),
        Finding(
            Vantage.WORKLOAD, "fallen", None, FAULT_AT, FAULT_AT + 2.1, "ops/s fell from 9,800 to 6,100", alone=False
        ),
        Finding(Vantage.PD, "disconnected", "tikv1", FAULT_AT, FAULT_AT + 17.2, "PD calls tikv1 Disconnected"),
    ),
    ("tikv1",),
)
OLD = replace(
    INCIDENT,
    id="inc-2",
    began=120.0,
    opened=120.4,
    components=("pd0",),
    over=151.0,
    findings=(Finding(Vantage.PROBE, "silent", "pd0", 120.0, 120.9, "pd0 does not answer", cleared=150.2),),
)
TIMELINE = (
    Event(2.0, "console", "attached to tikvlab: 3 PD members, 3 stores", "info"),
    Event(4.1, "pd", "PD leader is pd0", "info"),
    Event(61.0, "operator", "load on, 8 threads, workload a", "act"),
    Event(120.9, "probe", "pd0 does not answer", "warn"),
    Event(151.0, "console", "inc-2 is over", "good"),
)
HIT = (
    Event(FAULT_AT, "operator", "inject kill tikv1, expires in 300 s", "act"),
    Event(FAULT_AT + 0.3, "docker", "tikv1 exited with code 137", "bad"),
    Event(FAULT_AT + 0.6, "probe", "status port of tikv1 refuses connections", "bad"),
    Event(FAULT_AT + 2.1, "workload", "ops/s fell from 9,800 to 6,100", "warn"),
)
NARRATIVE = (
    "tikv1 is gone, not slow: its container ended with exit code 137 at 04:48.3 and its status port has refused "
    "connections since 04:48.5. PD still calls it Up because its last heartbeat is 12 s old and PD waits 20 s.\n"
    "The other two stores hold every region's majority, so reads and writes go on; throughput fell by a third "
    "while leaders moved."
)
ANSWER = Diagnosis(
    "kill",
    "tikv1",
    0.93,
    NARRATIVE,
    (
        Hypothesis(
            "kill",
            "tikv1",
            0.93,
            (
                "docker: exited with code 137 at 04:48.3",
                "probe: refused since 04:48.5",
                "the idle connection was reset",
            ),
            ("PD still says Up",),
            "docker inspect: State.OOMKilled is false",
        ),
        Hypothesis(
            "memory",
            "tikv1",
            0.05,
            ("exit code 137 is also what the OOM killer leaves",),
            ("memory was at 31 % of its limit",),
            "dmesg or State.OOMKilled",
        ),
        Hypothesis("stop", "tikv1", 0.02, (), ("a SIGTERM would have ended in code 0 or 143",), ""),
    ),
    "Start tikv1 again; its data is whole, it catches up from its raft log.",
    ("docker start tikvlab-tikv1-1", "docker logs --tail 50 tikvlab-tikv1-1"),
    "critical",
    ("one more store down and regions lose their majority",),
    ("tikv1",),
    FAULT_AT,
)


def run(
    status: DiagnosisStatus = DiagnosisStatus.DONE,
    author: str = "claude-sonnet-5",
    text: str = NARRATIVE,
    answer: Diagnosis | None = ANSWER,
    error: str = "",
) -> DiagnosisRun:
    done = status is not DiagnosisStatus.STREAMING
    return DiagnosisRun(
        "inc-3",
        author,
        status,
        FAULT_AT + 0.7,
        text,
        FAULT_AT + 2.0,
        FAULT_AT + 9.4 if done else None,
        answer if done else None,
        error,
        "",
        4210,
        612,
        0.0218,
    )


REVERTED = Revert(
    "inj-7",
    "kill",
    "tikv1",
    Outcome.COMPLETE,
    "docker start",
    ("container running since 05:12.4", "status port answers", "PD heartbeat is new"),
    3.1,
)
HALF = Revert(
    "inj-8",
    "latency",
    "tikv2",
    Outcome.PARTIAL,
    "the helper container is gone, one qdisc is left on eth0",
    ("status port answers",),
    5.0,
)
