"""Hardening advice: what to change so that the same fault hurts less. A rule a line, the most pressing first."""

from __future__ import annotations

from collections.abc import Sequence

from console.model.experiment import Verdict

from .course import Course

_BY_METRIC = {
    "throughput": "spread leaders before the fault: fewer regions led by one store shorten the gap",
    "throughput_min": "a total gap is the length of an election: lower raftstore.raft-base-tick-interval with care",
    "throughput_after": "look for leaders that did not move back: `pd-ctl scheduler show`, balance-leader-scheduler",
    "errors": "let the client retry: raise its backoff above the election time (10 s by default)",
    "latency": "set deadlines at the client: a silent peer costs a full timeout, a dead one only a refusal",
    "latency_late": "evict leaders from a slow store: evict-slow-store-scheduler does it by itself",
    "steps_latency": "keep the load below the step where latency rose, or add a store before it is reached",
    "steps_errors": "a client that fails under load needs a limit of its own: fewer threads, or a target",
    "steps_reached": "the peak does not last: plan with what the steps reached, not with what a burst did",
    "coverage": "regions without a leader cannot serve: more replicas, or stores in more failure domains",
    "coverage_late": "an election that takes so long lacks a majority: check that replicas are on distinct stores",
    "recovery": "measure what the revert waits for: a store's first heartbeat comes every 10 s",
    "detection": "probe closer: PD alone sees a dead store after 20 s",
    "stores": "one more store than replicas leaves room for a repair",
    "members": "five PD members survive two losses, three survive one",
    "affected": "separate the failure domains: what was not touched went with what was",
    "level": "an alert at the right level needs a rule of its own",
}


def advice(course: Course, verdicts: Sequence[Verdict], beside: Sequence[str]) -> tuple[str, ...]:
    """Recommendations; empty where everything held."""
    found = _stopped(course)
    found += [_BY_METRIC[m] for v in verdicts if v.passed is False and (m := v.criterion.split()[0]) in _BY_METRIC]
    if beside and _BY_METRIC["affected"] not in found:
        found.append(_BY_METRIC["affected"])
    if course.began is not None and not course.incidents:
        found.append("a fault nobody sees cannot be handled: add a signal for it before the next run")
    if course.began is not None and course.steady_after is False:
        found.append(f"find out what is still missing: {'; '.join(course.unsteady_after)}")
    return tuple(dict.fromkeys(found))


def _stopped(course: Course) -> list[str]:
    """What to do about a run that did not come to its end."""
    if course.steady_before is False:
        return [f"bring the cluster to its steady state, then run it again: {'; '.join(course.unsteady)}"]
    if course.refusal is not None:
        return [f"nothing was tested: remove the cause of the refusal ({course.refusal.code}) and run it again"]
    if course.aborted:
        return [f"it was stopped before its end ({course.aborted}): find out why, and run it again for less long"]
    if course.broken:
        return [f"mend the activity that failed, and run it again: {course.broken}"]
    return []
