"""Chaos Toolkit's journal of a run, with its keys exactly (chaostoolkit-lib 1.44), so that its reports can be made."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from console.model.behaviour import behaviour
from console.model.experiment import HypothesisState, Mark, Run, Status

_DONE = ("injected", "measured", "reverted", "activity", "failed")
LIB_VERSION = "1.44.0"  # whose format this is


def journal(run: Run) -> dict[str, Any]:
    """The journal as data."""
    aborted = any(m.what == "aborted" for m in run.marks)
    status = "aborted" if aborted or run.refused else "failed" if run.status is Status.FAILED else "completed"
    met = run.steady_after is not False and run.status is not Status.REJECTED
    zero = run.samples[0].t if run.samples else 0.0
    return {
        "chaoslib-version": LIB_VERSION,
        "platform": platform.platform(),
        "node": platform.node(),
        "experiment": run.experiment.raw,
        "start": _iso(run.began_wall),
        "end": _iso(run.ended_wall),
        "duration": round(run.ended_wall - run.began_wall, 3),
        "status": status,
        "deviated": run.status is Status.REJECTED,
        "steady_states": {
            "before": _state(run, run.steady_before, run.hypothesis[0]),
            "after": _state(run, met, run.hypothesis[1]),
            "during": [],
        },
        "run": [_entry(run, m, zero) for m in run.marks if m.what in _DONE],
        "rollbacks": [_entry(run, m, zero) for m in run.marks if m.what == "put back"],
        "chaos-console": {
            "id": run.id,
            "status": run.status.value,
            "rollback": run.rollback.value,
            "why": run.why,
            "criteria": [{"criterion": v.criterion, "actual": v.actual, "passed": v.passed} for v in run.verdicts],
            "gates": [
                {"gate": g.name, "mandatory": g.mandatory, "passed": g.passed, "said": g.said} for g in run.gates
            ],
            "behaviour": [
                {"measure": b.measure.name, "unit": b.measure.unit, "baseline": b.baseline, "fault": b.fault,
                 "after": b.after} for b in behaviour(run.samples)
            ],
            "series": {"t": [round(s.t - zero, 1) for s in run.samples], "ops": [_whole(s.ops) for s in run.samples]},
            "loads": [asdict(load) for load in run.loads],
            "intended": list(run.intended),
            "deviated": list(run.deviated),
            "seen_s": dict(run.seen),
            "explained": run.explained,
            "detection_s": run.detection_s,
            "recovery_s": run.recovery_s,
            "exit_code": run.exit_code,
        },
    }  # fmt: skip


def _whole(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _state(run: Run, met: bool | None, asked: HypothesisState | None) -> dict[str, Any] | None:
    """Steady state as the protocol measured it, and each probe of the file as it was really answered."""
    if met is None:
        return None
    hypothesis = run.experiment.raw.get("steady-state-hypothesis")
    declared: Sequence[Any] = hypothesis.get("probes", ()) if isinstance(hypothesis, Mapping) else ()
    results = asked.probes if asked is not None else ()
    return {
        "steady_state_met": met,
        "probes": [
            {"activity": probe, "status": "succeeded" if result.met else "failed", "output": result.said,
             "tolerance_met": result.met is True}
            for probe, result in zip(declared, results, strict=False) if result.met is not None
        ],
    }  # fmt: skip


def _entry(run: Run, mark: Mark, zero: float) -> dict[str, Any]:
    at = _iso(run.began_wall + mark.t - zero)
    activity = {"type": "action", "name": mark.what, "provider": {"type": "python", "module": "console.experiments"}}
    failed = mark.what == "failed"
    return {
        "activity": activity,
        "output": mark.said,
        "status": "failed" if failed else "succeeded",
        "start": at,
        "end": at,
        "duration": 0.0,
        **({"exception": [mark.said]} if failed else {}),
    }


def _iso(wall: float) -> str:
    return datetime.datetime.fromtimestamp(wall, datetime.UTC).isoformat(timespec="milliseconds")
