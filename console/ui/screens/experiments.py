"""Experiments: the library as a list; below, the selected one before it runs and its live course while it does."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.reactive import reactive

from console.model.view import ExperimentEntry, ExperimentRun, View
from console.ui.blank import BLANK
from console.ui.keys import Where, bindings
from console.ui.lines import EMPTY, Line, line, pad, width, wrap
from console.ui.screens.base import ConsoleScreen
from console.ui.styles import sheets
from console.ui.table import Cell, Column, grid
from console.ui.widgets.listing import Listing, Row, kept
from console.ui.words import mmss_tenths, plural

COLUMNS = (
    Column("name", "EXPERIMENT", 25, 100),
    Column("type", "TYPE", 14, 60),
    Column("scope", "SCOPE", 19, 70),
    Column("failure", "FAILURE", 8, 50),
    Column("targets", "TARGETS", 7, 40, right=True),
    Column("title", "TITLE", 40, 30),
)
LABEL = 12
_PASS = {True: ("PASS", "ok"), False: ("FAIL", "bad"), None: ("?   ", "warn")}
_STATUS = {"HYPOTHESIS_CONFIRMED": "ok", "HYPOTHESIS_REJECTED": "warn", "EXPERIMENT_FAILED": "bad"}


def _values(entry: ExperimentEntry, run: ExperimentRun | None) -> dict[str, Cell]:
    mine = run is not None and run.name == entry.name
    tone = "strong" if not mine or run is None else ("act" if run.running else _STATUS.get(run.status, "strong"))
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
        self.entries: tuple[ExperimentEntry, ...] = ()

    def watch_view(self) -> None:
        self.rebuild()

    def heading(self) -> Line:
        return line(("Experiments", "title-focus"), (f" /{self.wanted}" if self.wanted else "", "accent"))

    def status(self) -> Line:
        return line((plural(len(self.entries), "experiment"), "dim"))

    def items(self, columns: int) -> list[Row]:
        if not self.entries:
            return [Row(EMPTY), Row(line(("No experiment can be run here.", "dim")))]
        table = grid(COLUMNS, columns)
        rows = (Row(table.row(_values(e, self.view.experiment)), e.name) for e in self.entries)
        return [Row(table.head()), *kept(rows, self.wanted)]


class Course(Listing, can_focus=False):
    """What the selected one would do, or what it is doing."""

    def __init__(self) -> None:
        super().__init__(id="course")
        self.entry: ExperimentEntry | None = None
        self.run: ExperimentRun | None = None
        self.asked = False

    def show(self, entry: ExperimentEntry | None, run: ExperimentRun | None, asked: bool) -> None:
        """This one."""
        mine = run is not None and entry is not None and run.name == entry.name
        self.entry, self.run, self.asked = entry, run if mine else None, asked
        self.rebuild()

    def heading(self) -> Line:
        return line((self.entry.title if self.entry else "", "title"))

    def foot(self) -> Line:
        if self.asked:
            return line(("enter", "key"), (" runs it now", "warn"))
        return EMPTY

    def items(self, columns: int) -> list[Row]:
        if self.entry is None:
            return []
        lines = _live(self.run, columns) if self.run is not None else _preview(self.entry, columns)
        return [Row(one) for one in lines]


def _preview(entry: ExperimentEntry, columns: int) -> list[Line]:
    said = [("hypothesis", entry.hypothesis), *(("does", m) for m in entry.method)]
    said += [("at most", f"{entry.targets} target(s), {entry.duration_s:g} s, then everything is put back")]
    said += [("must hold", c) for c in entry.criteria] + [("aborts if", a) for a in entry.abort_if]
    return [row for label, text in said for row in _labelled(label, text, columns)]


def _labelled(label: str, text: str, columns: int) -> list[Line]:
    parts = wrap(text, columns - LABEL)
    return [line(*pad(line((label if n == 0 else "", "head")), LABEL), (p, "t")) for n, p in enumerate(parts)]


def _live(run: ExperimentRun, columns: int) -> list[Line]:
    rows = _ended(run, columns) if run.status else []
    for t, what, said in run.steps:
        head = line((f"{mmss_tenths(t)} ", "dim"), *pad(line((what, "act")), 15))
        parts = wrap(said, columns - width(head)) or [""]
        rows += [line(*(head if n == 0 else pad(EMPTY, width(head))), (p, "t")) for n, p in enumerate(parts)]
    for name, measured, passed in (*run.verdicts, *run.gates):
        word, tone = _PASS[passed]
        rows += _judged(word, tone, name, measured, columns)
    rows += [line((p, "dim")) for p in wrap(f"report: {run.report}", columns)] if run.report else []
    return rows


def _ended(run: ExperimentRun, columns: int) -> list[Line]:
    head = line((run.status, _STATUS.get(run.status, "t")), (f"  rollback {run.rollback}", "dim"))
    return [head, *(line((p, "t")) for p in wrap(run.why, columns))]


def _judged(word: str, tone: str, name: str, measured: str, columns: int) -> list[Line]:
    head = line((f"{word} ", tone), (f"{name}  ", "strong"))
    parts = wrap(measured, max(10, columns - width(head))) or [""]
    return [line(*(head if n == 0 else pad(EMPTY, width(head))), (p, "dim")) for n, p in enumerate(parts)]


class ExperimentsScreen(ConsoleScreen):
    """`e`."""

    CSS_PATH = sheets("experiments")

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
        return (Where.EXPERIMENTS, Where.OVER, Where.SCREEN)

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
            self.query_one(Course).show(entry, self.view.experiment, asked)

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
