"""Two explanations at odds: what would decide is shown, and `enter` looks (D-7)."""

from __future__ import annotations

from dataclasses import replace

from console.model.diagnosis import Contest
from console.model.view import View

from . import fakes
from .driving import driving


def at_odds() -> View:
    view = fakes.diagnosed()
    assert view.diagnosis is not None
    assert view.diagnosis.diagnosis is not None
    contest = Contest(("pause of tikv1", "partition of tikv1"), "tikv1", "does its own address answer a SYN?", "port")
    found = replace(view.diagnosis.diagnosis, contest=contest)
    return replace(view, diagnosis=replace(view.diagnosis, diagnosis=found))


async def test_the_deciding_test_is_shown_and_enter_runs_it() -> None:
    async with driving(size=(120, 40), view=at_odds()) as d:
        await d.press("5", "z")
        text = d.text("#diagnosis")
        for said in ("pause of tikv1 or partition of tikv1?", "does its own address answer", "looks now"):
            assert said in text
        await d.press("enter")
        assert d.session.called("decide") == [()]
        assert "tikv1 is paused" in d.notice


async def test_by_its_word_from_anywhere() -> None:
    async with driving(size=(80, 24), view=at_odds()) as d:
        await d.press("colon")
        await d.type("decide")
        await d.press("enter")
        assert d.session.called("decide") == [()]
