"""What happened in a period: experiments run, what they confirmed and found, what is to be done (Markdown)."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence

from console.model.text import for_markdown
from console.storage.runs import StoredRun

_SEVERITY = {"FAILED": "critical", "PARTIAL": "critical"}


def period(runs: Sequence[StoredRun], since: float, until: float) -> str:
    """The report; also of a period in which nothing was run."""
    confirmed = [r for r in runs if r.status == "HYPOTHESIS_CONFIRMED"]
    findings = [f for r in runs for f in _findings(r)]
    lines = [
        "# Resilience report",
        "",
        f"- Period: {_day(since)} to {_day(until)}",
        f"- Experiments run: {len(runs)}",
        f"- Hypotheses confirmed: {len(confirmed)}",
        f"- Vulnerabilities found: {len(findings)}",
        "",
        "## Summary",
        "",
        *_summary(runs),
        "",
        "## Critical Findings",
        "",
        *([f"- **{severity}**: {text}" for severity, text in findings] or ["none"]),
        "",
        "## Recommendations",
        "",
        *(_checklist(runs) or ["none"]),
    ]
    return "\n".join(lines) + "\n"


def _summary(runs: Sequence[StoredRun]) -> list[str]:
    if not runs:
        return ["No experiment was run in this period."]
    head = ["| experiment | runs | confirmed | rejected | failed | detection, s | recovery, s |", "| --- " * 7 + "|"]
    rows = []
    for name in sorted({r.experiment for r in runs}):
        mine = [r for r in runs if r.experiment == name]
        counted = Counter(r.status for r in mine)
        statuses = [counted[f"{s}"] for s in ("HYPOTHESIS_CONFIRMED", "HYPOTHESIS_REJECTED", "EXPERIMENT_FAILED")]
        detection = _range([r.detection_s for r in mine])
        recovery = _range([r.recovery_s for r in mine])
        cells = [_cell(name), len(mine), *statuses, detection, recovery]
        rows.append("| " + " | ".join(str(c) for c in cells) + " |")
    return [*head, *rows]


def _range(values: Sequence[float | None]) -> str:
    known = [v for v in values if v is not None]
    if not known:
        return "-"
    low, high = min(known), max(known)
    return f"{low:.1f}" if high - low < 0.05 else f"{low:.1f} to {high:.1f}"


def _findings(run: StoredRun) -> list[tuple[str, str]]:
    if run.rollback != "COMPLETE":
        said = f"{run.experiment} ({run.id}): rollback {run.rollback}: {run.why}"
        return [(_SEVERITY[run.rollback], _cell(said))]
    if run.status == "HYPOTHESIS_REJECTED":
        return [("high", _cell(f"{run.experiment} ({run.id}): {run.why}"))]
    return []


def _checklist(runs: Sequence[StoredRun]) -> list[str]:
    todo = {f"- [ ] {_cell(r.experiment)}: {_cell(r.why)}" for r in runs if _findings(r)}
    return sorted(todo)


def _cell(text: str) -> str:
    return for_markdown(text, 400).replace("|", "\\|")


def _day(wall: float) -> str:
    return datetime.datetime.fromtimestamp(wall, datetime.UTC).strftime("%Y-%m-%d")
