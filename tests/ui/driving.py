"""Driving the app in tests: start it on a session, show it a view, read what is on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from console.model.view import View
from console.ui.app import ConsoleApp
from console.ui.widgets.board import Board
from console.ui.widgets.footer import Footer

from .fake_session import FakeSession

SIZE = (120, 40)
_CHARACTERS = {"colon": ":", "slash": "/", "space": " ", "question_mark": "?", "enter": "\r", "tab": "\t"}


class Driver:
    """An app under test and its session."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[int], session: FakeSession) -> None:
        self.app = app
        self.pilot = pilot
        self.session = session

    async def press(self, *keys: str) -> None:
        """Press keys, each when all that the one before it set in motion has been handled."""
        for key in keys:
            character = _CHARACTERS.get(key, key if len(key) == 1 else None)
            self.app.post_message(events.Key(key, character))
            await self._drain()
        await self.rest()

    async def _drain(self) -> None:
        """Until every message queue has been empty for a few turns of the loop."""
        quiet = 0
        while quiet < 5:
            await asyncio.sleep(0)
            busy = any(not pump._message_queue.empty() for pump in (self.app, *self.app._registry))
            quiet = 0 if busy else quiet + 1

    async def type(self, text: str) -> None:
        """Type into the input line that has the keys (as one paste: keys one by one are slow to simulate)."""
        line = self.app.focused
        assert isinstance(line, Input)
        line.insert_text_at_cursor(text)
        await self.rest()

    async def rest(self) -> None:
        """Until nothing is queued."""
        for _ in range(2):
            await self.pilot.pause()

    async def show(self, view: View) -> None:
        """A new view arrives."""
        self.session.set(view)
        self.app.tick()
        await self.rest()

    @property
    def overlay(self) -> Any:
        """The dialog that is open."""
        return self.app.current.overlay

    @property
    def notice(self) -> str:
        """The line shown in place of the keys."""
        return self.app.current.query_one(Footer).notice

    def text(self, selector: str | type[Board] = Board) -> str:
        """What is on these boards."""
        found = self.app.current.query(selector)  # type: ignore[type-var]
        return "\n".join(b.text_shown for b in found if isinstance(b, Board) and b.size.height)

    @property
    def screen_text(self) -> str:
        """The whole screen as the terminal would show it, line by line."""
        width, height = self.app.size
        strips = self.app.current._compositor.render_strips()
        return "\n".join(strip.text[:width] for strip in strips[:height])


@asynccontextmanager
async def driving(
    session: FakeSession | None = None, *, size: tuple[int, int] = SIZE, view: View | None = None, **options: Any
) -> AsyncIterator[Driver]:
    """A running app, connected and drawn."""
    session = session or FakeSession()
    if view is not None:
        session.shown = view
    app = ConsoleApp(session, theme=options.pop("theme", "chaos"), **options)
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot, session)
        for _ in range(50):
            await pilot.pause()
            if app.connected:
                break
        await driver.rest()
        yield driver
