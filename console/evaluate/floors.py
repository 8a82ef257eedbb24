"""Floors that `make eval-quick` asserts: well below the aim, so that chance does not fail a build and a fall does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FLOORS = {"both_top1": 0.80, "component_top1": 0.80, "recall": 0.90, "precision": 0.90}
CEILINGS = {"brier": 0.15}
SLOWEST_S = {"crash": 2.0, "silence": 5.0, "pd-leader": 5.0, "grey": 20.0}  # median, simulated seconds


def fallen(result: Mapping[str, Any]) -> list[str]:
    """One sentence for every number on the wrong side of its floor."""
    out = []
    for mode, numbers in result["modes"].items():
        for name, low in FLOORS.items():
            value = numbers[name]
            if value is not None and value < low:
                out.append(f"{mode}: {name} is {value:.2f}, below {low:.2f}")
        for name, high in CEILINGS.items():
            value = numbers[name]
            if value is not None and value > high:
                out.append(f"{mode}: {name} is {value:.3f}, above {high:.3f}")
        for family, slow in SLOWEST_S.items():
            times = numbers["time_to_detect_s"].get(family)
            if times and times["n"] and (times["median"] is None or times["median"] > slow):
                out.append(f"{mode}: {family} is detected after {times['median']} s in the median, more than {slow} s")
    return out
