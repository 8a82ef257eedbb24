"""Listing: a framed board of rows that scrolls, has a cursor, and can stick to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual import events
from textual.message import Message

from console.ui.keys import Where, bindings
from console.ui.lines import EMPTY, Line, line, pad, plain
from console.ui.themes import FRAMES
from console.ui.widgets.board import Board
from console.ui.widgets.frame import framed, thumb


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a listing; it can hold the cursor where `key` is not empty.

    `draw` makes the line when it comes into sight: of a thousand stores only those on screen are worth drawing.
    """

    line: Line = EMPTY
    key: str = ""
    draw: Callable[[], Line] | None = None

    @property
    def drawn(self) -> Line:
        """The line as it is shown."""
        return self.line if self.draw is None else self.draw()


def matches(wanted: str, text: str) -> bool:
    """Whether a text passes a filter; `!word` keeps what does not contain it."""
    if wanted.startswith("!"):
        return wanted[1:].lower() not in text.lower()
    return wanted.lower() in text.lower()


def kept(rows: Iterable[Row], wanted: str) -> list[Row]:
    """The rows that pass a filter; rows that cannot hold the cursor stay."""
    return [r for r in rows if not wanted or not r.key or matches(wanted, plain(r.drawn))]


class Listing(Board, can_focus=True):
    """Rows in a frame. Subclasses give `items`, and if they like `heading`, `status` and `foot`."""

    BINDINGS = bindings(Where.LIST)
    sticks = False  # begins by following its end

    class Chosen(Message):
        """A row was chosen with enter or a double click."""

        def __init__(self, listing: Listing, key: str) -> None:
            super().__init__()
            self.listing = listing
            self.key = key

    class Moved(Message):
        """The cursor went to another row."""

        def __init__(self, listing: Listing, key: str) -> None:
            super().__init__()
            self.listing = listing
            self.key = key

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.cursor = ""
        self.first = 0  # index of the first row shown
        self.follow = self.sticks
        self.unseen = 0  # rows added below while not following
        self.wanted = ""  # the filter: show only what contains this
        self._items: list[Row] = []

    # what subclasses say

    def items(self, columns: int) -> list[Row]:  # noqa: ARG002  (for subclasses)
        """All rows, for a body this many cells wide."""
        return []

    def heading(self) -> Line:
        """The title in the upper border."""
        return EMPTY

    def status(self) -> Line:
        """The right end of the upper border."""
        return EMPTY

    def foot(self) -> Line:
        """The right end of the lower border."""
        if not self.sticks or self.follow:
            return EMPTY
        new = (f"+{self.unseen} new ", "accent") if self.unseen else ""
        return line(new, ("paused", "warn"), (" · end follows", "dim"))

    # drawing

    @property
    def body_height(self) -> int:
        """Rows that fit inside the frame."""
        return max(0, self.size.height - 2)

    @property
    def body_width(self) -> int:
        """Cells of a row inside the frame; one is kept free at each side."""
        return max(1, self.size.width - 4)

    @property
    def drawable(self) -> bool:
        """True once there is room to draw in."""
        return self.is_mounted and self.size.height >= 3 and self.size.width >= 12

    def rebuild(self) -> None:
        """Ask for the rows again, keep cursor and scroll where they were, draw."""
        if not self.drawable:
            return
        before = len(self._items)
        self._items = self.items(self.body_width)
        if self.sticks and not self.follow:
            self.unseen += max(0, len(self._items) - before)
        keys = [r.key for r in self._items if r.key]
        if self.cursor not in keys:
            self.cursor = keys[0] if keys else ""
        self.redraw()

    def redraw(self) -> None:
        """Draw the rows there are."""
        if not self.drawable:
            return
        last = max(0, len(self._items) - self.body_height)
        self.first = last if self.follow else max(0, min(self.first, last))
        at = self.cursor_index
        shown = self._items[self.first : self.first + self.body_height]
        body = [
            (("▸", "accent") if self.first + y == at and self.lit else (" ", "t"), *pad(r.drawn, self.body_width))
            for y, r in enumerate(shown)
        ]
        pair = FRAMES.get(self.app.theme, FRAMES["chaos"])
        frame, style = (pair[1], "frame-focus") if self.lit else (pair[0], "frame")
        bar = thumb(self.first, self.body_height, len(self._items))
        size = (self.size.width, self.size.height)
        rows = framed(body, size, frame, style, self.heading(), self.status(), self.foot(), bar)
        visible = at is not None and self.first <= at < self.first + self.body_height
        self.paint(rows, at - self.first + 1 if visible and at is not None else None)

    @property
    def cursor_index(self) -> int | None:
        """Where the cursor is among the rows."""
        if not self.cursor:
            return None
        return next((n for n, r in enumerate(self._items) if r.key == self.cursor), None)

    def set_filter(self, wanted: str) -> None:
        """Show only what contains this text; empty shows all."""
        self.wanted = wanted
        self.rebuild()

    # moving

    def move(self, rows: int) -> None:
        """Move the cursor, or scroll where no row can hold it."""
        stops = [n for n, r in enumerate(self._items) if r.key]
        at = self.cursor_index
        if at is None or not stops:
            self.scroll_rows(rows)
            return
        here = stops.index(at)
        there = stops[max(0, min(len(stops) - 1, here + rows))]
        self.cursor = self._items[there].key
        self._reveal(there, stops)
        self.cursor_moved()
        if there != at:
            self.post_message(self.Moved(self, self.cursor))

    def _reveal(self, at: int, stops: list[int]) -> None:
        """Scroll so that the cursor is seen, with what stands above the first or below the last stop if it fits."""
        edge = 0 if at == stops[0] else len(self._items) - 1 if at == stops[-1] else at
        for row in (edge, at):
            if row < self.first:
                self.first = row
            elif row >= self.first + self.body_height:
                self.first = row - self.body_height + 1

    def cursor_moved(self) -> None:
        """The cursor went to another row; what depends on it may have to be drawn anew."""
        self.redraw()

    def scroll_rows(self, rows: int) -> None:
        """Scroll; going up stops following, reaching the end resumes it."""
        last = max(0, len(self._items) - self.body_height)
        self.first = max(0, min(last, self.first + rows))
        if self.sticks:
            self.set_follow(self.first >= last and (self.follow or rows > 0))
        self.redraw()

    def set_follow(self, follow: bool) -> None:
        """Stick to the end, or stay where it is."""
        self.follow = follow
        if follow:
            self.unseen = 0

    def action_up(self) -> None:
        self.move(-1)

    def action_down(self) -> None:
        self.move(1)

    def action_page_up(self) -> None:
        self.move(-max(1, self.body_height - 1))

    def action_page_down(self) -> None:
        self.move(max(1, self.body_height - 1))

    def action_top(self) -> None:
        self.move(-len(self._items))

    def action_bottom(self) -> None:
        if self.sticks:
            self.set_follow(True)
        self.move(len(self._items))

    def action_home(self) -> None:
        self.action_top()

    def action_end(self) -> None:
        self.action_bottom()

    def action_hold(self) -> None:
        """Pause, or follow again."""
        self.set_follow(not self.follow)
        self.redraw()

    def action_choose(self) -> None:
        if self.cursor:
            self.post_message(self.Chosen(self, self.cursor))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(3)

    def on_click(self, event: events.Click) -> None:
        if not self.drawable:
            return
        at = self.first + event.y - 1
        if 0 <= at < len(self._items) and self._items[at].key and 0 < event.y <= self.body_height:
            again = self._items[at].key == self.cursor
            self.cursor = self._items[at].key
            self.cursor_moved()
            self.post_message(self.Chosen(self, self.cursor) if again and event.chain > 1
                              else self.Moved(self, self.cursor))  # fmt: skip
