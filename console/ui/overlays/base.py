"""Overlay: an opaque box over a screen that keeps the keys to itself; the kill switch still works under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.reactive import reactive
from textual.widget import Widget

from console.model.view import View
from console.ui.blank import BLANK
from console.ui.keys import Where, bindings
from console.ui.lines import EMPTY, Line, line
from console.ui.widgets.listing import Listing, Row

if TYPE_CHECKING:
    from console.ui.app import ConsoleApp
    from console.ui.screens.base import ConsoleScreen


class Sheet(Listing):
    """The framed list inside a dialog; the dialog says what is in it."""

    @property
    def lit(self) -> bool:
        return True  # a dialog always has the keys, be it through its input line

    @property
    def owner(self) -> Overlay:
        """The dialog around it."""
        return cast("Overlay", self.parent)

    def items(self, columns: int) -> list[Row]:
        return self.owner.items(columns)

    def heading(self) -> Line:
        return line((self.owner.title(), "title-focus"))

    def foot(self) -> Line:
        return self.owner.foot() or super().foot()


class Overlay(Widget):
    """Base of all dialogs. While it has the focus, only its own keys and the priority keys of the app work."""

    BINDINGS = bindings(Where.DIALOG)
    view: reactive[View] = reactive(BLANK, repaint=False, init=False)
    columns = 76  # cells wide at most
    rows = 0  # rows high at most; 0: as high as what is in it
    docked = False  # at the bottom of the screen, over its whole width

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="overlay")
        self.sheet = Sheet()  # held, not looked up: a last keystroke may arrive while the dialog is being removed

    @property
    def is_modal(self) -> bool:
        """Cuts the chain of key bindings here."""
        return True

    @property
    def console(self) -> ConsoleApp:
        """The app, typed."""
        return cast("ConsoleApp", self.app)

    @property
    def host(self) -> ConsoleScreen:
        """The screen it lies over."""
        return cast("ConsoleScreen", self.screen)

    # what subclasses say

    def title(self) -> str:
        """The words in the upper border."""
        return ""

    def items(self, columns: int) -> list[Row]:  # noqa: ARG002
        """What is in it."""
        return []

    def foot(self) -> Line:
        """The words in the lower border."""
        return EMPTY

    async def accept(self) -> None:
        """`enter` was pressed."""

    async def cancel(self) -> None:
        """`esc` was pressed."""
        self.host.close_overlay()

    # machinery

    def compose(self) -> ComposeResult:
        yield self.sheet

    def on_mount(self) -> None:
        self.ready()
        self.fit()

    def ready(self) -> None:
        """Everything is mounted."""

    def fit(self) -> None:
        """Size it to what is in it and to the screen."""
        screen = self.app.size
        columns = screen.width if self.docked else min(self.columns, screen.width - 2)
        self.styles.width = columns
        room = max(3, screen.height - 2)
        if not self.rows:
            self.styles.height = min(room, len(self.items(columns - 4)) + 2)
        else:
            self.styles.height = min(room, self.rows)

    def show(self) -> None:
        """What is in it has changed."""
        if self.is_mounted:
            self.fit()
            self.sheet.rebuild()

    def watch_view(self) -> None:
        self.show()

    @property
    def focus_target(self) -> Widget:
        """What gets the keys."""
        return self.sheet

    async def action_accept(self) -> None:
        await self.accept()

    async def action_close(self) -> None:
        await self.cancel()

    def action_less(self) -> None:
        """One step less, where there is something to step."""

    def action_more(self) -> None:
        """One step more, where there is something to step."""
