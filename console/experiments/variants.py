"""A matrix of an experiment: the same file with another target, duration or parameter, checked like any other. Pure."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from console.faults.catalogue import KINDS
from console.model.campaign import Axes, labelled
from console.model.experiment import Experiment

from .checking import EXTENSION, Problem, check
from .reading import Document

TARGET, DURATION = "target", "duration"


class AxisError(ValueError):
    """An axis that an experiment does not have, or a value it cannot take; one line."""

    def __init__(self, said: str, exit_code: int = 2, code: str = "INVALID") -> None:
        super().__init__(said)
        self.exit_code, self.code = exit_code, code


def points(matrix: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination, the last axis moving fastest; one empty one where there are no axes."""
    return [dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())]


def variant(e: Experiment, axes: Axes) -> Experiment:
    """The experiment with these axes set. Raises AxisError."""
    if not axes:
        return e
    raw: dict[str, Any] = copy.deepcopy(dict(e.raw))
    for axis, value in axes.items():
        _set(e, raw, axis, value)
    # A title of its own: a run of a variant says nothing of the whole, neither as a trend nor as leave to widen.
    raw["title"] = f"{e.title} [{labelled('', axes).strip()}]"
    found = check(Document(e.source, raw))
    if isinstance(found, Experiment):
        return found
    raise _first(found)


def _first(problems: list[Problem]) -> AxisError:
    worst = problems[0]
    return AxisError(f"{worst.field}: {worst.said}", worst.exit_code, worst.code)


def _set(e: Experiment, raw: dict[str, Any], axis: str, value: Any) -> None:
    injecting = [a["provider"]["arguments"] for s, a in zip(e.method, raw["method"], strict=True) if s.injects]
    block = next(b for b in raw["extensions"] if isinstance(b, dict) and b.get("name") == EXTENSION)
    if not injecting:
        raise AxisError(f"{axis}: {e.name} injects nothing, so nothing can vary")
    if axis == TARGET:
        if len({s.target for s in e.method if s.injects}) > 1:
            raise AxisError(f"{axis}: {e.name} has several targets, so one name cannot stand for them")
        block["target_component"] = value
        for arguments in injecting:
            arguments["target"] = value
    elif axis == DURATION:
        if len(injecting) > 1:
            raise AxisError(f"{axis}: {e.name} injects {len(injecting)} times; its own pauses say how long")
        block["duration"] = injecting[0]["duration"] = value
    else:
        _parameter(e, injecting, axis, value)


def _parameter(e: Experiment, injecting: list[dict[str, Any]], axis: str, value: Any) -> None:
    takers = [a for a in injecting if any(p.name == axis for p in KINDS[str(a["kind"])].spec.params)]
    if not takers:
        known = dict.fromkeys(p.name for a in injecting for p in KINDS[str(a["kind"])].spec.params)
        raise AxisError(f"{axis}: {e.name} has the axes {', '.join([TARGET, DURATION, *known])}")
    for arguments in takers:
        arguments["params"] = {**(arguments.get("params") or {}), axis: value}
