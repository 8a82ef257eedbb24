"""The protocol: steady state, inject, observe, put back, verify recovery. What it means is for `analysis.py` to say.

Everything it needs of the world comes through `World`; it holds no clock, no engine and no screen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from console.faults import aborts
from console.faults.actor import Request
from console.model.experiment import Experiment, Mark, Step
from console.model.fault import Outcome, Refusal, Revert

from . import measuring
from .course import Course
from .ramp import SETTLE_S, Ramp, Unmeasured
from .world import World

POLL_S = 1.0
WARM_S = 40.0  # a client may print every ten seconds, and it takes two lines to make a difference
CALM = 3  # samples in a row that make a recovered system
ALWAYS = ("stale > 20 s",)


Tell = Callable[[str, str], None]
Seen = Callable[[Course], None]


class Execution:
    """One execution. Whoever shows it gets `tell(what, said)` at every step and `seen(course)` at every sample."""

    def __init__(self, experiment: Experiment, world: World, tell: Tell, seen: Seen | None = None) -> None:
        self.course = Course(experiment)
        self._world, self._tell, self._seen = world, tell, seen
        self._watches: dict[str, aborts.Watch] = {}  # by phase
        self._stop = asyncio.Event()
        self._ramp = Ramp(world.now, world.cluster, self._for, self.course.loads)

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
        self._ramp.look()
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
        self._ramp.begin()
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
        if any(step.peak for step in experiment.method) and not await self._calibrate():
            return
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
            if not await self._hold(step):
                return

    async def _perform(self, step: Step) -> bool:
        """Somebody else's activity; an action may be the fault itself."""
        course = self.course
        if step.acts and course.began is None:
            course.began = self._world.now()
        try:
            self._mark("activity", f"{step.name}: {await self._world.perform(step)}")
        except RuntimeError as error:
            return self._broken(step.name, str(error))
        return True

    async def _step(self, step: Step) -> bool:
        """False where the method cannot go on."""
        if step.injects:
            return await self._inject(step)
        if step.reverts:
            return await self._between(step)
        return await self._perform(step)

    def _broken(self, name: str, why: str) -> bool:
        self.course.broken = f"{name}: {why}"
        self._mark("failed", self.course.broken)
        return False

    async def _calibrate(self) -> bool:
        """Before a peak: what the client does alone. Where that cannot be told, nothing is injected."""
        try:
            return await self._ramp.calibrate()
        except Unmeasured as error:
            return self._broken("load before the peak", str(error))

    async def _between(self, step: Step) -> bool:
        """What is in comes out, verified, before the method goes on."""
        self.course.reverts = await self._world.put_back()
        self._mark("reverted", f"{step.name}: {self.course.rollback.value}")
        back = self.course.rollback is Outcome.COMPLETE
        return back or self._broken(step.name, f"rollback {self.course.rollback.value}")

    async def _hold(self, step: Step) -> bool:
        """As long as the step says, and a load step until it is measured."""
        if not await self._for(step.after_s) or not step.measured:
            return not self._stop.is_set()
        try:
            load = await self._ramp.end(step)
        except Unmeasured as error:
            return self._broken(step.name, str(error))
        if not self._world.still_in(self.course.injections[-1:]):
            return self._broken(step.name, "could not be measured: its load ended before its time")
        if load is not None:
            self._mark("measured", f"{step.name}: {load.reached:.0f} ops/s")
        return load is not None

    async def _inject(self, step: Step) -> bool:
        course = self.course
        duration = step.duration_s if step.duration_s is not None else course.experiment.duration_s
        params = step.params if step.percent is None else {**step.params, "rate": self._ramp.rate(step)}
        request = Request(
            step.kind, step.target, params, duration, allow_quorum_loss=course.experiment.allow_quorum_loss
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
        self._ramp.begin(SETTLE_S)
        self._mark("injected", f"{step.kind} on {', '.join(i.component for i in done)}")
        return True

    async def _put_back(self) -> None:
        course = self.course
        half = course.refusal is not None and course.refusal.code == "NOT_APPLIED"  # something may have got in
        if not course.injections and course.began is None and not half:
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
