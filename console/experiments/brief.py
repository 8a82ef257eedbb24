"""An experiment as a brief for another engineer: everything needed, nothing assumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.model.experiment import Experiment, Step
from console.model.text import clean


def brief(e: Experiment, earlier: Mapping[str, Any] | None) -> str:
    """The brief (Markdown)."""
    steps = [
        f"- {s.name}: {s.what}" + (f" with {given}" if (given := _given(s)) else "") if s.injects or s.reverts
        else f"- {s.name}: a {s.raw.get('provider', {}).get('type')} activity"
        for s in e.method
    ]  # fmt: skip
    limits = e.limits
    lines = [
        f"# Brief: {e.title}",
        "",
        "## Context",
        f"{e.description}",
        f"Environment: {e.environment}. Type: {e.type}. Scope: {e.scope or 'none given'}.",
        f"Steady state: latency < {limits.latency_ms:g} ms, errors < {limits.errors_percent:g} %, "
        f"coverage {limits.coverage_percent:g} %.",
        "",
        "## Objective",
        f"Confirm or reject the hypothesis within {e.duration_s:g} s of fault.",
        "",
        "## Hypothesis",
        e.hypothesis,
        "",
        "## Failure Injection",
        f"Target: {e.target}. Failure type: {e.failure_type}. Blast radius: at most {e.max_targets} target(s).",
        *steps,
        "",
        "## Safety Constraints",
        "Rollback: " + "; ".join(e.rollback_plan),
        "Abort if: " + ("; ".join(e.abort_if) or "monitoring is stale (always)"),
        *([f"Abort after the restore if: {'; '.join(e.abort_after)}"] if e.abort_after else []),
        f"On call: {e.on_call or 'nobody is named in the file'}. Kill switch: ctrl+r, or `chaos-console revert`.",
        "",
        "## Files",
        *([f"- {f}" for f in e.files] or ["- none"]),
        f"- {e.source}",
        "",
        "## Expected Output",
        "report.md, report.json, behaviour.jsonl, recovery.json, plot.svg, and PASS or FAIL for each of:",
        *([f"- {c}" for c in e.criteria] or ["- steady state holds again after the revert"]),
    ]
    if earlier:
        lines += ["", "## Previous Run", f"{earlier.get('id')}: {earlier.get('status')}, {earlier.get('why')}"]
    return "\n".join(clean(line, 2000) for line in lines) + "\n"


def _given(step: Step) -> dict[str, float]:
    """Parameters the file gives; a share of the peak has its rate only when that is known."""
    return {k: v for k, v in step.params.items() if step.percent is None or k != "rate"}
