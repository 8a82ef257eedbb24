"""Many flights in parallel processes, and the result as one JSON-able object."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import Any

from console import __version__

from .case import Case
from .flight import MODES, Flown, fly
from .observer import Style
from .score import baseline_summary, row, summary

PROCESSES = 2
Progress = Callable[[int, int, Flown], None]


class Broken(Exception):
    """A flight raised; the message names it."""


def steady(seed: int, hours: float, style: Style = "session") -> Case:
    """Hours of noise in which nothing is done."""
    load = ("target", "full", "idle")[seed % 3]
    return Case("steady", "nothing", "all-stores", "full", load, seed, hours * 3600.0, control=True, style=style)


def fly_all(cases: Sequence[Case], *, processes: int = PROCESSES, progress: Progress | None = None) -> list[Flown]:
    """Fly every case, longest first, in so many processes (1: in this one). Order of results is that of the cases."""
    modes = MODES
    order = sorted(range(len(cases)), key=lambda i: -cases[i].lasts_s)
    flown: dict[int, Flown] = {}

    def landed(index: int, one: Flown) -> None:
        if one.error:
            raise Broken(f"{one.case.title}: {one.error}")
        flown[index] = one
        if progress is not None:
            progress(len(flown), len(cases), one)

    if processes <= 1 or len(cases) <= 1:
        for index in order:
            landed(index, safely(cases[index], modes))
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            work = pool.map(safely, [cases[i] for i in order], [modes] * len(order))
            for index, one in zip(order, work, strict=True):
                landed(index, one)
    return [flown[i] for i in range(len(cases))]


def safely(case: Case, modes: Sequence[str]) -> Flown:
    """A flight that raises is a flight with an error, so that its name is not lost between processes."""
    try:
        return fly(case, modes)
    except Exception as error:  # noqa: BLE001 - told by the harness with the name of the flight
        return Flown(case, "", {}, {}, 0.0, error=f"{type(error).__name__}: {error}")


def result(flown: Sequence[Flown], modes: Iterable[str] = MODES, seeds: Sequence[int] = ()) -> dict[str, Any]:
    """Everything there is to say, as data."""
    out: dict[str, Any] = {
        "version": __version__,
        "seeds": list(seeds),
        "simulated_s": round(sum(f.simulated_s for f in flown), 1),
        "modes": {},
        "baselines": baseline_summary(flown),
        "flights": [],
    }
    for mode in modes:
        rows = [row(f, mode) for f in flown]
        out["modes"][mode] = summary(rows)
        out["flights"] += [{"mode": mode, **asdict(r)} for r in rows]
    return out
