"""The protocol over a world with a clock of its own: every ending, its status and exit code (S2-18..21, S2-44)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import yaml

from console.evidence.plot import plot
from console.evidence.report import report
from console.experiments import library
from console.experiments.analysis import Setting, judge
from console.experiments.checking import check
from console.experiments.course import Course
from console.experiments.journal import journal
from console.experiments.protocol import Execution
from console.experiments.reading import parse
from console.faults.actor import Request
from console.model.cluster import Cluster, Interval, Member, PdStore, Probe, Regions, SourceHealth, Store, Workload
from console.model.experiment import Experiment, HypothesisState, Run, Sample, Status, Step
from console.model.fault import Injection, InjectionState, Outcome, Refusal, Revert, Target
from console.model.incident import Finding, Incident, Vantage
from console.model.observation import Reach

TEXT = library.find("domain-n-1").read_text()  # type: ignore[union-attr]
OK = Probe(reach=Reach.OK)


def experiment(**changes: Any) -> Experiment:
    whole = yaml.safe_load(TEXT)
    whole["extensions"][0] |= changes
    found = check(parse(yaml.safe_dump(whole).encode(), "n1.yaml"))
    assert isinstance(found, Experiment), found
    return found


@dataclass
class FakeWorld:
    """A cluster that loses `loss` of its throughput while a fault is in. Time passes only when somebody waits."""

    t: float = 0.0
    ops: float = 1000.0
    loss: float = 0.2
    outcome: Outcome = Outcome.COMPLETE
    refusal: Refusal | None = None
    halt_at: float | None = None
    sick_after: bool = False
    canary: tuple[bool | None, str] = (True, "as written")
    injected: float | None = None
    back: float | None = None
    calls: list[str] = field(default_factory=list)
    blame: tuple[str, ...] = ("tikv1",)
    states: list[HypothesisState] = field(default_factory=list)

    @property
    def hurt(self) -> bool:
        return self.injected is not None and (self.back is None or self.sick_after)

    def now(self) -> float:
        return self.t

    def cluster(self) -> Cluster:
        ops = self.ops * (1 - self.loss) if self.hurt else self.ops
        steps = tuple(Interval(self.t - n, 1, int(ops), ops, 1500, 0, None) for n in (2, 1, 0))
        pd = PdStore(1, "a", "Up", None, 4, 12, None)
        stores = {f"tikv{n}": Store(f"tikv{n}", pd, OK) for n in range(3)}
        if self.hurt:
            stores["tikv1"] = Store("tikv1", pd, Probe(reach=Reach.REFUSED, misses=5))
        return Cluster(
            t=self.t,
            stores=stores,
            members={f"pd{n}": Member(f"pd{n}", {"ping": OK}) for n in range(3)},
            regions=Regions(total=12),
            workload=Workload(intervals=steps),
            sources={"docker": SourceHealth("docker", True, self.t, self.t, self.t)},
        )

    def incidents(self) -> Sequence[Incident]:
        if self.injected is None:
            return ()
        at = self.injected + 0.3
        found = Finding(Vantage.PROBE, "refused", "tikv1", self.injected, at, "refused")
        over = self.back if not self.sick_after else None
        return [Incident("i1", self.injected, at, (found,), self.blame, over)] if self.t >= at else ()

    def explanation(self, incident: str) -> tuple[str, str, float] | None:
        return ("kill", "tikv1", 0.97) if incident == "i1" else None

    def level(self) -> str:
        return "YELLOW" if self.hurt else "GREEN"

    def halted(self) -> str:
        return "the kill switch" if self.halt_at is not None and self.t >= self.halt_at else ""

    async def sleep(self, seconds: float) -> None:
        self.t += max(seconds, 0.01)
        await asyncio.sleep(0)

    async def inject(self, request: Request) -> tuple[Injection, ...] | Refusal:
        self.calls.append(f"inject {request.kind} {request.selector}")
        if self.refusal is not None:
            return self.refusal
        self.injected = self.t
        target = Target("tikv1", "c1", "lab-tikv1-1", "x")
        return (Injection("j1", "lab", request.kind, (target,), state=InjectionState.VERIFIED, called=self.t),)

    async def put_back(self) -> tuple[Revert, ...]:
        self.calls.append("put back")
        if self.injected is None:
            return ()
        self.back = self.t
        return (Revert("j1", "kill", "tikv1", self.outcome, "said"),)

    def still_in(self, injections: Sequence[Injection]) -> bool:
        return True

    async def perform(self, step: Step) -> str:
        raise RuntimeError(f"{step.name} does not work")

    async def hypothesis(self, sample: Sample) -> HypothesisState | None:
        self.calls.append("hypothesis")
        return self.states.pop(0) if self.states else None

    async def canary_write(self) -> str:
        self.calls.append("canary written")
        return ""

    async def canary_read(self) -> tuple[bool | None, str]:
        return self.canary


async def ran(world: FakeWorld, e: Experiment | None = None) -> Run:
    e = e or experiment()
    course: Course = await Execution(e, world, lambda what, said: None).run()
    return judge(course, Setting("r1", "lab", "LIVE", 100.0, 100.0 + world.t, ["test"], "/tmp/x.jsonl"))


async def test_confirmed() -> None:
    """Every phase in its order; what was measured stands in report, journal and picture alike."""
    world = FakeWorld()
    run = await ran(world)
    assert (run.status, run.rollback, run.exit_code) == (Status.CONFIRMED, Outcome.COMPLETE, 0), run.why
    assert [m.what for m in run.marks] == ["steady state", "injected", "putting back", "put back", "recovered"]
    assert world.calls == ["hypothesis", "canary written", "inject kill n-1", "put back", "hypothesis"]
    assert run.detection_s == pytest.approx(0.3)
    assert {s.phase for s in run.samples} == {"baseline", "fault", "recovery"}
    assert all(g.passed for g in run.gates if g.mandatory)
    text = report(run)
    for section in ("Hypothesis", "Execution Summary", "Results", "Unexpected Behaviors", "Recommendations", "Gates"):
        assert f"## {section}" in text
    for v in run.verdicts:
        assert v.meaning
        assert f"{v.meaning} | " in text
        assert f"| {v.actual} | PASS |" in text
    assert "| probe (the console's own requests to every port) | 0.30 s |" in text
    assert "| PD (the cluster's control plane) | saw nothing |" in text
    assert "said kill of tikv1 (0.97); done was kill of tikv1" in text
    data = journal(run)
    assert (data["status"], data["deviated"], data["steady_states"]["after"]["steady_state_met"]) == (
        "completed",
        False,
        True,
    )
    picture = plot(run)
    assert picture.startswith("<svg")
    assert picture.rstrip().endswith("</svg>")
    assert "injected" in picture


ENDINGS: list[tuple[str, Callable[[], FakeWorld], Status, int, str]] = [
    ("throughput", lambda: FakeWorld(loss=0.9), Status.REJECTED, 1, "throughput >= 50% did not hold: 10%"),
    ("no recovery", lambda: FakeWorld(sick_after=True), Status.REJECTED, 1, "recovery < 120 s"),
    ("partial", lambda: FakeWorld(outcome=Outcome.PARTIAL), Status.FAILED, 4, "Rollback Complete"),
    ("failed", lambda: FakeWorld(outcome=Outcome.FAILED), Status.FAILED, 4, "Rollback Complete"),
    ("refused", lambda: FakeWorld(refusal=Refusal("QUORUM", "no")), Status.FAILED, 3, "QUORUM: no"),
    ("halted", lambda: FakeWorld(halt_at=20), Status.FAILED, 6, "the kill switch"),
    ("data lost", lambda: FakeWorld(canary=(False, "2 of 8 missing")), Status.FAILED, 6, "2 of 8 missing"),
    ("unknown data", lambda: FakeWorld(canary=(None, "no client")), Status.FAILED, 6, "no client"),
]


@pytest.mark.parametrize(("world", "status", "code", "why"), [e[1:] for e in ENDINGS], ids=[e[0] for e in ENDINGS])
async def test_every_other_ending(world: Callable[[], FakeWorld], status: Status, code: int, why: str) -> None:
    run = await ran(world())
    assert (run.status, run.exit_code) == (status, code), run.why
    assert why in run.why or any(why in v.criterion for v in run.verdicts if v.passed is not True)
    assert report(run)
    assert plot(run)
    assert journal(run)["chaos-console"]["exit_code"] == code


async def test_nothing_is_injected_into_what_is_not_steady() -> None:
    """No baseline, no experiment (S2-19, S2-89)."""
    world = FakeWorld()
    run = await ran(world, experiment(steady_state={"latency_ms": 1}))
    assert (run.exit_code, run.refused, run.rollback) == (3, "NOT_STEADY", Outcome.COMPLETE)
    assert "latency 1.5 ms is over 1 ms" in run.why
    assert world.calls == []


async def test_an_abort_condition_ends_it_and_is_named() -> None:
    world = FakeWorld(loss=0.9)
    run = await ran(world, experiment(abort_if=["throughput < 20% for 3 s"]))
    assert (run.status, run.exit_code) == (Status.FAILED, 6)
    assert "abort condition: throughput < 20% for 3 s" in run.why
    assert world.back is not None
    assert world.injected is not None
    assert world.back - world.injected < 10, "not only at its end"


async def test_an_abort_condition_may_hold_after_the_restore_alone() -> None:
    """It says nothing while the fault is in, and then stops the waiting for a recovery (S2-73)."""
    after = {"if": "throughput < 50% for 5 s", "phase": "after_restore"}
    world = FakeWorld(loss=0.9, sick_after=True)
    run = await ran(world, experiment(abort_if=[after]))
    assert (run.status, run.exit_code, run.rollback) == (Status.FAILED, 6, Outcome.COMPLETE)
    assert "abort condition after the restore: throughput < 50% for 5 s" in run.why
    assert world.injected is not None
    assert world.back is not None
    assert world.back - world.injected == pytest.approx(40, abs=2), "the fault lasted as long as it was meant to"
    assert world.t - world.back < 20, "and nobody waited for the whole two minutes"
    well = await ran(FakeWorld(), experiment(abort_if=["errors > 50%", after]))
    assert well.status is Status.CONFIRMED, well.why


async def test_an_activity_that_fails_ends_it_and_all_is_put_back() -> None:
    whole = yaml.safe_load(TEXT)
    whole["method"].append({"type": "action", "name": "theirs", "provider": {"type": "process", "path": "false"}})
    found = check(parse(yaml.safe_dump(whole).encode(), "x.yaml"))
    assert isinstance(found, Experiment)
    world = FakeWorld()
    run = await ran(world, found)
    assert (run.status, run.exit_code) == (Status.FAILED, 6)
    assert "theirs does not work" in run.why
    assert world.calls[-2:] == ["put back", "hypothesis"]


async def test_cancelled_in_the_middle_it_puts_back_first() -> None:
    world = FakeWorld()
    execution = Execution(experiment(), world, lambda what, said: None)
    task = asyncio.create_task(execution.run())
    while world.injected is None:  # noqa: ASYNC110 - the fake clock moves when others sleep
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.calls[-1] == "put back"
    assert world.back is not None
    assert world.t - world.back < 5, "whoever ends it does not wait for a recovery"


async def test_who_deviated_is_measured_and_not_assumed() -> None:
    run = await ran(FakeWorld(blame=("tikv1", "tikv2")))
    assert (run.intended, run.deviated) == (("tikv1",), ("tikv1", "tikv2"))
    assert "Beyond what was meant: tikv2" in report(run)
    assert any("failure domains" in a for a in run.advice)


async def test_untrusted_text_stays_text_in_the_report() -> None:
    run = await ran(FakeWorld())
    hostile = replace(
        run, unexpected=("\x1b[31m<script>alert(1)</script>|",), experiment=replace(run.experiment, title="a\n# b")
    )
    text = report(hostile)
    assert "\x1b" not in text
    assert "<script" not in text
    assert "\n# b" not in text
