"""Explanations at odds: which pairs are, which are not, and that the look that decides is one the console can make."""

from __future__ import annotations

import pytest

from console.diagnose.contest import between, of_two
from console.diagnose.signatures import SIGNATURES
from console.model.diagnosis import Diagnosis, Hypothesis

PROBES = {"state", "port", "metrics", "pd", "log", ""}


def said(fault: str, component: str, p: float) -> Hypothesis:
    return Hypothesis(fault, component, p)


def test_two_that_exclude_each_other_carry_the_deciding_test() -> None:
    contest = between([said("pause", "tikv1", 0.6), said("partition", "tikv1", 0.35), said("unknown", "tikv1", 0.05)])
    assert contest is not None
    assert contest.between == ("pause of tikv1", "partition of tikv1")
    assert contest.probe == "port"
    assert "accepts a connection" in contest.test


@pytest.mark.parametrize(
    "ranked",
    [
        [],
        [said("kill", "tikv1", 0.97), said("stop", "tikv1", 0.02)],
        [said("unknown", "cluster", 0.5), said("cpu", "cluster", 0.3)],
        [said("quorum-loss", "pd", 0.9), said("kill", "pd0", 0.9)],
        [said("kill", "tikv0,tikv1", 0.9), said("pause", "tikv1", 0.9)],
        [said("cpu", "tikv1", 0.6), said("unknown", "tikv1", 0.4)],
    ],
    ids=["nothing", "no rival", "unknown leads", "majority", "parts of a whole", "only doubt"],
)
def test_no_contest(ranked: list[Hypothesis]) -> None:
    assert between(ranked) is None


def diagnosis(fault: str, component: str) -> Diagnosis:
    return Diagnosis(fault, component, 0.8, "", (), "")


def test_rules_against_model() -> None:
    contest = of_two(diagnosis("pause", "tikv1"), diagnosis("disk-slow", "tikv1"))
    assert contest is not None
    assert contest.between == ("rules: pause of tikv1", "model: disk-slow of tikv1")
    assert of_two(diagnosis("pause", "tikv1"), diagnosis("pause", "tikv1")) is None
    assert of_two(diagnosis("pause", "tikv1"), diagnosis("unknown", "tikv1")) is None


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda s: s.fault)
def test_every_signature_names_a_test_and_a_known_probe(signature: object) -> None:
    assert signature.test  # type: ignore[attr-defined]
    assert signature.probe in PROBES  # type: ignore[attr-defined]
