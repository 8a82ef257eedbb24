"""Experiments: the library as a list; below, the selected one before it runs and its live course while it does."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.reactive import reactive

from console.model.view import ExperimentEntry, ExperimentRun, View
from console.ui.blank import BLANK
from console.ui.keys import Where, bindings
from console.ui.lines import EMPTY, Line, line
from console.ui.panes.course import STATUS_TONES, Course
from console.ui.screens.base import ConsoleScreen
from console.ui.styles import sheets
from console.ui.table import Cell, Column, grid
from console.ui.widgets.listing import Listing, Row, kept
from console.ui.words import plural

COLUMNS = (
    Column("name", "EXPERIMENT", 25, 100),
    Column("type", "TYPE", 14, 60),
    Column("scope", "SCOPE", 19, 70),
    Column("failure", "FAILURE", 8, 50),
    Column("targets", "TARGETS", 7, 40, right=True),
    Column("title", "TITLE", 40, 30),
)


def _values(entry: ExperimentEntry, run: ExperimentRun | None) -> dict[str, Cell]:
    mine = run is not None and run.name == entry.name
    tone = "strong" if not mine or run is None else ("act" if run.running else STATUS_TONES.get(run.status, "strong"))
    return {
        "name": (entry.name, tone),
        "type": (entry.type, "dim"),
        "scope": (entry.scope, "dim"),
        "failure": (entry.failure, "dim"),
        "targets": (str(entry.targets), "t"),
        "title": (entry.title, "t"),
    }


class ExperimentList(Listing):
    """By name."""

    BINDINGS = bindings(Where.EXPERIMENTS)
    view: reactive[View] = reactive(BLANK, repaint=False, init=False)

    def __init__(self) -> None:
        super().__init__(id="experiments")
        self.kept = 0  # rows that pass the filter
        self.entries: tuple[ExperimentEntry, ...] = ()

    def watch_view(self) -> None:
        self.rebuild()

    def heading(self) -> Line:
        return line(("Experiments", "title-focus"), (f" /{self.wanted}" if self.wanted else "", "accent"))

    def status(self) -> Line:
        shown = f"{self.kept} of " if self.wanted else ""
        return line((f"{shown}{plural(len(self.entries), 'experiment')}", "dim"))

    def items(self, columns: int) -> list[Row]:
        if not self.entries:
            return [Row(EMPTY), Row(line(("No experiment can be run here.", "dim")))]
        table = grid(COLUMNS, columns)
        rows = (Row(table.row(_values(e, self.view.experiment)), e.name) for e in self.entries)
        found = kept(rows, self.wanted)
        self.kept = len(found)
        return [Row(table.head()), *found] if found else [Row(line(("nothing passes the filter", "dim")))]


class ExperimentsScreen(ConsoleScreen):
    """`e`."""

    CSS_PATH = sheets("experiments")
    BINDINGS = bindings(Where.PAIR)

    def __init__(self) -> None:
        super().__init__()
        self._asked = ""

    def body(self) -> ComposeResult:
        yield ExperimentList().data_bind(ConsoleScreen.view)
        yield Course()

    def ready(self) -> None:
        session = self.console.session
        self.query_one(ExperimentList).entries = session.experiments() if session is not None else ()
        self.query_one(ExperimentList).rebuild()
        super().ready()
        self._show_selected()

    def watch_view(self, old: View, new: View) -> None:
        super().watch_view(old, new)
        self.call_after_refresh(self._show_selected)

    @property
    def main(self) -> Listing:
        return self.query_one(ExperimentList)

    def places(self) -> tuple[Where, ...]:
        return (Where.EXPERIMENTS, Where.PAIR, Where.OVER, Where.SCREEN)

    def set_filter(self, wanted: str) -> None:
        super().set_filter(wanted)
        self._show_selected()

    def _selected(self) -> ExperimentEntry | None:
        entries = self.query_one(ExperimentList)
        return next((e for e in entries.entries if e.name == entries.cursor), None)

    def _show_selected(self) -> None:
        if self.is_mounted and self.query(ExperimentList):
            entry = self._selected()
            asked = entry is not None and entry.name == self._asked
            course = self.query_one(Course)
            course.show(entry, self.view.experiment, asked)
            course.set_class(course.run is not None, "-running")

    @on(Listing.Moved)
    def _moved(self) -> None:
        self._asked = ""
        self._show_selected()

    @on(Listing.Chosen)
    def _chosen(self) -> None:
        """The first `enter` asks, the second runs it."""
        entry, session = self._selected(), self.console.session
        if entry is None or session is None:
            return
        if self.console.read_only:
            self.console.say(self.console.read_only_line, "warn")
        elif self._asked != entry.name:
            self._asked = entry.name
            self.console.say(f"enter again runs {entry.name}; ctrl+r stops and reverts it at any time", "warn")
        else:
            self._asked = ""
            why = session.run_experiment(entry.name)
            self.console.say(why or f"{entry.name} runs", "warn" if why else "good")
        self._show_selected()
