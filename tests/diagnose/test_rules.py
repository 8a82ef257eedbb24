"""The rules: monotone in their evidence, symmetric in names, silent about vantage points that are not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.diagnose.evidence import Evidence
from console.diagnose.rules import _score
from console.diagnose.signatures import ADVICE, SIGNATURES, Signature
from console.diagnose.watch import Watch
from console.model.fault import WORDS
from console.model.names import Role
from tests.detect.builders import REFUSED, SILENT, Stream, event

CLUES = sorted({c.name for s in SIGNATURES for c in s.clues})


def evidence(present: set[str], elapsed: float = 60.0, sees: set[str] | None = None) -> Evidence:
    ev = Evidence("tikv1", Role.STORE, elapsed)
    ev.sees = sees if sees is not None else {c.split(".")[0] for c in CLUES}
    for name in present:
        ev.add(name, name)
    return ev


@given(st.sampled_from(SIGNATURES), st.sets(st.sampled_from(CLUES)))
def test_supporting_evidence_never_lowers_a_score(signature: Signature, present: set[str]) -> None:
    base = _score(signature, evidence(present)).score
    for clue in signature.clues:
        if clue.weight > 0 and clue.name not in present:
            assert _score(signature, evidence(present | {clue.name})).score >= base


@given(st.sampled_from(SIGNATURES), st.sets(st.sampled_from(CLUES)))
def test_a_vantage_point_that_is_not_there_counts_for_nothing(signature: Signature, present: set[str]) -> None:
    nobody = _score(signature, evidence(present, sees=set()))
    assert nobody.score == pytest.approx(signature.prior + sum(c.weight for c in signature.clues if c.name in present))


@given(st.sampled_from(SIGNATURES))
def test_what_has_not_had_time_to_appear_is_not_missing(signature: Signature) -> None:
    late = [c for c in signature.clues if c.missing and c.by > 0]
    early = _score(signature, evidence(set(), elapsed=0.0)).score
    assert early >= _score(signature, evidence(set(), elapsed=120.0)).score
    if late:
        assert early > _score(signature, evidence(set(), elapsed=120.0)).score


def test_every_fault_has_its_word_and_its_advice() -> None:
    for signature in SIGNATURES:
        assert signature.fault in WORDS
        assert signature.fault in ADVICE
        assert signature.test, "every explanation names the test that would tell it from its rival"


def scene(name: str, other: str) -> Watch:
    """The same story told of another store."""
    watch, stream = Watch(blind=True), Stream()
    for obs in stream.run(0, 30):
        watch.feed(obs)
    stream.broken[name, "status"] = SILENT
    stream.stopped_beats[name] = 30.0
    stream.ops = 0
    for obs in stream.run(30, 50):
        watch.feed(obs)
    assert not [j for j in watch.judged if j.incident.component == other]
    return watch


def test_names_do_not_matter() -> None:
    (a,), (b,) = scene("tikv0", "tikv1").judged, scene("tikv1", "tikv0").judged
    assert (a.diagnosis.fault, b.diagnosis.fault) == ("pause", "pause")
    assert a.diagnosis.confidence == pytest.approx(b.diagnosis.confidence, abs=0.01)


def watched(blind: bool = False) -> Watch:
    watch, stream = Watch(blind=blind), Stream()
    for obs in stream.run(0, 30):
        watch.feed(obs)
    return watch


@pytest.mark.parametrize(("code", "fault"), [("137", "kill"), ("0", "stop"), ("143", "stop")])
def test_the_exit_code_tells_a_kill_from_a_stop(code: str, fault: str) -> None:
    watch, stream = watched(), Stream()
    stream.states["tikv1"] = "exited"
    stream.broken["tikv1", "status"] = REFUSED
    watch.feed(event(30.0, "die", "tikv1", exitCode=code))
    for obs in stream.run(30.25, 40):
        watch.feed(obs)
    (judged,) = watch.judged
    assert judged.diagnosis.fault == fault


def test_gone_and_back_is_a_restart() -> None:
    watch, stream = watched(), Stream()
    stream.broken["tikv1", "status"] = REFUSED
    watch.feed(event(30.0, "die", "tikv1", exitCode="0"))
    stream.states["tikv1"] = "exited"
    for obs in stream.run(30.25, 31):
        watch.feed(obs)
    watch.feed(event(31.0, "start", "tikv1"))
    stream.states["tikv1"] = "running"
    stream.broken.clear()
    for obs in stream.run(31.25, 45):
        watch.feed(obs)
    (judged,) = watch.judged
    assert judged.diagnosis.fault == "restart"
    assert judged.incident.over is not None


def test_alive_and_refused_is_a_cut_cable_even_without_the_flag() -> None:
    watch, stream = watched(blind=True), Stream()
    stream.broken["tikv1", "status"] = REFUSED
    stream.stopped_beats["tikv1"] = 30.0
    for obs in stream.run(30, 50):
        watch.feed(obs)
    (judged,) = watch.judged
    assert (judged.diagnosis.fault, judged.diagnosis.component) == ("partition", "tikv1")


def test_two_of_three_is_a_lost_quorum() -> None:
    watch, stream = watched(), Stream()
    for name in ("tikv0", "tikv2"):
        stream.states[name] = "exited"
        stream.broken[name, "status"] = REFUSED
        watch.feed(event(30.0, "die", name, exitCode="137"))
    for obs in stream.run(30.25, 36):
        watch.feed(obs)
    (judged,) = watch.judged
    assert (judged.diagnosis.fault, judged.diagnosis.component) == ("quorum-loss", "tikv")


def test_a_narrative_is_short_and_says_what_to_do() -> None:
    watch, stream = watched(), Stream()
    stream.states["tikv1"] = "exited"
    stream.broken["tikv1", "status"] = REFUSED
    watch.feed(event(30.0, "die", "tikv1", exitCode="137"))
    for obs in stream.run(30.25, 36):
        watch.feed(obs)
    (judged,) = watch.judged
    assert len(judged.diagnosis.narrative.split()) <= 90
    assert judged.diagnosis.narrative.startswith("tikv1 was killed")
    assert judged.diagnosis.commands == ("docker start lab-tikv1-1",)
