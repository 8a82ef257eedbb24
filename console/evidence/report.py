"""A run as a report for a reader who was not there (Markdown)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from itertools import pairwise

from console.model.behaviour import behaviour, number
from console.model.experiment import Run
from console.model.text import for_markdown

_WITNESSES = {
    "docker": "Docker (containers and their events)",
    "probe": "probe (the console's own requests to every port)",
    "pd": "PD (the cluster's control plane)",
    "workload": "workload (the client's own log)",
}
_PASS = {True: "PASS", False: "FAIL", None: "NOT CHECKED"}


def report(run: Run) -> str:
    """The whole report."""
    parts = (
        _head,
        _execution,
        _results,
        _loads,
        _detection,
        _behaviour,
        _unexpected,
        _advice,
        _blast,
        _rollback,
        _gates,
        _files,
    )
    return "\n".join(line for part in parts for line in part(run)) + "\n"


def _head(run: Run) -> list[str]:
    e = run.experiment
    took = run.marks[-1].t - _zero(run) if run.marks else 0.0  # of the cluster's time, which a simulation may hurry
    return [
        f"# {_text(e.title)}",
        "",
        f"**Status: {run.status.value}**, rollback {run.rollback.value}. {_sentence(run.why)}",
        "",
        f"- Run: `{run.id}`, {_when(run.began_wall)}",
        f"- Duration: {took:.0f} s ({_lasted(run)} at most {e.duration_s:g} s)",
        f"- Environment: {e.environment}, {run.mode} cluster `{_text(run.project)}`",
        *([f"- How: {_text(run.how)}"] if run.how else []),
        f"- Type: {e.type}{f', {e.scope}' if e.scope else ''}, failure type {e.failure_type}",
        f"- Blast radius allowed: {e.max_targets} target(s)",
        "",
        "## Hypothesis",
        "",
        _text(e.hypothesis),
        "",
        _text(e.description),
        "",
    ]


def _lasted(run: Run) -> str:
    """How long the fault was really in."""
    times = {m.what: m.t for m in reversed(run.marks)}
    if "injected" not in times or "putting back" not in times:
        return "fault"
    return f"fault for {times['putting back'] - times['injected']:.0f} s, of"


def _execution(run: Run) -> list[str]:
    zero = _zero(run)
    rows = [f"| {m.t - zero:.1f} s | {m.what} | {_cell(m.said)} |" for m in run.marks]
    return ["## Execution Summary", "", "| at | what | said |", "| --- | --- | --- |", *rows, ""]


def _zero(run: Run) -> float:
    return min([m.t for m in run.marks[:1]] + [s.t for s in run.samples[:1]], default=0.0)


def _sentence(text: str) -> str:
    said = _text(text).rstrip(".")
    return f"{said[:1].upper()}{said[1:]}."


def _results(run: Run) -> list[str]:
    lines = ["## Results", "", "| Metric | Expected | Actual | Pass/Fail |", "| --- | --- | --- | --- |"]
    for v in run.verdicts:
        metric, _, expected = v.criterion.partition(" ")
        name = f"{metric}: {_cell(v.meaning)}" if v.meaning else metric
        lines.append(f"| {name} | {expected} | {v.actual} | {_PASS[v.passed]} |")
    if not run.verdicts:
        lines.append(f"| steady state | holds again | {_held(run.steady_after)} | {_PASS[run.steady_after]} |")
    recovered = "not recovered" if run.recovery_s is None else f"{run.recovery_s:.1f} s"
    return [*lines, "", f"Time to recover after the revert began: {recovered}.", ""]


def _loads(run: Run) -> list[str]:
    """What was offered, what all clients together got done, and how the watched one fared."""
    if not run.loads:
        return []
    rows = []
    for load in run.loads:
        offered = "as fast as it goes" if load.offered is None else f"{load.offered:,.0f}"
        asked = "peak" if load.percent is None else f"{load.percent:g} %"
        fared = f"{_number(load.latency_ms, 2)} | {_number(load.errors_percent, 3)}"
        rows.append(f"| {_cell(load.step)} | {asked} | {offered} | {load.reached:,.0f} | {fared} |")
    return [
        "## Load steps",
        "",
        "| step | of the peak | offered, ops/s | reached, ops/s | client latency, mean ms | client errors, % |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        "Offered and reached are of all clients together; reached is by the stores' own count of requests, asked for "
        "every few seconds: right to some percent.",
        "",
    ]


def _number(value: float | None, digits: int) -> str:
    return "not measured" if value is None else f"{value:.{digits}f}"


def _detection(run: Run) -> list[str]:
    """Who saw it and when, and what the console made of it without knowing what was done."""
    if not run.intended:
        return []
    rows = [f"| {_WITNESSES.get(v, v)} | {seconds:.2f} s |" for v, seconds in run.seen]
    rows += [f"| {words} | saw nothing |" for v, words in _WITNESSES.items() if v not in dict(run.seen)]
    said = f"Diagnosis, made without knowing what was done: {_text(run.explained)}." if run.explained else ""
    table = ["## Detection", "", "| vantage point | saw it after |", "| --- | --- |", *rows, ""]
    return [*table, *([said, ""] if said else [])]


def _held(value: bool | None) -> str:
    return "not measured" if value is None else ("holds" if value else "does not hold")


def _behaviour(run: Run) -> list[str]:
    """Baseline, during the fault, after it, and what differs."""
    rows = []
    for b in behaviour(run.samples):
        name = f"{b.measure.name}, {b.measure.unit}" if b.measure.unit else b.measure.name
        delta = "" if b.delta is None else number(b.delta, signed=True)
        rows.append(f"| {name} | {number(b.baseline)} | {number(b.fault)} | {number(b.after)} | {delta} |")
    head = ["## Behaviour", "", "| median of | baseline | fault | after | delta |", "| --- | --- | --- | --- | --- |"]
    return [*head, *rows, "", *_gap(run), "![throughput and level](plot.svg)", ""]


def _gap(run: Run) -> list[str]:
    """What a median does not show: how low it went, and for how long nothing was done."""
    fault = [s for s in run.samples if s.phase == "fault" and s.ops is not None]
    if not fault:
        return []
    lowest = min(s.ops for s in fault if s.ops is not None)
    still = sum(b.t - a.t for a, b in pairwise(fault) if a.ops == 0)
    gap = f", and none at all for {still:.0f} s" if still else ""
    return [f"Lowest throughput while the fault was in: {number(lowest)} ops/s{gap}.", ""]


def _unexpected(run: Run) -> list[str]:
    return ["## Unexpected Behaviors", "", *(_listed(run.unexpected) or ["none"]), ""]


def _advice(run: Run) -> list[str]:
    lines = [f"{n}. {_text(text)}" for n, text in enumerate(run.advice, 1)]
    return ["## Recommendations", "", *(lines or ["none: everything held"]), ""]


def _blast(run: Run) -> list[str]:
    beside = [c for c in run.deviated if c not in run.intended]
    return [
        "## Blast Radius Measured",
        "",
        f"- Meant: {_text(', '.join(run.intended)) or 'nothing was injected'}",
        f"- Deviated: {_text(', '.join(run.deviated)) or 'nothing was seen to deviate'}",
        f"- Beyond what was meant: {_text(', '.join(beside)) or 'none'}",
        "",
    ]


def _rollback(run: Run) -> list[str]:
    lines = _listed(run.reverts) or ["- nothing was injected, so nothing was put back"]
    return [f"## Rollback Status: {run.rollback.value}", "", *lines, ""]


def _gates(run: Run) -> list[str]:
    rows = [
        f"| {g.name} | {'mandatory' if g.mandatory else 'optional'} | {_PASS[g.passed]} | {_cell(g.said)} |"
        for g in run.gates
    ]
    return ["## Gates", "", "| gate | | passed | why |", "| --- | --- | --- | --- |", *rows, ""]


def _files(run: Run) -> list[str]:
    return [
        "## Files",
        "",
        "- `report.json`: Chaos Toolkit journal of this run",
        "- `behaviour.jsonl`: the flight record, cut to the run",
        "- `recovery.json`: times and samples of the recovery",
        "- `plot.svg`: throughput and level over the run",
        f"- again: `{_text(run.again)}`",
    ]


def _listed(items: Sequence[str]) -> list[str]:
    return [f"- {_text(item)}" for item in items]


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")


def _text(text: str) -> str:
    """Untrusted: one line, no escapes, nothing that a Markdown reader would take for HTML."""
    return for_markdown(text, 500)


def _when(wall: float) -> str:
    return datetime.datetime.fromtimestamp(wall, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
