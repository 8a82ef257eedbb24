"""Campaign files: what is wrong is named with file, line and field; matrix, order and budget hold for any (S2-53)."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from console.experiments import budget, library
from console.experiments.campaign import checked, load
from console.experiments.checking import Problem, check
from console.experiments.ordering import ordered
from console.experiments.reading import parse, read
from console.experiments.variants import AxisError, points, variant
from console.model.campaign import Budget, Campaign, Item, Slo, Spent
from console.model.experiment import Experiment, Limits, Sample

SLO = {"availability": 99.9, "window": 86400}


FEWER = settings(max_examples=80)


@cache
def experiment(name: str = "domain-n-1") -> Experiment:
    path = library.find(name)
    assert path is not None
    found = check(read(path))
    assert isinstance(found, Experiment)
    return found


def campaign(text: str) -> Campaign | list[Problem]:
    return checked(parse(text.encode(), "c.yaml", "a campaign"))


def of(**fields: Any) -> Campaign | list[Problem]:
    return campaign(yaml.safe_dump({"title": "x", "experiments": ["tier-client"], **fields}, sort_keys=False))


@pytest.mark.parametrize("path", library.campaign_files(), ids=lambda p: p.stem)
def test_every_campaign_of_the_library_can_be_run(path: Path) -> None:
    found = load(path)
    assert isinstance(found, Campaign), found
    assert found.budget.time_s is not None
    assert len(found.digest) == 64


@pytest.mark.parametrize(
    ("fields", "field", "exit_code", "said"),
    [
        ({"title": " "}, "title", 2, "missing"),
        ({"experiments": []}, "experiments", 2, "missing"),
        ({"experiments": ["tier-clinet"]}, "experiments/0", 2, "did you mean tier-client"),
        ({"experiments": [{"name": "domain-n-1", "repeat": 0}]}, "experiments/0/repeat", 2, "from 1 to 100"),
        ({"experiments": [{"repeat": 2}]}, "experiments/0", 2, "the name of an experiment"),
        (
            {"experiments": ["domain-n-2"], "budget": {"blast_radius": {"max_targets": 1}}},
            "experiments/0",
            3,
            "2 targets",
        ),
        ({"buget": {}}, "buget", 2, "did you mean budget"),
        ({"budget": {"time": -1}}, "budget/time", 2, "seconds"),
        ({"budget": {"time": True}}, "budget/time", 2, "True"),
        ({"budget": {"blast_radius": 1}}, "budget/blast_radius", 2, "max_targets"),
        ({"budget": {"blast_radius": {"max_targets": 1.5}}}, "budget/blast_radius/max_targets", 2, "whole number"),
        ({"budget": {"error_budget": 50}}, "budget/error_budget", 2, "needs budget/slo"),
        ({"budget": {"slo": {"window": 60}}}, "budget/slo", 2, "availability is missing"),
        ({"budget": {"slo": {**SLO, "latency_ms": "fast"}}}, "budget/slo/latency_ms", 2, "'fast'"),
        ({"stop_on": ["rollback"]}, "stop_on", 2, "always stops it"),
        ({"matrix": {"target": []}}, "matrix/target", 2, "different names or numbers"),
        ({"matrix": {"target": ["a", "a"]}}, "matrix/target", 2, "different"),
        ({"matrix": {"moon": [1]}}, "matrix", 2, "tier-client: moon: tier-client has the axes target, duration"),
        ({"matrix": {"duration": [601]}}, "matrix", 2, "from 1 to 600"),
    ],
)
def test_each_mistake_has_its_own_message(fields: dict[str, Any], field: str, exit_code: int, said: str) -> None:
    found = of(**fields)
    assert isinstance(found, list), "it should not have been accepted"
    assert (found[0].field, found[0].exit_code) == (field, exit_code), found
    assert said in found[0].said
    assert found[0].where.startswith("c.yaml:")


def test_the_line_is_the_fields_own_and_all_are_told_at_once() -> None:
    found = campaign("title: x\nexperiments:\n  - tier-client\n  - nothing\nbudget:\n  time: soon\n")
    assert isinstance(found, list)
    assert [(p.where, p.field) for p in found] == [("c.yaml:4", "experiments/1"), ("c.yaml:6", "budget/time")]


def test_experiments_may_lie_beside_the_campaign(tmp_path: Path) -> None:
    """By a path relative to the campaign's file; what is wrong in them is said with their own line."""
    good, bad = tmp_path / "mine.yaml", tmp_path / "bad.yaml"
    text = library.find("domain-n-1").read_text()  # type: ignore[union-attr]
    good.write_text(text)
    bad.write_text(text.replace("duration: 40\n", "duration: 601\n"))
    file = tmp_path / "c.yaml"
    file.write_text("title: x\nexperiments:\n  - mine.yaml\n  - {file: mine.yaml, repeat: 2}\n")
    found = load(file)
    assert isinstance(found, Campaign), found
    assert [i.experiment.source for i in found.items] == [str(good)] * 3
    file.write_text("title: x\nexperiments: [bad.yaml]\n")
    problems = load(file)
    assert isinstance(problems, list)
    assert f"{bad}:" in problems[0].said
    assert "601" in problems[0].said


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@settings(max_examples=80)
@given(st.sampled_from(["title", "description", "experiments", "matrix", "budget", "stop_on"]), VALUES)
def test_nothing_in_a_field_breaks_the_check(field: str, value: Any) -> None:
    """Whatever stands in a field, there is an answer and no exception."""
    whole = {"title": "x", "experiments": ["tier-client"], field: value}
    from console.experiments.reading import Document

    checked(Document("c.yaml", whole))


# -- matrix -----------------------------------------------------------------------------------------------------------


@FEWER
@given(
    st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(), min_size=1, max_size=4, unique=True), max_size=4)
)
def test_a_matrix_has_every_combination_once(matrix: dict[str, list[int]]) -> None:
    found = points(matrix)
    assert len(found) == len({tuple(p.items()) for p in found})
    assert {tuple(p[a] for a in matrix) for p in found} == set(itertools.product(*matrix.values()))


@settings(max_examples=20)
@given(st.sampled_from(["tikv0", "tikv1"]), st.integers(1, 600))
def test_a_variant_differs_in_its_axes_alone(target: str, duration: int) -> None:
    plain = experiment()
    found = variant(plain, {"target": target, "duration": duration})
    assert (found.method[0].target, found.method[0].duration_s, found.duration_s) == (target, duration, duration)
    assert found.title == f"{plain.title} [target={target} duration={duration}]"
    assert experiment() == plain, "and the original is as it was"
    same = replace(
        found, title=plain.title, method=plain.method, raw=plain.raw, target=plain.target, duration_s=plain.duration_s
    )
    assert same == plain


@pytest.mark.parametrize(
    ("name", "axes", "said"),
    [
        ("domain-n-1", {"ms": 5}, "the axes target, duration"),
        ("infra-api-latency", {"delay": 10**9}, "outside"),
        ("domain-n-1", {"target": ""}, "missing"),
    ],
)
def test_what_an_experiment_cannot_vary(name: str, axes: dict[str, Any], said: str) -> None:
    with pytest.raises(AxisError, match=said):
        variant(experiment(name), axes)


def test_a_parameter_is_an_axis() -> None:
    found = variant(experiment("infra-api-latency"), {"delay": 77})
    assert found.method[0].params["delay"] == 77


# -- order ------------------------------------------------------------------------------------------------------------


@FEWER
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["", *"abcde"])), max_size=9))
def test_what_widens_comes_after_what_it_widens(pairs: list[tuple[str, str]]) -> None:
    """The same runs, in the order of the file but for that; where two widen each other nothing is lost."""
    plain = experiment()
    widens = {title: wide for title, wide in pairs}  # noqa: C416 - the last one wins
    items = [Item(t, {"n": n}, replace(plain, title=t, widens=widens[t])) for n, (t, _) in enumerate(pairs)]
    found = ordered(items)
    assert sorted(i.axes["n"] for i in found) == list(range(len(items)))
    for n, item in enumerate(found):
        later = {i.experiment.title for i in found[n + 1 :]} - {item.experiment.title}
        wide = item.experiment.widens
        assert wide not in later or _circle(wide, widens)
    if not any(widens.values()):
        assert found == items


def _circle(title: str, widens: dict[str, str]) -> bool:
    seen = set()
    while title in widens and title not in seen:
        seen.add(title)
        title = widens[title]
    return title in seen


# -- budget -----------------------------------------------------------------------------------------------------------

LIMITS = Slo(99.9, 86400, Limits(), 50.0)


def sample(t: float, phase: str = "fault", **more: Any) -> Sample:
    return Sample(
        t, phase, **{"ops": 1000.0, "latency_ms": 2.0, "errors_percent": 0.0, "coverage_percent": 100.0, **more}
    )


def test_what_an_error_budget_is() -> None:
    """99.9 % of a day may be bad for 86.4 s; a second is bad where any one of four things was outside."""
    assert LIMITS.allowed_s == pytest.approx(86.4)
    assert Budget(slo=LIMITS, error_budget_percent=50).bad_s == pytest.approx(43.2)
    samples = [
        sample(0, "baseline"), sample(1, "baseline"), sample(2, ops=400.0), sample(3, latency_ms=300.0),
        sample(4, errors_percent=1.0), sample(5, coverage_percent=90.0), sample(6),
        sample(7, ops=None, latency_ms=None, errors_percent=None, coverage_percent=None), sample(20, ops=0.0),
    ]  # fmt: skip
    assert budget.outside(samples, LIMITS) == (pytest.approx(4 + 5), pytest.approx(1 + 8))


@FEWER
@given(
    st.lists(st.tuples(st.floats(0, 20), st.none() | st.floats(0, 2000), st.none() | st.floats(0, 500)), max_size=30)
)
def test_bad_and_unknown_seconds_never_exceed_the_time(steps: list[tuple[float, float | None, float | None]]) -> None:
    at = list(itertools.accumulate(s for s, _, _ in steps))
    samples = [sample(t, ops=ops, latency_ms=ms) for t, (_, ops, ms) in zip(at, steps, strict=True)]
    bad, blind = budget.outside(samples, LIMITS)
    assert bad >= 0
    assert blind >= 0
    assert bad + blind <= (at[-1] - at[0] if at else 0) + 1e-6


@pytest.mark.parametrize(
    ("limits", "spent", "said"),
    [
        (Budget(), Spent(1e9, 1e9, 1e9), ""),
        (Budget(time_s=300), Spent(300), "time budget: 300 of 300 s"),
        (Budget(time_s=300), Spent(260), "time budget: 260 of 300 s, and domain-n-1 takes at least 52 s"),
        (Budget(time_s=300), Spent(248), ""),
        (Budget(target_s=100), Spent(target_s=100), "blast radius: 100 of 100 target-seconds"),
        (
            Budget(target_s=100),
            Spent(target_s=61),
            "blast radius: 61 of 100 target-seconds, and domain-n-1 may take 40",
        ),
        (Budget(target_s=100), Spent(target_s=60), ""),
        (Budget(max_targets=0), Spent(), "blast radius: domain-n-1 may take 1 targets, 0 are allowed"),
        (Budget(slo=LIMITS), Spent(bad_s=86.4), "error budget: 86 of 86.4 s outside the SLO"),
        (Budget(slo=LIMITS), Spent(bad_s=86.3), ""),
    ],
)
def test_the_budget_is_looked_at_before_each_run(limits: Budget, spent: Spent, said: str) -> None:
    assert budget.exhausted(limits, spent, experiment()) == said
