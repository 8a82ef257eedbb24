"""Reports: every run on this machine; below, the report of the selected one, or two marked ones side by side."""

from __future__ import annotations

import datetime

from textual import on
from textual.app import ComposeResult

from console.model.report import Comparison, ReportEntry
from console.ui.keys import Where, bindings
from console.ui.lines import EMPTY, Line, line
from console.ui.markdown import rendered
from console.ui.messages import Notice
from console.ui.panes.comparison import compared
from console.ui.panes.course import STATUS_TONES
from console.ui.screens.base import ConsoleScreen
from console.ui.styles import sheets
from console.ui.table import Cell, Column, grid
from console.ui.widgets.listing import Listing, Row, kept
from console.ui.words import plural

RELOAD_S = 2.0
COLUMNS = (
    Column("mark", "", 1, 100),
    Column("when", "BEGAN (UTC)", 16, 90),
    Column("status", "STATUS", 11, 100),
    Column("rollback", "ROLLBACK", 8, 85),
    Column("detected", "DETECT", 8, 70, right=True),
    Column("recovered", "RECOVER", 8, 65, right=True),
    Column("mode", "CLUSTER", 9, 50),
    Column("experiment", "EXPERIMENT", 30, 95),
)
_ROLLBACK = {"COMPLETE": "ok", "PARTIAL": "warn", "FAILED": "bad"}


def when(wall: float) -> str:
    """A wall time as a list shows it."""
    return datetime.datetime.fromtimestamp(wall, datetime.UTC).strftime("%Y-%m-%d %H:%M")


def _seconds(value: float | None) -> Cell:
    return ("—", "dim") if value is None else (f"{value:.1f} s", "t")


def _values(entry: ReportEntry, marked: bool) -> dict[str, Cell]:
    word = entry.status.removeprefix("HYPOTHESIS_").removeprefix("EXPERIMENT_")
    return {
        "mark": ("●" if marked else " ", "accent"),
        "when": (when(entry.began_wall), "dim"),
        "status": (word, STATUS_TONES.get(entry.status, "warn")),
        "rollback": (entry.rollback, _ROLLBACK.get(entry.rollback, "dim")),
        "detected": _seconds(entry.detection_s),
        "recovered": _seconds(entry.recovery_s),
        "mode": (entry.mode, "dim"),
        "experiment": (entry.experiment, "strong"),
    }


class ReportList(Listing):
    """Newest first."""

    BINDINGS = bindings(Where.REPORTS)

    class MarkAsked(Notice):
        """`m` was pressed."""

    def __init__(self) -> None:
        super().__init__(id="reports")
        self.kept = 0  # rows that pass the filter
        self.entries: tuple[ReportEntry, ...] = ()
        self.marked: tuple[str, ...] = ()
        self.problem = ""

    def heading(self) -> Line:
        return line(("Reports", "title-focus"), (f" /{self.wanted}" if self.wanted else "", "accent"))

    def status(self) -> Line:
        shown = f"{self.kept} of " if self.wanted else ""
        return line((f"{shown}{plural(len(self.entries), 'run')}", "dim"))

    def foot(self) -> Line:
        if len(self.marked) != 1:
            return EMPTY
        return line(("m", "key"), (" on another run compares the two", "dim"))

    def items(self, columns: int) -> list[Row]:
        if not self.entries:
            said = self.problem or "No experiment has been run on this machine yet; e lists what can be run."
            return [Row(EMPTY), Row(line((said, "dim")))]
        table = grid(COLUMNS, columns)
        rows = (Row(table.row(_values(e, e.id in self.marked)), e.id) for e in self.entries)
        found = kept(rows, self.wanted)
        self.kept = len(found)
        return [Row(table.head()), *found] if found else [Row(line(("nothing passes the filter", "dim")))]

    def action_mark(self) -> None:
        self.post_message(self.MarkAsked(self.cursor))


class Reading(Listing):
    """A report's text, or a comparison."""

    def __init__(self) -> None:
        super().__init__(id="reading")
        self.lines: tuple[str, ...] = ()
        self.comparison: Comparison | None = None
        self.of = ""

    def show(self, of: str, lines: tuple[str, ...], comparison: Comparison | None) -> None:
        """This, from its beginning where it is another one."""
        if (of, lines, comparison) == (self.of, self.lines, self.comparison):
            return
        self.first = 0 if of != self.of else self.first
        self.of, self.lines, self.comparison = of, lines, comparison
        self.rebuild()

    def heading(self) -> Line:
        return line(("Comparison" if self.comparison else "Report", "title"), (f" {self.of}" if self.of else "", "dim"))

    def items(self, columns: int) -> list[Row]:
        if self.comparison is not None:
            return [Row(r) for r in compared(self.comparison, columns)]
        return [Row(r) for r in rendered("\n".join(self.lines), columns)]


class ReportsScreen(ConsoleScreen):
    """`R`. Asks the session when it is opened, when another run is selected, and every two seconds for new runs."""

    CSS_PATH = sheets("reports")
    BINDINGS = bindings(Where.PAIR)

    def body(self) -> ComposeResult:
        yield ReportList()
        yield Reading()

    def ready(self) -> None:
        super().ready()
        self.call_after_refresh(self.load)  # the list has a cursor only once there is room to draw it
        self.set_interval(RELOAD_S, self.load)

    @property
    def main(self) -> Listing:
        return self.query_one(ReportList)

    def places(self) -> tuple[Where, ...]:
        return (Where.REPORTS, Where.PAIR, Where.OVER, Where.SCREEN)

    def set_filter(self, wanted: str) -> None:
        super().set_filter(wanted)
        self.load()

    def load(self) -> None:
        """Ask the session."""
        if self.is_current:
            self.run_worker(self._load(), name="reports", group="reports", exclusive=True)

    async def _load(self) -> None:
        session = self.console.session
        shown, reading = self.query_one(ReportList), self.query_one(Reading)
        if session is None:
            shown.problem = "Not connected: the reports are read once there is a session."
            shown.rebuild()
            return
        reports = session.reports()
        found = await reports.entries()
        problem, entries = (found, ()) if isinstance(found, str) else ("", found)
        if (entries, problem) != (shown.entries, shown.problem) or not entries:
            shown.entries, shown.problem = entries, problem
            shown.styles.height = max(5, min(len(entries) + 3, self.app.size.height * 2 // 5))
            shown.rebuild()
        of = " and ".join(shown.marked)
        if len(shown.marked) == 2:
            if reading.comparison is not None and reading.of == of:
                return  # runs that have ended never change
            both = await reports.compare(*shown.marked)
            lines, comparison = ((both,), None) if isinstance(both, str) else ((), both)
            reading.show(of, lines, comparison)
        else:
            reading.show(shown.cursor, await reports.text(shown.cursor) if shown.cursor else (), None)

    @on(Listing.Moved)
    def _moved(self) -> None:
        self.load()

    @on(Listing.Chosen)
    def _chosen(self) -> None:
        """Read it: the keys move the text."""
        self.query_one(Reading).focus()

    @on(ReportList.MarkAsked)
    def _mark(self, message: ReportList.MarkAsked) -> None:
        """Two at most: a third takes the place of the older one."""
        message.stop()
        shown, run = self.query_one(ReportList), message.text
        if run:
            others = tuple(m for m in shown.marked if m != run)
            shown.marked = others if run in shown.marked else (*others[-1:], run)
            shown.rebuild()
            self.load()

    def go_back(self) -> None:
        """From the text to the list, from the comparison to the report, then as everywhere."""
        shown = self.query_one(ReportList)
        if self.query_one(Reading).has_focus:
            shown.focus()
        elif shown.marked:
            shown.marked = ()
            shown.rebuild()
            self.load()
        else:
            super().go_back()
