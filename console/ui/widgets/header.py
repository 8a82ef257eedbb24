"""Header: one line that says where we are and how things stand, with the kill switch always at its right end."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.reactive import reactive

from console.model.view import Level, Mode, View
from console.ui.blank import BLANK
from console.ui.lines import Line, cells, clip, line, pad, safe, width
from console.ui.load import Load, latest, load_state
from console.ui.standing import LEVELS, danger, word
from console.ui.widgets.board import Board
from console.ui.words import age, mmss, short

_MODE_STYLE = {Mode.LIVE: "chip-act", Mode.SIMULATED: "badge", Mode.REPLAY: "chip-info"}
_KILL_WORDS = (" ctrl+r KILL SWITCH ", " ctrl+r KILL ")
PROJECT_LIMIT = 18


def parts(view: View, connected: bool, failed: bool, quiet: int, read_only: bool) -> list[tuple[int, Line]]:
    """The words of the header in order, each with its weight: the lightest go first where room is short."""
    state, style = word(view, failed)
    mode = line((f" {view.mode.value} ", _MODE_STYLE[view.mode])) if connected else line((" OFFLINE ", "badge-quiet"))
    judged = connected and not view.starting and state != Level.BLIND.value
    out = [
        (10, line(("Chaos Console", "title"))),
        (60, line((clip(safe(view.project), PROJECT_LIMIT), "accent"))),
        (99, mode),
        (100, line((f" {state} ", style))),
        (97, line((" READ-ONLY ", "badge")) if read_only or view.read_only else ()),
        (80, line((f" {view.level.value} ", LEVELS[view.level])) if judged else ()),
        (95, line((f"no news {age(quiet)}", "warn")) if quiet else ()),
        (30, line(("data plane" if view.blind else "host-aware", "dim")) if connected else ()),
        (50, _load(view)),
        (70, line((f"{len(view.active)}/{view.limit}", "strong"), (" injected", "dim")) if connected else ()),
        (20, line((mmss(view.now), "dim")) if connected else ()),
    ]
    return [(weight, part) for weight, part in out if part]


def _load(view: View) -> Line:
    """The workload in a word or a number."""
    last, state = latest(view), load_state(view)
    if state is Load.SILENT:
        return line(("load silent", "warn"))
    if last is None or state in (Load.OFF, Load.DONE):
        return line(("load off", "dim")) if state in (Load.OFF, Load.DONE) else ()
    return line((f"{short(last.ops)} ops/s", "bad" if state is Load.ZERO else "t"))


def compose_header(found: list[tuple[int, Line]], kill: str, columns: int) -> Line:
    """As many parts as fit beside the kill switch chip, which is never dropped."""
    chip = next((w for w in _KILL_WORDS if cells(w) <= columns // 5), _KILL_WORDS[-1])
    room = columns - cells(chip) - 1
    kept = list(found)
    while len(kept) > 2 and sum(width(p) for _, p in kept) + 2 * len(kept) > room:
        kept.remove(min(kept, key=lambda p: p[0]))
    row: Line = ()
    for _, part in kept:
        row = line(*row, "  " if row else " ", *part)
    return (*pad(row, room + 1), (chip, kill))


class Header(Board):
    """The header line."""

    view: reactive[View] = reactive(BLANK, repaint=False, init=False)
    quiet: reactive[int] = reactive(0, repaint=False, init=False)  # seconds without news, 0 where there is some

    class KillPressed(Message):
        """The kill switch chip was clicked."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.connected = False
        self.failed = False
        self.read_only = False

    def watch_view(self) -> None:
        self.rebuild()

    def watch_quiet(self) -> None:
        self.rebuild()

    def rebuild(self) -> None:
        if not self.is_mounted or self.size.width < 20:
            return
        found = parts(self.view, self.connected, self.failed, self.quiet, self.read_only)
        self.paint([compose_header(found, "kill" if danger(self.view) else "kill-idle", self.size.width)])

    def on_click(self, event: events.Click) -> None:
        if self.rows_shown and event.x >= self.size.width - cells(self.rows_shown[0][-1][0]):
            self.post_message(self.KillPressed())
