"""A live or simulated session: one stream in, one frozen picture out, one door to the world."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from console.diagnose.watch import Judged
from console.faults.actor import Request
from console.model.cluster import Cluster
from console.model.fault import Injection, Preview, Refusal, Revert
from console.model.names import Role
from console.model.observation import Observation
from console.model.text import clean, clean_block, redact
from console.model.view import Chapter, Details, ExperimentEntry, Mode, View
from console.observe.engine import EngineError
from console.observe.source import Tasks
from console.observe.sources import Sources

from .asking import Asking
from .diagnoser import Diagnoser
from .looking import Looking
from .operations import Operations
from .parts import Parts
from .reports import Reports
from .standing import level
from .timeline import Timeline
from .timing import Timing

LOG_LINES = 200
START_S = 10.0  # with nothing seen for so long, that nothing is there is what there is to say
CLEAN_UP_S = 8.0  # for what was begun in containers of our own to take them away again


class Session:
    """Implements `SessionApi`. All methods run on one event loop."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._clock, self._watch = parts.clock, parts.watch
        self._version = 0
        self._moved = asyncio.Event()
        self._view: View | None = None
        self.timeline = Timeline()
        self.timing = Timing()
        self.diagnoser = Diagnoser(self._clock.now, self._bump)
        record = parts.recording
        prompts = record.path.parent.parent / "prompts" / record.path.stem if record else None
        self._sources = Sources(parts.plan, self._clock, self.feed, lambda: self._watch.cluster.leader)
        looking = Looking(self._sources.directory, self.details)
        self._asking = Asking(parts.settings.diagnose, self._watch, self.diagnoser, self.details, prompts, looking.look)
        self.operations = Operations(
            parts.actor,
            parts.no_actor,
            now=self.now,
            cluster=lambda: self._watch.cluster,
            timeline=self.timeline,
            timing=self.timing,
            diagnoser=self.diagnoser,
            recording=record,
            changed=self._bump,
            abort_if=parts.settings.safety.abort_if,
        )
        self._tasks = Tasks()
        self._closing: asyncio.Task[tuple[Revert, ...]] | None = None
        self._chapter: Chapter | None = None
        self._next = asyncio.Event()
        self.on_abort: Callable[[], Awaitable[None]] | None = None
        if record is not None:
            record.failed = lambda why: self.timeline.add(self.now(), "console", why, "warn")

    # -- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Put back what a dead console left, then begin to observe."""
        self.operations.begin()
        if self.parts.keeper is not None:
            await self.parts.keeper.recover(self.timeline, self.now)
            self._tasks.start("keeper", self.parts.keeper.run(self))
        self._sources.start()
        if self.parts.keeper is not None and self.parts.mode is Mode.LIVE:
            self._tasks.start("sweep", self.parts.keeper.sweep(self.timeline, self.now))
        if self.parts.actor is not None and not self.parts.actor.policy.read_only:
            self._tasks.start("preflight", self.operations.check())  # it may start a container of ours

    def attach(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        """Run something beside the session, as long as the session lasts."""
        self._tasks.start(name, work)

    async def close(self, reason: str) -> tuple[Revert, ...]:
        """Revert what is live, stop the sources, finish the record. A second call waits for the first."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(reason))
        return await asyncio.shield(self._closing)

    async def _close(self, reason: str) -> tuple[Revert, ...]:
        parts = self.parts
        results: tuple[Revert, ...] = ()
        if parts.actor is not None and not parts.actor.policy.read_only and not parts.actor.policy.detached:
            results = await self.put_all_back(reason)
        await self._asking.close()
        await self._tasks.close(CLEAN_UP_S)
        await self._sources.close()
        if parts.actor is not None:
            await parts.actor.lab.close()
        if parts.keeper is not None:
            await parts.keeper.release()
        if parts.recording is not None:
            parts.recording.close()
        for closer in parts.closers:
            with contextlib.suppress(OSError, EngineError, TimeoutError):
                await closer()
        return results

    # -- stream -----------------------------------------------------------------------------------------------------

    def feed(self, obs: Observation) -> None:
        """One observation from a source, through record, fold, detection and rules."""
        if self.parts.recording is not None:
            self.parts.recording.write(obs)
        changed = self._watch.feed(obs)
        self.timeline.observe(obs, self._watch.cluster)
        if changed:
            self.timeline.incidents(self.now(), (j.incident for j in self._watch.judged))
        if changed or obs.kind == "tick":
            for judged in self._asking.follow(self.now()):
                self.operations.marks.append((judged.incident.opened, "detected"))
            self._time()
        self._bump()

    def _time(self) -> None:
        actor = self.parts.actor
        incidents = [j.incident for j in self._watch.judged]
        shown = [self.operations.master.shown(i) for i in actor.injections] if actor else []
        self.timing.update(shown, incidents, self.diagnoser.run)

    def _bump(self) -> None:
        self._version += 1
        self._moved.set()

    async def until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds of this session; False when `seconds` (real) are over first."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not done():
                    self._moved.clear()
                    await self._moved.wait()
        return done()

    # -- SessionApi: looking ----------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Rises with every change."""
        return self._version

    def now(self) -> float:
        """Session clock, seconds."""
        return self._clock.now()

    @property
    def judged(self) -> tuple[Judged, ...]:
        """Incidents with the rules' opinion."""
        return self._watch.judged

    def view(self) -> View:
        """The present picture."""
        if self._view is not None and self._view.seq == self._version:
            return self._view
        self._time()
        self._view = self._picture()
        return self._view

    def _picture(self) -> View:
        parts, cluster = self.parts, self._watch.cluster
        actor = parts.actor
        incidents = tuple(j.incident for j in self._watch.judged)
        load = next((c for c in cluster.containers.values() if c.role is Role.LOAD), None)
        return View(
            seq=self._version,
            now=self.now(),
            wall=self._clock.wall(),
            mode=parts.mode,
            project=parts.project,
            cluster=cluster,
            level=level(cluster, incidents),
            blind=self._watch.detection.blind,
            read_only=actor is None or bool(actor.policy.read_only),
            read_only_reason=parts.no_actor if actor is None else actor.policy.read_only,
            disarmed=actor.disarmed if actor else "",
            injections=tuple(self.operations.master.shown(i) for i in actor.injections) if actor else (),
            limit=actor.policy.limit if actor else 0,
            faults=self.operations.faults,
            incidents=incidents,
            timer=self.timing.timer,
            diagnosis=self.diagnoser.run,
            earlier=self.diagnoser.earlier,
            timeline=self.timeline.events,
            revert=self.operations.progress,
            chapter=self._chapter,
            marks=tuple(self.operations.marks[-60:]),
            load_on=None if load is None else load.state == "running",
            starting="" if self._begun(cluster) else "the first answers",
            record_path=str(parts.recording.path) if parts.recording else "",
            experiment=parts.trials.run if parts.trials else None,
        )

    def _begun(self, cluster: Cluster) -> bool:
        """Whether there is anything to judge: before that the cluster is not well, it is unknown."""
        seen = bool(cluster.stores or cluster.members or cluster.containers)
        return seen or cluster.t > START_S

    async def details(self, component: str) -> Details:
        """Inspect and log tail, read-only, cleaned and redacted."""
        engine = self.parts.plan.engine
        box = self._watch.cluster.containers.get(component)
        if engine is None or box is None or not box.id:
            return Details(component, "", (), error="no container of that name is known here")
        try:
            inspected, log = await asyncio.gather(engine.inspect(box.id), engine.log_tail(box.id, LOG_LINES))
        except EngineError as error:
            return Details(component, "", (), error=clean(error))
        from .inspecting import rows, text

        lines = tuple(redact(clean(line, 500)) for line in log.splitlines()[-LOG_LINES:])
        return Details(component, clean_block(redact(text(inspected)), 60_000), lines, inspected=rows(inspected))

    async def decide(self) -> str:
        """The deciding test of the present diagnosis, or of rules against model; its result is noted."""
        from .deciding import decide

        contest = self._asking.contest()
        if contest is None:
            return "no two explanations are at odds"
        found = await decide(contest, self._watch.cluster, self._sources.directory, self.details)
        self.note(found)
        return found

    # -- SessionApi: acting -----------------------------------------------------------------------------------------

    async def preview(self, kind: str, target: str, params: Mapping[str, float], duration_s: float | None) -> Preview:
        """What it would do; touches nothing."""
        return await self.operations.preview(Request(kind, target, params, duration_s))

    async def inject(
        self, kind: str, target: str, params: Mapping[str, float], duration_s: float | None
    ) -> Injection | Refusal:
        """Guard, journal, act, verify."""
        return await self.operations.inject(Request(kind, target, params, duration_s))

    async def revert(self, injection: str) -> Revert:
        """Put one back."""
        return await self.operations.revert(injection)

    async def revert_all(self, reason: str) -> tuple[Revert, ...]:
        """The kill switch."""
        return await self.operations.put_all_back(reason, disarm=True)

    async def put_all_back(self, reason: str) -> tuple[Revert, ...]:
        """Every live injection, without the kill switch's disarming: for endings that were meant."""
        return await self.operations.put_all_back(reason, disarm=False)

    async def arm(self, reason: str) -> Refusal | None:
        """Allow injections again."""
        return await self.operations.arm(reason)

    async def toggle_load(self) -> str:
        """Start or stop the load generator."""
        return await self.operations.set_load(not self.view().load_on)

    def note(self, text: str) -> None:
        """A line of the operator's own."""
        self.timeline.add(self.now(), "operator", text, "act")
        self._bump()

    def experiments(self) -> tuple[ExperimentEntry, ...]:
        """The experiments that can be run here."""
        return self.parts.trials.entries() if self.parts.trials else ()

    def run_experiment(self, name: str) -> str:
        """Begin one; empty, or one line why not."""
        if self.parts.trials is None:
            return "no experiment can be run here"
        return self.parts.trials.begin(self, name)

    def reports(self) -> Reports:
        """Past runs."""
        return self.parts.reports

    def diagnose(self) -> str:
        """Ask now: the model where there is a key, else the rules, labelled so."""
        return self._asking.now()

    def cancel_diagnosis(self) -> bool:
        """Cancel the one that streams."""
        return self.diagnoser.cancel()

    # -- SessionApi: guided demo (a replay has a session of its own) ---------------------------------------------------

    def set_chapter(self, chapter: Chapter | None) -> None:
        """Show a caption."""
        self._chapter = chapter
        self._bump()

    async def wait_for_next(self) -> None:
        """Until the presenter goes on."""
        self._next.clear()
        await self._next.wait()

    def next_chapter(self) -> None:
        """The presenter goes on."""
        self._next.set()

    async def abort_demo(self) -> None:
        """The presenter stops the demo: put back, no more chapters."""
        if self.on_abort is not None:
            await self.on_abort()

    def play_pause(self) -> None:
        """Only a replay can be paused."""

    def step(self, seconds: float) -> None:
        """Only a replay can be stepped."""

    def seek(self, t: float) -> None:
        """Only a replay can be moved in time."""

    def set_speed(self, factor: float) -> None:
        """Only a replay has a speed of its own."""
