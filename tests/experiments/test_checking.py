"""Experiment files: what is missing or wrong is named with file, line and field (S2-17, S2-23..35, S2-50)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from console.experiments import library
from console.experiments.checking import REQUIRED, Problem, check
from console.experiments.importing import TODO, adopted
from console.experiments.reading import MAX_BYTES, ReadingError, parse, read
from console.model.experiment import Experiment

TEXT = library.find("domain-n-1").read_text()  # type: ignore[union-attr]
OURS = yaml.safe_load(TEXT)["extensions"][0]


def data(**changes: Any) -> dict[str, Any]:
    """The N-1 experiment with fields of our block changed; None removes one."""
    whole: dict[str, Any] = yaml.safe_load(TEXT)
    block = whole["extensions"][0]
    for name, value in changes.items():
        if value is None:
            del block[name]
        else:
            block[name] = value
    return whole


def problems(whole: dict[str, Any]) -> list[Problem]:
    found = check(parse(yaml.safe_dump(whole, sort_keys=False).encode(), "x.yaml"))
    assert not isinstance(found, Experiment), "it should not have been accepted"
    return found


def one(whole: dict[str, Any]) -> Problem:
    (found,) = problems(whole)
    return found


@pytest.mark.parametrize("path", library.files(), ids=lambda p: p.stem)
def test_every_file_of_the_library_can_be_run(path: Path) -> None:
    found = check(read(path))
    assert isinstance(found, Experiment), found
    assert found.failure_type in ("latency", "error", "crash", "resource")
    assert found.criteria
    assert found.scope
    assert found.raw["runtime"]["rollbacks"]["strategy"] == "always"


def test_the_library_covers_what_is_asked_for() -> None:
    """Every type and scope; N-1, N-2, most critical, each tier, load and more (S2-08..16, S2-78, S2-79)."""
    found = [check(read(p)) for p in library.files()]
    assert len(found) >= 20
    whole = [e for e in found if isinstance(e, Experiment)]
    assert {e.type for e in whole} == {"Infrastructure", "Schedule", "Data"}
    scopes = {"db-failure", "service-degradation", "load", "dependency", "recovery-time", "blast-radius"}
    assert {e.scope for e in whole} == scopes
    names = {e.name for e in whole}
    wanted = {"domain-n-1", "domain-n-2", "domain-n-1-critical", "domain-super-spreader", "blast-measure"}
    assert wanted | {"tier-control-plane", "tier-storage", "tier-client"} <= names


@pytest.mark.parametrize("field", REQUIRED)
def test_each_required_field_has_its_own_message(field: str) -> None:
    found = one(data(**{field: None}))
    assert (found.field, found.exit_code) == (field, 2)
    assert "missing" in found.said


@pytest.mark.parametrize(
    ("changes", "exit_code", "code", "said"),
    [
        ({"duration": 601}, 2, "INVALID", "from 1 to 600"),
        ({"duration": "long"}, 2, "INVALID", "'long'"),
        ({"hypothesis": "Killing a store is fine"}, 2, "INVALID", "should"),
        ({"environment": "production"}, 3, "ENV_PRODUCTION", "whatever is asked"),
        ({"environment": "moon"}, 2, "INVALID", "test, staging, production"),
        ({"experiment_type": "Data"}, 3, "DATA_MODIFY", "approved_by"),
        ({"security": True}, 3, "SECURITY", "approved_by"),
        ({"blast_radius": {"max_targets": 0}}, 2, "INVALID", "max_targets"),
        ({"success_criteria": ["mood > 3"]}, 2, "INVALID", "no metric 'mood'"),
        ({"success_criteria": ["detection < 5 %"]}, 2, "INVALID", "measured in s"),
        ({"abort_if": ["errors"]}, 2, "INVALID", "entry 1"),
        ({"abort_if": ["errors > 1%", {"if": "errors"}]}, 2, "INVALID", "entry 2: abort condition 'errors'"),
        ({"abort_if": [{"if": "errors > 1%", "phase": "lunch"}]}, 2, "INVALID", "fault, after_restore"),
        ({"abort_if": [{"when": "errors > 1%"}]}, 2, "INVALID", "{if: CONDITION"),
        ({"abort_if": "errors > 1%"}, 2, "INVALID", "a list of conditions"),
        ({"steady_state": {"speed": 1}}, 2, "INVALID", "latency_ms"),
        ({"files": ["nowhere.md"]}, 2, "INVALID", "does not exist"),
        ({"rollback_plan": "revert"}, 2, "INVALID", "list"),
    ],
)
def test_each_mistake_has_its_own_message(changes: dict[str, Any], exit_code: int, code: str, said: str) -> None:
    found = one(data(**changes))
    assert (found.exit_code, found.code) == (exit_code, code)
    assert said in found.said


def test_600_seconds_pass_and_601_do_not() -> None:
    assert isinstance(check(parse(yaml.safe_dump(data(duration=600)).encode(), "x.yaml")), Experiment)


def test_the_line_is_the_fields_own() -> None:
    text = TEXT.replace("duration: 40\n", "duration: 601\n")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if row.strip() == "duration: 601")
    found = check(parse(text.encode(), "x.yaml"))
    assert isinstance(found, list)
    assert found[0].where == f"x.yaml:{line}"


def test_json_is_as_good_as_yaml() -> None:
    assert isinstance(check(parse(json.dumps(data()).encode(), "x.json")), Experiment)


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [("kind", "meltdown", "no fault kind"), ("duration", 601, "from 1 to 600"), ("params", {"x": 1}, "takes")],
)
def test_injections_are_checked_too(argument: str, value: Any, said: str) -> None:
    whole = data()
    whole["method"][0]["provider"]["arguments"][argument] = value
    assert said in one(whole).said


def test_all_problems_at_once_in_the_order_of_the_file() -> None:
    found = problems(data(duration=601, environment="production", rollback_plan=None))
    assert {p.field for p in found} == {"duration", "environment", "rollback_plan"}
    lines = [int(p.where.rpartition(":")[2]) for p in found]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("raw", "said"), [(b"\xff", "UTF-8"), (b"a: [", "neither YAML nor JSON"), (b"- 1", "mapping"), (b"", "mapping")]
)
def test_what_is_no_experiment(raw: bytes, said: str) -> None:
    with pytest.raises(ReadingError, match=f"^x.yaml.*{said}"):
        parse(raw, "x.yaml")


def test_a_file_that_is_far_too_large(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ReadingError, match="MiB"):
        read(path)


LEAVES = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@settings(max_examples=60)
@given(st.sampled_from(sorted(set(OURS) - {"name"})), VALUES)
def test_nothing_in_our_block_breaks_the_check(field: str, value: Any) -> None:
    """Whatever stands in a field, there is an answer and no exception."""
    whole = data()
    whole["extensions"][0][field] = value
    check(parse(json.dumps(whole).encode(), "x.json"))


def test_somebody_elses_file_is_taken_over() -> None:
    theirs = {
        "title": "Theirs",
        "description": "x",
        "steady-state-hypothesis": {"title": "it answers", "probes": []},
        "method": [{"type": "action", "name": "a", "provider": {"type": "process", "path": "true"}}],
        "rollbacks": [{"type": "action", "name": "undo it", "provider": {"type": "process", "path": "true"}}],
    }
    text = adopted(parse(json.dumps(theirs).encode(), "theirs.json"))
    whole = yaml.safe_load(text)
    assert {k: whole[k] for k in theirs} == theirs
    assert TODO in text
    fields = {p.field for p in problems(whole)}
    assert {"experiment_type", "target_component", "hypothesis", "environment"} <= fields
    block = whole["extensions"][0]
    assert block["rollback_plan"] == ["undo it"]
    block |= {"experiment_type": "Infrastructure", "hypothesis": "When x, it should y", "environment": "test"}
    block["target_component"] = "tikv1"
    assert isinstance(check(parse(yaml.safe_dump(whole).encode(), "x.yaml")), Experiment)
