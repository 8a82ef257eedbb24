"""Success criteria: comparisons of what a run measured, `throughput >= 60%`, `recovery < 120 s`, `level = YELLOW`."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from console.model.experiment import Load, Sample, Verdict

_FORM = re.compile(r"(?P<metric>[a-z_]+)\s*(?P<op><=|>=|<|>|=)\s*(?P<value>[A-Za-z0-9.]+)\s*(?P<unit>%|ms|s)?")
_LEVELS = ("GREEN", "YELLOW", "ORANGE", "RED")


class CriterionError(ValueError):
    """It cannot be read; one line."""


@dataclass(frozen=True, slots=True)
class Measures:
    """All that criteria may be about. Times in seconds since the injection; shares in percent of the baseline."""

    samples: Sequence[Sample]
    detection_s: float | None
    recovery_s: float | None
    incidents: int
    affected: int  # components that deviated and were not meant to
    loads: Sequence[Load] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that can be compared, with its unit and how it is found."""

    unit: str
    help: str
    of: Callable[[Measures], float | str | None]


def _fault(field: str, pick: Callable[[Sequence[float]], float]) -> Callable[[Measures], float | None]:
    def of(m: Measures) -> float | None:
        values = [v for s in m.samples if s.phase == "fault" and (v := getattr(s, field)) is not None]
        return pick(values) if values else None

    return of


def _late(field: str, pick: Callable[[Sequence[float]], float]) -> Callable[[Measures], float | None]:
    """Of the second half of the fault: when what reacts at once has reacted."""

    def of(m: Measures) -> float | None:
        fault = [s for s in m.samples if s.phase == "fault"]
        values = [v for s in fault[len(fault) // 2 :] if (v := getattr(s, field)) is not None]
        return pick(values) if values else None

    return of


def baseline(samples: Sequence[Sample]) -> float | None:
    """Median throughput before the injection, operations per second."""
    values = [s.ops for s in samples if s.phase == "baseline" and s.ops is not None]
    return statistics.median(values) if values else None


def _share(of: Callable[[Measures], float | None]) -> Callable[[Measures], float | None]:
    def share(m: Measures) -> float | None:
        before, value = baseline(m.samples), of(m)
        return 100 * value / before if before and value is not None else None

    return share


def _after(m: Measures) -> float | None:
    values = [s.ops for s in m.samples if s.phase == "recovery" and s.ops is not None]
    return values[-1] if values else None


def _worst(m: Measures) -> str | None:
    seen = [s.level for s in m.samples if s.phase == "fault" and s.level in _LEVELS]
    return max(seen, key=_LEVELS.index) if seen else None


def _steps(
    of: Callable[[Load], float | None], pick: Callable[[Sequence[float]], float]
) -> Callable[[Measures], float | None]:
    """Of the load steps, the peak apart; None where one of them is not known."""

    def pick_of(m: Measures) -> float | None:
        values = [of(load) for load in m.loads if load.percent is not None]
        known = [v for v in values if v is not None]
        return pick(known) if known and len(known) == len(values) else None

    return pick_of


def _reached(load: Load) -> float | None:
    return 100 * load.reached / load.offered if load.offered else None


METRICS: Mapping[str, Metric] = {
    "detection": Metric("s", "until the first vantage point saw it", lambda m: m.detection_s),
    "recovery": Metric("s", "from the revert until steady state", lambda m: m.recovery_s),
    "throughput": Metric(
        "%", "share of the baseline, median of the second half of the fault", _share(_late("ops", statistics.median))
    ),
    "throughput_min": Metric("%", "share of the baseline, lowest during the fault", _share(_fault("ops", min))),
    "throughput_after": Metric("%", "share of the baseline, at the end", _share(_after)),
    "errors": Metric("%", "highest share of failed operations during the fault", _fault("errors_percent", max)),
    "latency": Metric("ms", "highest mean of an interval during the fault", _fault("latency_ms", max)),
    "latency_late": Metric("ms", "mean in the second half of the fault", _late("latency_ms", statistics.median)),
    "steps_latency": Metric("ms", "highest mean of a load step, the peak apart", _steps(lambda s: s.latency_ms, max)),
    "steps_errors": Metric(
        "%",
        "highest share of failed operations in a load step, the peak apart",
        _steps(lambda s: s.errors_percent, max),
    ),
    "steps_reached": Metric("%", "of what a load step offered, lowest share that was done", _steps(_reached, min)),
    "coverage": Metric("%", "lowest share of regions with a leader during the fault", _fault("coverage_percent", min)),
    "coverage_late": Metric(
        "%", "lowest share of regions with a leader, second half of the fault", _late("coverage_percent", min)
    ),
    "stores": Metric("", "fewest stores that answer and are Up", _fault("stores", min)),
    "members": Metric("", "fewest PD members that answer", _fault("members", min)),
    "level": Metric("", "worst level of the header during the fault", _worst),
    "incidents": Metric("", "incidents that were opened", lambda m: float(m.incidents)),
    "affected": Metric("", "components that deviated and were not meant to", lambda m: float(m.affected)),
}


@dataclass(frozen=True, slots=True)
class Criterion:
    """`metric` `op` `value`."""

    metric: str
    op: str
    value: float | str

    def __str__(self) -> str:
        return f"{self.metric} {self.op} {_shown(self.value, METRICS[self.metric].unit)}"

    def judge(self, measures: Measures) -> Verdict:
        """PASS, FAIL, or not measurable."""
        actual = METRICS[self.metric].of(measures)
        if actual is None:
            return Verdict(str(self), "not measured", None, METRICS[self.metric].help)
        shown, passed = _shown(actual, METRICS[self.metric].unit), _compare(actual, self.op, self.value)
        return Verdict(str(self), shown, passed, METRICS[self.metric].help)


def parse(text: str) -> Criterion:
    """One criterion. Raises CriterionError that says what is wrong with it."""
    match = _FORM.fullmatch(str(text).strip())
    if match is None:
        raise CriterionError(f"{text!r}: expected METRIC <, <=, >, >= or = VALUE")
    metric, unit = match["metric"], match["unit"] or ""
    if metric not in METRICS:
        raise CriterionError(f"{text!r}: no metric {metric!r}; there are {', '.join(METRICS)}")
    if metric == "level":
        if match["value"].upper() not in _LEVELS:
            raise CriterionError(f"{text!r}: a level is one of {', '.join(_LEVELS)}")
        return Criterion(metric, match["op"], match["value"].upper())
    if unit != METRICS[metric].unit:
        wanted = METRICS[metric].unit or "no unit"
        raise CriterionError(f"{text!r}: {metric} is measured in {wanted}")
    try:
        return Criterion(metric, match["op"], float(match["value"]))
    except ValueError as error:
        raise CriterionError(f"{text!r}: {match['value']!r} is no number") from error


def _compare(actual: float | str, op: str, wanted: float | str) -> bool:
    left: float = _LEVELS.index(actual) if isinstance(actual, str) else actual
    right: float = _LEVELS.index(wanted) if isinstance(wanted, str) else wanted
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "=": left == right}[op]


def _shown(value: float | str, unit: str) -> str:
    if isinstance(value, str):
        return value
    text = f"{value:.1f}".removesuffix(".0")
    return f"{text}{unit}" if unit == "%" else f"{text} {unit}".strip()
