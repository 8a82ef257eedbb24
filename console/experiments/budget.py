"""What experiments cost: time, targets under a fault, and seconds outside a service level objective. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from console.model.campaign import Budget, Slo, Spent
from console.model.experiment import Experiment, Sample

from .course import Course
from .criteria import baseline

GAP_S = 5.0  # a longer silence between two samples says nothing of what was in it


def least_s(e: Experiment) -> float:
    """Seconds a run takes at least, if nothing ends it early: baseline and fault, without any recovery."""
    method = sum(s.before_s + s.after_s for s in e.method)
    return e.baseline_s + max(method, e.duration_s if any(s.injects for s in e.method) else 0.0)


def most_s(e: Experiment) -> float:
    """Seconds a run takes at most, putting back not counted."""
    return least_s(e) + e.recovery_s


def most_target_s(e: Experiment) -> float:
    """Target-seconds a run may cause: as many targets as it may take, as long as its fault may last."""
    return e.max_targets * e.duration_s


def exhausted(budget: Budget, spent: Spent, following: Experiment) -> str:
    """Why the next run may not begin, with the numbers; empty where it may."""
    name, least, targets = following.name, least_s(following), most_target_s(following)
    if budget.max_targets is not None and following.max_targets > budget.max_targets:
        return f"blast radius: {name} may take {following.max_targets} targets, {budget.max_targets} are allowed"
    if budget.time_s is not None and spent.time_s + least > budget.time_s:
        more = "" if spent.time_s >= budget.time_s else f", and {name} takes at least {least:.0f} s"
        return f"time budget: {spent.time_s:.0f} of {budget.time_s:g} s{more}"
    if budget.target_s is not None and spent.target_s + targets > budget.target_s:
        more = "" if spent.target_s >= budget.target_s else f", and {name} may take {targets:g}"
        return f"blast radius: {spent.target_s:.0f} of {budget.target_s:g} target-seconds{more}"
    if budget.slo is not None and budget.bad_s is not None and spent.bad_s >= budget.bad_s:
        return f"error budget: {spent.bad_s:.0f} of {budget.bad_s:g} s outside the SLO"
    return ""


def spent(course: Course, began: float, now: float, slo: Slo | None, speed: float = 1.0) -> Spent:
    """What a run has spent, begun at `began` and looked at `now` (session seconds), under way or over. `speed`: session
    seconds per real second; faults expire on real time."""
    bad, blind = outside(course.samples, slo) if slo is not None else (0.0, 0.0)
    return Spent(now - began, exposure(course, now, speed), bad, blind)


def exposure(course: Course, now: float, speed: float = 1.0) -> float:
    """Target-seconds under a fault: from the call that brought it until the revert began, or its own end."""
    end = course.undone if course.undone is not None else now
    total = 0.0
    for injection in course.injections:
        if injection.called is not None:
            longest = (injection.expires_wall - injection.began_wall) * speed or math.inf
            total += len(injection.targets) * max(0.0, min(end - injection.called, longest))
    return total


def outside(samples: Sequence[Sample], slo: Slo) -> tuple[float, float]:
    """Seconds outside the SLO, and seconds of which that could not be told. The time between two samples is what the
    later one says: it is of an interval that ended with it."""
    lowest = None if (before := baseline(samples)) is None else before * slo.throughput_percent / 100
    bad = blind = 0.0
    for one, following in itertools.pairwise(samples):
        seconds = max(0.0, following.t - one.t)
        known = min(seconds, GAP_S)
        blind += seconds - known
        verdict = _within(following, slo, lowest)
        bad += known if verdict is False else 0.0
        blind += known if verdict is None else 0.0
    return bad, blind


def _within(s: Sample, slo: Slo, lowest_ops: float | None) -> bool | None:
    """Whether a sample keeps to the SLO. One thing outside is enough; None where nothing could be measured."""
    found = [
        None if s.latency_ms is None else s.latency_ms <= slo.limits.latency_ms,
        None if s.errors_percent is None else s.errors_percent <= slo.limits.errors_percent,
        None if s.coverage_percent is None else s.coverage_percent >= slo.limits.coverage_percent,
        None if s.ops is None or lowest_ops is None else s.ops >= lowest_ops,
    ]
    known = [f for f in found if f is not None]
    return all(known) if known else None
