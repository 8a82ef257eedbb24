"""Answers of one endpoint over time."""

from __future__ import annotations

from dataclasses import replace

from console.model.cluster import Probe
from console.model.observation import Answer, Reach

# What a silent or unreachable answer cost in waiting when the record does not say (flight-record: silence for 2 s).
SILENCE_S = 2.0
_WAITED = (Reach.SILENT, Reach.UNREACHABLE)


def began(t: float, answer: Answer) -> float:
    """When the request behind this answer was made: for a time-out that is when the silence had begun."""
    if answer.reach not in _WAITED:
        return t
    waited = SILENCE_S if answer.rtt_ms is None else answer.rtt_ms / 1000
    return t - waited


def advance(probe: Probe, t: float, answer: Answer) -> Probe:
    """The probe after one more answer."""
    if answer.reach is Reach.UNKNOWN:
        return replace(probe, at=t, detail=answer.detail)
    ok = answer.reach is Reach.OK
    start = began(t, answer)
    same = answer.reach is probe.reach
    usual, rtt = probe.rtt_usual_ms, answer.rtt_ms
    if ok and rtt is not None:
        usual = rtt if usual is None else usual + (rtt - usual) * 0.05
    return Probe(
        reach=answer.reach,
        since=probe.since if same else max(start, probe.since if probe.reach is not Reach.UNKNOWN else start),
        at=t,
        last_ok=t if ok else probe.last_ok,
        rtt_ms=rtt if ok else probe.rtt_ms,
        rtt_usual_ms=usual,
        detail="" if ok else answer.detail[:200],
        misses=0 if ok else probe.misses + 1,
        down_since=None if ok else (start if probe.down_since is None else probe.down_since),
    )
