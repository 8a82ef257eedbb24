"""The course of an experiment: what it would do, how it stands while it runs, what became of it."""

from __future__ import annotations

from itertools import zip_longest

from console.model.behaviour import number
from console.model.view import ExperimentEntry, ExperimentRun, Gauge
from console.ui.lines import EMPTY, Line, line, pad, width, wrap
from console.ui.table import Cell, Column, grid
from console.ui.widgets.listing import Listing, Row
from console.ui.words import mmss_tenths

STATUS_TONES = {"HYPOTHESIS_CONFIRMED": "ok", "HYPOTHESIS_REJECTED": "warn", "EXPERIMENT_FAILED": "bad"}
LABEL = 12
WIDE_GAUGES = 66  # cells of the gauges where criteria and gates stand beside them
LEAST_BESIDE = 40
GAUGES = (
    Column("name", "", 11, 100),
    Column("baseline", "BASELINE", 9, 90, right=True),
    Column("live", "LIVE", 9, 95, right=True),
    Column("delta", "DELTA", 9, 85, right=True),
    Column("unit", "", 5, 80),
    Column("limit", "STEADY STATE", 12, 70),
)
_PASS = {True: ("PASS", "ok"), False: ("FAIL", "bad"), None: ("?   ", "warn")}
_SO_FAR = {True: ("✓", "ok"), False: ("✗", "bad"), None: ("·", "dim")}
_PHASES = {"": "starting", "baseline": "steady state is measured", "fault": "the fault is in",
           "recovery": "put back; recovery is watched"}  # fmt: skip


class Course(Listing):
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
    """Where it stands first, how it came there below."""
    rows = _ended(run, columns) if run.status else [line((_PHASES.get(run.phase, run.phase), "act"))]
    beside = columns - WIDE_GAUGES - 2
    gauges = _gauges(run.gauges, min(columns, WIDE_GAUGES))
    if gauges and beside >= LEAST_BESIDE:
        pairs = zip_longest(gauges, _judgements(run, beside), fillvalue=EMPTY)
        rows += [line(*pad(left, WIDE_GAUGES + 2), *right) for left, right in pairs]
    else:
        rows += [*gauges, *_judgements(run, columns)]
    for t, what, said in run.steps:
        head = line((f"{mmss_tenths(t)} ", "dim"), *pad(line((what, "act")), 15))
        parts = wrap(said, columns - width(head)) or [""]
        rows += [line(*(head if n == 0 else pad(EMPTY, width(head))), (p, "t")) for n, p in enumerate(parts)]
    rows += [line((p, "dim")) for p in wrap(f"report: {run.report}", columns)] if run.report else []
    return rows


def _judgements(run: ExperimentRun, columns: int) -> list[Line]:
    """Criteria and gates; while it runs, as they would be judged now."""
    words = _PASS if run.status else _SO_FAR
    return [one for name, measured, passed in (*run.verdicts, *run.gates)
            for one in _judged(*words[passed], name, measured, columns)]  # fmt: skip


def _gauges(gauges: tuple[Gauge, ...], columns: int) -> list[Line]:
    """Baseline, live and delta of every measure (S2-20)."""
    if not gauges:
        return []
    table = grid(GAUGES, columns)
    return [table.head(), *(table.row(_gauge(g)) for g in gauges)]


def _gauge(gauge: Gauge) -> dict[str, Cell]:
    tone = {True: "ok", False: "bad", None: "strong"}[gauge.kept]
    return {
        "name": (gauge.name, "head"),
        "baseline": (_figure(gauge.baseline), "t"),
        "live": (_figure(gauge.live), tone),
        "delta": (_figure(gauge.delta, signed=True), "dim" if gauge.delta in (None, 0) else "t"),
        "unit": (gauge.unit, "dim"),
        "limit": (gauge.limit, "dim"),
    }


def _figure(value: float | None, signed: bool = False) -> str:
    return "—" if value is None else "0" if value == 0 else number(value, signed)


def _ended(run: ExperimentRun, columns: int) -> list[Line]:
    head = line((run.status, STATUS_TONES.get(run.status, "t")), (f"  rollback {run.rollback}", "dim"))
    return [head, *(line((p, "t")) for p in wrap(run.why, columns))]


def _judged(word: str, tone: str, name: str, measured: str, columns: int) -> list[Line]:
    head = line((f"{word} ", tone), (f"{name}  ", "strong"))
    parts = wrap(measured, max(10, columns - width(head))) or [""]
    return [line(*(head if n == 0 else pad(EMPTY, width(head))), (p, "dim")) for n, p in enumerate(parts)]
