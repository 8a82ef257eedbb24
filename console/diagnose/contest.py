"""Contradictions: two explanations of one incident that cannot both be true, and the look that decides between them."""

from __future__ import annotations

from collections.abc import Sequence

from console.model.diagnosis import Contest, Diagnosis, Hypothesis

from .signatures import SIGNATURES

CONTESTED_FROM = 0.1  # a rival less likely than this contests nothing
_PROBES = {s.fault: s.probe for s in SIGNATURES}
_TESTS = {s.fault: s.test for s in SIGNATURES}


def between(ranked: Sequence[Hypothesis]) -> Contest | None:
    """The best explanation against the next that has a name; None where nothing serious stands against it."""
    if not ranked or ranked[0].fault == "unknown":
        return None
    best = ranked[0]
    parts = set(best.component.split(","))
    rival = next(
        (h for h in ranked[1:] if h.fault != "unknown" and h.fault != best.fault and h.confidence >= CONTESTED_FROM),
        None,
    )
    if rival is None or (len(parts) > 1 and rival.component in parts) or best.fault == "quorum-loss":
        return None  # what several components have in common is made of them, not contested by them
    return _contest(best, rival, ("", ""))


def of_two(rules: Diagnosis, model: Diagnosis) -> Contest | None:
    """The two diagnosticians against each other; None where they agree, or where one does not know."""
    if (rules.fault, rules.component) == (model.fault, model.component) or "unknown" in (rules.fault, model.fault):
        return None
    a = Hypothesis(rules.fault, rules.component, rules.confidence)
    b = Hypothesis(model.fault, model.component, model.confidence)
    return _contest(a, b, ("rules: ", "model: "))


def _contest(a: Hypothesis, b: Hypothesis, who: tuple[str, str]) -> Contest:
    # The look that can be had by the console itself is worth more than one that cannot.
    decider = next((h for h in (a, b) if _PROBES.get(h.fault)), a)
    test = decider.test or _TESTS.get(decider.fault, "") or "compare what each predicts and the other does not"
    return Contest(
        between=(f"{who[0]}{a.fault} of {a.component}", f"{who[1]}{b.fault} of {b.component}"),
        component=decider.component,
        test=test,
        probe=_PROBES.get(decider.fault, ""),
    )
