"""The experiments screen: list, preview, asked twice before it runs, live course, read-only (S2-20, S2-75)."""

from __future__ import annotations

from . import fakes
from .driving import driving


async def test_the_first_enter_shows_and_the_second_runs() -> None:
    async with driving(size=(120, 40)) as d:
        await d.press("e")
        text = d.text("#experiments")
        assert "domain-n-1" in text
        assert "domain-n-2" in text
        assert "When any one store is killed" in d.text("#course")
        await d.press("enter")
        assert not d.session.called("run_experiment")
        assert "enter again runs domain-n-1" in d.notice
        await d.press("enter")
        assert d.session.called("run_experiment") == [("domain-n-1",)]


async def test_moving_away_takes_the_question_back() -> None:
    async with driving(size=(120, 40)) as d:
        await d.press("e", "enter", "j", "enter")
        assert not d.session.called("run_experiment")
        await d.press("enter")
        assert d.session.called("run_experiment") == [("domain-n-2",)]


async def test_read_only_has_the_view_and_no_run() -> None:
    async with driving(size=(120, 40), view=fakes.read_only()) as d:
        await d.press("e", "enter", "enter")
        assert not d.session.called("run_experiment")
        assert "READ-ONLY" in d.notice


async def test_the_course_of_one_that_has_ended() -> None:
    async with driving(size=(120, 40), view=fakes.experimenting()) as d:
        await d.press("e")
        text = d.text("#course")
        for said in ("kill on tikv1", "PASS throughput >= 50%", "FAIL recovery < 120 s", "HYPOTHESIS_REJECTED"):
            assert said in text
        await d.press("j")
        assert "HYPOTHESIS_REJECTED" not in d.text("#course"), "it belongs to the other one"


async def test_the_filter_and_the_kill_switch_work_here() -> None:
    async with driving(size=(120, 40)) as d:
        await d.press("e", "slash")
        await d.type("n-2")
        await d.press("enter")
        assert "domain-n-1 " not in d.text("#experiments")
        await d.press("ctrl+r")
        assert d.session.called("revert_all")
