"""The rule-based diagnostician: scores every signature against the evidence and says which fits, and how well."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise

from console.model.cluster import Cluster
from console.model.diagnosis import Diagnosis, Hypothesis
from console.model.incident import Incident
from console.model.names import Role, natural, role_of

from .contest import between
from .evidence import ANYWHERE, Evidence, candidates, gather, told
from .signatures import ADVICE, PLACELESS, SIGNATURES, Signature

UNKNOWN_SCORE = 1.0  # what an explanation must beat to be named
TEMPERATURE = 1.0
MAX_HYPOTHESES = 4
SHOWN_FROM = 0.005
DOUBT = 0.6  # below this the first sentence says that it is a guess
_WITNESS = re.compile(r"^(\w+) [+-][\d.]+ s: (.*)$", re.S)
_TAKES_AWAY = ("kill", "stop", "pause", "partition", "memory", "crash-loop")
_FELL = (*_TAKES_AWAY, "restart")
ORDERLY = ("0", "143")


@dataclass(frozen=True, slots=True)
class _Scored:
    signature: Signature | None
    component: str
    score: float
    supporting: tuple[str, ...]
    against: tuple[str, ...]

    @property
    def fault(self) -> str:
        return self.signature.fault if self.signature else "unknown"


def diagnose(incident: Incident, cluster: Cluster, *, blind: bool = False) -> Diagnosis:
    """The best explanation of an incident by what is known at `cluster.t`."""
    named = candidates(incident, cluster)
    ranked = {c: _rank(gather(incident, cluster, c, blind=blind)) for c in named}
    hypotheses = _rolled(incident) or _together(ranked, cluster) or _hypotheses(ranked) or (_unknown(incident),)
    return _answer(hypotheses, incident, cluster)


def _rank(evidence: Evidence) -> list[_Scored]:
    scored = [_score(s, evidence) for s in SIGNATURES if evidence.role in s.roles]
    unknown = _Scored(None, evidence.component, UNKNOWN_SCORE, (), ())
    return sorted([*scored, unknown], key=lambda s: -s.score)


def _score(signature: Signature, evidence: Evidence) -> _Scored:
    total = signature.prior
    supporting: list[tuple[float, str]] = []
    against: list[tuple[float, str]] = []
    for clue in signature.clues:
        if clue.name in evidence.clues:
            total += clue.weight
            (supporting if clue.weight > 0 else against).append((abs(clue.weight), evidence.clues[clue.name]))
        elif clue.missing and evidence.elapsed >= clue.by and evidence.missing(clue.name):
            total += clue.missing
            against.append((abs(clue.missing), f"expected and not seen: {_plain(clue.name)}"))
    return _Scored(
        signature,
        evidence.component,
        total,
        tuple(t for _, t in _strongest(supporting)),
        tuple(t for _, t in _strongest(against)),
    )


def _strongest(items: list[tuple[float, str]]) -> list[tuple[float, str]]:
    unique = {text: weight for weight, text in items}
    return sorted(((w, t) for t, w in unique.items()), key=lambda x: -x[0])[:6]


_PLAIN = {
    "docker.exited": "its container exiting",
    "docker.came-back": "the container running again within seconds",
    "docker.died-often": "several deaths in a row",
    "reach.refused": "connections to it refused",
    "reach.silent": "its port accepting and not answering",
    "reach.fine": "its status port answering",
    "engine.paused": "the engine's paused flag",
    "engine.no-network": "the container without a network",
    "engine.throttled": "CPU throttling",
    "engine.oom": "an out-of-memory kill",
    "pd.heartbeat-late": "late heartbeats at PD",
    "pd.evicting": "an evict-leader scheduler",
    "pd.leaders-left": "its region leaders leaving",
    "pd.leader-moved-quietly": "the old leader staying well",
    "workload.no-lines": "the client's output stopping",
    "metrics.disk-waits": "slow appends to its log",
    "metrics.cpu-waits": "requests waiting for a thread",
    "metrics.peers-lost": "its links to the other stores going quiet",
    "metrics.pd-lost": "its own requests to PD failing",
    "metrics.disk-full": "writes refused for a full disk",
    "rtt.lossy": "round trips with a long tail",
    "rtt.shifted": "round trips longer by the same",
    "shape.plateau": "a flat plateau of throughput",
    "busy.all-busy": "all stores working harder",
    "busy.one-busy": "one store working harder than the rest",
    "reach.flaps": "repeated silence and return",
}


def _plain(clue: str) -> str:
    return _PLAIN.get(clue, clue.split(".", 1)[1].replace("-", " "))


def _hypotheses(ranked: dict[str, list[_Scored]]) -> tuple[Hypothesis, ...]:
    """Probabilities over all (fault, component) pairs together."""
    pool = sorted((s for scores in ranked.values() for s in scores), key=lambda s: -s.score)
    if not pool:
        return ()
    doubts = [s for s in pool if s.signature is None]
    pool = [s for s in pool if s.signature is not None or s is doubts[0]]  # not knowing is one explanation, not many
    top = pool[0].score
    weights = [math.exp((s.score - top) / TEMPERATURE) for s in pool]
    whole = sum(weights)
    kept = [(s, w / whole) for s, w in zip(pool, weights, strict=True)][:MAX_HYPOTHESES]
    kept = [(s, p) for i, (s, p) in enumerate(kept) if i == 0 or p >= SHOWN_FROM]
    return tuple(_hypothesis(s, p, kept) for s, p in kept)


def _hypothesis(s: _Scored, p: float, kept: list[tuple[_Scored, float]]) -> Hypothesis:
    rival = next((r for r, _ in kept if r is not s and r.signature is not None), None)
    test = s.signature.test if s.signature else (rival.signature.test if rival and rival.signature else "")
    return Hypothesis(s.fault, s.component, round(min(p, 0.99), 3), s.supporting, s.against, test)


def _rolled(incident: Incident) -> tuple[Hypothesis, ...]:
    """One after the other stopped in order and came back, never two at once: somebody goes over them."""
    exits = sorted((f for f in incident.findings if f.symptom == "exited" and f.component), key=lambda f: f.onset)
    if len(exits) < 2 or any(f.attrs.get("exit_code") not in ORDERLY or f.times > 1 for f in exits):
        return ()
    for before, after in pairwise(exits):
        if before.cleared is None or before.cleared > after.onset:
            return ()
    names = ",".join(sorted((f.component or "" for f in exits), key=natural))
    seen = tuple(told(f.seen, incident.began, f.vantage.value, f.text) for f in exits)
    test = "ask who is at work; the next one goes only when the one before is back"
    return (Hypothesis("planned", names, 0.95, seen, (), test),)


def _together(ranked: dict[str, list[_Scored]], cluster: Cluster) -> tuple[Hypothesis, ...]:
    """Several components that fell together: one cause, and a lost majority where it is one."""
    if len(ranked) < 2:
        return ()
    tops = {c: scores[0] for c, scores in ranked.items() if scores[0].fault in _FELL}
    if len(tops) < 2:
        return ()
    names = sorted(tops, key=natural)
    each = [_hypotheses({c: ranked[c]})[0] for c in names]
    confidence = min(h.confidence for h in each)
    supporting = tuple(f"{h.component}: {h.supporting[0]}" for h in each if h.supporting)
    faults = {t.fault for t in tops.values()}
    for role, group in ((Role.PD, "pd"), (Role.STORE, "tikv")):
        lost = [c for c in names if role_of(c) is role and tops[c].fault in _TAKES_AWAY]
        if len(lost) * 2 > _size(role, cluster) > 0:
            said = f"{len(lost)} of {_size(role, cluster)} are gone: {', '.join(lost)}"
            return (
                Hypothesis("quorum-loss", group, confidence, (said, *supporting), (), "count the live voters"),
                *each,
            )
    fault = faults.pop() if len(faults) == 1 else each[0].fault
    return (Hypothesis(fault, ",".join(names), confidence, supporting, (), each[0].test), *each)[:MAX_HYPOTHESES]


def _size(role: Role, cluster: Cluster) -> int:
    known = set(cluster.members) if role is Role.PD else set(cluster.stores)
    return len(known | {s for s, c in cluster.containers.items() if c.role is role})


def _unknown(incident: Incident) -> Hypothesis:
    seen = tuple(told(f.seen, incident.began, f.vantage.value, f.text) for f in incident.findings[:6])
    return Hypothesis(
        "unknown", incident.component, 0.5, seen, (), "find the node whose own probe, log or limits changed first"
    )


def _answer(hypotheses: tuple[Hypothesis, ...], incident: Incident, cluster: Cluster) -> Diagnosis:
    best = hypotheses[0]
    placeless = best.component == ANYWHERE and best.fault != "unknown"
    advice = ADVICE[PLACELESS] if placeless else ADVICE.get(best.fault, ADVICE["unknown"])
    known = cluster.containers.get(best.component)
    words = {"c": best.component, "container": known.name if known else best.component}
    return Diagnosis(
        fault=best.fault,
        component=best.component,
        confidence=best.confidence,
        narrative=_narrative(best, hypotheses[1:], advice.said.format(**words), incident, cluster),
        hypotheses=hypotheses,
        action=advice.action.format(**words),
        commands=tuple(c.format(**words) for c in advice.commands),
        severity=advice.severity,
        risks=advice.risks,
        affected=incident.components,
        onset=incident.began,
        contest=between(hypotheses),
    )


def _narrative(
    best: Hypothesis, rivals: tuple[Hypothesis, ...], said: str, incident: Incident, cluster: Cluster
) -> str:
    """Who, what and when first; then the two best reasons, the effect, and what is not certain."""
    when = f", about {_ago(cluster.t - incident.began)} ago" if incident.over is None else ""
    reasons = _reasons(best.supporting) or _seen(incident)
    doubt = f"Most likely, not certain ({best.confidence:.0%}): " if best.confidence < DOUBT and _placed(best) else ""
    parts = [doubt + (f"{said}{when}: {'; '.join(reasons)}." if reasons else f"{said}{when}.")]
    if best.component == ANYWHERE and _named(best):
        parts.append(f"Best guess: {best.fault}, {best.confidence:.0%}.")
    parts.append(_effect(incident, cluster))
    rival = next((h for h in rivals if h.confidence >= 0.05 and h.fault != "unknown"), None)
    if rival is not None and not _part(rival, best):
        place = "" if rival.component == best.component else f" of {rival.component}"
        parts.append(f"Not excluded: {rival.fault}{place} ({rival.confidence:.0%}).")
    if incident.over is not None:
        parts.append(f"It was over after {incident.over - incident.began:.1f} s.")
    return " ".join(p for p in parts if p)


def _seen(incident: Incident) -> list[str]:
    """Where nothing fits: what was seen, the firmest first."""
    return [f.text for f in sorted(incident.findings, key=lambda f: (not f.alone, f.seen))][:2]


def _part(rival: Hypothesis, best: Hypothesis) -> bool:
    """What several components have in common is made of what each of them has."""
    return best.fault == "quorum-loss" or ("," in best.component and rival.component in best.component.split(","))


def _placed(hypothesis: Hypothesis) -> bool:
    return _named(hypothesis) and hypothesis.component != ANYWHERE


def _named(hypothesis: Hypothesis) -> bool:
    return hypothesis.fault != "unknown"


def _reasons(supporting: tuple[str, ...]) -> list[str]:
    """The two best reasons of different witnesses, without their times: those stand beside the hypotheses."""
    found: dict[str, str] = {}
    for sentence in supporting:
        match = _WITNESS.match(sentence)
        witness, text = (match[1], match[2]) if match else (sentence, sentence)
        found.setdefault(witness, text)
    return list(found.values())[:2]


def _ago(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _effect(incident: Incident, cluster: Cluster) -> str:
    symptoms = {f.symptom: f for f in incident.findings}
    if "stalled" in symptoms:
        return "Clients: throughput went to zero." if symptoms["stalled"].active else "Clients: throughput was at zero."
    if "fallen" in symptoms and symptoms["fallen"].value is not None:
        return f"Clients: throughput fell to {symptoms['fallen'].value:.0%} of what is usual."
    if "no-lines" in symptoms:
        return "Clients: no data, which is not zero."
    if len(cluster.workload.intervals) >= 8:
        return "Clients: throughput holds."
    return ""
