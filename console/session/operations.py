"""What an operator does to the world through a session: inject, put back, arm, load; each leaves its traces."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from console.faults import aborts
from console.faults.actor import Actor, Request
from console.model.cluster import Cluster
from console.model.fault import Availability, Injection, InjectionState, Preview, Refusal, Revert
from console.model.observation import LAB, Observation
from console.model.view import FaultEntry, RevertProgress
from console.observe.engine import EngineError

from . import gamemaster
from .diagnoser import Diagnoser
from .recording import Recording
from .timeline import Timeline
from .timing import Timing

REVERTING = InjectionState.REVERTING
UNKNOWN = Availability(True, known=False)
_TONE = {"COMPLETE": "good", "PARTIAL": "warn", "FAILED": "bad"}


class Operations:
    """`actor` None: nothing can be done here, and `why_not` says why. `changed`: called after every change."""

    def __init__(
        self,
        actor: Actor | None,
        why_not: str,
        *,
        now: Callable[[], float],
        cluster: Callable[[], Cluster],
        timeline: Timeline,
        timing: Timing,
        diagnoser: Diagnoser,
        recording: Recording | None,
        changed: Callable[[], None],
        abort_if: Sequence[str] = (),
    ) -> None:
        self.actor, self._why_not = actor, why_not
        self._now, self._cluster, self._changed = now, cluster, changed
        self._timeline, self._timing, self._diagnoser, self._recording = timeline, timing, diagnoser, recording
        self.progress: RevertProgress | None = None
        self.master = gamemaster.GameMaster(actor.policy.seed if actor is not None else None)
        self._abort_if = abort_if
        self._watches: dict[str, aborts.Watch] = {}
        self.tripped: dict[str, aborts.Tripped] = {}  # by injection
        self.marks: list[tuple[float, str]] = []
        self.faults: tuple[FaultEntry, ...] = ()

    def begin(self) -> None:
        """Show every kind; whether it can work here is for `check` to find out."""
        from console.faults.catalogue import KINDS

        if self.actor is not None:
            self.actor.bind(self._changed)
            self.faults = tuple(FaultEntry(kind.spec, UNKNOWN) for kind in KINDS.values())

    async def check(self) -> None:
        """Ask every kind whether it can work here. It may take a second, and nobody waits for it but an injection."""
        from console.faults.catalogue import KINDS

        if self.actor is not None:
            here = await self.actor.availability()
            known = [FaultEntry(kind.spec, here[name]) for name, kind in KINDS.items()]
            self.faults = (*known, FaultEntry(gamemaster.SPEC, Availability(any(e.availability.ok for e in known))))
            self._changed()

    # -- injecting --------------------------------------------------------------------------------------------------

    async def preview(self, request: Request) -> Preview:
        """What it would do; touches nothing."""
        if self.actor is None:
            return _refused(request.kind, Refusal("READ_ONLY", self._why_not))
        if request.kind == gamemaster.NAME:
            spec, seconds = gamemaster.SPEC, request.duration_s or gamemaster.SPEC.default_duration_s
            return Preview(spec.kind, (), spec.mechanism, spec.signature, "kept by the guard", seconds, "kept secret")
        try:
            return await self.actor.preview(request, self._cluster(), self._now())
        except EngineError as error:
            return _refused(request.kind, Refusal("CANNOT_CHECK", str(error)))

    async def inject(self, request: Request) -> Injection | Refusal:
        """Guard, journal, act, verify; the first injection where there are several."""
        done = await self.inject_all(request)
        return done if isinstance(done, Refusal) else done[0]

    async def inject_all(self, request: Request) -> tuple[Injection, ...] | Refusal:
        """Guard, journal, act, verify: an injection per target."""
        if self.actor is None:
            return Refusal("READ_ONLY", self._why_not)
        asked = self._now()
        try:
            watch = aborts.watch(request.abort_if, self._cluster(), self._abort_if)
        except aborts.AbortError as error:
            return Refusal("BAD_ABORT", str(error))
        if request.kind == gamemaster.NAME:
            done = await self._play(request)
        else:
            done = await self._asked_of_actor(request)
        if isinstance(done, Refusal):
            text = f"refused {request.kind} {request.selector}: {done.sentence}"
            self._timeline.add(self._now(), "guard", text, "warn")
        else:
            for injection in done:
                self._injected(injection, asked)
                self._watches[injection.id] = watch
        self._changed()
        return done if isinstance(done, Refusal) else tuple(self.master.shown(i) for i in done)

    async def _play(self, request: Request) -> tuple[Injection, ...] | Refusal:
        assert self.actor is not None
        there = {i.id for i in self.actor.injections}
        return await self.master.play(request, self.faults, there, self._asked_of_actor)

    async def _asked_of_actor(self, request: Request) -> tuple[Injection, ...] | Refusal:
        assert self.actor is not None
        return await self.actor.inject(request, self._cluster(), self._now())

    def _injected(self, injection: Injection, asked: float) -> None:
        began = injection.called if injection.called is not None else asked
        self._lab(began, "inject", injection)
        self._lab(self._now(), "injected", injection)
        self.marks.append((began, "fault"))
        seconds = injection.expires_wall - injection.began_wall
        injection = self.master.shown(injection)
        self._timeline.add(
            began, "operator", f"{injection.kind} on {injection.component} for at most {seconds:.0f} s", "act"
        )

    def _lab(self, t: float, kind: str, injection: Injection) -> None:
        """What the injector did, for the record only: detection and diagnosis never see it."""
        if self._recording is not None:
            data: dict[str, Any] = {"kind": injection.kind, "target": injection.component, "id": injection.id}
            if injection.params:
                data["params"] = dict(injection.params)
            self._recording.write(Observation(t, LAB, kind, data))

    # -- putting back -----------------------------------------------------------------------------------------------

    async def revert(self, injection: str) -> Revert:
        """Put one back. The id must be of a known injection."""
        assert self.actor is not None, "a session without an actor has no injections"
        (result,) = await self.put_back_these([injection])
        return result

    async def put_back_these(self, ids: Sequence[str]) -> tuple[Revert, ...]:
        """These injections, in parallel, verified; what is back already is looked at again."""
        if self.actor is None:
            return ()
        self._begin_revert([i for i in self.actor.live if i.id in ids])
        return await self.actor.revert_these(ids, self._result, self._undone)

    async def put_all_back(self, reason: str, *, disarm: bool) -> tuple[Revert, ...]:
        """Every live injection, in parallel, verified."""
        if self.actor is None:
            return ()
        live = self.actor.live
        if live:
            self.progress = RevertProgress(len(live), 0, at=self._now())
            self._timeline.add(self._now(), "operator", f"putting back {len(live)} injection(s): {reason}", "act")
            self._changed()
        self._begin_revert(live)
        results = await self.actor.revert_all(reason, disarm=disarm, progress=self._result, on_undone=self._undone)
        if self.progress is not None:
            self.progress = replace(self.progress, finished=True)
        self._changed()
        return results

    def keep(self) -> list[Coroutine[Any, Any, object]]:
        """What is to be put back now, as work to be started: putting back may take a minute, and the caller's beat may
        not wait for it."""
        return [*self._expired(), *self._aborted()]

    def _expired(self) -> list[Coroutine[Any, Any, object]]:
        """What has reached its duration."""
        due = self.actor.due() if self.actor is not None else []
        if self.actor is None or not due:
            return []
        for injection in due:
            over = "could not be put back yet; trying again" if injection.state is REVERTING else "has reached its end"
            text = f"{injection.kind} on {injection.component} {over}"
            self._timeline.add(self._now(), "console", text)
        return [self.put_back_these([i.id for i in due])]

    def _aborted(self) -> list[Coroutine[Any, Any, None]]:
        """What an abort condition says must not go on."""
        live = {i.id: i for i in self.actor.live} if self.actor is not None and self._watches else {}
        self._watches = {k: w for k, w in self._watches.items() if k in live and live[k].state is not REVERTING}
        found = []
        for injection_id, watch in list(self._watches.items()):
            self._watches[injection_id], tripped = watch.look(self._cluster())
            if tripped is not None:
                del self._watches[injection_id]
                found.append(self._trip(live[injection_id], tripped))
        return found

    async def _trip(self, injection: Injection, tripped: aborts.Tripped) -> None:
        assert self.actor is not None
        self.tripped[injection.id] = tripped
        text = f"abort condition of {injection.kind} on {injection.component}: {tripped}; putting it back"
        self._timeline.add(self._now(), "guard", text, "bad")
        await self.actor.tell("abort", id=injection.id, condition=str(tripped.condition), measured=tripped.measured)
        await self.put_back_these([injection.id])

    def _begin_revert(self, injections: Sequence[Injection]) -> None:
        for injection in injections:
            self._lab(self._now(), "revert", injection)

    def _undone(self, injection: Injection) -> None:
        now = self._now()
        if self.master.reveal(injection.id):
            self._timeline.add(now, "game master", f"it was {injection.kind} on {injection.component}", "act")
        self._timing.undone(injection.id, now)
        self.marks.append((now, "reverted"))
        self._lab(now, "reverted", injection)
        self._changed()

    def _result(self, result: Revert) -> None:
        text = f"{result.kind} on {result.component}: rollback {result.outcome.value}, {result.detail}"
        self._timeline.add(self._now(), "rollback", text, _TONE[result.outcome.value])
        if self.progress is not None and not self.progress.finished:
            results = (*self.progress.results, result)
            self.progress = replace(self.progress, done=self.progress.done + 1, results=results)
        self._reveal(result)
        self._changed()

    def _reveal(self, result: Revert) -> None:
        """The fault is over and known to all: say how good the diagnosis was."""
        run, timer = self._diagnoser.run, self._timing.timer
        if run is None or run.diagnosis is None or run.incident != self._timing.incident or timer is None:
            return
        kind = "✓" if run.diagnosis.fault == result.kind else "✗"
        place = "✓" if run.diagnosis.component == result.component else "✗"
        onset = run.diagnosis.onset
        off = "" if onset is None else f" onset {abs(onset - timer.zero):.1f} s off"
        self._diagnoser.score(run.incident, f"kind {kind} component {place}{off}")

    # -- lever and load ---------------------------------------------------------------------------------------------

    async def arm(self, reason: str) -> Refusal | None:
        """Allow injections again."""
        if self.actor is None:
            return Refusal("READ_ONLY", self._why_not)
        refusal = await self.actor.arm(reason)
        if refusal is None:
            self._timeline.add(self._now(), "operator", f"armed: {reason}", "act")
            self.progress = None
        self._changed()
        return refusal

    async def set_load(self, on: bool) -> str:
        """Start or stop the load generator; one line of result."""
        if self.actor is None:
            return self._why_not
        try:
            said = await self.actor.set_load(on)
        except EngineError as error:
            said = str(error)
        self._timeline.add(self._now(), "operator", said, "act")
        self._changed()
        return said


def _refused(kind: str, refusal: Refusal) -> Preview:
    return Preview(kind, (), "", "", "", 0.0, "", refusal)
