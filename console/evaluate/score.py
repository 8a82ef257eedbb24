"""Flights held against their truth: one row a flight and mode, and what all rows together say."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from .flight import Flown, Seen

EARLY_S = 0.5  # an onset may be estimated a little before the act; an alarm may not be raised before it
GRACE_S = 10.0  # after the act was undone, an alarm may still be its
DAY_S = 86_400.0
BINS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One flight in one mode. Times in seconds after the act; `false_alarms`: incidents nobody should be woken for."""

    name: str
    family: str
    severity: str
    load: str
    seed: int
    control: bool
    wanted: tuple[str, ...]
    component: str
    detected: float | None
    per_vantage: dict[str, float]
    onset_error: float | None
    said: str
    said_component: str
    confidence: float
    fault_top1: bool
    fault_top3: bool
    component_top1: bool
    live_right: bool
    false_alarms: int
    needless: tuple[str, ...]
    simulated_s: float

    @property
    def faulty(self) -> bool:
        """Something was really done that has a name."""
        return bool(self.wanted)

    @property
    def right(self) -> bool:
        """Fault and component."""
        return self.fault_top1 and self.component_top1


def row(flown: Flown, mode: str) -> Row:
    """One flight in one mode."""
    case, view = flown.case, flown.views[mode]
    wanted = case.faults + (case.data_plane if mode == "data-plane" and case.faults else ())
    timely = [s for s in view.seen if -EARLY_S <= s.opened <= case.lasts_s + GRACE_S]
    places = (flown.target, *case.elsewhere)
    best = timely[0] if timely and wanted else None
    others = [s for s in view.seen if s is not best and s.alarm]
    if best is not None and case.control and best.alarm:
        others.append(best)
    ranked = best.ranked if best else ()
    said = ranked[0] if ranked else ("", "", 0.0)
    live = view.live[0] if view.live else ("", "", 0.0)
    return Row(
        name=case.name,
        family=case.family,
        severity=case.severity,
        load=case.load,
        seed=case.seed,
        control=case.control,
        wanted=wanted,
        component=flown.target,
        detected=best.opened if best else None,
        # What a vantage point finds once all is undone is the aftermath, not the fault.
        per_vantage={k: v for k, v in best.detected.items() if v <= case.lasts_s} if best else {},
        onset_error=best.began if best else None,
        said=said[0],
        said_component=said[1],
        confidence=said[2],
        fault_top1=said[0] in wanted,
        fault_top3=any(f in wanted for f, _, _ in ranked[:3]),
        component_top1=bool(ranked) and said[1] in places,
        live_right=live[0] in wanted and live[1] in places,
        false_alarms=len(others),
        needless=tuple(_told(s) for s in others),
        simulated_s=flown.simulated_s,
    )


def _told(seen: Seen) -> str:
    fault, component, _ = seen.ranked[0] if seen.ranked else ("?", "?", 0.0)
    return f"{seen.opened:+.1f} s {fault} {component}"


# -- all together --------------------------------------------------------------------------------------------------


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """The numbers of one mode."""
    faulty = [r for r in rows if r.faulty]
    due = [r for r in faulty if not r.control]
    found = [r for r in due if r.detected is not None]
    alarms = sum(r.false_alarms for r in rows)
    quiet = [r for r in rows if not r.faulty]
    days = sum(r.simulated_s for r in quiet) / DAY_S
    in_quiet = sum(r.false_alarms for r in quiet)
    return {
        "flights": len(rows),
        "controls": sum(r.control for r in rows),
        "precision": _share(len(found), len(found) + alarms),
        "recall": _share(len(found), len(due)),
        "false_alarms": alarms,
        "false_alarms_in_controls": in_quiet,
        "quiet_days": round(days, 3),
        "false_alarms_per_day": None if days == 0 else round(in_quiet / days, 2),
        "false_alarms_per_day_upper_95": None if days == 0 else round(poisson_upper(in_quiet) / days, 1),
        "fault_top1": _mean(r.fault_top1 for r in faulty),
        "fault_top3": _mean(r.fault_top3 for r in faulty),
        "component_top1": _mean(r.component_top1 for r in faulty),
        "both_top1": _mean(r.right for r in faulty),
        "both_while_it_lasts": _mean(r.live_right for r in faulty),
        "both_top1_interval_95": wilson(sum(r.right for r in faulty), len(faulty)),
        "time_to_detect_s": _times(due),
        "per_vantage_s": _per_vantage(due),
        "onset_error_s": _spread([abs(r.onset_error) for r in due if r.onset_error is not None]),
        "brier": _brier(faulty),
        "reliability": _reliability(faulty),
        "confusion": _confusion(faulty),
    }


def _times(rows: Sequence[Row]) -> dict[str, Any]:
    families = sorted({r.family for r in rows})
    out = {"all": _spread([math.inf if r.detected is None else r.detected for r in rows])}
    for family in families:
        out[family] = _spread([math.inf if r.detected is None else r.detected for r in rows if r.family == family])
    return out


def _per_vantage(rows: Sequence[Row]) -> dict[str, Any]:
    out = {}
    for vantage in ("docker", "probe", "pd", "workload"):
        seen = [r.per_vantage[vantage] for r in rows if vantage in r.per_vantage]
        out[vantage] = {**_spread(seen), "saw": _share(len(seen), len(rows))}
    return out


def _spread(values: Sequence[float]) -> dict[str, Any]:
    """Median and 95th percentile; what was missed is infinite, and an infinite one is None with `missed` saying why."""
    if not values:
        return {"n": 0, "median": None, "p95": None, "missed": 0}
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, math.ceil(0.95 * len(ordered)) - 1)]
    middle = median(ordered)
    return {
        "n": len(ordered),
        "median": None if math.isinf(middle) else round(middle, 2),
        "p95": None if math.isinf(p95) else round(p95, 2),
        "missed": sum(math.isinf(v) for v in ordered),
    }


def _brier(rows: Sequence[Row]) -> float | None:
    named = [r for r in rows if r.detected is not None]
    return None if not named else round(sum((r.confidence - r.right) ** 2 for r in named) / len(named), 4)


def _reliability(rows: Sequence[Row]) -> list[dict[str, Any]]:
    out = []
    for n in range(BINS):
        low, high = n / BINS, (n + 1) / BINS
        inside = [
            r for r in rows if r.detected is not None and low <= r.confidence and (r.confidence < high or n == BINS - 1)
        ]
        out.append(
            {
                "from": low,
                "to": high,
                "n": len(inside),
                "said": None if not inside else round(sum(r.confidence for r in inside) / len(inside), 3),
                "right": _mean(r.right for r in inside),
            }
        )
    return out


def _confusion(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    out: dict[str, Counter[str]] = {}
    for r in rows:
        out.setdefault(r.name, Counter())[
            (r.said or "nothing") + ("" if r.component_top1 or not r.said else " elsewhere")
        ] += 1
    return {name: dict(counts.most_common()) for name, counts in sorted(out.items())}


def _share(part: int, whole: int) -> float | None:
    return None if whole == 0 else round(part / whole, 4)


def _mean(values: Iterable[bool]) -> float | None:
    listed = list(values)
    return _share(sum(listed), len(listed))


def wilson(good: int, n: int) -> tuple[float, float] | None:
    """95 % interval of a share."""
    if n == 0:
        return None
    z, p = 1.96, good / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return round(max(0.0, middle - half), 3), round(min(1.0, middle + half), 3)


def poisson_upper(n: int) -> float:
    """95 % one-sided upper bound of a Poisson mean after n events (3.0 after none)."""
    low, high = 0.0, 10.0 + 4.0 * n
    for _ in range(60):
        mean = (low + high) / 2
        below = (
            sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(n + 1)) if mean > 0 else 1.0
        )
        low, high = (mean, high) if below > 0.05 else (low, mean)
    return high


def baseline_summary(flown: Sequence[Flown]) -> dict[str, Any]:
    """The dumb ways on the same flights."""
    out: dict[str, Any] = {}
    for name in flown[0].baselines if flown else ():
        faulty = [f for f in flown if f.case.faults]
        due = [f for f in faulty if not f.case.control]
        quiet = [f for f in flown if not f.case.faults]
        cried = [f for f in due if f.baselines[name].at is not None]
        alarms = sum(f.baselines[name].before for f in flown) + sum(f.baselines[name].at is not None for f in quiet)
        out[name] = {
            "recall": _share(len(cried), len(due)),
            "precision": _share(len(cried), len(cried) + alarms),
            "fault_top1": _mean(f.baselines[name].fault in f.case.faults for f in faulty),
            "component_top1": _mean(f.baselines[name].component == f.target for f in faulty),
            "both_top1": _mean(
                f.baselines[name].fault in f.case.faults and f.baselines[name].component == f.target for f in faulty
            ),
            "time_to_detect_s": _spread([math.inf if (at := f.baselines[name].at) is None else at for f in due]),
        }
    return out
