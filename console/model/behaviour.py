"""What a run did to the cluster, measure by measure: the baseline, during the fault, after it, and what differs."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .experiment import Sample


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing every sample has; `unit` as it is written after the number."""

    name: str
    unit: str
    of: Callable[[Sample], float | None]


MEASURES = (
    Measure("throughput", "ops/s", lambda s: s.ops),
    Measure("latency", "ms", lambda s: s.latency_ms),
    Measure("errors", "%", lambda s: s.errors_percent),
    Measure("coverage", "%", lambda s: s.coverage_percent),
    Measure("stores up", "", lambda s: s.stores),
    Measure("PD members", "", lambda s: s.members),
)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Medians of one measure per phase; None where it was not measured."""

    measure: Measure
    baseline: float | None
    fault: float | None
    after: float | None

    @property
    def delta(self) -> float | None:
        """Fault minus baseline."""
        return None if self.baseline is None or self.fault is None else self.fault - self.baseline


def behaviour(samples: Sequence[Sample]) -> tuple[Behaviour, ...]:
    """One row per measure, in the order of `MEASURES`."""
    phases = ("baseline", "fault", "recovery")
    return tuple(Behaviour(m, *(median(samples, phase, m) for phase in phases)) for m in MEASURES)


def median(samples: Sequence[Sample], phase: str, measure: Measure) -> float | None:
    """The middle one of a phase."""
    values = [v for s in samples if s.phase == phase and (v := measure.of(s)) is not None]
    return statistics.median(values) if values else None


def number(value: float | None, signed: bool = False) -> str:
    """For a reader: thousands apart, two decimals where they say something."""
    if value is None:
        return "not measured"
    text = f"{value:+,.2f}" if signed else f"{value:,.2f}"
    return text.removesuffix(".00") if abs(value) < 1000 else text[:-3]
