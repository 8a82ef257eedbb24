"""The reports screen: list, text, two marked runs compared, ways back (S2-43, S2-47, S2-77)."""

from __future__ import annotations

from . import fakes
from .driving import driving
from .fake_session import FakeSession


async def test_the_selected_run_is_shown_and_moving_shows_another() -> None:
    async with driving(size=(120, 40)) as d:
        await d.press("R")
        assert "CONFIRMED" in d.text("#reports")
        assert "5 runs" in d.text("#reports")
        text = d.text("#reading")
        assert "Throughput >= 50% did not hold" in text
        assert "FAIL" in text
        await d.press("j")
        assert d.session.called("report")[-1] == (fakes.REPORTS[1].id,)
        await d.press("escape")
        assert not d.app.screen.query("#reports")


async def test_two_marked_runs_are_compared_in_the_order_they_were_marked() -> None:
    async with driving(size=(120, 40)) as d:
        await d.press("R")
        await d.press("j", "m")
        assert "on another run compares the two" in d.text("#reports")
        await d.press("k", "m")
        assert d.session.called("compare")[-1] == (fakes.REPORTS[1].id, fakes.REPORTS[0].id)
        text = d.text("#reading")
        for said in ("Comparison", "+6.10 s worse", "-1.00 s better", "tikv1, tikv2"):
            assert said in text
        await d.press("j", "j", "m")  # a third takes the place of the older one
        assert d.session.called("compare")[-1] == (fakes.REPORTS[0].id, fakes.REPORTS[2].id)
        await d.press("m")  # the mark is taken away
        assert "Report" in d.text("#reading")
        await d.press("escape")  # the other mark too
        assert d.app.screen.query("#reports")
        await d.press("escape")
        assert not d.app.screen.query("#reports")


async def test_enter_reads_and_esc_comes_back_to_the_list() -> None:
    async with driving(size=(80, 24)) as d:
        await d.press("R")
        await d.press("enter")
        assert d.app.focused is not None
        assert d.app.focused.id == "reading"
        await d.press("pagedown")
        assert "Recommendations" in d.text("#reading")
        await d.press("escape")
        assert d.app.focused is not None
        assert d.app.focused.id == "reports"
        await d.press("tab")
        assert d.app.focused.id == "reading"


async def test_without_a_run_and_with_a_database_that_cannot_be_read() -> None:
    async with driving(FakeSession(past=()), size=(80, 24)) as d:
        await d.press("R")
        assert "No experiment has been run on this machine yet" in d.text("#reports")
        await d.press("m", "enter")
    async with driving(FakeSession(past="console.db: disk I/O error"), size=(80, 24)) as d:
        await d.press("R")
        assert "console.db: disk I/O error" in d.text("#reports")


async def test_the_kill_switch_and_the_command_word_work_here() -> None:
    async with driving(size=(80, 24)) as d:
        await d.press("colon")
        await d.type("reports")
        await d.press("enter")
        assert "BEGAN" in d.text("#reports")
        await d.press("ctrl+r")
        assert d.session.called("revert_all")
