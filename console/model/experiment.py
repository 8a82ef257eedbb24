"""Experiments as data: what is asked, what was measured, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .cluster import EMPTY
from .fault import Outcome

TYPES = ("Infrastructure", "Schedule", "Data")
ENVIRONMENTS = ("test", "staging", "production")
SCOPES = ("db-failure", "service-degradation", "load", "dependency", "recovery-time", "blast-radius")
MAX_DURATION_S = 600.0


class Status(StrEnum):
    """What the experiment said of its hypothesis."""

    CONFIRMED = "HYPOTHESIS_CONFIRMED"
    REJECTED = "HYPOTHESIS_REJECTED"
    FAILED = "EXPERIMENT_FAILED"


@dataclass(frozen=True, slots=True)
class Limits:
    """Steady state: what the baseline and the recovered system must keep to."""

    latency_ms: float = 200.0
    errors_percent: float = 0.1
    coverage_percent: float = 100.0


@dataclass(frozen=True, slots=True)
class Step:
    """One activity of the method or the rollbacks. `injects` None: somebody else's provider, run as it says."""

    name: str
    raw: Mapping[str, Any]
    kind: str = ""
    target: str = ""
    params: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    duration_s: float | None = None
    before_s: float = 0.0
    after_s: float = 0.0
    percent: float | None = None  # of the peak: what all clients together are to offer
    peak: bool = False  # an unthrottled load whose throughput later steps take their share of
    reverts: bool = False  # our own: puts back what this run has injected so far

    @property
    def injects(self) -> bool:
        """True where it is an injection of ours."""
        return bool(self.kind)

    @property
    def acts(self) -> bool:
        """True where it may change something: an injection, or somebody else's action."""
        return self.injects or self.raw.get("type") == "action"

    @property
    def measured(self) -> bool:
        """True for a load step: what it reached is measured before the method goes on."""
        return self.peak or self.percent is not None

    @property
    def what(self) -> str:
        """What it does, in a few words."""
        if self.injects:
            share = "" if self.percent is None else f", all clients together at {self.percent:g} % of the peak"
            return f"{self.kind} on {self.target}{share}"
        return "put back what is in" if self.reverts else self.name


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One probe of a file's own hypothesis. `met` None: it was not asked."""

    name: str
    met: bool | None
    said: str


@dataclass(frozen=True, slots=True)
class HypothesisState:
    """A file's own steady-state hypothesis at one moment, every probe held against its own tolerance."""

    met: bool
    probes: tuple[ProbeResult, ...]

    @property
    def why(self) -> str:
        """The first probe that is out of tolerance; empty where none is."""
        return next((f"probe {p.name}: {p.said or 'out of tolerance'}" for p in self.probes if p.met is False), "")


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment file that can be run. `raw` is the whole file, Chaos Toolkit's format."""

    title: str
    description: str
    type: str
    target: str
    hypothesis: str
    environment: str
    max_targets: int
    duration_s: float
    rollback_plan: tuple[str, ...]
    method: tuple[Step, ...]
    raw: Mapping[str, Any]
    rollbacks: tuple[Step, ...] = ()  # somebody else's; what we injected we put back ourselves
    source: str = ""
    scope: str = ""
    failure_type: str = ""
    criteria: tuple[str, ...] = ()
    abort_if: tuple[str, ...] = ()  # while the fault lasts
    abort_after: tuple[str, ...] = ()  # while recovery is waited for
    limits: Limits = Limits()
    baseline_s: float = 12.0
    recovery_s: float = 120.0
    allow_quorum_loss: bool = False
    tags: tuple[str, ...] = ()
    on_call: str = ""
    approved_by: str = ""
    files: tuple[str, ...] = ()
    canary: bool = True
    widens: str = ""  # title of the smaller experiment that must have been confirmed

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.source.rsplit("/", 1)[-1].rsplit(".", 1)[0] or self.title


@dataclass(frozen=True, slots=True)
class Sample:
    """The system at one poll. `t`: session seconds. What could not be measured is None."""

    t: float
    phase: str  # baseline, fault, recovery
    ops: float | None = None
    latency_ms: float | None = None
    errors_percent: float | None = None
    coverage_percent: float | None = None
    stores: int | None = None
    members: int | None = None
    level: str = ""
    deviating: tuple[str, ...] = ()  # components of open incidents


@dataclass(frozen=True, slots=True)
class Load:
    """One load step as measured. Rates are operations/s of all clients together; `percent` of the peak and `offered`
    are None for the peak itself, which is unthrottled. Latency and errors are the watched client's."""

    step: str
    percent: float | None
    offered: float | None
    reached: float
    latency_ms: float | None
    errors_percent: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One criterion: what was expected, what was measured. `passed` None: it could not be measured."""

    criterion: str
    actual: str
    passed: bool | None
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate of the protocol. `passed` None: not checkable here, which for a mandatory gate is not passed."""

    name: str
    mandatory: bool
    passed: bool | None
    said: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a time, for timeline and plot."""

    t: float
    what: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution, whole. Times are session seconds, but for the two wall times."""

    id: str
    experiment: Experiment
    status: Status
    rollback: Outcome
    why: str  # one sentence
    project: str
    mode: str
    began_wall: float
    ended_wall: float
    samples: tuple[Sample, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    gates: tuple[Gate, ...] = ()
    marks: tuple[Mark, ...] = ()
    loads: tuple[Load, ...] = ()
    intended: tuple[str, ...] = ()
    deviated: tuple[str, ...] = ()
    detection_s: float | None = None
    seen: tuple[tuple[str, float], ...] = ()  # vantage point, seconds after the first injection
    explained: str = ""  # what the console's own diagnosis said, and whether that was right
    recovery_s: float | None = None
    unexpected: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    reverts: tuple[str, ...] = ()
    steady_before: bool | None = None
    steady_after: bool | None = None
    hypothesis: tuple[HypothesisState | None, HypothesisState | None] = (None, None)  # before and after
    refused: str = ""  # the guard's code, where it refused
    record: str = ""
    again: str = ""  # the command that does the same
    how: str = ""  # seed, speed, version

    @property
    def exit_code(self) -> int:
        """What the command ends with."""
        if self.rollback is not Outcome.COMPLETE:
            return 4
        if self.refused:
            return 3
        return {Status.CONFIRMED: 0, Status.REJECTED: 1, Status.FAILED: 6}[self.status]
