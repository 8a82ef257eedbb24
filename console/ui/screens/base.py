"""What every screen has: header with the kill switch, bars, footer, one dialog at a time, the common actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events, on
from textual.app import ComposeResult
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from console.model.view import View
from console.ui.blank import BLANK
from console.ui.keys import Key, Where, at, bindings, by_action, rebound
from console.ui.messages import FilterGiven
from console.ui.widgets.bars import Bars
from console.ui.widgets.board import Board
from console.ui.widgets.footer import Footer
from console.ui.widgets.header import Header
from console.ui.widgets.listing import Listing

if TYPE_CHECKING:
    from console.ui.app import ConsoleApp
    from console.ui.overlays.base import Overlay


_OPENS_INPUT = frozenset({"command", "filter", "arm"})


class ConsoleScreen(Screen[None], inherit_bindings=False):
    """Base of all screens; the app sets `view` on the one that is shown."""

    BINDINGS = bindings(Where.SCREEN)
    AUTO_FOCUS = ""
    view: reactive[View] = reactive(BLANK, repaint=False, init=False)
    quiet: reactive[int] = reactive(0, repaint=False, init=False)

    def __init__(self) -> None:
        super().__init__()
        self.overlay: Overlay | None = None
        self._focus_before: Widget | None = None

    @property
    def console(self) -> ConsoleApp:
        """The app, typed."""
        return cast("ConsoleApp", self.app)

    # what subclasses say

    def body(self) -> ComposeResult:
        """The widgets between header and footer."""
        yield from ()

    def places(self) -> tuple[Where, ...]:
        """Where we are, for footer and help: the most particular first."""
        return (Where.OVER, Where.SCREEN)

    @property
    def main(self) -> Listing | None:
        """The list that `/` filters."""
        return None

    def filtered(self) -> str:
        """The filter in force."""
        return self.main.wanted if self.main is not None else ""

    def set_filter(self, wanted: str) -> None:
        """Filter what this screen lists."""
        if self.main is not None:
            self.main.set_filter(wanted)

    def go_back(self) -> None:
        """What `esc` does when there is nothing to cancel: clear a filter, then leave the screen."""
        if self.filtered():
            self.set_filter("")
        else:
            self.dismiss()

    # composing

    def compose(self) -> ComposeResult:
        yield Header().data_bind(ConsoleScreen.view, ConsoleScreen.quiet)
        yield Bars().data_bind(ConsoleScreen.view)
        yield from self.body()
        yield Footer()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self.restyle())
        self.ready()
        self.call_after_refresh(self.refresh_chrome)

    def ready(self) -> None:
        """Everything is mounted."""
        if self.main is not None:
            self.main.focus()

    def restyle(self) -> None:
        """Frames and colours follow the theme."""
        for board in self.query(Board):
            board.notify_style_update()
            board.rebuild()
            board.refresh()

    def refresh_chrome(self) -> None:
        """Header and footer follow focus, connection and read-only mode."""
        if not self.is_mounted:
            return
        header = self.query_one(Header)
        header.connected, header.failed = self.console.connected, bool(self.console.failure)
        header.read_only = self.console.read_only and self.view.playback is None
        header.rebuild()
        footer = self.query_one(Footer)
        footer.show_keys(self.footer_keys())
        footer.show_notice(*self.console.notice)

    def footer_keys(self) -> list[tuple[Key, bool]]:
        """Keys for the footer and whether they work, each physical key once."""
        found: dict[str, tuple[Key, bool]] = {}
        for where in self.places():
            for plain in at(where):
                key = rebound(plain, self.console.keymap)
                off = key.fault and self.view.playback is not None  # not switched off: it makes no sense in a record
                if key.show and key.keys and not off and key.first not in found:
                    found[key.first] = (key, self.console.allows(key))
        return list(found.values())

    def watch_view(self, old: View, new: View) -> None:
        """A new picture: dialogs get it too."""
        if self.overlay is not None:
            self.overlay.view = new
        if (old.read_only, old.playback is None, old.chapter is None) != (
            new.read_only,
            new.playback is None,
            new.chapter is None,
        ):
            self.refresh_chrome()

    def on_descendant_focus(self) -> None:
        self.refresh_chrome()

    @on(FilterGiven)
    def _filter_given(self, message: FilterGiven) -> None:
        message.stop()
        self.set_filter(message.text)

    # one dialog at a time

    async def open(self, overlay: Overlay) -> None:
        """Show a dialog over this screen; one that is open goes. Returns when it has the keys."""
        before, self.overlay = self.overlay, overlay
        if before is None:
            self._focus_before = self.focused
        overlay.set_reactive(type(overlay).view, self.view)
        await self.mount(overlay)
        self.set_focus(overlay.focus_target)
        if before is not None:  # only now, or the focus would go to a pane in between
            await before.remove()

    def close_overlay(self) -> None:
        """Close the dialog and give the focus back."""
        if self.overlay is None:
            return
        overlay, self.overlay = self.overlay, None
        before = self._focus_before
        self.set_focus(before if before is not None and before.is_mounted else None)
        overlay.remove()

    # actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        if self.overlay is not None and action in _OPENS_INPUT:
            return False
        key = by_action(action)
        return None if key is not None and not self.console.allows(key) else True

    def on_key(self, event: events.Key) -> None:
        """A fault key that is switched off says why instead of doing nothing."""
        for key in (rebound(k, self.console.keymap) for where in self.places() for k in at(where)):
            if key.fault and event.key in key.keys.split(",") and not self.console.allows(key):
                event.stop()
                self.console.say(self.console.read_only_line, "warn")
                return

    def on_screen_resume(self) -> None:
        """What happened meanwhile is shown at once."""
        if self.is_mounted and self.query(Header):
            self.console.hand_over(self)
            self.refresh_chrome()

    def action_back(self) -> None:
        if not self.console.operator.cancel_diagnosis():
            self.go_back()

    def action_quit_soft(self) -> None:
        self.console.operator.quit()

    def action_help(self) -> None:
        from console.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.places()))

    async def action_command(self) -> None:
        from console.ui.overlays.command import CommandPrompt

        await self.open(CommandPrompt())

    async def action_filter(self) -> None:
        from console.ui.overlays.command import FilterPrompt

        await self.open(FilterPrompt(self.filtered()))

    def action_diagnose(self) -> None:
        self.console.operator.diagnose()

    def action_load(self) -> None:
        self.console.operator.toggle_load()

    async def action_arm(self) -> None:
        from console.ui.overlays.arm import ArmPrompt

        await self.open(ArmPrompt())

    def action_incidents(self) -> None:
        from console.ui.screens.incidents import IncidentsScreen

        self.console.show(IncidentsScreen)

    def action_experiments(self) -> None:
        from console.ui.screens.experiments import ExperimentsScreen

        self.console.show(ExperimentsScreen)

    def action_reports(self) -> None:
        from console.ui.screens.reports import ReportsScreen

        self.console.show(ReportsScreen)

    def action_other_list(self) -> None:
        self.focus_next(Listing)

    def action_timeline(self) -> None:
        from console.ui.screens.timeline import TimelineScreen

        self.console.show(TimelineScreen)

    def action_screenshot(self) -> None:
        from console.ui.screenshot import save_screenshot

        self.console.say(*save_screenshot(self.app, self.console.screenshot_dir))

    def action_theme(self) -> None:
        self.console.next_theme()

    def action_suspend(self) -> None:
        self.app.action_suspend_process()

    def on_header_kill_pressed(self) -> None:
        self.console.operator.kill()
