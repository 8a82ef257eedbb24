"""The dashboard under the fingers: focus, accordion, zoom, filter, the intents of every key."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.ui.lines import plain
from console.ui.panes.base import Pane

from . import fakes
from .driving import driving
from .fake_session import FakeSession


def opened(d: object) -> int:
    return d.app.current.opened  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_tab_and_digits_choose_the_pane(size: tuple[int, int]) -> None:
    async with driving(size=size) as d:
        seen = [opened(d)]
        for _ in range(5):
            await d.press("tab")
            seen.append(opened(d))
        assert seen == [0, 1, 2, 3, 4, 0]
        await d.press("shift+tab")
        assert opened(d) == 4
        for digit in "13524":
            await d.press(digit)
            assert opened(d) == int(digit) - 1
            assert isinstance(d.app.focused, Pane)
            assert d.app.focused.number == int(digit)


async def test_compact_shows_five_panes_one_open_and_cuts_no_word() -> None:
    async with driving(size=(80, 24), view=fakes.detected()) as d:
        for n in range(1, 6):
            await d.press(str(n))
            heights = [p.size.height for p in d.app.current.panes]  # type: ignore[attr-defined]
            assert heights.count(1) == 4
            assert heights[n - 1] > 10
            for title in ("Topology", "Throughput", "Faults", "Detection", "Diagnosis"):
                assert title in d.screen_text
            assert "KILL" in d.screen_text.splitlines()[0]


async def test_zoom_opens_the_focused_pane_and_esc_closes_it() -> None:
    async with driving(size=(160, 48)) as d:
        await d.press("5", "z")
        diagnosis = d.app.current.query_one("#diagnosis")
        assert diagnosis.size.width == 160
        assert diagnosis.size.height > 30
        await d.press("escape")
        assert diagnosis.size.width < 100


async def test_h_and_l_go_sideways_where_there_are_two_columns() -> None:
    async with driving() as d:
        await d.press("l")
        assert opened(d) == 1
        await d.press("h")
        assert opened(d) == 0
        await d.press("3", "right")
        assert opened(d) == 4


async def test_the_cursor_begins_at_a_store_and_moves_with_jk_and_arrows() -> None:
    async with driving() as d:
        pane = d.app.current.panes[0]  # type: ignore[attr-defined]
        assert pane.cursor == "tikv0"
        await d.press("j")
        assert pane.cursor == "tikv1"
        await d.press("down", "k", "up")
        assert pane.cursor == "tikv0"
        await d.press("g")
        assert pane.cursor == "pd0"
        await d.press("G")
        assert pane.cursor == "ycsb"


@pytest.mark.parametrize(
    ("keys", "call"),
    [
        (("y",), ("toggle_load", ())),
        (("d",), ("diagnose", ())),
        (("ctrl+r",), ("revert_all", ("kill switch",))),
        (("j", "enter"), ("details", ("tikv1",))),
        (("3", "x"), ("revert", ("inj-7",))),
    ],
)
async def test_keys_are_intents(keys: tuple[str, ...], call: tuple[str, tuple[object, ...]]) -> None:
    async with driving(view=fakes.detected()) as d:
        await d.press(*keys)
        assert call in d.session.calls


async def test_answers_are_said_in_the_footer_and_go_away() -> None:
    async with driving() as d:
        await d.press("d")
        assert d.notice == "diagnosing inc-3"
        d.app.unsay()
        await d.rest()
        assert "inject" in d.text("Footer")


async def test_filters_belong_to_their_pane() -> None:
    async with driving() as d:
        await d.press("slash")
        await d.type("tikv2")
        assert "tikv2" in d.text("#topology")
        assert "tikv1" not in d.text("#topology")
        await d.press("enter")
        assert d.overlay is None
        assert "/tikv2" in d.text("#topology")
        await d.press("2", "slash")
        await d.type("!probe")
        await d.press("enter")
        assert "pd0 does not answer" not in d.text("#strip")
        assert "PD leader is pd0" in d.text("#strip")
        assert "tikv1" not in d.text("#topology")  # still its own filter
        await d.press("1", "escape")
        assert "tikv1" in d.text("#topology")


async def test_esc_in_the_filter_clears_it() -> None:
    async with driving() as d:
        await d.press("3", "slash")
        await d.type("latency")
        assert "partition" not in d.text("#faults")
        await d.press("escape")
        assert "partition" in d.text("#faults")


async def test_esc_cancels_a_streaming_diagnosis_first_and_never_quits() -> None:
    session = FakeSession(fakes.diagnosing(), streaming=True)
    async with driving(session) as d:
        await d.press("5", "z", "escape")
        assert d.notice == "diagnosis cancelled"
        assert d.app.current.zoomed  # type: ignore[attr-defined]
        await d.press("escape", "escape", "escape")
        assert not d.app.current.zoomed  # type: ignore[attr-defined]
        assert d.app.is_running


async def test_scrolling_up_pauses_the_stream_and_end_follows_again() -> None:
    async with driving(view=fakes.diagnosing(), size=(100, 30)) as d:
        pane = d.app.current.panes[4]  # type: ignore[attr-defined]
        await d.press("5")
        assert pane.follow
        await d.press("k")
        assert not pane.follow
        longer = fakes.diagnosing()
        run = longer.diagnosis
        assert run is not None
        from dataclasses import replace

        await d.show(replace(longer, seq=50, diagnosis=replace(run, text=run.text + "\nmore " * 30)))
        assert "new" in plain(pane.foot())
        assert "paused" in d.text("#diagnosis")
        await d.press("end")
        assert pane.follow
        assert pane.unseen == 0
        await d.press("space")
        assert not pane.follow


async def test_read_only_greys_fault_keys_and_says_why() -> None:
    async with driving(view=fakes.read_only()) as d:
        assert "READ-ONLY" in d.text("Header")
        inject = next(s for s in d.app.current.query_one("Footer").rows_shown[0] if s[0] == "f")  # type: ignore[attr-defined]
        assert inject[1] == "key-off"
        for key in ("f", "y", "A"):
            d.app.unsay()
            await d.press(key)
            assert d.overlay is None
            assert d.notice.startswith("READ-ONLY")
        await d.press("3", "enter")
        assert d.overlay is None
        assert not d.session.called("toggle_load")
        await d.press("ctrl+r")  # the kill switch works all the same
        assert d.session.called("revert_all")


async def test_read_only_by_option() -> None:
    async with driving(read_only=True) as d:
        assert "READ-ONLY" in d.text("Header")
        await d.press("colon")
        await d.type("inject kill tikv1")
        await d.press("enter")
        assert d.notice.startswith("READ-ONLY")
        assert d.overlay is None


async def test_copy_takes_the_recommended_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    async with driving(view=fakes.diagnosed()) as d:
        copied: list[str] = []
        monkeypatch.setattr(d.app, "copy_to_clipboard", copied.append)
        await d.press("5", "c")
        assert copied == ["docker start tikvlab-tikv1-1\ndocker logs --tail 50 tikvlab-tikv1-1"]


async def test_a_screenshot_is_saved_without_secrets(tmp_path: Path) -> None:
    view = fakes.view(project="sk-ant-abcdefgh1234")
    async with driving(view=view, screenshot_dir=tmp_path / "deep") as d:
        await d.press("s")
        (picture,) = (tmp_path / "deep").iterdir()
        assert picture.suffix == ".svg"
        assert "sk-ant-abc" not in picture.read_text()
        assert str(picture) in d.notice


async def test_a_screenshot_that_cannot_be_saved_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with driving(screenshot_dir=tmp_path / "file") as d:
        await d.press("s")
        assert d.notice.startswith("no screenshot")


async def test_resizing_changes_the_arrangement_and_back() -> None:
    async with driving(size=(120, 40)) as d:
        await d.pilot.resize_terminal(80, 24)
        await d.rest()
        assert [p.size.height for p in d.app.current.panes].count(1) == 4  # type: ignore[attr-defined]
        await d.pilot.resize_terminal(160, 48)
        await d.rest()
        assert all(p.size.height > 5 for p in d.app.current.panes)  # type: ignore[attr-defined]
        await d.pilot.resize_terminal(30, 6)
        await d.rest()
        assert "KILL" in d.screen_text


async def test_an_unchanged_view_repaints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from console.ui.widgets.board import Board

    async with driving() as d:
        asked: list[object] = []
        original = Board.refresh
        monkeypatch.setattr(Board, "refresh", lambda self, *a, **k: (asked.append(a), original(self, *a, **k))[1])
        for board in d.app.current.query(Board):
            board.rebuild()
        assert asked == []


async def test_a_click_selects_and_focuses() -> None:
    async with driving() as d:
        await d.pilot.click("#faults", offset=(5, 6))
        await d.rest()
        assert opened(d) == 2
        await d.pilot.click("Header", offset=(115, 0))
        await d.rest()
        assert d.session.called("revert_all")
