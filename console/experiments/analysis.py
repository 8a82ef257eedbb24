"""What a run means: criteria, gates, who deviated, what to harden; the status and the one sentence that says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.model.experiment import Gate, Run, Status, Verdict
from console.model.fault import Outcome

from . import criteria
from .advice import advice
from .course import Course


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and when it ran. Wall times are Unix seconds."""

    id: str
    project: str
    mode: str
    began_wall: float
    ended_wall: float
    environments: Sequence[str]  # labels of every touched container
    again: str = ""  # the command that does the same on the same kind of cluster
    how: str = ""  # seed, speed and version, for whoever compares
    record: str = ""


def judge(course: Course, setting: Setting) -> Run:
    """The whole run from what happened."""
    experiment = course.experiment
    intended, deviated = blast(course)
    beside = tuple(c for c in deviated if c not in intended)
    detection, recovery, verdicts = measured(course)
    gates = _gates(course, setting, verdicts)
    status, why = _status(course, verdicts, gates)
    return Run(
        id=setting.id,
        experiment=experiment,
        status=status,
        rollback=course.rollback,
        why=why,
        project=setting.project,
        mode=setting.mode,
        began_wall=setting.began_wall,
        ended_wall=setting.ended_wall,
        samples=tuple(course.samples),
        verdicts=verdicts,
        gates=gates,
        marks=tuple(course.marks),
        loads=tuple(course.loads),
        intended=intended,
        deviated=deviated,
        detection_s=detection,
        seen=_seen(course),
        explained=_explained(course),
        recovery_s=recovery,
        unexpected=_unexpected(course, beside),
        advice=advice(course, verdicts, beside),
        reverts=tuple(f"{r.kind} on {r.component}: {r.outcome.value}, {r.detail}" for r in course.reverts),
        steady_before=course.steady_before,
        steady_after=course.steady_after,
        hypothesis=(course.hypothesis[0], course.hypothesis[1]),
        refused=_refused(course),
        record=setting.record,
        again=setting.again,
        how=setting.how,
    )


def blast(course: Course) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which components were meant, and which really deviated so far."""
    intended = tuple(sorted({i.component for i in course.injections}))
    return intended, tuple(sorted({c for i in course.incidents.values() for c in i.components}))


def measured(course: Course) -> tuple[float | None, float | None, tuple[Verdict, ...]]:
    """Seconds to detection and to recovery, and every criterion judged on what was seen so far."""
    incidents = list(course.incidents.values())
    seen = [at for i in incidents for at in i.detected().values()]
    detection = max(0.0, min(seen) - course.began) if seen and course.began is not None else None
    recovery = course.recovered - course.undone if course.recovered is not None and course.undone is not None else None
    if course.began is None:
        return detection, recovery, ()
    intended, deviated = blast(course)
    beside = [c for c in deviated if c not in intended]
    measures = criteria.Measures(course.samples, detection, recovery, len(incidents), len(beside), course.loads)
    return detection, recovery, tuple(criteria.parse(c).judge(measures) for c in course.experiment.criteria)


def _seen(course: Course) -> tuple[tuple[str, float], ...]:
    """When each vantage point first saw something, seconds after the first injection; the earliest first."""
    first: dict[str, float] = {}
    for incident in course.incidents.values():
        for vantage, at in incident.detected().items():
            first[vantage] = min(at, first.get(vantage, at))
    began = course.began or 0.0
    return tuple(sorted(((v, max(0.0, at - began)) for v, at in first.items()), key=lambda pair: pair[1]))


def _explained(course: Course) -> str:
    """The diagnoses beside what was done: the reveal."""
    if not course.explanations:
        return ""
    done = sorted({f"{i.kind} of {i.component}" for i in course.injections})
    said = [f"{fault} of {component} ({confidence:.2f})" for fault, component, confidence in course.explanations]
    return f"said {'; '.join(said)}; done was {', '.join(done)}"


def _refused(course: Course) -> str:
    if course.refusal is not None and course.refusal.code != "NOT_APPLIED":
        return course.refusal.code
    return "NOT_STEADY" if course.steady_before is False else ""


def _status(course: Course, verdicts: Sequence[Verdict], gates: Sequence[Gate]) -> tuple[Status, str]:
    stopped = _stopped(course)
    if stopped:
        return Status.FAILED, stopped
    failed = [v for v in verdicts if v.passed is False]
    unknown = [v for v in verdicts if v.passed is None]
    if failed:
        return Status.REJECTED, f"{failed[0].criterion} did not hold: {failed[0].actual}"
    if not course.steady_after:
        return Status.REJECTED, f"no steady state after the revert: {'; '.join(course.unsteady_after)}"
    if unknown:
        return Status.FAILED, f"{unknown[0].criterion} could not be measured"
    closed = [g for g in gates if g.mandatory and not g.passed]
    if closed:
        return Status.FAILED, f"gate {closed[0].name}: {closed[0].said}"
    return Status.CONFIRMED, "every criterion held, and the system came back to its steady state"


def _stopped(course: Course) -> str:
    """Why the method did not come to its end; empty where it did."""
    if course.steady_before is False:
        return "not steady before the injection: " + "; ".join(course.unsteady)
    if course.refusal is not None:
        return f"{course.refusal.code}: {course.refusal.sentence}"
    if course.aborted:
        return f"stopped by {course.aborted}"
    if course.broken:
        return f"an activity failed: {course.broken}"
    return ""


def _unexpected(course: Course, beside: Sequence[str]) -> tuple[str, ...]:
    found = []
    if beside:
        found.append(f"{', '.join(beside)} deviated, though nothing was done there")
    if course.began is not None and not course.incidents:
        found.append("nothing was detected: no vantage point saw the fault")
    for injection in course.injections:
        if not any(injection.component in i.components for i in course.incidents.values()) and course.incidents:
            found.append(f"{injection.kind} on {injection.component} was not told from what else happened")
    return tuple(dict.fromkeys(found))


# -- gates ----------------------------------------------------------------------------------------------------------


def _gates(course: Course, setting: Setting, verdicts: Sequence[Verdict]) -> tuple[Gate, ...]:
    experiment, ran = course.experiment, course.began is not None
    complete = course.rollback is Outcome.COMPLETE
    back = "; ".join(r.detail for r in course.reverts) or "nothing was injected"
    intact, canary = course.canary if experiment.canary else (True, "not asked for: the method moves no data")
    production = [e for e in setting.environments if e.lower() in ("production", "prod")]
    measured = any(s.phase == "fault" for s in course.samples)
    return (
        Gate("Rollback Complete", True, complete and (course.steady_after is not False), f"{course.rollback}: {back}"),
        Gate("No Data Corruption", True, intact if ran else True, canary if ran else "nothing was injected"),
        Gate("Hypothesis Tested", True, ran and not _stopped(course), _stopped(course) or _tested(verdicts)),
        Gate("Blast Radius Measured", True, measured, f"{len(course.samples)} samples of every component"),
        Gate("Safety Observed", True, not production, _labels(setting.environments)),
        Gate("Repeatability", False, bool(experiment.source), setting.again or experiment.source),
        Gate("Automation Ready", False, True, "headless, with an exit code"),
        Gate("Monitoring Captured", False, bool(setting.record), setting.record or "no flight record was kept"),
    )


def _labels(environments: Sequence[str]) -> str:
    named = sorted(e for e in environments if e != "none")
    return f"environment labels of the containers: {', '.join(named) or 'none says production'}"


def _tested(verdicts: Sequence[Verdict]) -> str:
    held = sum(v.passed is True for v in verdicts)
    return f"{held} of {len(verdicts)} criteria held" if verdicts else "judged on steady state alone"
