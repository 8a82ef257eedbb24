"""What the diagnosticians say: ranked hypotheses with evidence for and against, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One explanation. `confidence` is a probability; the evidence lines are short sentences with their source."""

    fault: str
    component: str
    confidence: float
    supporting: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    test: str = ""  # the observation that would tell it from its rival


@dataclass(frozen=True, slots=True)
class Contest:
    """Two explanations that contradict each other, and what decides. `probe`: the read-only look by which the console
    can run the test itself (state, port, metrics, pd, log), empty where only a human can."""

    between: tuple[str, str]
    component: str
    test: str
    probe: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A finished answer; `hypotheses` ranked, best first."""

    fault: str
    component: str
    confidence: float
    narrative: str
    hypotheses: tuple[Hypothesis, ...]
    action: str
    commands: tuple[str, ...] = ()
    severity: str = "warning"  # critical, warning, info
    risks: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    onset: float | None = None
    contest: Contest | None = None


class DiagnosisStatus(StrEnum):
    """Where an answer stands."""

    STREAMING = "streaming"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DiagnosisRun:
    """One request to one diagnostician, as the pane shows it. Times are seconds on the session clock."""

    incident: str
    author: str  # "rules" or the model's name
    status: DiagnosisStatus
    started: float
    text: str = ""
    first_text: float | None = None
    finished: float | None = None
    diagnosis: Diagnosis | None = None
    error: str = ""  # one clear line, when FAILED
    note: str = ""  # e.g. why the rules answered
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    verdict: str = ""  # after the reveal: "kind ✓ component ✓ time 0.3 s off"
