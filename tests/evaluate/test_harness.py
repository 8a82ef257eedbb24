"""Cases, scoring and reports: on made-up results by example, and a few flights flown for real."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.catalogue import scenarios
from console.cli.main import run
from console.evaluate import floors, harness, report
from console.evaluate.case import Case, control, of, suite
from console.evaluate.flight import Flown, Seen, View, fly
from console.evaluate.score import poisson_upper, row, summary, wilson

ALL = scenarios()
CRASH = of(ALL["store-crash"], "full", "target", 11)


def flown(case: Case, *seen: Seen, target: str = "tikv1") -> Flown:
    return Flown(case, target, {"data-plane": View(seen, seen[0].ranked if seen else ())}, {}, 120.0)


def incident(opened: float, fault: str, component: str, p: float, severity: str = "critical") -> Seen:
    return Seen(opened, opened - 0.1, None, {"probe": opened}, severity, ((fault, component, p),))


def test_at_least_two_fifths_are_controls() -> None:
    for quick in (False, True):
        cases = suite(ALL.values(), [1, 2, 3], quick=quick)
        assert sum(c.control for c in cases) >= 0.4 * len(cases)
        assert len({(c.name, c.seed, c.severity, c.load) for c in cases}) == len(cases)


def test_what_is_not_checkable_is_never_flown() -> None:
    barred = {s.id for s in ALL.values() if s.not_checkable}
    assert not barred & {c.name for c in suite(ALL.values(), [1])}


def test_right_wrong_missed_and_too_early() -> None:
    right = row(flown(CRASH, incident(0.2, "kill", "tikv1", 0.9)), "data-plane")
    assert (right.right, right.detected, right.false_alarms) == (True, 0.2, 0)
    elsewhere = row(flown(CRASH, incident(0.2, "kill", "tikv2", 0.9)), "data-plane")
    assert (elsewhere.fault_top1, elsewhere.component_top1) == (True, False)
    missed = row(flown(CRASH), "data-plane")
    assert missed.detected is None
    early = row(flown(CRASH, incident(-8.0, "kill", "tikv1", 0.9)), "data-plane")
    assert (early.detected, early.false_alarms) == (None, 1)


def test_a_planned_operation_may_be_noted_and_not_alarmed() -> None:
    case = of(ALL["pd-leader-moved"], "full", "target", 3)
    told = incident(1.0, "leader-transfer", "pd0", 0.9, "info")
    assert row(flown(case, told, target="pd0"), "data-plane").false_alarms == 0
    alarmed = incident(1.0, "kill", "pd0", 0.9)
    assert row(flown(case, alarmed, target="pd0"), "data-plane").false_alarms == 1


def test_what_was_missed_is_infinite_and_the_sums_are_right() -> None:
    rows = [
        row(flown(CRASH, incident(0.2, "kill", "tikv1", 0.8)), "data-plane"),
        row(flown(CRASH), "data-plane"),
        row(flown(control(0, 1), incident(5.0, "kill", "tikv1", 0.7), target=""), "data-plane"),
    ]
    numbers = summary(rows)
    assert (numbers["recall"], numbers["precision"]) == (0.5, 0.5)
    assert numbers["time_to_detect_s"]["crash"] == {"n": 2, "median": None, "p95": None, "missed": 1}
    assert numbers["brier"] == pytest.approx(0.04)
    assert numbers["false_alarms_in_controls"] == 1


@given(st.integers(0, 40), st.integers(1, 40))
def test_a_share_lies_in_its_interval(good: int, more: int) -> None:
    n = good + more
    found = wilson(good, n)
    assert found is not None
    assert found[0] <= good / n <= found[1]


@given(st.integers(0, 60))
def test_bounds_on_rare_events(n: int) -> None:
    assert n < poisson_upper(n) < n + 4 + 4 * n**0.5


def test_three_for_none() -> None:
    assert poisson_upper(0) == pytest.approx(3.0, abs=0.01)


def test_a_flight_is_pure() -> None:
    one, two = fly(CRASH), fly(CRASH)
    assert (one.views, one.baselines, one.target) == (two.views, two.baselines, two.target)


def test_another_name_for_the_same_seed_changes_no_physics() -> None:
    """A sham raises what a control raises: nothing."""
    sham = fly(Case("sham", "sham", "store", "full", "target", 4, 20.0, control=True))
    assert all(view.seen == () for view in sham.views.values())


@pytest.mark.parametrize(("act", "fault"), [("cut", "partition"), ("pause", "pause")])
def test_the_own_address_tells_a_cut_from_a_freeze(act: str, fault: str) -> None:
    """Through the published port both accept and say nothing (guides/diagnosis.md 3.2)."""
    told = fly(Case(act, act, "store", "full", "target", 6, 12.0, component="target", faults=(fault,)))
    assert row(told, "data-plane").right


def test_a_flight_that_raises_is_named() -> None:
    broken = Case("odd", "no such act", "store", "full", "target", 1, 10.0)
    with pytest.raises(harness.Broken, match="odd full target seed 1"):
        harness.fly_all([broken], processes=1)


def test_result_page_and_floors() -> None:
    cases = [CRASH, of(ALL["store-paused"], "full", "full", 12), control(1, 1)]
    result = harness.result(harness.fly_all(cases, processes=1), seeds=[1])
    json.dumps(result)
    page = report.markdown(result)
    assert "## data-plane" in page
    assert "chance" in page
    assert floors.fallen(result) == []
    result["modes"]["data-plane"]["both_top1"] = 0.1
    assert floors.fallen(result) == ["data-plane: both_top1 is 0.10, below 0.80"]


def test_the_command_writes_both_forms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["eval", "--quick", "--blind", "--scenario", "store-crash", "--json", "--processes", "1"]
    assert run([*arguments, "--out", str(tmp_path)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed["modes"]) == ["data-plane"]
    assert json.loads((tmp_path / "eval.json").read_text()) == printed
    assert (tmp_path / "eval.md").read_text().startswith("# Evaluation")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scenario", "nonsense"], "no scenario 'nonsense'"),
        (["--scenario", "clock-skew"], "clock-skew is not checkable"),
        (["--record", "/nowhere.jsonl"], "/nowhere.jsonl"),
    ],
)
def test_a_bad_argument_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", *arguments]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1
