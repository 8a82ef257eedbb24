"""Two runs side by side: results, times, behaviour and criteria, and what differs."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from console.model.behaviour import number
from console.model.report import Comparison, Difference, ReportEntry
from console.model.text import clean, for_markdown
from console.storage.runs import StoredRun

_STATUS = ("HYPOTHESIS_CONFIRMED", "HYPOTHESIS_REJECTED", "EXPERIMENT_FAILED")
_ROLLBACK = ("COMPLETE", "PARTIAL", "FAILED")
NOISE = 0.05  # medians that differ by a smaller share are neither better nor worse
_WORD = {True: "PASS", False: "FAIL", None: "?"}
_MORE_IS_BETTER = {"throughput": True, "latency": False, "errors": False, "coverage": True}


def compare(first: StoredRun, second: StoredRun) -> Comparison:
    """Everything both of them say. The difference is the second minus the first."""
    one, two = _ours(first), _ours(second)
    rows = [
        _said("began", _when(first.began_wall), _when(second.began_wall)),
        _said("experiment", first.experiment, second.experiment),
        _ranked("status", first.status, second.status, _STATUS),
        _ranked("rollback", first.rollback, second.rollback, _ROLLBACK),
        _said("cluster", f"{first.mode} {first.project}", f"{second.mode} {second.project}"),
        _said("targets allowed", str(first.max_targets), str(second.max_targets)),
        _timed("time to detect", first.detection_s, second.detection_s),
        _timed("time to recover", first.recovery_s, second.recovery_s),
        _said("meant", _names(one, "intended"), _names(two, "intended")),
        _said("deviated", _names(one, "deviated"), _names(two, "deviated")),
        *_behaviour(one, two),
        *_criteria(one, two),
    ]
    return Comparison(entry(first), entry(second), tuple(rows), (_series(one), _series(two)))


def _when(wall: float) -> str:
    return datetime.datetime.fromtimestamp(wall, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def entry(run: StoredRun) -> ReportEntry:
    """A run as a list shows it."""
    return ReportEntry(
        run.id, clean(run.experiment, 200), run.status, run.rollback, clean(run.why, 400), run.mode, run.began_wall,
        run.ended_wall - run.began_wall, run.detection_s, run.recovery_s,
    )  # fmt: skip


def markdown(found: Comparison) -> str:
    """For a reader."""
    head = [f"# {found.first.id} and {found.second.id}", ""]
    table = ["| | first | second | second minus first |", "| --- | --- | --- | --- |"]
    rows = [f"| {_cell(r.name)} | {_cell(r.first)} | {_cell(r.second)} | {_verdict(r)} |" for r in found.rows]
    return "\n".join([*head, *table, *rows]) + "\n"


def _verdict(row: Difference) -> str:
    word = {True: ", better", False: ", worse", None: ""}[row.better]
    return f"{_cell(row.difference)}{word}" if row.difference else ""


def _ours(run: StoredRun) -> Mapping[str, Any]:
    block = run.journal.get("chaos-console")
    return block if isinstance(block, Mapping) else {}


def _said(name: str, first: str, second: str) -> Difference:
    return Difference(name, clean(first, 200), clean(second, 200), "" if first == second else "differs")


def _ranked(name: str, first: str, second: str, best_first: Sequence[str]) -> Difference:
    better = None
    if first != second and first in best_first and second in best_first:
        better = best_first.index(second) < best_first.index(first)
    one, two = (v.removeprefix("HYPOTHESIS_").removeprefix("EXPERIMENT_") for v in (first, second))
    return Difference(name, one, two, "" if first == second else "differs", better)


def _timed(name: str, first: float | None, second: float | None) -> Difference:
    one, two = (f"{v:.2f} s" if v is not None else "—" for v in (first, second))
    if first is None or second is None:
        return Difference(name, one, two)
    delta = second - first
    return Difference(name, one, two, f"{delta:+.2f} s", None if abs(delta) < 0.05 else delta < 0)


def _names(block: Mapping[str, Any], key: str) -> str:
    return ", ".join(str(n) for n in block.get(key) or ()) or "—"


def _behaviour(one: Mapping[str, Any], two: Mapping[str, Any]) -> list[Difference]:
    """Of the median during the fault, as a share of each run's own baseline where that makes them comparable."""
    theirs = {str(b.get("measure")): b for b in two.get("behaviour") or ()}
    found = []
    for mine in one.get("behaviour") or ():
        name, unit = str(mine.get("measure")), str(mine.get("unit") or "")
        other = theirs.get(name, {})
        for phase in ("baseline", "fault", "after"):
            a, b = mine.get(phase), other.get(phase)
            delta = "" if a is None or b is None else number(b - a, signed=True)
            better = None
            told = a is not None and b is not None and abs(b - a) > NOISE * max(abs(a), abs(b))
            if phase == "fault" and told and name in _MORE_IS_BETTER:
                better = (b > a) is _MORE_IS_BETTER[name]
            label = f"{name} {phase}{f', {unit}' if unit else ''}"
            found.append(Difference(label, number(a), number(b), "" if a == b else delta, better))
    return found


def _criteria(one: Mapping[str, Any], two: Mapping[str, Any]) -> list[Difference]:
    theirs = {str(c.get("criterion")): c for c in two.get("criteria") or ()}
    mine = {str(c.get("criterion")): c for c in one.get("criteria") or ()}
    rows = []
    for name in [*mine, *(n for n in theirs if n not in mine)]:
        a, b = mine.get(name), theirs.get(name)
        both = a is not None and b is not None
        same = both and a is not None and b is not None and a.get("passed") == b.get("passed")
        better = b.get("passed") is True if both and not same and b is not None else None
        rows.append(Difference(clean(name, 100), _judged(a), _judged(b), "" if same or not both else "differs", better))
    return rows


def _judged(criterion: Mapping[str, Any] | None) -> str:
    if criterion is None:
        return "—"
    return f"{_WORD[criterion.get('passed')]} {clean(str(criterion.get('actual')), 60)}"


def _series(block: Mapping[str, Any]) -> tuple[float | None, ...]:
    series = block.get("series")
    return tuple(series.get("ops") or ()) if isinstance(series, Mapping) else ()


def _cell(text: str) -> str:
    return for_markdown(text, 200).replace("|", "\\|")
