"""ConsoleApp: holds the session, hands views to the screen that is shown, carries intents back."""

from __future__ import annotations

import os
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from textual import on
from textual.app import App
from textual.timer import Timer

from console.model.intents import SessionApi
from console.model.text import clean, clean_block, redact
from console.model.view import Event, View
from console.ui import themes
from console.ui.blank import blank
from console.ui.ending import CRASHED, Ending
from console.ui.feed import Feed
from console.ui.keys import Key, Where, bindings, textual_keymap, unknown
from console.ui.messages import CommandGiven, Intent, Notice
from console.ui.operator import Operator
from console.ui.screens.base import ConsoleScreen
from console.ui.screens.dashboard import Dashboard
from console.ui.standing import why_read_only
from console.ui.styles import sheets

Connect = Callable[[], Awaitable[SessionApi]]
FRAMES_PER_S = 4
NOTICE_S = {"info": 5.0, "good": 6.0, "warn": 9.0, "bad": 20.0}


class ConsoleApp(App[int], inherit_bindings=False):
    """The console. `session` is a running session, or what connects to one after the first paint."""

    TITLE = "Chaos Console"
    CSS_PATH = sheets("base", "dashboard", "overlays")
    BINDINGS = bindings(Where.APP)
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        session: SessionApi | Connect,
        *,
        theme: str | None = None,
        read_only: bool = False,
        screenshot_dir: Path | None = None,
        on_theme: Callable[[str], None] | None = None,
        keymap: Mapping[str, str] | None = None,
        placeholder: View | None = None,
        close_deadline_s: float = 30.0,
    ) -> None:
        self.view: View = placeholder or blank("the cluster")
        # NO_COLOR is obeyed to the letter only where Textual believes the terminal's own colours are wanted
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.animation_level = "none"
        self.session: SessionApi | None = None
        self.ending = Ending(close_deadline_s)
        self.operator = Operator(self)
        self.failure = ""
        self.crash = ""
        self.on_driver: Callable[[], None] = lambda: None  # called once the terminal is ours
        self._source = session
        self._read_only = read_only
        self.screenshot_dir = screenshot_dir or Path.cwd()
        self._on_theme = on_theme
        self._feed: Feed | None = None
        self.notice = ("", "info")  # the line in place of the keys, and its tone
        self._unsay: Timer | None = None
        self.keymap: Mapping[str, str] = keymap or {}
        self.set_keymap(textual_keymap(self.keymap))
        for known in themes.THEMES:
            self.register_theme(known)
        self.theme = themes.chosen(theme)

    # what screens ask

    @property
    def connected(self) -> bool:
        """True once there is a session."""
        return self.session is not None

    @property
    def read_only(self) -> bool:
        """True where nothing may be injected: by option, by the session, or because it is a record."""
        return self._read_only or self.view.read_only or self.view.playback is not None

    @property
    def read_only_line(self) -> str:
        """What is said when a fault key is pressed in read-only mode."""
        return why_read_only(self.view)

    @property
    def current(self) -> ConsoleScreen:
        """The screen that is shown."""
        return cast(ConsoleScreen, self.screen)

    def allows(self, key: Key) -> bool:
        """Whether a key is switched on."""
        return not (key.fault and self.read_only)

    def clock(self) -> float:
        """The session clock, between two views."""
        return self.session.now() if self.session is not None else 0.0

    # start

    def get_default_screen(self) -> ConsoleScreen:
        return Dashboard()

    def on_mount(self) -> None:
        self.on_driver()
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))  # after `fg` nothing is there
        self.call_after_refresh(self.connect)
        if strange := unknown(self.keymap):
            self.call_after_refresh(self.say, f"keys: no action called {', '.join(strange)}", "warn")

    def connect(self) -> None:
        """Connect after the first paint, or again after a failure."""
        if self.session is None:
            self.failure = ""
            self.unsay()
            self.run_worker(self._connect(), name="connect", group="connect", exclusive=True)

    async def _connect(self) -> None:
        try:
            session = await self._source() if callable(self._source) else self._source
        except Exception as error:  # noqa: BLE001  (whatever it is, it becomes one clear line)
            self.failure = redact(clean(str(error) or type(error).__name__, 300))
            remedy = redact(clean(getattr(error, "remedy", "") or "r tries again, q leaves", 300))
            nothing = (Event(0.0, "console", self.failure, "bad"), Event(0.0, "console", remedy, "info"))
            self.current.view = self.view = replace(blank(""), timeline=nothing)
            self.current.refresh_chrome()
            self.say(f"no session: {self.failure} — {remedy}", "bad", keep=True)
            return
        self.session = self.ending.session = session
        self._feed = Feed(session)
        self.set_interval(1 / FRAMES_PER_S, self.tick, name="feed")
        self.tick()
        self.current.refresh_chrome()
        self.call_after_refresh(self.operator.warm_up)
        if self.operator.kill_wanted:
            self.operator.kill()

    def tick(self) -> None:
        """Draw the newest picture, if it is another one."""
        picture = self._feed.poll() if self._feed is not None else None
        if picture is not None:
            self.view = picture.view
            self.hand_over(self.current, picture.quiet)

    def hand_over(self, screen: ConsoleScreen, quiet: int = 0) -> None:
        """Give the present picture to a screen."""
        with self.batch_update():
            screen.quiet = quiet
            screen.view = self.view

    def show(self, kind: type[ConsoleScreen]) -> None:
        """Push a screen, unless it is the one that is shown."""
        if not isinstance(self.current, kind):
            self.push_screen(kind())

    def details(self, component: str) -> None:
        """Everything known of one component."""
        from console.ui.screens.details import DetailsScreen

        if not self.connected:
            self.say("not connected yet", "warn")
        elif not isinstance(self.current, DetailsScreen):
            self.push_screen(DetailsScreen(component))

    def say(self, text: str, tone: str = "info", *, keep: bool = False) -> None:
        """One line for the operator in the footer, for a while."""
        if self._unsay is not None:
            self._unsay.stop()
        self.notice = (redact(clean(text, 400)), tone)
        self.current.refresh_chrome()
        self._unsay = None if keep else self.set_timer(NOTICE_S.get(tone, 6.0), self.unsay)

    def unsay(self) -> None:
        """Back to the keys."""
        self.notice = ("", "info")
        self.current.refresh_chrome()

    # intents

    @on(Notice)
    def _notice_given(self, message: Notice) -> None:
        self.say(message.text, message.tone)

    @on(Intent)
    def _intent_posted(self, message: Intent) -> None:
        message.carry(self.operator)

    @on(CommandGiven)
    async def _command_given(self, message: CommandGiven) -> None:
        from console.ui.dispatch import carry_out

        await carry_out(self, message.text)

    # actions

    def action_kill(self) -> None:
        self.operator.kill()

    def action_quit(self) -> None:  # type: ignore[override]
        self.operator.quit()

    def next_theme(self) -> None:
        """The next theme, and remember it."""
        self.set_theme(themes.following(self.theme))

    def preview_theme(self, name: str) -> None:
        """Show a theme without remembering it."""
        self.theme = name

    def set_theme(self, name: str) -> None:
        """Show a theme and remember it."""
        self.theme = name
        if self._on_theme is not None:
            self._on_theme(name)
        self.say(f"theme {name}", "info")

    # leaving

    def leave(self) -> None:
        """Exit; the session is closed."""
        self.exit(return_code=self.ending.exit_code(None))

    def end(self, reason: str, code: int) -> None:
        """Leave because of a signal or a terminal that is gone: close the session, then exit with this code."""
        if not self.ending.code:
            self.ending.begin(reason, code).add_done_callback(lambda _: self._ended())

    def _ended(self) -> None:
        self.ending.insist()
        self.exit(return_code=self.ending.code)

    def _fatal_error(self) -> None:
        """After an unhandled exception: remember where it was, without the values of any variable."""
        self.crash = redact(clean_block(traceback.format_exc(limit=-12)))
        self.ending.code = self.ending.code or CRASHED
        self._close_messages_no_wait()
