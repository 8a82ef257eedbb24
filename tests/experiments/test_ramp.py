"""Load steps: the peak and shares of it, from the stores' own counts; what cannot be measured ends it (S2-78)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import yaml

from console.evidence.report import report
from console.experiments import library
from console.experiments.checking import Problem, check
from console.experiments.journal import journal
from console.experiments.reading import parse
from console.faults.actor import Request
from console.faults.catalogue.client import Overload
from console.faults.kind import Order
from console.model.cluster import Cluster, Interval, StoreMetrics
from console.model.experiment import Experiment, Status
from console.model.fault import Injection, Outcome, Refusal, Revert

from .test_protocol import FakeWorld, ran

TEXT = library.find("load-ramp").read_text()  # type: ignore[union-attr]
SCRAPE_S = 5.0


def acts(world: FakeWorld) -> list[str]:
    """What was done to it, without what was asked."""
    return [c for c in world.calls if c != "hypothesis"]


def checked(whole: dict[str, Any]) -> Experiment | list[Problem]:
    return check(parse(yaml.safe_dump(whole, sort_keys=False).encode(), "ramp.yaml"))


def ramp() -> Experiment:
    found = checked(yaml.safe_load(TEXT))
    assert isinstance(found, Experiment), found
    return found


@dataclass
class Loaded(FakeWorld):
    """Three stores that together answer at most `most` operations/s, `cost` requests each, and are asked every five
    seconds. `served` False: they tell no counts."""

    most: float = 8000.0
    cost: float = 1.5
    served: bool = True
    silent_at: float = 1e9
    extra: float = 0.0
    requests: float = 0.0
    told: tuple[float, float] = (0.0, 0.0)
    loss: float = 0.0
    blame: tuple[str, ...] = ("ycsb",)
    starts: float = 1.0
    restart_at: float = 1e9
    ends: bool = False

    @property
    def all_ops(self) -> float:
        return min(self.most, self.ops + self.extra)

    async def sleep(self, seconds: float) -> None:
        after = self.t + max(seconds, 0.01)
        self.requests += self.all_ops * self.cost * (after - self.t)
        if self.t < self.restart_at <= after:
            self.requests, self.starts = 0.0, 2.0
        if after - self.told[0] >= SCRAPE_S and after < self.silent_at:
            self.told = (after, self.requests)
        await super().sleep(seconds)

    def cluster(self) -> Cluster:
        found = super().cluster()
        steps = tuple(Interval(self.t - n, 1, int(self.ops), self.ops, 1500, 0, None) for n in range(60, -1, -1))
        at, n = self.told
        values = {"process_start_time_seconds": self.starts, **({"grpc_n": n / 3} if self.served else {})}
        stores = {k: replace(s, metrics=StoreMetrics(at, values, {})) for k, s in found.stores.items()}
        stores["tikv1"] = replace(stores["tikv1"], status=stores["tikv0"].status)
        return replace(found, stores=stores, workload=replace(found.workload, intervals=steps))

    async def inject(self, request: Request) -> tuple[Injection, ...] | Refusal:
        done = await super().inject(request)
        rate = request.params.get("rate", 0)
        self.calls[-1] += f" {rate:g}"
        self.extra = rate or 1e9
        return done

    def still_in(self, injections: Sequence[Injection]) -> bool:
        return not self.ends

    async def put_back(self) -> tuple[Revert, ...]:
        self.extra = 0.0
        return await super().put_back()


async def test_the_peak_is_measured_and_each_step_is_its_share() -> None:
    """8,000 ops/s at most, of which the client does 1,000 by itself; each step put back before the next."""
    world = Loaded()
    run = await ran(world, ramp())
    assert run.status is Status.CONFIRMED, run.why
    rates = (0, 5400, 5800, 6200, 6600)
    wanted = [c for rate in rates for c in (f"inject overload load {rate}", "put back")]
    assert acts(world) == wanted
    assert [load.percent for load in run.loads] == [None, 80, 85, 90, 95]
    assert [load.offered for load in run.loads] == [None, 6400, 6800, 7200, 7600]
    assert [load.reached for load in run.loads] == pytest.approx([8000, 6400, 6800, 7200, 7600], rel=0.01)
    assert {(load.latency_ms, load.errors_percent) for load in run.loads} == {(1.5, 0.0)}
    assert [m.what for m in run.marks].count("reverted") == 4


async def test_what_was_measured_is_in_report_and_journal() -> None:
    run = await ran(Loaded(), ramp())
    text = report(run)
    assert "## Load steps" in text
    assert "| find-the-peak | peak | as fast as it goes | 8,000 | 1.50 | 0.000 |" in text
    assert "| 85-percent | 85 % | 6,800 | 6,800 | 1.50 | 0.000 |" in text
    block = journal(run)["chaos-console"]
    assert [load["percent"] for load in block["loads"]] == [None, 80, 85, 90, 95]
    assert "highest mean of a load step, the peak apart" in text


async def test_no_step_offers_less_than_the_client_does() -> None:
    """Where the client alone is above the share, the second does one operation a second, and never all it can."""
    world = Loaded(ops=7900)
    await ran(world, ramp())
    assert [c.split()[-1] for c in acts(world) if c.startswith("inject")] == ["0", "1", "1", "1", "1"]


UNMEASURED: list[tuple[str, Callable[[], Loaded], str, int]] = [
    ("no counts", lambda: Loaded(served=False), "could not be measured: no count of requests is served by tikv0", 0),
    ("it ends", lambda: Loaded(ends=True), "find-the-peak: could not be measured: its load ended before its time", 1),
    ("they stop", lambda: Loaded(silent_at=18), "find-the-peak: could not be measured: tikv0, tikv1, tikv2 did not", 1),
]


@pytest.mark.parametrize(("world", "why", "injected"), [u[1:] for u in UNMEASURED], ids=[u[0] for u in UNMEASURED])
async def test_what_cannot_be_measured_is_not_guessed(world: Callable[[], Loaded], why: str, injected: int) -> None:
    made = world()
    run = await ran(made, ramp())
    assert (run.status, run.exit_code, run.rollback) == (Status.FAILED, 6, Outcome.COMPLETE)
    assert why in run.why
    assert len([c for c in acts(made) if c.startswith("inject")]) == injected
    assert not injected or acts(made)[-1] == "put back"


async def test_a_store_that_restarts_is_counted_from_there() -> None:
    """Its counter began anew: no count below zero, and none across the gap."""
    run = await ran(Loaded(restart_at=20), ramp())
    assert run.loads[0].reached == pytest.approx(8000, rel=0.01)


async def test_a_step_that_does_not_come_back_whole_is_the_last() -> None:
    world = Loaded(outcome=Outcome.PARTIAL)
    run = await ran(world, ramp())
    assert run.exit_code == 4
    assert "before-80-percent: rollback PARTIAL" in run.why
    assert len(run.loads) == 1


async def test_the_steps_can_be_judged_without_the_peak() -> None:
    """A cluster whose best does not last: a share of what was offered that is too small rejects it."""
    whole = yaml.safe_load(TEXT)
    whole["extensions"][0]["success_criteria"] = ["steps_reached >= 95%", "steps_latency < 2 ms", "steps_errors <= 0%"]
    found = checked(whole)
    assert isinstance(found, Experiment)

    class Tired(Loaded):
        async def put_back(self) -> tuple[Revert, ...]:
            self.most = 6500
            return await super().put_back()

    run = await ran(Tired(), found)
    assert run.status is Status.REJECTED
    assert run.why == "steps_reached >= 95% did not hold: 85.5%"
    assert [v.passed for v in run.verdicts] == [False, True, True]


def complaint(change: Callable[[dict[str, Any]], None]) -> Problem:
    whole = yaml.safe_load(TEXT)
    change(whole)
    found = checked(whole)
    assert isinstance(found, list), "it should not have been accepted"
    return found[0]


def arguments(whole: dict[str, Any], n: int = 2) -> dict[str, Any]:
    """Of the n-th step; the third is the first with a share of the peak."""
    found: dict[str, Any] = whole["method"][n]["provider"]["arguments"]
    return found


MISTAKES: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    ("0", lambda w: arguments(w).update(percent_of_peak=0), "0 is not a number of percent from 1 to 100"),
    ("101", lambda w: arguments(w).update(percent_of_peak=101), "101 is not a number of percent from 1 to 100"),
    ("text", lambda w: arguments(w).update(percent_of_peak="most"), "'most' is not a number of percent"),
    ("true", lambda w: arguments(w).update(percent_of_peak=True), "True is not a number of percent"),
    ("no peak", lambda w: w["method"].pop(0), "no peak is measured before it"),
    ("a rate", lambda w: arguments(w, 0).update(params={"rate": 500}), "no peak is measured before it"),
    ("still in", lambda w: w["method"].pop(1), "'find-the-peak' is still in: a step revert_all must come between"),
    ("both", lambda w: arguments(w).update(params={"rate": 5}), "the rate follows from the peak"),
    ("other kind", lambda w: arguments(w).update(kind="hot-keys"), "only overload has a rate"),
]


@pytest.mark.parametrize(("change", "said"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_each_mistake_has_its_own_message(change: Callable[[dict[str, Any]], None], said: str) -> None:
    found = complaint(change)
    assert (found.exit_code, found.code) == (2, "INVALID")
    assert found.field.endswith("/percent_of_peak")
    assert said in found.said


def test_the_line_is_the_arguments_own() -> None:
    text = TEXT.replace("percent_of_peak: 85}", "percent_of_peak: 185}")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "percent_of_peak: 185" in row)
    found = check(parse(text.encode(), "ramp.yaml"))
    assert isinstance(found, list)
    assert [p.where for p in found] == [f"ramp.yaml:{line}"]


def test_an_overload_alone_measures_nothing() -> None:
    """Only where a later step takes its share: the others need no metrics."""
    found = check(parse(library.find("load-overload").read_bytes(), "x.yaml"))  # type: ignore[union-attr]
    assert isinstance(found, Experiment)
    assert not any(s.measured for s in found.method)
    assert [s.peak for s in ramp().method if s.injects] == [True, False, False, False, False]


def test_chaos_run_says_that_it_measures_no_peak() -> None:
    """Before anything is done."""
    from chaoslib.exceptions import ActivityFailed

    from console.experiments.chaostoolkit.actions import inject

    with pytest.raises(ActivityFailed, match="chaos-console experiment run"):
        inject("overload", "load", percent_of_peak=85)


@pytest.mark.parametrize(("rate", "target"), [(0, 0), (0.4, 1), (1, 1), (5400, 5400), (5400.2, 5401)])
def test_a_rate_is_a_target_and_never_all_it_can(rate: float, target: int) -> None:
    """go-ycsb reads whole numbers, and takes 0 for as fast as it goes."""
    order = Order("x", {"threads": 128, "rate": rate}, 60)
    assert Overload().properties(order) == ["threadcount=128", f"target={target}"]
