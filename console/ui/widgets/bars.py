"""The bars under the header: why the console is disarmed, the caption of a demo, where a replay stands."""

from __future__ import annotations

from textual.reactive import reactive

from console.model.view import Chapter, Playback, View
from console.ui.blank import BLANK
from console.ui.lines import Line, Span, chain, ends, line, pad, whole_words, width, wrap
from console.ui.widgets.board import Board
from console.ui.widgets.chart import MARK_GLYPHS, MARK_STYLES
from console.ui.words import mmss_tenths

CAPTION_ROWS = 3


def disarmed_bar(why: str, columns: int) -> list[Line]:
    """Why nothing can be injected, over the whole width."""
    tail = line(("  A arms again ", "alarm"))
    head = line((" DISARMED  ", "alarm"))
    room = columns - width(tail)
    return [(*pad((*head, *whole_words(why, room - width(head), "alarm")), room, "alarm"), *tail)]


def chapter_bar(chapter: Chapter, columns: int) -> list[Line]:
    """`3/7 Fault` and its caption: beside it in two lines, else under it over the whole width."""
    tail = line(("space", "key"), (" goes on ", "dim")) if chapter.waiting else line(("running ", "dim"))
    head = line((f" {chapter.number}/{chapter.total} {chapter.title} ", "chip-act"), " ")
    beside = wrap(chapter.caption, columns - width(head) - width(tail) - 2)
    if len(beside) <= 2:
        out = [ends(line(*head, (beside[0], "strong")), tail, columns)]
        return out + [line(" " * width(head), (row, "strong")) for row in beside[1:]]
    under = wrap(chapter.caption, columns - 2)
    rows = under if len(under) <= CAPTION_ROWS else [*under[: CAPTION_ROWS - 1], under[CAPTION_ROWS - 1] + " …"]
    return [ends(head, tail, columns), *(line(" ", (row, "strong")) for row in rows)]


def playback_bar(playback: Playback, columns: int) -> list[Line]:
    """The position in a record, its marks, its speed."""
    whole = max(playback.duration, 0.001)
    head = line((" ▸ " if playback.playing else " ‖ ", "accent"), (mmss_tenths(playback.position), "strong"), " ")
    speed = f"×{playback.speed:g}"
    passed = [label for t, label in playback.marks if t <= playback.position]
    tail = line(f" {mmss_tenths(playback.duration)}", (f"  {speed} ", "accent"), *_last_mark(passed))
    room = columns - width(head) - width(tail)
    if room < 10:
        return [chain([head, line((speed, "accent"))], columns)]
    at = min(room - 1, max(0, int(playback.position / whole * (room - 1))))
    track: list[Span] = [("━", "accent") if n < at else ("─", "faint") for n in range(room)]
    for t, label in playback.marks:
        n = min(room - 1, max(0, int(t / whole * (room - 1))))
        track[n] = (MARK_GLYPHS.get(label, "·"), MARK_STYLES.get(label, "info"))
    track[at] = ("█", "strong")
    return [line(*head, *track, *tail)]


def _last_mark(passed: list[str]) -> Line:
    return line((f" {passed[-1]:<10}"[:11], MARK_STYLES.get(passed[-1], "info"))) if passed else line(" " * 11)


def bars(view: View, columns: int) -> list[Line]:
    """Every bar there is, top first."""
    out: list[Line] = []
    if view.disarmed:
        out += disarmed_bar(view.disarmed, columns)
    if view.chapter is not None:
        out += chapter_bar(view.chapter, columns)
    if view.playback is not None:
        out += playback_bar(view.playback, columns)
    return out


class Bars(Board):
    """As high as what it has to say; gone where it has nothing."""

    view: reactive[View] = reactive(BLANK, repaint=False, init=False)

    def on_mount(self) -> None:
        self._rows_wanted = 0
        self.display = False

    def watch_view(self) -> None:
        self.rebuild()

    def rebuild(self) -> None:
        if not self.is_mounted:
            return
        rows = bars(self.view, self.app.size.width)
        if len(rows) != self._rows_wanted:
            self._rows_wanted = len(rows)
            self.styles.height = len(rows)
            self.display = bool(rows)
        self.paint(rows)
