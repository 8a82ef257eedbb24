"""Past runs as a screen shows them: the list, and two of them side by side."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """One run on disk. `began_wall`: Unix seconds; the other times are seconds."""

    id: str
    experiment: str
    status: str
    rollback: str
    why: str
    mode: str
    began_wall: float
    took_s: float
    detection_s: float | None = None
    recovery_s: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a comparison. `better`: whether the second is the better one; None where that cannot be said."""

    name: str
    first: str
    second: str
    difference: str = ""
    better: bool | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs. `series`: throughput of each, operations per second, a value a sample, None where none was measured."""

    first: ReportEntry
    second: ReportEntry
    rows: tuple[Difference, ...]
    series: tuple[tuple[float | None, ...], tuple[float | None, ...]] = ((), ())
