"""The catalogue: complete, consistent with what can be injected and said, and strict about mistakes in its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.catalogue import BadScenario, Scenario, scenarios
from console.catalogue.scenario import FOLDER, VANTAGES, read
from console.cli.main import run
from console.diagnose.signatures import ADVICE
from console.evaluate.stage import ACTS
from console.faults.catalogue import KINDS

ALL = scenarios()
EXAMPLE = (FOLDER / "01-store-crash.toml").read_text(encoding="utf-8")


def test_there_are_36_numbered_throughout() -> None:
    assert [s.number for s in ALL.values()] == list(range(1, 37))


@pytest.mark.parametrize("scenario", ALL.values(), ids=lambda s: s.id)
def test_a_scenario_says_all_it_must(scenario: Scenario) -> None:
    assert set(scenario.signature) == set(VANTAGES)
    assert scenario.look_alikes
    assert scenario.action
    assert all(kind in KINDS for kind in scenario.kinds)
    assert not scenario.stage.act or scenario.stage.act in {*ACTS, "stall"}
    assert all(word in ADVICE for word in scenario.answer.faults if word != "none")
    if scenario.where == "live":
        assert scenario.kinds, "what can be injected live has a kind"


def test_what_cannot_be_checked_says_why() -> None:
    barred = [s for s in ALL.values() if s.not_checkable]
    assert 0 < len(barred) < 8
    assert all(len(s.not_checkable) > 20 for s in barred)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "one.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('where = "live"', 'where = "nowhere"', "where = 'nowhere' is none of"),
        ("lasts_s = 40", 'lasts_s = "long"', "lasts_s must be a number from 1 to 600"),
        ("lasts_s = 40", "lasts_s = 4000", "lasts_s must be a number from 1 to 600"),
        ('faults = ["kill"]', 'faults = ["murder"]', "faults holds 'murder'"),
        ('act = "crash"\n', "", "act is missing"),
        ("[answer]", "[unread]", "[answer] is missing"),
        ('probe = "', 'oracle = "', "'oracle' is none of"),
        ("number = 1", "number = true", "number must be a number"),
        ("control = false", "control = 0", "control must be true or false"),
        ("[stage]", "[stage]\nsurprise = 1", "nobody reads 'surprise'"),
        ("number = 1", "number = ", "one.toml"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in EXAMPLE
    with pytest.raises(BadScenario) as caught:
        read(written(tmp_path, EXAMPLE.replace(before, after, 1)))
    message = str(caught.value).replace("[answer]: answer is missing", "[answer] is missing")
    assert said.replace("[answer] is missing", "answer is missing") in message
    assert "one.toml" in message
    assert "\n" not in message


def test_two_files_of_one_id_and_strangers_among_look_alikes(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(EXAMPLE, encoding="utf-8")
    with pytest.raises(BadScenario, match="look_alikes names"):
        scenarios(tmp_path)
    (tmp_path / "b.toml").write_text(EXAMPLE, encoding="utf-8")
    with pytest.raises(BadScenario, match="taken by another file"):
        scenarios(tmp_path)


def test_the_command_lists_shows_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalogue", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(s.id in listed for s in ALL.values())
    assert run(["catalogue", "show", "12"]) == 0
    assert "store-loss" in capsys.readouterr().out
    assert run(["catalogue", "show", "store-crahs"]) == 2
    assert "did you mean 'store-crash'" in capsys.readouterr().err


def test_what_is_not_checkable_neither_passes_nor_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalogue", "run", "clock-skew"]) == 0
    assert "1 not checkable" in capsys.readouterr().out


def test_a_scenario_run_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalogue", "run", "pd-follower-crash"]) == 0
    assert "passed" in capsys.readouterr().out
