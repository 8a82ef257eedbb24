"""What all panes share: the view they are given, a numbered title, and one line that says it all when collapsed."""

from __future__ import annotations

from textual.reactive import reactive

from console.model.view import View
from console.ui.blank import BLANK
from console.ui.lines import EMPTY, Line, chain, line, pad, width, wrap
from console.ui.widgets.listing import Listing, Row

TITLE_WIDTH = 12  # so that the summaries of collapsed panes stand in one column


class Pane(Listing):
    """One pane of the dashboard. It renders `view` and nothing else."""

    number = 0
    title = ""
    brief = ""  # the title where there is little room
    view: reactive[View] = reactive(BLANK, repaint=False, init=False)

    # what subclasses say

    def summary(self) -> list[Line]:
        """What one line must say, most important first."""
        return []

    # drawing

    @property
    def collapsed(self) -> bool:
        """True where there is room for one line only."""
        return self.size.height < 3

    def heading(self) -> Line:
        mark = (f" /{self.wanted}", "accent") if self.wanted else ""
        return line((f"{self.number} {self.title}", "title-focus" if self.has_focus else "title"), mark)

    def rebuild(self) -> None:
        if self.is_mounted and self.collapsed:
            self.paint([self.one_line()])
        else:
            super().rebuild()

    def one_line(self) -> Line:
        """The pane as one line."""
        name = line(" ", (f"{self.number}", "key"), " ", (self.brief or self.title, "title"))
        name = pad(name, TITLE_WIDTH + 4)
        return (*name, *chain(self.summary(), self.size.width - width(name) - 1))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """In a replay `home`, `end` and `space` belong to the record, in a demo `space` to the chapters."""
        if action in ("home", "end", "hold") and self.view.playback is not None:
            return False
        return not (action == "hold" and self.view.chapter is not None)

    def watch_view(self) -> None:
        """A new picture."""
        self.rebuild()


def empty_state(columns: int, *texts: str) -> list[Row]:
    """What a pane shows while there is nothing to show: what would appear, and what makes it."""
    return [Row(EMPTY), *(Row(line((r, "dim"))) for text in texts if text for r in wrap(text, columns))]
