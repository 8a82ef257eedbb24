"""Experiments from within a running session: the library as a list, one run at a time, its course as it happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from console.model.experiment import Experiment, Gate, Run, Verdict
from console.model.text import clean
from console.model.view import ExperimentEntry, ExperimentRun
from console.storage import Database, StorageError

if TYPE_CHECKING:
    from console.experiments.course import Course

    from .core import Session


class Trials:
    """`run` is the one that runs, or ran last; None before the first."""

    def __init__(self, home: Path, db: Database) -> None:
        self._home, self._db = home, db
        self.run: ExperimentRun | None = None

    def entries(self) -> tuple[ExperimentEntry, ...]:
        """The library."""
        return tuple(_entry(e) for e in _library())

    def begin(self, session: Session, name: str) -> str:
        """Start one; empty, or one line why not."""
        found = next((e for e in _library() if e.name == name), None)
        actor = session.parts.actor
        if found is None:
            return f"no experiment {clean(name, 60)}"
        if self.run is not None and self.run.running:
            return f"{self.run.name} is still running"
        if actor is None or actor.policy.read_only:
            return session.parts.no_actor or f"this console is read-only: {actor.policy.read_only if actor else ''}"
        if found.max_targets > actor.policy.limit:
            return f"{name} takes {found.max_targets} targets; the blast radius here is {actor.policy.limit}"
        self.run = ExperimentRun(name, session.now())
        session.attach("experiment", self._execute(session, found))
        return ""

    async def _execute(self, session: Session, experiment: Experiment) -> None:
        from .experimenting import execute

        def tell(what: str, said: str) -> None:
            if self.run is not None:
                self.run = replace(self.run, steps=(*self.run.steps, (session.now(), what, clean(said, 300))))

        try:
            run = await execute(session, experiment, self._home, self._db, tell, seen=self._look)
        except (StorageError, OSError) as error:
            self._change(status="EXPERIMENT_FAILED", rollback="", why=f"the run could not be written down: {error}")
        else:
            self._change(
                status=run.status.value,
                rollback=run.rollback.value,
                why=clean(run.why, 400),
                verdicts=_verdicts(run.verdicts),
                gates=_gates(run.gates),
                report=self._report(run),
            )
        session.note(f"experiment {experiment.name}: {self.run.status if self.run else ''}")

    def _look(self, course: Course) -> None:
        """Gauges, criteria and gates of this moment."""
        from console.experiments.standing import standing

        now = standing(course)
        self._change(phase=now.phase, gauges=now.gauges, verdicts=_verdicts(now.verdicts), gates=_gates(now.gates))

    def _change(self, **changes: object) -> None:
        if self.run is not None:
            self.run = replace(self.run, **changes)  # type: ignore[arg-type] # the fields are ours, above

    def _report(self, run: Run) -> str:
        return str(self._home / "experiments" / run.id / "report.md")


def _verdicts(verdicts: Sequence[Verdict]) -> tuple[tuple[str, str, bool | None], ...]:
    return tuple((v.criterion, v.actual, v.passed) for v in verdicts)


def _gates(gates: Sequence[Gate]) -> tuple[tuple[str, str, bool | None], ...]:
    return tuple((g.name, clean(g.said, 200), g.passed) for g in gates if g.mandatory)


@cache
def _library() -> tuple[Experiment, ...]:
    from console.experiments import library
    from console.experiments.checking import check
    from console.experiments.reading import read

    found = (check(read(path)) for path in library.files())
    return tuple(e for e in found if isinstance(e, Experiment))


def _entry(e: Experiment) -> ExperimentEntry:
    method = tuple(s.what for s in e.method)
    return ExperimentEntry(
        e.name, e.title, e.type, e.scope, e.failure_type, e.max_targets, e.hypothesis, method, e.criteria,
        (*e.abort_if, *(f"{c} (after the restore)" for c in e.abort_after)), e.duration_s,
    )  # fmt: skip
