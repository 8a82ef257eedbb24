"""The command line: what parses, what completes, and one clear sentence for what does not."""

from __future__ import annotations

import pytest

from console.ui.commands import Command, Problem, common_start, complete, parse
from console.ui.keys import verbs

from . import fakes

VIEW = fakes.view()


def words(text: str) -> list[str]:
    return [s.word for s in complete(text, VIEW)]


def test_inject_with_everything() -> None:
    found = parse("inject latency tikv1 60 delay=250", VIEW)
    assert found == Command("inject", "latency tikv1 60 delay=250", "latency", "tikv1", 60.0, {"delay": 250.0})


def test_roles_are_targets() -> None:
    assert isinstance(parse("inject pause pd-leader 60", VIEW), Command)
    assert isinstance(parse("inject kill random", VIEW), Command)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "nothing was typed"),
        ("injct kill tikv1", "did you mean inject?"),
        ("inject", "a kind and a target are needed"),
        ("inject kil tikv1", "did you mean kill?"),
        ("inject kill tikv7", "no target tikv7"),
        ("inject eviction pd0", "does not fit pd0; it fits store"),
        ("inject kill tikv1 soon", "neither seconds nor NAME=VALUE"),
        ("inject kill tikv1 delay=3", "kill has no parameter delay; it has none"),
        ("inject latency tikv1 speed=3", "it has delay, jitter"),
        ("theme pink", "no theme pink: chaos"),
        ("seek soon", "is not a number"),
        ("speed 0", "a speed is above 0"),
        ("details", "details of what?"),
        ("details nobody", "no component nobody"),
        ("load now", "load takes no argument"),
        ("note", "note what?"),
    ],
)
def test_problems_are_one_sentence(text: str, says: str) -> None:
    found = parse(text, VIEW)
    assert isinstance(found, Problem)
    assert says in found.sentence
    assert "\n" not in found.sentence


def test_every_verb_parses_with_what_its_usage_says() -> None:
    samples = {
        "inject": "kill tikv1", "arm": "all clear", "note": "x", "details": "tikv1", "theme": "ansi", "seek": "12.5",
        "speed": "2", "filter": "tikv", "revert": "tikv1",
    }  # fmt: skip
    for key in verbs():
        found = parse(f"{key.verb} {samples.get(key.verb, '')}".strip(), VIEW)
        assert isinstance(found, Command), key.verb


def test_completion_of_verbs_kinds_targets_and_parameters() -> None:
    assert words("inj") == ["inject"]
    assert {"kill", "pause"} <= set(words("inject "))
    assert words("inject kil") == ["kill"]
    assert words("inject kill ti") == ["tikv0", "tikv1", "tikv2"]
    assert words("inject eviction ") == [
        "tikv0",
        "tikv1",
        "tikv2",
        "store-with-most-leaders",
        "random",
        "n-1",
        "n-2",
        "all",
    ]
    assert words("inject latency tikv1 60 ") == ["delay=100", "jitter=10"]
    assert words("inject latency tikv1 60 delay=5 ") == ["jitter=10"]
    assert words("theme ") == ["chaos", "projector", "ansi", "mono"]
    assert words("details pd") == ["pd0", "pd1", "pd2"]
    assert words("nonsense ") == []


def test_unavailable_kinds_come_last_with_their_reason() -> None:
    from console.ui.commands import _inject_arguments

    order = _inject_arguments([], VIEW)
    reasons = [hint.startswith("cannot work here") for _, hint in order]
    assert reasons == sorted(reasons)
    assert reasons[-1]


def test_tab_types_what_all_suggestions_share() -> None:
    assert common_start(["inject kill tikv0", "inject kill tikv1"]) == "inject kill tikv"
    assert common_start([]) == ""
