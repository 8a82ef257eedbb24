"""The result of an evaluation as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Issue and product: the aim, on seeds never used while tuning.
AIMS_S = {"crash": 0.5, "silence": 2.0, "grey": 10.0, "pd-leader": 2.0}
AIM_TOP1 = 0.95
AIM_BRIER = 0.05


def markdown(result: Mapping[str, Any], took_s: float | None = None) -> str:
    """One page: what was flown, the headline against the aim, times, calibration, confusions, mistakes."""
    lines = ["# Evaluation", "", *_flown(result, took_s), ""]
    for mode, numbers in result["modes"].items():
        lines += [f"## {mode}", "", *_headline(numbers), "", *_times(numbers), "", *_calibration(numbers), ""]
    if result["baselines"]:
        lines += ["## Dumb baselines, same flights", "", *_baselines(result["baselines"]), ""]
    for mode, numbers in result["modes"].items():
        lines += [f"## Said, by scenario: {mode}", "", *_confusion(numbers["confusion"]), ""]
    lines += ["## Mistakes", "", *_mistakes(result["flights"]), ""]
    return "\n".join(lines)


def _flown(result: Mapping[str, Any], took_s: float | None) -> list[str]:
    first: Mapping[str, Any] = next(iter(result["modes"].values()), {})
    seeds = ", ".join(str(s) for s in result["seeds"])
    said = f"{first.get('flights', 0)} flights ({first.get('controls', 0)} controls), seeds {seeds}, "
    said += f"{result['simulated_s'] / 3600:.1f} simulated hours"
    caveat = "A closed world: catalogue faults on a simulated cluster. Not comparable with open ones."
    return [said + (f" in {took_s:.0f} s." if took_s is not None else "."), "", caveat]


def _headline(n: Mapping[str, Any]) -> list[str]:
    rows = [("number", "reached", "aim"), ("---", "---", "---")]
    for family, aim in AIMS_S.items():
        t = n["time_to_detect_s"].get(family)
        if t:
            rows.append((f"detect, {family}: median / p95", f"{_s(t['median'])} / {_s(t['p95'])}", f"< {aim:g} s"))
    rows += [
        ("fault and component top-1", f"{_p(n['both_top1'])} {n['both_top1_interval_95'] or ''}", f">= {AIM_TOP1:.0%}"),
        ("fault top-1 / top-3", f"{_p(n['fault_top1'])} / {_p(n['fault_top3'])}", ""),
        ("component top-1", _p(n["component_top1"]), ""),
        ("both, while it lasted", _p(n["both_while_it_lasts"]), ""),
        ("Brier", str(n["brier"]), f"<= {AIM_BRIER}"),
        ("precision / recall", f"{_p(n['precision'])} / {_p(n['recall'])}", ""),
        (
            "false alarms in controls",
            f"{n['false_alarms_in_controls']} in {n['quiet_days']} days (95 %: below "
            f"{n['false_alarms_per_day_upper_95']} a day)",
            "0",
        ),
        ("onset error: median / p95", f"{_s(n['onset_error_s']['median'])} / {_s(n['onset_error_s']['p95'])}", ""),
    ]
    return _table(rows)


def _times(n: Mapping[str, Any]) -> list[str]:
    rows = [("time to detect", "n", "median", "p95", "missed"), ("---",) * 5]
    rows += [
        (f"fused, {k}", str(t["n"]), _s(t["median"]), _s(t["p95"]), str(t["missed"]))
        for k, t in n["time_to_detect_s"].items()
    ]
    rows += [(f"{k} alone", str(t["n"]), _s(t["median"]), _s(t["p95"]), "") for k, t in n["per_vantage_s"].items()]
    return _table(rows)


def _calibration(n: Mapping[str, Any]) -> list[str]:
    rows = [("confidence", "n", "said", "right"), ("---",) * 4]
    rows += [
        (f"{b['from']:.1f} to {b['to']:.1f}", str(b["n"]), _p(b["said"]), _p(b["right"])) for b in n["reliability"]
    ]
    return _table(rows)


def _baselines(found: Mapping[str, Any]) -> list[str]:
    rows = [("baseline", "both top-1", "fault", "component", "recall", "precision", "median to detect"), ("---",) * 7]
    rows += [
        (
            name,
            _p(b["both_top1"]),
            _p(b["fault_top1"]),
            _p(b["component_top1"]),
            _p(b["recall"]),
            _p(b["precision"]),
            _s(b["time_to_detect_s"]["median"]),
        )
        for name, b in found.items()
    ]
    return _table(rows)


def _confusion(found: Mapping[str, Mapping[str, int]]) -> list[str]:
    rows = [("scenario", "said"), ("---", "---")]
    rows += [(name, ", ".join(f"{said} {n}" for said, n in counts.items())) for name, counts in found.items()]
    return _table(rows)


def _mistakes(flights: list[Mapping[str, Any]]) -> list[str]:
    out = []
    for f in flights:
        place = f"{f['mode']}: {f['name']} {f['severity']} {f['load']} seed {f['seed']}"
        if f["wanted"] and not (f["fault_top1"] and f["component_top1"]):
            said = f"{f['said']} {f['said_component']} ({f['confidence']:.2f})" if f["said"] else "nothing"
            out.append(f"- {place}: {'/'.join(f['wanted'])} {f['component']}, said {said}")
        out += [f"- {place}: false alarm {told}" for told in f["needless"]]
    return out or ["None."]


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(r)} |" for r in rows]


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _s(value: float | None) -> str:
    return "missed" if value is None else f"{value:.2f} s"
