"""The protocol: steady state, inject, observe, put back, verify recovery. What it means is for `analysis.py` to say.

Everything it needs of the world comes through `World`; it holds no clock, no engine and no screen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from console.faults import aborts
from console.faults.actor import Request
from console.model.cluster import Cluster
from console.model.experiment import Experiment, HypothesisState, Mark, Sample, Step
from console.model.fault import Injection, Outcome, Refusal, Revert
from console.model.incident import Incident

from . import measuring

POLL_S = 1.0
WARM_S = 40.0  # a client may print every ten seconds, and it takes two lines to make a difference
CALM = 3  # samples in a row that make a recovered system
ALWAYS = ("stale > 20 s",)


class World(Protocol):
    """What a session offers an experiment. Seconds are the session's."""

    def now(self) -> float: ...

    def cluster(self) -> Cluster: ...

    def incidents(self) -> Sequence[Incident]: ...

    def explanation(self, incident: str) -> tuple[str, str, float] | None:
        """What the diagnosis says of an incident now: fault, component, confidence."""

    def level(self) -> str: ...

    def halted(self) -> str:
        """Why nothing may go on (the kill switch was pressed); empty while it may."""

    async def sleep(self, seconds: float) -> None: ...

    async def inject(self, request: Request) -> tuple[Injection, ...] | Refusal: ...

    async def put_back(self) -> tuple[Revert, ...]:
        """Everything this experiment injected, verified."""

    async def perform(self, step: Step) -> str:
        """Somebody else's activity; one line of result. Raises RuntimeError."""

    async def hypothesis(self, sample: Sample) -> HypothesisState | None:
        """The file's own hypothesis, asked now; None where it has none. Raises RuntimeError."""

    async def canary_write(self) -> str:
        """Write checksummed records; empty on success, else why it cannot be done here."""

    async def canary_read(self) -> tuple[bool | None, str]:
        """Read them back: whether all are as written (None: not checkable), and a sentence."""


@dataclass
class Course:
    """What happened, as it happens."""

    experiment: Experiment
    samples: list[Sample] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    injections: list[Injection] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    explanations: list[tuple[str, str, float]] = field(default_factory=list)  # as they stood before the revert
    hypothesis: list[HypothesisState | None] = field(default_factory=lambda: [None, None])  # before, after
    reverts: tuple[Revert, ...] = ()
    phase: str = "baseline"
    refusal: Refusal | None = None
    unsteady: list[str] = field(default_factory=list)
    unsteady_after: list[str] = field(default_factory=list)
    aborted: str = ""
    broken: str = ""  # an activity that could not be performed
    steady_before: bool | None = None
    steady_after: bool | None = None
    began: float | None = None  # of the first injection
    undone: float | None = None
    recovered: float | None = None
    canary_missing: str = ""
    canary: tuple[bool | None, str] = (None, "no canary was written")

    @property
    def rollback(self) -> Outcome:
        """The worst of all reverts; COMPLETE where there was nothing to put back."""
        outcomes = [r.outcome for r in self.reverts]
        return next((o for o in (Outcome.FAILED, Outcome.PARTIAL) if o in outcomes), Outcome.COMPLETE)


Tell = Callable[[str, str], None]
Seen = Callable[[Course], None]


class Execution:
    """One execution. Whoever shows it gets `tell(what, said)` at every step and `seen(course)` at every sample."""

    def __init__(self, experiment: Experiment, world: World, tell: Tell, seen: Seen | None = None) -> None:
        self.course = Course(experiment)
        self._world, self._tell, self._seen = world, tell, seen
        self._watches: dict[str, aborts.Watch] = {}  # by phase
        self._stop = asyncio.Event()

    async def run(self) -> Course:
        """All phases; what was injected is put back whatever happens in between, a cancellation included."""
        polling = asyncio.create_task(self._poll(), name="experiment samples")
        whole = False
        try:
            if await self._steady():
                await self._break()
            whole = True
        finally:
            try:
                await self._put_back()
                if whole and self.course.began is not None:
                    await self._recover()
            finally:
                polling.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await polling
        return self.course

    def _mark(self, what: str, said: str = "") -> None:
        self.course.marks.append(Mark(self._world.now(), what, said))
        self._tell(what, said)

    # -- samples ----------------------------------------------------------------------------------------------------

    async def _poll(self) -> None:
        while True:
            self._take()
            if self._seen is not None:
                self._seen(self.course)
            await self._world.sleep(POLL_S)

    def _take(self) -> None:
        course, world = self.course, self._world
        incidents = world.incidents()
        cluster = world.cluster()
        course.samples.append(measuring.sample(cluster, world.now(), course.phase, incidents, world.level()))
        if course.began is not None:
            course.incidents |= {i.id: i for i in incidents if i.over is None or i.opened >= course.began}
        watch = self._watches.get(course.phase)
        if watch is None or self._stop.is_set():
            return
        self._watches[course.phase], tripped = watch.look(cluster)
        why = self._why_stop(tripped)
        if why:
            course.aborted = course.aborted or why
            self._mark("aborted", why)
            self._stop.set()

    def _why_stop(self, tripped: aborts.Tripped | None) -> str:
        """What is in and must come out, or what is no longer worth waiting for (S2-73)."""
        if self.course.phase == "recovery":
            return f"abort condition after the restore: {tripped}" if tripped is not None else ""
        return f"abort condition: {tripped}" if tripped is not None else self._world.halted()

    async def _for(self, seconds: float) -> bool:
        """Wait, or until the run is stopped; False when it was."""
        end = self._world.now() + seconds
        while not self._stop.is_set() and (left := end - self._world.now()) > 0:
            await self._world.sleep(min(left, POLL_S / 2))
        return not self._stop.is_set()

    # -- phases -----------------------------------------------------------------------------------------------------

    async def _steady(self) -> bool:
        """Baseline: steady for its whole time, or nothing is injected (S2-19, S2-89)."""
        course, experiment = self.course, self.course.experiment
        self._mark("steady state", f"measured for {experiment.baseline_s:g} s")
        warm = self._world.now() + WARM_S
        while not self._world.cluster().workload.intervals and self._world.now() < warm:
            await self._world.sleep(POLL_S / 2)
        first = len(course.samples)
        await self._for(experiment.baseline_s)
        course.unsteady = measuring.deviations(course.samples[first:], experiment.limits)
        course.unsteady += [] if course.unsteady else await self._asked(0)
        course.steady_before = not course.unsteady
        del course.samples[:first]
        if course.unsteady:
            self._mark("refused", "not steady: " + "; ".join(course.unsteady))
            return False
        if experiment.canary:
            course.canary_missing = await self._world.canary_write()
        return True

    async def _asked(self, when: int) -> list[str]:
        """Why the file's own hypothesis does not hold, before (0) or after (1); empty where it does, or has none."""
        try:
            state = await self._world.hypothesis(self.course.samples[-1])
        except RuntimeError as error:
            return [f"the hypothesis could not be tested: {error}"]
        self.course.hypothesis[when] = state
        return [state.why] if state is not None and not state.met else []

    async def _break(self) -> None:
        course, experiment = self.course, self.course.experiment
        before = self._world.cluster()  # a share of the throughput is a share of this, after the restore too
        self._watches["fault"] = aborts.watch(experiment.abort_if, before, ALWAYS)
        if experiment.abort_after:
            self._watches["recovery"] = aborts.watch(experiment.abort_after, before)
        course.phase = "fault"
        async with asyncio.TaskGroup() as beside:
            await self._method(beside)
        if course.began is not None and not course.broken and course.refusal is None:
            await self._for(course.began + experiment.duration_s - self._world.now())

    async def _method(self, beside: asyncio.TaskGroup) -> None:
        """Every step in turn; one that says `background` runs beside those after it and is waited for at the end."""
        for step in self.course.experiment.method:
            if not await self._for(step.before_s):
                return
            if step.raw.get("background") and not step.injects:
                beside.create_task(self._perform(step))
            elif not await self._step(step):
                return
            if not await self._for(step.after_s):
                return

    async def _perform(self, step: Step) -> bool:
        """Somebody else's activity; an action may be the fault itself."""
        course = self.course
        if step.acts and course.began is None:
            course.began = self._world.now()
        try:
            self._mark("activity", f"{step.name}: {await self._world.perform(step)}")
        except RuntimeError as error:
            course.broken = f"{step.name}: {error}"
            self._mark("failed", course.broken)
        return not course.broken

    async def _step(self, step: Step) -> bool:
        """False where the method cannot go on."""
        course = self.course
        if not step.injects:
            return await self._perform(step)
        duration = step.duration_s if step.duration_s is not None else course.experiment.duration_s
        request = Request(
            step.kind, step.target, step.params, duration, allow_quorum_loss=course.experiment.allow_quorum_loss
        )
        began = self._world.now()
        done = await self._world.inject(request)
        if isinstance(done, Refusal):
            course.refusal = done
            self._mark("refused", f"{step.name}: {done.code}: {done.sentence}")
            return False
        course.injections += done
        called = min((i.called for i in done if i.called is not None), default=began)
        course.began = called if course.began is None else course.began
        self._mark("injected", f"{step.kind} on {', '.join(i.component for i in done)}")
        return True

    async def _put_back(self) -> None:
        if not self.course.injections and self.course.refusal is None and self.course.began is None:
            return
        self._mark("putting back", f"{len(self.course.injections)} injection(s)")
        found = (self._world.explanation(i.id) for i in self.course.incidents.values())
        self.course.explanations = [e for e in found if e is not None]
        self.course.undone = self._world.now()
        self.course.reverts = await self._world.put_back()
        for step in self.course.experiment.rollbacks:
            self.course.reverts += (await self._roll_back(step),)
        self._mark("put back", self.course.rollback.value)

    async def _roll_back(self, step: Step) -> Revert:
        """One of the file's own rollbacks; it counts like ours, and one that fails does not stop the next."""
        await self._world.sleep(step.before_s)
        try:
            said, outcome = await self._world.perform(step), Outcome.COMPLETE
        except RuntimeError as error:
            said, outcome = str(error), Outcome.FAILED
        await self._world.sleep(step.after_s)
        return Revert("", "rollback", step.name, outcome, said or "done")

    async def _recover(self) -> None:
        """Until steady state has held for some samples, the time given for it is over (S2-76), or an abort condition of
        this phase says that it is not coming back (S2-73)."""
        course, experiment = self.course, self.course.experiment
        course.phase, self._stop = "recovery", asyncio.Event()
        self._take()
        first, end = len(course.samples) - 1, self._world.now() + experiment.recovery_s
        while True:
            await self._world.sleep(POLL_S)
            recent = [s for s in course.samples[first:] if s.phase == "recovery"][-CALM:]
            course.unsteady_after = measuring.deviations(recent, experiment.limits)
            if len(recent) == CALM and not course.unsteady_after:
                course.unsteady_after = await self._asked(1)
            if len(recent) == CALM and not course.unsteady_after:
                course.recovered = recent[0].t
                break
            if self._stop.is_set() or self._world.now() > end:
                break
        course.steady_after = course.recovered is not None
        said = "; ".join(course.unsteady_after) or "steady state is back"
        self._mark("recovered" if course.steady_after else "not recovered", said)
        if experiment.canary and not course.canary_missing:
            course.canary = await self._world.canary_read()
        elif course.canary_missing:
            course.canary = (None, course.canary_missing)
