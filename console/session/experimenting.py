"""An experiment in a session: the world it acts on, the files it leaves, the row that remembers it."""

from __future__ import annotations

import asyncio
import json
import shlex
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from console import __version__
from console.evidence.plot import plot
from console.evidence.report import report
from console.experiments import foreign, library
from console.experiments.analysis import Setting, judge
from console.experiments.canary import Canary
from console.experiments.course import Course
from console.experiments.journal import journal
from console.experiments.protocol import Execution, Seen
from console.faults.actor import Request
from console.faults.lab import ENVIRONMENT
from console.model.cluster import Cluster
from console.model.experiment import Experiment, HypothesisState, Run, Sample, Step
from console.model.fault import Injection, InjectionState, Outcome, Refusal, Revert
from console.model.incident import Incident
from console.model.text import clean
from console.model.view import Mode
from console.storage import Database, StorageError, audit, begun, runs

from .core import Session

Tell = Callable[[str, str], None]


class SessionWorld:
    """What a session offers an experiment; see `experiments.world.World`."""

    def __init__(self, session: Session, experiment: Experiment) -> None:
        actor = session.parts.actor
        assert actor is not None, "an experiment needs something to act through"
        self._session, self._actor, self._experiment = session, actor, experiment
        self._ids: list[str] = []
        self._armed = actor.disarmed == ""
        self._canary = Canary()

    def now(self) -> float:
        return self._session.now()

    def cluster(self) -> Cluster:
        return self._session.view().cluster

    def incidents(self) -> Sequence[Incident]:
        return self._session.view().incidents

    def explanation(self, incident: str) -> tuple[str, str, float] | None:
        for judged in self._session.parts.watch.judged:
            if judged.incident.id == incident:
                return judged.diagnosis.fault, judged.diagnosis.component, judged.diagnosis.confidence
        return None

    def level(self) -> str:
        return self._session.view().level.value

    def halted(self) -> str:
        return f"the kill switch: {self._actor.disarmed}" if self._armed and self._actor.disarmed else ""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._session.parts.clock.speed)

    async def inject(self, request: Request) -> tuple[Injection, ...] | Refusal:
        before = self._actor.policy.limit
        # The file's blast radius narrows what the console allows, and never widens it.
        self._actor.policy.limit = min(before, self._experiment.max_targets)
        try:
            done = await self._session.operations.inject_all(request)
        finally:
            self._actor.policy.limit = before
        if not isinstance(done, Refusal):
            self._ids += [i.id for i in done]
        return done

    async def put_back(self) -> tuple[Revert, ...]:
        return await self._session.operations.put_back_these(self._ids)

    def still_in(self, injections: Sequence[Injection]) -> bool:
        return {i.id for i in injections} <= {i.id for i in self._actor.live if i.state is InjectionState.VERIFIED}

    async def perform(self, step: Step) -> str:
        return await foreign.perform(self._experiment.raw, step.raw)

    async def hypothesis(self, sample: Sample) -> HypothesisState | None:
        return await foreign.hypothesis(self._experiment.raw, sample)

    async def canary_write(self) -> str:
        return await self._canary.write(self._actor.lab)

    async def canary_read(self) -> tuple[bool | None, str]:
        found = await self._canary.read(self._actor.lab)
        await self._canary.remove(self._actor.lab)
        return found

    async def environments(self) -> list[str]:
        """The environment label of every container of the project."""
        return sorted({c.labels.get(ENVIRONMENT, "none") for c in await self._actor.lab.containers()})


def new_id(wall: float) -> str:
    """A run's or campaign's id: when it began, and something that no other has."""
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(wall)) + "-" + uuid.uuid4().hex[:6]


async def execute(
    session: Session,
    experiment: Experiment,
    home: Path,
    db: Database,
    tell: Tell,
    run_id: str = "",
    seen: Seen = lambda _: None,
) -> Run:
    """Run it, write its rows and files. `run_id`: a new one unless given; `seen` is handed the course as it begins and
    at every sample. Raises StorageError where a row cannot be written; without the first nothing is begun."""
    began = time.time()
    run_id = run_id or new_id(began)
    folder = home / "experiments" / run_id
    await begun.begin(db, run_id, experiment, _place(session), began, str(folder))
    try:
        return await _execute(session, experiment, folder, db, tell, began, seen)
    except BaseException as error:
        why = "interrupted" if isinstance(error, asyncio.CancelledError) else f"{type(error).__name__}: {error}"
        await begun.broke(db, run_id, clean(why, 300))
        raise


def _place(session: Session) -> begun.Place:
    parts = session.parts
    assert parts.actor is not None, "an experiment needs something to act through"
    record = str(parts.recording.path) if parts.recording else ""
    return begun.Place(parts.project, parts.mode.value, parts.actor.lab.id, parts.actor.policy.owner, record)


async def _execute(
    session: Session,
    experiment: Experiment,
    folder: Path,
    db: Database,
    tell: Tell,
    began: float,
    seen: Seen,
) -> Run:
    world = SessionWorld(session, experiment)
    first = world.now()

    def say(what: str, said: str) -> None:
        session.note(f"experiment: {what}{': ' + clean(said, 300) if said else ''}")
        tell(what, said)

    execution = Execution(experiment, world, say, seen)
    seen(execution.course)
    if not await _may_widen(db, experiment):
        smaller = experiment.widens or experiment.title
        execution.course.refusal = Refusal(
            "BLAST_RADIUS", f"{experiment.max_targets} targets only after {smaller!r} was confirmed with fewer"
        )
        course: Course = execution.course
    else:
        course = await execution.run()
    record = session.parts.recording
    setting = Setting(
        id=folder.name,
        project=session.parts.project,
        mode=session.parts.mode.value,
        began_wall=began,
        ended_wall=time.time(),
        environments=await world.environments(),
        again=_again(session, experiment),
        how=_how(session),
        record=str(record.path) if record else "",
    )
    run = judge(course, setting)
    data = journal(run)
    await asyncio.to_thread(_write, folder, run, data, record.path if record else None, (first, world.now()))
    await runs.keep(db, run, str(folder), data)
    await audit.append(
        db,
        "experiment",
        "run",
        {"id": run.id, "title": experiment.title, "status": run.status, "rollback": run.rollback},
    )
    if run.rollback is not Outcome.COMPLETE:
        await _escalate(db, folder, run)
    return run


def _again(session: Session, experiment: Experiment) -> str:
    """The command that runs the same on the same kind of cluster: what was simulated is never repeated live."""
    own = library.find(experiment.name)
    source = experiment.name if own is not None and str(own) == experiment.source else experiment.source
    words = ["chaos-console experiment run", shlex.quote(source)]
    if session.parts.mode is Mode.SIMULATED:
        words += ["--sim", *_seed(session), f"--speed {session.parts.clock.speed:g}"]
    else:
        words += ["--live", f"--project {shlex.quote(session.parts.project)}"]
    return " ".join([*words, *([f"--limit {experiment.max_targets}"] if experiment.max_targets > 1 else [])])


def _seed(session: Session) -> list[str]:
    actor = session.parts.actor
    return [f"--seed {actor.policy.seed}"] if actor is not None and actor.policy.seed is not None else []


def _how(session: Session) -> str:
    speed = session.parts.clock.speed
    hurried = (
        f", {speed:g} times as fast as real time: this machine's own delays count {speed:g}-fold" if speed > 1 else ""
    )
    return " ".join([f"chaos-console {__version__}", *_seed(session)]) + hurried


async def _may_widen(db: Database, experiment: Experiment) -> bool:
    """Start small: more than one target needs a confirmed run with fewer (S2-53)."""
    if experiment.max_targets <= 1:
        return True
    return await runs.confirmed(db, experiment.widens or experiment.title, experiment.max_targets - 1)


def _write(folder: Path, run: Run, data: dict[str, Any], record: Path | None, span: tuple[float, float]) -> None:
    folder.mkdir(parents=True, mode=0o700)
    recovery = {
        "id": run.id,
        "rollback": run.rollback.value,
        "detection_s": run.detection_s,
        "recovery_s": run.recovery_s,
        "steady_after": run.steady_after,
        "reverts": list(run.reverts),
        "samples": [
            {"t": s.t, "ops": s.ops, "latency_ms": s.latency_ms, "errors_percent": s.errors_percent,
             "coverage_percent": s.coverage_percent, "stores": s.stores, "members": s.members, "level": s.level}
            for s in run.samples if s.phase == "recovery"
        ],
    }  # fmt: skip
    (folder / "report.md").write_text(report(run))
    (folder / "report.json").write_text(json.dumps(data, indent=2, default=str) + "\n")
    (folder / "recovery.json").write_text(json.dumps(recovery, indent=2) + "\n")
    (folder / "plot.svg").write_text(plot(run))
    with (folder / "behaviour.jsonl").open("w") as sink:
        for line in _cut(record, span) if record else ():
            sink.write(line)


def _cut(record: Path, span: tuple[float, float]) -> list[str]:
    """The flight record of the run's own time, with its header."""
    kept: list[str] = []
    with record.open() as lines:
        for n, line in enumerate(lines):
            try:
                t = json.loads(line).get("t")
            except (ValueError, AttributeError):
                continue
            if n == 0 or (isinstance(t, (int, float)) and span[0] <= t <= span[1]):
                kept.append(line)
    return kept


async def _escalate(db: Database, folder: Path, run: Run) -> None:
    """Somebody must look: a file beside the report, and a row in the audit log."""
    contact = run.experiment.on_call or "nobody is named in the file (on_call)"
    lines = [f"# Escalation: rollback {run.rollback.value}", "", f"Run `{run.id}`. On call: {clean(contact, 200)}.", ""]
    lines += [f"- {clean(r, 400)}" for r in run.reverts]
    (folder / "escalation.md").write_text("\n".join(lines) + "\n")
    try:
        await audit.append(db, "experiment", "escalation", {"id": run.id, "rollback": run.rollback, "on_call": contact})
    except StorageError:
        return
