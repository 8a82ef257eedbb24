"""Experiment files as commands name them."""

from __future__ import annotations

from pathlib import Path

from console.model.experiment import Experiment

from .common import USAGE, Failure


def load_experiment(name: str) -> Experiment:
    """By path, or by its name in the library. Raises Failure with every problem of the file."""
    from console.experiments import library
    from console.experiments.checking import check
    from console.experiments.reading import ReadingError, read

    path = Path(name)
    if not path.exists():
        found_there = library.find(name)
        if found_there is None and path.suffix == "":
            raise Failure(f"{name}: no such file, and no experiment of that name; `experiment list` has them", USAGE)
        path = found_there or path
    try:
        found = check(read(path))
    except ReadingError as error:
        raise Failure(str(error), USAGE) from error
    if isinstance(found, Experiment):
        return found
    lines = [str(p) if p.code == "INVALID" else f"{p} ({p.code})" for p in found]
    raise Failure("\n  ".join(lines), max(found, key=lambda p: p.exit_code == USAGE).exit_code)
