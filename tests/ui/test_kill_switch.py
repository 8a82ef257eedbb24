"""The kill switch: from every screen, dialog and input, without asking; and leaving, which reverts first."""

from __future__ import annotations

import asyncio

import pytest

from console.model.fault import InjectionState
from console.ui.overlays.revert import QuitOverlay, RevertOverlay

from . import fakes
from .driving import Driver, driving
from .fake_session import FakeSession
from .happenings import HALF, REVERTED

WHERE = {
    "dashboard": (),
    "another pane": ("5",),
    "zoom": ("z",),
    "help": ("question_mark",),
    "details": ("enter",),
    "incidents": ("i",),
    "timeline": ("t",),
    "kind picker": ("f",),
    "preview": ("f", "enter"),
    "command line": ("colon", "l", "o", "a", "d"),
    "filter": ("slash", "x"),
    "arm": ("A", "x"),
    "command line over details": ("enter", "colon", "x"),
    "filter over the timeline": ("t", "slash", "x"),
}


@pytest.mark.parametrize("keys", WHERE.values(), ids=WHERE.keys())
async def test_it_works_everywhere(keys: tuple[str, ...]) -> None:
    async with driving(view=fakes.detected()) as d:
        await d.press(*keys)
        await d.press("ctrl+r")
        assert d.session.called("revert_all") == [("kill switch",)]
        assert isinstance(d.overlay, RevertOverlay)
        assert "COMPLETE" in d.text("Sheet")
        assert "status port answers" in d.text("Sheet")
        await d.press("escape")
        assert d.overlay is None


async def test_the_chip_is_red_only_while_something_is_injected() -> None:
    async with driving() as d:
        header = d.app.current.query_one("Header")
        assert header.rows_shown[0][-1] == (" ctrl+r KILL SWITCH ", "kill-idle")  # type: ignore[attr-defined]
        await d.show(fakes.detected())
        assert header.rows_shown[0][-1] == (" ctrl+r KILL SWITCH ", "kill")  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (100, 30), (200, 60)])
async def test_chip_state_and_mode_are_never_dropped(size: tuple[int, int]) -> None:
    async with driving(size=size) as d:
        for state in ("stuck", "hostile", "demo", "blind", "starting"):
            await d.show(fakes.STATES[state])
            top = d.screen_text.splitlines()[0]
            assert "ctrl+r KILL" in top
            assert d.app.view.mode.value in top
            assert any(w in top for w in ("NOT REVERTED", "FAULT LIVE", "BLIND", "STARTING"))


async def test_progress_is_shown_and_cannot_be_stopped() -> None:
    session = FakeSession(fakes.reverting(), results=(REVERTED, HALF), hold=asyncio.Event())
    async with driving(session) as d:
        await d.press("ctrl+r")
        assert "1 of 2 done" in d.text("Sheet")
        assert "reverting 1 injection" in d.text("Sheet")
        await d.press("escape")
        assert isinstance(d.overlay, RevertOverlay)
        assert "cannot be stopped" in d.notice
        await d.press("ctrl+r")
        assert d.notice == "already reverting"
        assert len(session.called("revert_all")) == 1
        assert session.hold is not None
        session.hold.set()
        await d.rest()
        text = d.text("Sheet")
        assert "PARTIAL" in text
        assert "one qdisc is left on eth0" in text
        assert "not everything came back" in d.notice


async def test_nothing_injected_is_said_plainly() -> None:
    async with driving(FakeSession(results=())) as d:
        await d.press("ctrl+r")
        assert "nothing was injected" in d.text("Sheet")


async def test_pressed_before_there_is_a_session_it_is_remembered() -> None:
    from console.ui.app import ConsoleApp

    gate = asyncio.Event()
    session = FakeSession(fakes.detected())

    async def connect() -> FakeSession:
        await gate.wait()
        return session

    app = ConsoleApp(connect, theme="chaos")
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot, session)
        await d.rest()
        await d.press("ctrl+r")
        assert "pulled as soon as" in d.notice
        gate.set()
        await d.rest()
        await d.rest()
        assert session.called("revert_all")


# leaving


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_leaving_reverts_first(key: str) -> None:
    async with driving(view=fakes.detected()) as d:
        await d.press(key)
        assert d.session.called("close") == [("quit",)]
        assert d.app.return_code == 0


@pytest.mark.parametrize("keys", [("f",), ("colon", "x"), ("t",), ("question_mark",)])
async def test_ctrl_q_leaves_from_anywhere(keys: tuple[str, ...]) -> None:
    async with driving(view=fakes.detected()) as d:
        await d.press(*keys)
        await d.press("ctrl+q")
        assert d.session.called("close") == [("quit",)]


async def test_q_in_an_input_is_a_letter_and_in_a_dialog_closes_it() -> None:
    async with driving() as d:
        await d.press("colon", "q")
        assert d.overlay.input.value == "q"
        await d.press("escape", "f", "q")
        assert d.overlay is None
        assert not d.session.called("close")


async def test_esc_does_not_stop_leaving() -> None:
    session = FakeSession(fakes.reverting(), hold=asyncio.Event())
    async with driving(session) as d:
        await d.press("q")
        assert isinstance(d.overlay, QuitOverlay)
        assert "Leaving" in d.text("Sheet")
        assert "1 of 2 done" in d.text("Sheet")
        await d.press("escape", "q", "ctrl+c")
        assert isinstance(d.overlay, QuitOverlay)
        assert d.app.is_running
        assert session.hold is not None
        session.hold.set()
        await d.rest()
        assert d.app.return_code == 0
        assert len(session.called("close")) == 1


async def test_what_did_not_come_back_stays_on_screen_until_it_is_read() -> None:
    session = FakeSession(fakes.detected(), results=(HALF,))
    async with driving(session) as d:
        await d.press("q")
        assert isinstance(d.overlay, QuitOverlay)
        assert "one qdisc is left on eth0" in d.text("Sheet")
        assert "watchdog" in d.text("Sheet")
        await d.press("enter")
        assert d.app.return_code == 4


async def test_a_close_that_hangs_is_given_up_after_the_deadline() -> None:
    session = FakeSession(fakes.detected(), hold=asyncio.Event())
    async with driving(session, close_deadline_s=0.05) as d:
        await d.press("q")
        await d.pilot.pause(0.2)
        assert "did not close within" in d.notice
        await d.press("enter")
        assert d.app.return_code == 4


async def test_a_failed_injection_keeps_the_word_loud() -> None:
    async with driving(view=fakes.stuck()) as d:
        assert d.app.view.active[0].state is InjectionState.FAILED
        assert "NOT REVERTED" in d.text("Header")
