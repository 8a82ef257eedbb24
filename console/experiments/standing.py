"""How a run stands while it runs: gauges against the baseline, criteria and gates as they would be judged now."""

from __future__ import annotations

from dataclasses import dataclass

from console.model.behaviour import MEASURES, median
from console.model.experiment import Gate, Limits, Sample, Verdict
from console.model.fault import Outcome
from console.model.view import Gauge

from .analysis import blast, measured
from .course import Course


@dataclass(frozen=True, slots=True)
class Standing:
    """One moment of a run. A gate that cannot be judged before the end is None."""

    phase: str
    gauges: tuple[Gauge, ...]
    verdicts: tuple[Verdict, ...]
    gates: tuple[Gate, ...]


def standing(course: Course) -> Standing:
    """Now."""
    verdicts = measured(course)[2]
    return Standing(course.phase, _gauges(course), verdicts, _gates(course, verdicts))


def _gauges(course: Course) -> tuple[Gauge, ...]:
    if not course.samples:
        return ()
    last, limits = course.samples[-1], course.experiment.limits
    return tuple(
        Gauge(m.name, m.unit, median(course.samples, "baseline", m), m.of(last), *_limit(m.name, last, limits))
        for m in MEASURES
    )


def _limit(name: str, last: Sample, limits: Limits) -> tuple[str, bool | None]:
    """The steady state's limit for one measure, and whether the last sample keeps to it."""
    if name == "latency":
        return f"<= {limits.latency_ms:g}", None if last.latency_ms is None else last.latency_ms <= limits.latency_ms
    if name == "errors":
        value, most = last.errors_percent, limits.errors_percent
        return f"<= {most:g}", None if value is None else value <= most
    if name == "coverage":
        value, least = last.coverage_percent, limits.coverage_percent
        return f">= {least:g}", None if value is None else value >= least
    return "", None


def _gates(course: Course, verdicts: tuple[Verdict, ...]) -> tuple[Gate, ...]:
    """The five mandatory ones."""
    return (
        Gate("Rollback Complete", True, *_rollback(course)),
        Gate("No Data Corruption", True, *_canary(course)),
        Gate("Hypothesis Tested", True, None, _held(course, verdicts)),
        Gate("Blast Radius Measured", True, *_blast(course)),
        Gate("Safety Observed", True, None, "the labels of all that was touched are read again at the end"),
    )


def _rollback(course: Course) -> tuple[bool | None, str]:
    if course.reverts:
        return course.rollback is Outcome.COMPLETE, course.rollback.value
    return None, f"{len(course.injections)} injected, nothing put back yet" if course.injections else "nothing injected"


def _canary(course: Course) -> tuple[bool | None, str]:
    if not course.experiment.canary:
        return True, "not asked for: the method moves no data"
    if course.canary_missing:
        return None, course.canary_missing
    written = course.began is not None and course.canary[0] is None
    return course.canary[0], "records are written, to be read back at the end" if written else course.canary[1]


def _held(course: Course, verdicts: tuple[Verdict, ...]) -> str:
    if course.began is None:
        return "nothing is injected yet"
    held = sum(v.passed is True for v in verdicts)
    return f"{held} of {len(verdicts)} criteria hold so far" if verdicts else "judged on steady state alone"


def _blast(course: Course) -> tuple[bool | None, str]:
    intended, deviated = blast(course)
    if not intended:
        return None, "nothing is injected yet"
    beside = [c for c in deviated if c not in intended]
    more = f"; beyond that {', '.join(beside)}" if beside else ""
    return True, f"meant {', '.join(intended)}; deviates {', '.join(deviated) or 'nothing yet'}{more}"
