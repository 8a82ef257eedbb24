"""The strip under the panes: the newest events of the timeline, newest last."""

from __future__ import annotations

from textual.reactive import reactive

from console.model.view import Event, View
from console.ui.blank import BLANK
from console.ui.lines import Line, Span, clip, line, pad, safe, width
from console.ui.standing import TONES
from console.ui.widgets.board import Board
from console.ui.widgets.listing import matches
from console.ui.words import mmss, plural

SOURCE_WIDTH = 10


def event_line(event: Event) -> Line:
    """Time, tone, who, what."""
    glyph, tone = TONES.get(event.tone, TONES["info"])
    text = {"info": "t", "good": "t"}.get(event.tone, tone)
    source = pad(line((clip(safe(event.source), SOURCE_WIDTH - 1), "dim")), SOURCE_WIDTH)
    return line((f"{mmss(event.t)} ", "dim"), (f"{glyph} ", tone), *source, (event.text, text))


def wanted_events(events: tuple[Event, ...], wanted: str) -> list[Event]:
    """The events that pass a filter over source, tone and text."""
    if not wanted:
        return list(events)
    return [e for e in events if matches(wanted, f"{e.source} {e.tone} {e.text}")]


class Strip(Board):
    """A ruled strip of events; `t` opens all of them."""

    view: reactive[View] = reactive(BLANK, repaint=False, init=False)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.wanted = ""

    def watch_view(self) -> None:
        self.rebuild()

    def set_filter(self, wanted: str) -> None:
        """Show only events that contain this text."""
        self.wanted = wanted
        self.rebuild()

    def rebuild(self) -> None:
        if not self.is_mounted or self.size.height < 1:
            return
        columns, height = self.size
        events = wanted_events(self.view.timeline, self.wanted)
        mark = line((f"/{self.wanted} ", "accent")) if self.wanted else ()
        title = line(("── ", "frame"), ("Timeline ", "title"), *mark)
        count = line((f" {plural(len(events), 'event')} · ", "dim"), ("t", "key"), (" all ", "dim"), ("──", "frame"))
        rule: Span = ("─" * max(0, columns - width(title) - width(count)), "frame")
        rows: list[Line] = [(*title, rule, *count)]
        room = height - 1
        if room > 0:
            shown = [line(" ", *event_line(e)) for e in events[-room:]]
            nothing = "no event passes the filter" if self.wanted else "events appear here as they happen"
            rows += shown or [line(" ", (nothing, "dim"))]
        self.paint(rows)
