"""Checking a campaign file: a list of experiments, a matrix, a budget. Every complaint names file, line and field."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from console.model.campaign import STOP_ON, Budget, Campaign, Item, Slo
from console.model.experiment import Experiment, Limits

from . import library
from .checking import REFUSED, USAGE, Problem, check
from .ordering import ordered
from .reading import Document, ReadingError, read
from .variants import AxisError, points, variant

FIELDS = ("title", "description", "experiments", "matrix", "budget", "stop_on")
ENTRY = ("name", "file", "repeat", "matrix")
BUDGET = ("time", "blast_radius", "slo", "error_budget")
BLAST = ("max_targets", "target_seconds")
SLO = ("availability", "window", "latency_ms", "errors_percent", "coverage_percent", "throughput_percent")
MAX_REPEAT, MAX_ITEMS, MAX_TIME_S = 100, 500, 7 * 86400.0
Matrix = dict[str, list[Any]]


def checked(document: Document, digest: str = "") -> Campaign | list[Problem]:
    """The campaign, or everything that is wrong with it, in the order of the file."""
    checker = _Checker(document)
    found = checker.run(digest)
    if checker.problems:
        return sorted(checker.problems, key=lambda p: int(p.where.rpartition(":")[2] or 0))
    return found


class _Checker:
    """Collects problems; a field that is wrong does not hide the next."""

    def __init__(self, document: Document) -> None:
        self.document, self.data = document, document.data
        self.problems: list[Problem] = []
        self.known: dict[Path, Experiment | None] = {}

    def wrong(self, path: str, said: str, exit_code: int = USAGE, code: str = "INVALID") -> None:
        self.problems.append(Problem(self.document.where(path), path, said, exit_code, code))

    def run(self, digest: str) -> Campaign:
        self._fields("", self.data, FIELDS)
        title, description = self.data.get("title"), self.data.get("description", "")
        if not isinstance(title, str) or not title.strip():
            self.wrong("title", "missing: a sentence")
        if not isinstance(description, str):
            self.wrong("description", "expected a sentence")
        budget = self._budget()
        items = self._items(budget)
        if len(items) > MAX_ITEMS:
            self.wrong("experiments", f"{len(items)} runs with their matrix; at most {MAX_ITEMS}")
        return Campaign(
            str(title), str(description), tuple(ordered(items)), budget, self._stop_on(), self.document.source, digest
        )

    def _fields(self, path: str, found: Any, allowed: Sequence[str]) -> Mapping[str, Any]:
        """A mapping with none but these fields; an empty one, with a complaint, for anything else."""
        if not isinstance(found, dict):
            self.wrong(path, f"expected a mapping with some of {', '.join(allowed)}")
            return {}
        for name in found:
            if name not in allowed:
                near = difflib.get_close_matches(str(name), allowed, 1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(allowed)}"
                self.wrong(f"{path}/{name}".lstrip("/"), f"no such field; {hint}")
        return found

    # -- experiments ------------------------------------------------------------------------------------------------

    def _items(self, budget: Budget) -> list[Item]:
        entries = self.data.get("experiments")
        if not isinstance(entries, list) or not entries:
            self.wrong("experiments", "missing: a list of names of the library or of paths")
            return []
        common = self._matrix("matrix", self.data.get("matrix", {}))
        return [
            item for n, entry in enumerate(entries) for item in self._entry(f"experiments/{n}", entry, common, budget)
        ]

    def _entry(self, path: str, entry: Any, common: Matrix, budget: Budget) -> list[Item]:
        given = self._fields(path, entry, ENTRY) if isinstance(entry, dict) else {"name": entry}
        named = [given[k] for k in ("name", "file") if k in given]
        if len(named) != 1 or not isinstance(named[0], str) or not named[0].strip():
            self.wrong(path, "expected the name of an experiment, or {name or file, repeat, matrix}")
            return []
        repeat = given.get("repeat", 1)
        if not _whole(repeat) or not 1 <= repeat <= MAX_REPEAT:
            self.wrong(f"{path}/repeat", f"{repeat!r} is not a whole number from 1 to {MAX_REPEAT}")
            return []
        matrix = self._matrix(f"{path}/matrix", given["matrix"]) if "matrix" in given else common
        where = f"{path}/matrix" if "matrix" in given else ("matrix" if common else path)
        found = self._experiment(path, named[0], library_only="name" in given and isinstance(entry, dict))
        return [] if found is None else self._variants(path, where, found, matrix, repeat, budget)

    def _variants(
        self, path: str, where: str, e: Experiment, matrix: Matrix, repeat: int, budget: Budget
    ) -> list[Item]:
        items: list[Item] = []
        for axes in points(matrix)[: MAX_ITEMS + 1]:
            try:
                found = variant(e, axes)
            except AxisError as error:
                self.wrong(where, f"{e.name}: {error}", error.exit_code, error.code)
                return []
            items += [Item(e.name, axes, found)] * repeat
        if budget.max_targets is not None and e.max_targets > budget.max_targets:
            said = f"{e.name} may take {e.max_targets} targets, the campaign's blast_radius allows {budget.max_targets}"
            self.wrong(path, said, REFUSED, "BLAST_RADIUS")
        return items

    def _experiment(self, path: str, name: str, *, library_only: bool) -> Experiment | None:
        """By its name in the library, or by its path from the campaign's own folder."""
        beside = Path(self.document.source).parent / name
        file = library.find(name) or (None if library_only else beside)
        if file is None or not file.exists():
            near = difflib.get_close_matches(name, [p.stem for p in library.files()], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            self.wrong(path, f"no experiment {name!r} in the library, and no file {beside}{hint}")
            return None
        if file not in self.known:
            self.known[file] = self._read(path, file)
        return self.known[file]

    def _read(self, path: str, file: Path) -> Experiment | None:
        try:
            found = check(read(file))
        except ReadingError as error:
            self.wrong(path, str(error))
            return None
        if isinstance(found, Experiment):
            return found
        for problem in found:
            self.wrong(path, str(problem), problem.exit_code, problem.code)
        return None

    def _matrix(self, path: str, found: Any) -> Matrix:
        if not isinstance(found, dict) or not all(isinstance(k, str) for k in found):
            self.wrong(path, "expected axes with lists of values, as in {target: [tikv0, tikv1], duration: [10, 30]}")
            return {}
        axes: Matrix = {}
        for axis, values in found.items():
            scalar = isinstance(values, list) and all(isinstance(v, (str, int, float)) for v in values)
            if not scalar or not values or len(set(values)) != len(values):
                self.wrong(f"{path}/{axis}", "expected a list of different names or numbers")
            else:
                axes[axis] = values
        return axes

    # -- budget -----------------------------------------------------------------------------------------------------

    def _budget(self) -> Budget:
        given = self._fields("budget", self.data.get("budget", {}), BUDGET)
        blast = self._fields("budget/blast_radius", given.get("blast_radius", {}), BLAST)
        targets = blast.get("max_targets")
        if targets is not None and (not _whole(targets) or targets < 1):
            self.wrong("budget/blast_radius/max_targets", f"{targets!r} is not a whole number of at least 1")
        time_s = self._number("budget/time", given.get("time"), 1, MAX_TIME_S, "seconds")
        target_s = self._number("budget/blast_radius/target_seconds", blast.get("target_seconds"), 1, 1e7, "seconds")
        share = self._number(
            "budget/error_budget", given.get("error_budget"), 0.1, 100, "percent of what the SLO allows"
        )
        slo = self._slo(given["slo"]) if "slo" in given else None
        if share is not None and slo is None:
            self.wrong("budget/error_budget", "needs budget/slo: an error budget is what an SLO allows")
        return Budget(
            time_s, targets if _whole(targets) else None, target_s, slo, 100.0 if share is None else share
        )  # fmt: skip

    def _slo(self, found: Any) -> Slo:
        given = self._fields("budget/slo", found, SLO)
        usual = Limits()

        def number(name: str, low: float, high: float, unit: str, usually: float | None) -> float:
            if usually is None and name not in given:
                self.wrong("budget/slo", f"{name} is missing: {unit}")
            value = self._number(f"budget/slo/{name}", given.get(name), low, high, unit)
            return (usually or low) if value is None else value

        return Slo(
            number("availability", 50, 99.9999, "percent of the window, as in 99.9", None),
            number("window", 60, 366 * 86400, "seconds it holds for, as in 86400", None),
            Limits(
                number("latency_ms", 0.001, 1e6, "ms", usual.latency_ms),
                number("errors_percent", 0, 100, "percent", usual.errors_percent),
                number("coverage_percent", 0, 100, "percent", usual.coverage_percent),
            ),
            number("throughput_percent", 0, 100, "percent of the baseline", 50.0),
        )

    def _number(self, path: str, value: Any, low: float, high: float, unit: str) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            self.wrong(path, f"{value!r} is not a number from {low:g} to {high:g} ({unit})")
            return None
        return float(value)

    def _stop_on(self) -> tuple[str, ...]:
        given = self.data.get("stop_on", [])
        words = [given] if isinstance(given, str) else given
        if not isinstance(words, list) or not all(w in STOP_ON for w in words):
            always = "a rollback that is not COMPLETE always stops it, whatever stands here"
            self.wrong("stop_on", f"expected some of {', '.join(STOP_ON)}; {always}")
            return ()
        return tuple(words)


def load(path: Path) -> Campaign | list[Problem]:
    """A file. Raises ReadingError where it cannot be read at all."""
    import hashlib

    document = read(path, "a campaign")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ReadingError(f"{path}: {error.strerror}") from error
    return checked(document, digest)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
