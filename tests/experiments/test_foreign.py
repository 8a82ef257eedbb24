"""Files written by others for Chaos Toolkit: their providers, references, tolerances and rollbacks (S2-61, E9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from console.experiments.analysis import Setting, judge
from console.experiments.checking import check
from console.experiments.foreign import hypothesis, perform
from console.experiments.importing import adopted
from console.experiments.journal import journal
from console.experiments.protocol import Execution
from console.experiments.reading import parse
from console.model.experiment import Experiment, HypothesisState, ProbeResult, Sample, Status, Step
from console.model.fault import Outcome

from .test_protocol import FakeWorld

THEIRS: dict[str, Any] = {
    "title": "The exchange file is lost",
    "description": "When the file goes, the service should say so.",
    "configuration": {"who": {"type": "env", "key": "EXCHANGE_WHO", "default": "tikv1"}},
    "secrets": {"api": {"token": {"type": "env", "key": "EXCHANGE_TOKEN"}}},
    "steady-state-hypothesis": {
        "title": "All is well",
        "probes": [
            {"type": "probe", "name": "file-exists", "tolerance": True,
             "provider": {"type": "python", "module": "os.path", "func": "exists", "arguments": {"path": "/etc"}}},
            {"type": "probe", "name": "right-version",
             "tolerance": {"type": "regex", "pattern": "^3", "target": "stdout"},
             "provider": {"type": "process", "path": "echo", "arguments": "3.11"}},
            {"type": "probe", "name": "covered", "tolerance": {"type": "range", "range": [100, 100]},
             "provider": {"type": "python", "module": "console.experiments.chaostoolkit.probes",
                          "func": "coverage_percent"}},
        ],
    },
    "method": [
        {"type": "action", "name": "swap", "provider": {"type": "process", "path": "echo",
                                                        "arguments": ["swap", "${who}"]}},
        {"ref": "file-exists"},
    ],
    "rollbacks": [
        {"type": "action", "name": "back", "provider": {"type": "process", "path": "echo", "arguments": "ok"}},
    ],
}  # fmt: skip
GOOD = Sample(1.0, "baseline", 100.0, 1.0, 0.0, 100.0, 3, 3, "GREEN")


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_TOKEN", "sk-ant-api03-verysecret00")


def taken_over(**ours: Any) -> Experiment:
    """Their file after `experiment import` and with our block filled in."""
    whole = yaml.safe_load(adopted(parse(yaml.safe_dump(THEIRS).encode(), "theirs.yaml")))
    whole["extensions"][0] |= {
        "experiment_type": "Infrastructure", "target_component": "tikv1", "environment": "test", "canary": False,
        "hypothesis": "When the file goes, the system should go on.", "duration": 5, **ours,
    }  # fmt: skip
    found = check(parse(yaml.safe_dump(whole).encode(), "theirs.yaml"))
    assert isinstance(found, Experiment), found
    return found


def test_references_and_rollbacks_are_read() -> None:
    e = taken_over()
    assert [s.name for s in e.method] == ["swap", "file-exists"]
    assert [s.name for s in e.rollbacks] == ["back"]
    broken = {**THEIRS, "method": [{"ref": "nobody"}]}
    whole = yaml.safe_load(adopted(parse(yaml.safe_dump(broken).encode(), "theirs.yaml")))
    found = check(parse(yaml.safe_dump(whole).encode(), "theirs.yaml"))
    assert isinstance(found, list)
    assert any("ref 'nobody': no activity has this name" in str(p) for p in found)


async def test_every_probe_is_held_against_its_own_tolerance() -> None:
    """Theirs by their providers, ours by what was just measured; one that fails ends it, as in the toolkit."""
    state = await hypothesis(THEIRS, GOOD)
    assert state is not None
    assert state.met
    assert [(p.name, p.met) for p in state.probes] == [
        ("file-exists", True),
        ("right-version", True),
        ("covered", True),
    ]
    worse = await hypothesis(THEIRS, replace(GOOD, coverage_percent=91.0))
    assert worse is not None
    assert (worse.met, worse.why) == (False, "probe covered: 91.0")
    unknown = await hypothesis(THEIRS, replace(GOOD, coverage_percent=None))
    assert unknown is not None
    assert unknown.why == "probe covered: could not be measured"
    assert await hypothesis({"title": "x"}, GOOD) is None


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ({"type": "process", "path": "sh", "arguments": ["-c", "echo no >&2; exit 3"]}, "exit code 3: no"),
        ({"type": "process", "path": "no-such-command", "arguments": ""}, "no-such-command"),
        ({"type": "python", "module": "os", "func": "getcwdx"}, "getcwdx"),
        ({"type": "http", "url": "http://127.0.0.1:1/", "timeout": 2}, "refused"),
        ({"type": "process", "path": "sleep", "arguments": "60", "timeout": 0.2}, "took too long"),
    ],
)
async def test_an_action_that_fails_says_why(provider: dict[str, Any], said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        await perform(THEIRS, {"type": "action", "name": "a", "provider": provider})


async def test_a_secret_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXCHANGE_TOKEN")
    with pytest.raises(RuntimeError, match="EXCHANGE_TOKEN") as failed:
        await perform(THEIRS, THEIRS["method"][0])
    assert "Traceback" not in str(failed.value)


async def test_configuration_is_filled_in_and_what_is_printed_is_no_answer() -> None:
    """A provider that writes to standard output cannot answer for itself; secrets do not come through."""
    assert await perform(THEIRS, THEIRS["method"][0]) == "swap tikv1"
    loud = {"type": "python", "module": "builtins", "func": "print", "arguments": {"sep": '{"status": "succeeded"}'}}
    assert await perform(THEIRS, {"type": "probe", "name": "p", "provider": loud}) == ""
    leak = {"type": "process", "path": "echo", "arguments": "sk-ant-api03-verysecret00"}
    assert "verysecret" not in await perform(THEIRS, {"type": "probe", "name": "p", "provider": leak})


class Performing(FakeWorld):
    """A world in which others' activities work but for those named."""

    broken: tuple[str, ...] = ()

    async def perform(self, step: Step) -> str:
        self.calls.append(step.name)
        if step.name in self.broken:
            raise RuntimeError("it broke")
        return "done"


async def test_their_actions_are_the_fault_and_their_rollbacks_are_carried_out() -> None:
    world = Performing()
    course = await Execution(taken_over(), world, lambda what, said: None).run()
    run = judge(course, Setting("r1", "lab", "LIVE", 100.0, 160.0, ["test"], "/tmp/x.jsonl"))
    assert world.calls == ["hypothesis", "swap", "file-exists", "put back", "back", "hypothesis"]
    assert (run.status, run.rollback) == (Status.CONFIRMED, Outcome.COMPLETE), run.why
    world = Performing()
    world.broken = ("back",)
    course = await Execution(taken_over(), world, lambda what, said: None).run()
    run = judge(course, Setting("r1", "lab", "LIVE", 100.0, 160.0, ["test"], "/tmp/x.jsonl"))
    assert (run.rollback, run.exit_code) == (Outcome.FAILED, 4)


async def test_a_hypothesis_of_theirs_that_does_not_hold_stops_it_before_anything_is_done() -> None:
    bad = HypothesisState(
        False, (ProbeResult("right-version", False, "2.7"), ProbeResult("covered", None, "not asked"))
    )
    world = Performing(states=[bad])
    course = await Execution(taken_over(), world, lambda what, said: None).run()
    assert world.calls == ["hypothesis"]
    run = judge(course, Setting("r1", "lab", "LIVE", 100.0, 160.0, ["test"], "/tmp/x.jsonl"))
    assert (run.exit_code, run.why) == (3, "not steady before the injection: probe right-version: 2.7")
    before = journal(run)["steady_states"]["before"]
    assert [(p["activity"]["name"], p["tolerance_met"]) for p in before["probes"]] == [("file-exists", False)]
