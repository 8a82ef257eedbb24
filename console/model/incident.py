"""What detection says: findings of single vantage points, and incidents, one per cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Vantage(StrEnum):
    """The four lanes: who saw it."""

    DOCKER = "docker"
    PROBE = "probe"
    PD = "pd"
    WORKLOAD = "workload"


@dataclass(frozen=True, slots=True)
class Finding:
    """One symptom seen by one vantage point, from when it began until it was gone.

    `onset` is the best estimate of when the symptom began, `seen` when it was certain enough to say (both seconds on
    the session clock); `cleared` is None while it lasts. `component` is a service name, or None where the symptom has
    no place of its own (throughput). `alone` is True where this finding by itself is worth an incident.
    """

    vantage: Vantage
    symptom: str
    component: str | None
    onset: float
    seen: float
    text: str
    alone: bool = True
    cleared: float | None = None
    value: float | None = None
    times: int = 1  # how often it came and went within its incident
    attrs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def key(self) -> tuple[Vantage, str, str | None]:
        """What makes two findings the same symptom."""
        return (self.vantage, self.symptom, self.component)

    @property
    def active(self) -> bool:
        """True while the symptom lasts."""
        return self.cleared is None


@dataclass(frozen=True, slots=True)
class Incident:
    """One cause, as far as detection can tell. `over` None: it lasts."""

    id: str
    began: float
    opened: float
    findings: tuple[Finding, ...]
    components: tuple[str, ...] = ()
    over: float | None = None

    def detected(self) -> dict[str, float]:
        """Per vantage point that saw it: when it first did, seconds on the session clock."""
        first: dict[str, float] = {}
        for f in self.findings:
            if f.vantage.value not in first or f.seen < first[f.vantage.value]:
                first[f.vantage.value] = f.seen
        return first

    @property
    def component(self) -> str:
        """The components in one word: names sorted and joined by commas, `cluster` when none is known."""
        return ",".join(self.components) or "cluster"
