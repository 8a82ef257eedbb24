"""A live or simulated session: one stream in, one frozen picture out, one door to the world."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any

from console.diagnose.anthropic import AnthropicDiagnostician, ModelSettings, key_present
from console.diagnose.bundle import build
from console.diagnose.stream import Chunk
from console.diagnose.watch import Judged, Watch
from console.faults.actor import Actor, Request
from console.model.fault import Injection, Preview, Refusal, Revert
from console.model.names import Role
from console.model.observation import LAB, Observation
from console.model.text import clean, clean_block, redact
from console.model.view import Chapter, Details, FaultEntry, Mode, RevertProgress, View
from console.observe.clock import Clock
from console.observe.engine import EngineError
from console.observe.source import Tasks
from console.observe.sources import Plan, Sources

from .diagnoser import Diagnoser, save_prompt
from .housekeeping import Keeper
from .recording import Recording
from .settings import Settings
from .standing import level
from .timeline import Timeline
from .timing import Timing

SETTLE_S = 0.6  # evidence of the first moment is gathered before the rules speak
LOG_LINES = 200


@dataclass
class Parts:
    """What a session is made of. `actor` None: nothing can be injected, and `no_actor` says why."""

    mode: Mode
    project: str
    clock: Clock
    plan: Plan
    settings: Settings
    watch: Watch
    actor: Actor | None = None
    no_actor: str = ""
    keeper: Keeper | None = None
    recording: Recording | None = None
    closers: tuple[Callable[[], Awaitable[None]], ...] = ()


class Session:
    """Implements `SessionApi`. All methods run on one event loop."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._clock = parts.clock
        self._watch = parts.watch
        self._version = 0
        self._moved = asyncio.Event()
        self._view: View | None = None
        self.timeline = Timeline()
        self.timing = Timing()
        self.diagnoser = Diagnoser(self._clock.now, self._bump)
        self._model = AnthropicDiagnostician(_model_settings(parts.settings))
        self._sources = Sources(parts.plan, self._clock, self.feed, lambda: self._watch.cluster.leader)
        self._tasks = Tasks()
        self._faults: tuple[FaultEntry, ...] = ()
        self._progress: RevertProgress | None = None
        self._marks: list[tuple[float, str]] = []
        self._diagnosed: set[str] = set()
        self._closing: asyncio.Task[tuple[Revert, ...]] | None = None
        self._chapter: Chapter | None = None
        self._next = asyncio.Event()
        self.on_abort: Callable[[], Awaitable[None]] | None = None
        if parts.recording is not None:
            parts.recording.failed = lambda why: self.timeline.add(self.now(), "console", why, "warn")

    # -- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Put back what a dead console left, then begin to observe."""
        actor = self.parts.actor
        if actor is not None:
            actor.bind(self._bump)
            self._faults = await self._catalogue(actor)
        if self.parts.keeper is not None:
            await self.parts.keeper.recover(self.timeline, self.now)
            self._tasks.start("keeper", self.parts.keeper.run(self))
        self._sources.start()

    async def _catalogue(self, actor: Actor) -> tuple[FaultEntry, ...]:
        from console.faults.catalogue import KINDS

        here = await actor.availability()
        return tuple(FaultEntry(kind.spec, here[name]) for name, kind in KINDS.items())

    async def close(self, reason: str) -> tuple[Revert, ...]:
        """Revert what is live, stop the sources, finish the record. A second call waits for the first."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(reason))
        return await asyncio.shield(self._closing)

    async def _close(self, reason: str) -> tuple[Revert, ...]:
        results: tuple[Revert, ...] = ()
        if self.parts.actor is not None and not self.parts.actor.policy.read_only:
            results = await self.put_all_back(reason, disarm=False)
        await self.diagnoser.close()
        await self._tasks.close()
        await self._sources.close()
        await self._model.close()
        if self.parts.keeper is not None:
            await self.parts.keeper.release()
        if self.parts.recording is not None:
            self.parts.recording.close()
        for closer in self.parts.closers:
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
        if changed or obs.kind == "tick":
            self._react(changed)
        self._bump()

    def _react(self, changed: bool) -> None:
        now = self.now()
        if changed:
            self.timeline.incidents(now, (j.incident for j in self._watch.judged))
        for judged in self._watch.judged[-5:]:
            self._answer(judged, now)
        self._time()

    def _answer(self, judged: Judged, now: float) -> None:
        """The rules answer by themselves once per incident; then their finished answer follows the evidence."""
        incident = judged.incident
        if incident.id in self._diagnosed:
            self.diagnoser.revise(judged)
            return
        if self.parts.settings.diagnose.auto == "off" or now - incident.opened < SETTLE_S:
            return
        self._diagnosed.add(incident.id)
        self._marks.append((incident.opened, "detected"))
        if self.parts.settings.diagnose.auto == "model" and key_present():
            self._ask_model(judged)
        else:
            self.diagnoser.rules(judged)

    def _time(self) -> None:
        actor = self.parts.actor
        incidents = [j.incident for j in self._watch.judged]
        self.timing.update(actor.injections if actor else (), incidents, self.diagnoser.run)

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
            injections=actor.injections if actor else (),
            limit=actor.policy.limit if actor else 0,
            faults=self._faults,
            incidents=incidents,
            timer=self.timing.timer,
            diagnosis=self.diagnoser.run,
            earlier=self.diagnoser.earlier,
            timeline=self.timeline.events,
            revert=self._progress,
            chapter=self._chapter,
            marks=tuple(self._marks[-60:]),
            load_on=None if load is None else load.state == "running",
            starting="" if cluster.t > 0 else "waiting for the first observation",
            record_path=str(parts.recording.path) if parts.recording else "",
        )

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

    # -- SessionApi: acting -----------------------------------------------------------------------------------------

    async def preview(self, kind: str, target: str, params: Mapping[str, float], duration_s: float | None) -> Preview:
        """What it would do; touches nothing."""
        if self.parts.actor is None:
            return _refused(kind, Refusal("READ_ONLY", self.parts.no_actor))
        request = Request(kind, target, params, duration_s)
        try:
            return await self.parts.actor.preview(request, self._watch.cluster, self.now())
        except EngineError as error:
            return _refused(kind, Refusal("CANNOT_CHECK", str(error)))

    async def inject(
        self, kind: str, target: str, params: Mapping[str, float], duration_s: float | None
    ) -> Injection | Refusal:
        """Guard, journal, act, verify."""
        actor = self.parts.actor
        if actor is None:
            return Refusal("READ_ONLY", self.parts.no_actor)
        request = Request(kind, target, params, duration_s)
        asked = self.now()
        done = await actor.inject(request, self._watch.cluster, asked)
        if isinstance(done, Refusal):
            self.timeline.add(self.now(), "guard", f"refused {kind} {target}: {done.sentence}", "warn")
            self._bump()
            return done
        for injection in done:
            began = injection.called if injection.called is not None else asked
            said = {"kind": kind, "target": injection.component, "id": injection.id}
            self._lab(began, "inject", said)
            self._lab(self.now(), "injected", said)
            self._marks.append((began, "fault"))
            text = f"{kind} on {injection.component} for at most {injection.expires_wall - injection.began_wall:.0f} s"
            self.timeline.add(began, "operator", text, "act")
        self._time()
        self._bump()
        return done[0]

    def _lab(self, t: float, kind: str, data: dict[str, Any]) -> None:
        """What the injector did, for the record only: detection and diagnosis never see it."""
        if self.parts.recording is not None:
            self.parts.recording.write(Observation(t, LAB, kind, data))

    async def revert(self, injection: str) -> Revert:
        """Put one back."""
        actor = self.parts.actor
        assert actor is not None, "a session without an actor has no injections"
        self._begin_revert(injection, actor)
        (result,) = await actor.revert_these([injection], self._result, self._undone)
        return result

    async def revert_all(self, reason: str) -> tuple[Revert, ...]:
        """The kill switch."""
        return await self.put_all_back(reason, disarm=True)

    async def put_all_back(self, reason: str, *, disarm: bool = False) -> tuple[Revert, ...]:
        """Every live injection, verified; without the kill switch's disarming unless asked."""
        actor = self.parts.actor
        if actor is None:
            return ()
        live = actor.live
        if live:
            self._progress = RevertProgress(len(live), 0, at=self.now())
            self.timeline.add(self.now(), "operator", f"putting back {len(live)} injection(s): {reason}", "act")
            self._bump()
        for injection in live:
            self._begin_revert(injection.id, actor)
        results = await actor.revert_all(reason, disarm=disarm, progress=self._result, on_undone=self._undone)
        if self._progress is not None:
            self._progress = replace(self._progress, finished=True)
        self._bump()
        return results

    def _begin_revert(self, injection: str, actor: Actor) -> None:
        known = next((i for i in actor.live if i.id == injection), None)
        if known is not None:
            self._lab(self.now(), "revert", {"kind": known.kind, "target": known.component, "id": known.id})

    def _undone(self, injection: Injection) -> None:
        now = self.now()
        self.timing.undone(injection.id, now)
        self._marks.append((now, "reverted"))
        self._lab(now, "reverted", {"kind": injection.kind, "target": injection.component, "id": injection.id})
        self._time()
        self._bump()

    def _result(self, result: Revert) -> None:
        tone = {"COMPLETE": "good", "PARTIAL": "warn"}.get(result.outcome.value, "bad")
        text = f"{result.kind} on {result.component}: rollback {result.outcome.value}, {result.detail}"
        self.timeline.add(self.now(), "rollback", text, tone)
        if self._progress is not None and not self._progress.finished:
            done = self._progress.done + 1
            self._progress = replace(self._progress, done=done, results=(*self._progress.results, result))
        self._reveal(result)
        self._bump()

    def _reveal(self, result: Revert) -> None:
        """The fault is over and known to all: say how good the diagnosis was."""
        run, timer = self.diagnoser.run, self.timing.timer
        if run is None or run.diagnosis is None or run.incident != self.timing.incident or timer is None:
            return
        kind = "✓" if run.diagnosis.fault == result.kind else "✗"
        place = "✓" if run.diagnosis.component == result.component else "✗"
        onset = run.diagnosis.onset
        off = "" if onset is None else f" onset {abs(onset - timer.zero):.1f} s off"
        self.diagnoser.score(run.incident, f"kind {kind} component {place}{off}")

    async def expire(self) -> None:
        """Put back what has reached its duration."""
        actor = self.parts.actor
        due = await actor.expired() if actor is not None else []
        for injection in due:
            self.timeline.add(self.now(), "console", f"{injection.kind} on {injection.component} has reached its end")
        if actor is not None and due:
            for injection in due:
                self._begin_revert(injection.id, actor)
            await actor.revert_these([i.id for i in due], self._result, self._undone)

    async def arm(self, reason: str) -> Refusal | None:
        """Allow injections again."""
        if self.parts.actor is None:
            return Refusal("READ_ONLY", self.parts.no_actor)
        refusal = await self.parts.actor.arm(reason)
        if refusal is None:
            self.timeline.add(self.now(), "operator", f"armed: {reason}", "act")
            self._progress = None
        self._bump()
        return refusal

    async def toggle_load(self) -> str:
        """Start or stop the load generator."""
        if self.parts.actor is None:
            return self.parts.no_actor
        on = self.view().load_on
        try:
            said = await self.parts.actor.set_load(not on)
        except EngineError as error:
            said = str(error)
        self.note(said)
        return said

    def note(self, text: str) -> None:
        """A line of the operator's own."""
        self.timeline.add(self.now(), "operator", text, "act")
        self._bump()

    # -- SessionApi: diagnosis --------------------------------------------------------------------------------------

    def diagnose(self) -> str:
        """Ask now: the model where there is a key, else the rules, labelled so."""
        if not self._watch.judged:
            return "nothing to diagnose: no incident has been detected"
        judged = self._watch.judged[-1]
        self._diagnosed.add(judged.incident.id)
        if key_present():
            self._ask_model(judged)
            return f"asking {self._model.settings.model} about {judged.incident.component}"
        self.diagnoser.rules(judged, "no ANTHROPIC_API_KEY: the rules answer")
        return f"the rules answer about {judged.incident.component} (no ANTHROPIC_API_KEY)"

    def _ask_model(self, judged: Judged) -> None:
        self.diagnoser.model(judged.incident.id, self._model.settings.model, self._model_chunks(judged))

    async def _model_chunks(self, judged: Judged) -> AsyncIterator[Chunk]:
        bundle = build(judged.incident, self._watch.cluster, await self._log_tails(judged))
        if self.parts.recording is not None:
            folder = self.parts.recording.path.parent.parent / "prompts" / self.parts.recording.path.stem
            with contextlib.suppress(OSError):
                await asyncio.to_thread(save_prompt, folder, judged.incident.id, self._model.request(bundle), bundle)
        async for chunk in self._model.stream(bundle):
            yield chunk

    async def _log_tails(self, judged: Judged) -> tuple[tuple[str, tuple[str, ...]], ...]:
        tails = []
        for name in judged.incident.components[:3]:
            details = await self.details(name)
            if details.log:
                tails.append((name, details.log[-6:]))
        return tuple(tails)

    def cancel_diagnosis(self) -> bool:
        """Cancel the one that streams."""
        return self.diagnoser.cancel()

    def attach(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the session, as long as the session lasts."""
        self._tasks.start(name, work)

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


def _model_settings(settings: Settings) -> ModelSettings:
    url = settings.diagnose.base_url or os.environ.get("ANTHROPIC_BASE_URL")
    return ModelSettings(model=settings.diagnose.model, base_url=url)


def _refused(kind: str, refusal: Refusal) -> Preview:
    return Preview(kind, (), "", "", "", 0.0, "", refusal)
