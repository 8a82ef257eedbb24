"""The whole event timeline, with a filter; follows its end until you scroll."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.reactive import reactive

from console.model.view import View
from console.ui.blank import BLANK
from console.ui.keys import Where, bindings
from console.ui.lines import EMPTY, Line, line, pad, width, wrap
from console.ui.panes.strip import event_line, wanted_events
from console.ui.screens.base import ConsoleScreen
from console.ui.widgets.listing import Listing, Row
from console.ui.words import plural


class Events(Listing):
    """All events, newest last; long ones wrap."""

    sticks = True
    BINDINGS = bindings(Where.EVENTS)
    view: reactive[View] = reactive(BLANK, repaint=False, init=False)

    def __init__(self) -> None:
        super().__init__(id="events")

    def watch_view(self, old: View, new: View) -> None:
        if old.timeline is not new.timeline:
            self.rebuild()

    def heading(self) -> Line:
        return line(("Timeline", "title-focus"), (f" /{self.wanted}" if self.wanted else "", "accent"))

    def status(self) -> Line:
        return line((plural(len(wanted_events(self.view.timeline, self.wanted)), "event"), "dim"))

    def items(self, columns: int) -> list[Row]:
        rows: list[Row] = []
        for event in wanted_events(self.view.timeline, self.wanted):
            whole = event_line(event)
            head, text, style = whole[:-1], whole[-1][0], whole[-1][1]
            if not event.text:
                rows.append(Row(whole))
                continue
            lead = width(head)
            for n, part in enumerate(wrap(text, columns - lead)):
                rows.append(Row(line(*(head if n == 0 else pad(EMPTY, lead)), (part, style))))
        nothing = "no event passes the filter" if self.wanted else "events appear here as they happen"
        return rows or [Row(EMPTY), Row(line((nothing, "dim")))]


class TimelineScreen(ConsoleScreen):
    """`t`."""

    def body(self) -> ComposeResult:
        yield Events().data_bind(ConsoleScreen.view)

    @property
    def main(self) -> Listing:
        return self.query_one(Events)

    def places(self) -> tuple[Where, ...]:
        return (Where.EVENTS, Where.OVER, Where.SCREEN)
