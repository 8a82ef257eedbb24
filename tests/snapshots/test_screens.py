"""Pictures of the screen: states by sizes, dialogs, other screens, themes. Looked at before they were accepted.

After a wanted change: `pytest tests/snapshots --snapshot-update`, and look at what changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from console.model.fault import Refusal
from console.ui.app import ConsoleApp
from tests.ui import fakes
from tests.ui.fake_session import FakeSession
from tests.ui.happenings import HALF, REVERTED

Compare = Callable[..., bool]

STATES = [
    *((s, 120, 40) for s in ("starting", "healthy", "injected", "diagnosing", "diagnosed", "disarmed", "stuck", "blind",
                             "silent", "demo", "replay", "hostile", "read_only")),
    *((s, 80, 24) for s in ("healthy", "detected", "demo", "disarmed", "replay", "hostile")),
    *((s, 160, 48) for s in ("healthy", "diagnosed", "crowded", "zero")),
    *((s, 200, 60) for s in ("contradicting", "crowded")),
]  # fmt: skip
REFUSED = Refusal("quorum", "tikv2 is down already: losing tikv0 as well would take the majority of every region")
PRESSED = [
    ("faults", 80, 24, "detected", ("3",)),
    ("timer", 80, 24, "diagnosed", ("4",)),
    ("diagnosis", 80, 24, "contradicting", ("5",)),
    ("throughput", 80, 24, "detected", ("2",)),
    ("zoomed", 120, 40, "contradicting", ("5", "z")),
    ("picker", 120, 40, "healthy", ("f",)),
    ("preview", 80, 24, "healthy", ("f", "enter")),
    ("command", 120, 40, "healthy", ("colon", "i", "n", "j", "e", "c", "t", "space")),
    ("filter", 120, 40, "crowded", ("slash", "1", "2")),
    ("help", 120, 40, "healthy", ("question_mark",)),
    ("details", 120, 40, "diagnosed", ("j", "enter")),
    ("incidents", 120, 40, "detected", ("i",)),
    ("experiments", 120, 40, "healthy", ("e", "enter")),
    ("experiment-ended", 80, 24, "experimenting", ("e",)),
    ("experiment-running", 120, 40, "experiment-running", ("e",)),
    ("experiment-running", 80, 24, "experiment-running", ("e",)),
    ("reports", 120, 40, "healthy", ("R",)),
    ("comparison", 120, 40, "healthy", ("R", "j", "m", "k", "m")),
    ("comparison", 80, 24, "healthy", ("R", "j", "m", "k", "m")),
    ("timeline", 80, 24, "detected", ("t",)),
    ("arm", 120, 40, "disarmed", ("A",)),
]
THEMES = [("projector", 120, 40), ("ansi", 120, 40), ("mono", 120, 40), ("mono", 80, 24)]


Before = Callable[[Pilot[int]], Awaitable[None]]


def picture(session: FakeSession, theme: str = "chaos") -> tuple[ConsoleApp, Before]:
    """An app on a session, and what has to happen before the picture is taken."""
    app = ConsoleApp(session, theme=theme)

    async def ready(pilot: Pilot[int]) -> None:
        while not app.connected:
            await pilot.pause()
        await pilot.pause()

    return app, ready


@pytest.mark.parametrize(("state", "columns", "rows"), STATES)
def test_state(state: str, columns: int, rows: int, snap_compare: Compare) -> None:
    app, ready = picture(FakeSession(fakes.STATES[state]))
    assert snap_compare(app, terminal_size=(columns, rows), run_before=ready)


@pytest.mark.parametrize(("name", "columns", "rows", "state", "keys"), PRESSED, ids=[f"{p[0]}-{p[1]}" for p in PRESSED])
def test_pressed(name: str, columns: int, rows: int, state: str, keys: tuple[str, ...], snap_compare: Compare) -> None:
    app, ready = picture(FakeSession(fakes.STATES[state]))

    async def press(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await pilot.press(*keys)
        await pilot.pause()

    assert snap_compare(app, terminal_size=(columns, rows), run_before=press)


@pytest.mark.parametrize(("theme", "columns", "rows"), THEMES)
def test_theme(theme: str, columns: int, rows: int, snap_compare: Compare) -> None:
    app, ready = picture(FakeSession(fakes.STATES["diagnosed"]), theme)
    assert snap_compare(app, terminal_size=(columns, rows), run_before=ready)


def test_a_refused_injection(snap_compare: Compare) -> None:
    app, ready = picture(FakeSession(refusal=REFUSED))

    async def press(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await pilot.press("f", "enter")
        await pilot.pause()

    assert snap_compare(app, terminal_size=(120, 40), run_before=press)


@pytest.mark.parametrize("done", [False, True])
def test_the_kill_switch_at_work(done: bool, snap_compare: Compare) -> None:
    session = FakeSession(fakes.reverting(), results=(REVERTED, HALF), hold=asyncio.Event())
    app, ready = picture(session)

    async def press(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert session.hold is not None
        if done:
            session.hold.set()
            await pilot.pause()
            app.tick()
            await pilot.pause()

    assert snap_compare(app, terminal_size=(120, 40), run_before=press)


def test_no_session(snap_compare: Compare) -> None:
    async def connect() -> FakeSession:
        raise OSError("no Docker engine answers at unix:///var/run/docker.sock")

    async def ready(pilot: Pilot[int]) -> None:
        for _ in range(5):
            await pilot.pause()

    assert snap_compare(ConsoleApp(connect, theme="chaos"), terminal_size=(120, 40), run_before=ready)
