"""The model's finished answer: validated, measured against the evidence it was given, cleaned."""

from __future__ import annotations

from typing import Any

import msgspec

from console.model.diagnosis import Diagnosis, Hypothesis
from console.model.fault import WORDS
from console.model.text import clean, clean_block, redact

from .bundle import Bundle
from .stream import Answer, DiagnosisFailed

MAX_TOKENS = 4000


class _RawHypothesis(msgspec.Struct):
    fault: str
    component: str
    probability: float
    supporting: list[str]
    contradicting: list[str]
    test: str


class _Raw(msgspec.Struct):
    narrative: str
    fault: str
    component: str
    confidence: float
    hypotheses: list[_RawHypothesis]
    severity: str
    affected_components: list[str]
    recommended_action: str
    action_commands: list[str]
    risks: list[str]


def one_line(error: BaseException) -> str:
    """What an exception says, without secrets."""
    return clean(redact(str(error)), 160)


def finished(message: Any, bundle: Bundle) -> Answer:
    """The answer of a whole message. Raises DiagnosisFailed with one clear line."""
    if message.stop_reason == "refusal":
        raise DiagnosisFailed("the model declined to answer")
    if message.stop_reason == "max_tokens":
        raise DiagnosisFailed(f"the answer hit the limit of {MAX_TOKENS} tokens and is not complete")
    if message.stop_reason is None:
        raise DiagnosisFailed("the answer was cut in the middle; what had come is kept")
    text = "".join(b.text for b in message.content if b.type == "text")
    return _parse(text, bundle)


def _parse(text: str, bundle: Bundle) -> Answer:
    try:
        raw = msgspec.json.decode(text, type=_Raw)
    except msgspec.DecodeError as error:
        raise DiagnosisFailed(f"the answer is not in the agreed form: {one_line(error)}") from error
    known = set(bundle.ids)
    cited = {i for h in raw.hypotheses for i in (*h.supporting, *h.contradicting)}
    allowed = {*bundle.components, "cluster", "pd", "tikv"}
    doubts = []
    if cited - known:
        doubts.append("cites evidence that does not exist")
    if any(part.strip() not in allowed for part in raw.component.split(",")):
        doubts.append("names a component that does not exist")
    if not cited & known:
        doubts.append("cites no evidence")
    if raw.fault not in WORDS:
        doubts.append("names a fault outside the catalogue")
    return Answer(_diagnosis(raw, bundle), f"ungrounded: {'; '.join(doubts)}" if doubts else "")


def _diagnosis(raw: _Raw, bundle: Bundle) -> Diagnosis:
    lines = dict(_cited(bundle))
    hypotheses = tuple(
        Hypothesis(
            fault=clean(h.fault, 40),
            component=clean(h.component, 80),
            confidence=_share(h.probability),
            supporting=tuple(lines.get(i, clean(i, 80)) for i in h.supporting[:6]),
            against=tuple(lines.get(i, clean(i, 80)) for i in h.contradicting[:6]),
            test=clean(h.test, 300),
        )
        for h in sorted(raw.hypotheses, key=lambda h: -h.probability)[:4]
    )
    return Diagnosis(
        fault=clean(raw.fault, 40),
        component=clean(raw.component, 80),
        confidence=_share(raw.confidence),
        narrative=clean_block(raw.narrative, 4000),
        hypotheses=hypotheses,
        action=clean(raw.recommended_action, 600),
        commands=tuple(clean(c, 200) for c in raw.action_commands[:6]),
        severity=raw.severity if raw.severity in ("critical", "warning", "info") else "warning",
        risks=tuple(clean(r, 300) for r in raw.risks[:4]),
        affected=tuple(clean(c, 60) for c in raw.affected_components[:10]),
    )


def _share(value: float) -> float:
    return max(0.0, min(1.0, value)) if value == value else 0.0


def _cited(bundle: Bundle) -> list[tuple[str, str]]:
    return [
        (line[1 : line.index("]")], line[line.index("]") + 2 :])
        for line in bundle.text.splitlines()
        if line.startswith("[E") and "]" in line
    ]
