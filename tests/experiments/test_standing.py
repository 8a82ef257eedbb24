"""How a run stands while it runs: baseline, live and delta, criteria and gates as of now (S2-20, S2-80..83)."""

from __future__ import annotations

from console.experiments.course import Course
from console.experiments.protocol import Execution
from console.experiments.standing import Standing, standing

from .test_protocol import FakeWorld, experiment


async def moments(world: FakeWorld) -> list[Standing]:
    seen: list[Standing] = []

    def look(course: Course) -> None:
        seen.append(standing(course))

    await Execution(experiment(), world, lambda what, said: None, look).run()
    return seen


async def test_the_gauges_show_what_was_what_is_and_what_differs() -> None:
    found = await moments(FakeWorld(loss=0.6))
    assert {s.phase for s in found} == {"baseline", "fault", "recovery"}
    fault = [s for s in found if s.phase == "fault"][-1]
    ops = next(g for g in fault.gauges if g.name == "throughput")
    assert (ops.baseline, ops.live, ops.delta) == (1000.0, 400.0, -600.0)
    stores = next(g for g in fault.gauges if g.name == "stores up")
    assert (stores.baseline, stores.live) == (3, 2)
    latency = next(g for g in fault.gauges if g.name == "latency")
    assert (latency.limit, latency.kept) == ("<= 200", True)


async def test_no_criterion_is_judged_before_the_fault_and_no_gate_is_passed_too_soon() -> None:
    found = await moments(FakeWorld(loss=0.6))
    before = next(s for s in found if s.phase == "baseline")
    assert before.verdicts == ()
    assert {g.name: g.passed for g in before.gates if g.name != "No Data Corruption"} == dict.fromkeys(
        ("Rollback Complete", "Hypothesis Tested", "Blast Radius Measured", "Safety Observed")
    )
    fault = [s for s in found if s.phase == "fault"][-1]
    assert {v.criterion: v.passed for v in fault.verdicts}["throughput >= 50%"] is False
    gates = {g.name: g for g in fault.gates}
    assert gates["Rollback Complete"].passed is None
    assert gates["Blast Radius Measured"].said == "meant tikv1; deviates tikv1"
    after = found[-1]
    assert {g.name: g.passed for g in after.gates}["Rollback Complete"] is True


async def test_what_deviates_and_was_not_meant_is_named() -> None:
    found = await moments(FakeWorld(blame=("tikv0", "tikv1")))
    fault = [s for s in found if s.phase == "fault"][-1]
    assert "beyond that tikv0" in next(g.said for g in fault.gates if g.name == "Blast Radius Measured")
