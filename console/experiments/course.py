"""The course of a run: what happened, as it happens."""

from __future__ import annotations

from dataclasses import dataclass, field

from console.model.experiment import Experiment, HypothesisState, Load, Mark, Sample
from console.model.fault import Injection, Outcome, Refusal, Revert
from console.model.incident import Incident


@dataclass
class Course:
    """What happened, as it happens."""

    experiment: Experiment
    samples: list[Sample] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    injections: list[Injection] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    explanations: list[tuple[str, str, float]] = field(default_factory=list)  # as they stood before the revert
    hypothesis: list[HypothesisState | None] = field(default_factory=lambda: [None, None])  # before, after
    reverts: tuple[Revert, ...] = ()
    phase: str = "baseline"
    refusal: Refusal | None = None
    unsteady: list[str] = field(default_factory=list)
    unsteady_after: list[str] = field(default_factory=list)
    aborted: str = ""
    broken: str = ""  # an activity that could not be performed
    steady_before: bool | None = None
    steady_after: bool | None = None
    began: float | None = None  # of the first injection
    undone: float | None = None
    recovered: float | None = None
    canary_missing: str = ""
    canary: tuple[bool | None, str] = (None, "no canary was written")

    @property
    def rollback(self) -> Outcome:
        """The worst of all reverts; COMPLETE where there was nothing to put back."""
        outcomes = [r.outcome for r in self.reverts]
        return next((o for o in (Outcome.FAILED, Outcome.PARTIAL) if o in outcomes), Outcome.COMPLETE)
