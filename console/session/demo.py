"""The guided demo: seven chapters over one session, the same for the screen and for plain lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.model.fault import Injection, Outcome, Refusal, Revert
from console.model.view import Chapter, Level, Timer

from .timing import LANES

if TYPE_CHECKING:
    from .core import Session

HEALTHY_S = 90.0
LOADED_S = 30.0
DETECT_S = 45.0  # PD's own word may take 20 s and more; the demo goes on without it
DIAGNOSED_S = 60.0
RECOVERED_S = 90.0
READ_S = 4.0  # a caption stays at least this long in an automatic run, on the cluster's clock


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is broken, where, and what the presenter says of it."""

    name: str
    kind: str
    target: str
    said: str


SCENARIOS: dict[str, Scenario] = {
    s.name: s
    for s in (
        Scenario(
            "store-kill", "kill", "store-with-most-leaders", "A store that leads regions is killed, as in a crash."
        ),
        Scenario("store-pause", "pause", "store-with-most-leaders", "A store freezes: alive, and silent."),
        Scenario("store-partition", "partition", "store-with-most-leaders", "A store loses its network."),
        Scenario("pd-leader-kill", "kill", "pd-leader", "The PD leader is killed."),
        Scenario("pd-leader-pause", "pause", "pd-leader", "The PD leader freezes."),
    )
}
TITLES = ("Health", "Load", "Fault", "Detection", "Diagnosis", "Revert", "Report")


class Aborted(Exception):
    """The presenter stopped the demo."""


class Demo:
    """`say(chapter, line)`: where lines go. Returns an exit code; whatever happens, what it injected is put back."""

    def __init__(
        self, session: Session, scenario: Scenario, *, auto: bool, say: Callable[[Chapter, str], None]
    ) -> None:
        self._session, self._scenario, self._auto, self._say = session, scenario, auto, say
        self._number = 0
        self._aborted = False
        self._caption = ""
        self.deviations: list[str] = []

    async def run(self) -> int:
        """All chapters. 0 done, 3 refused, 4 rollback not complete, 6 could not run, 130 aborted."""
        self._session.on_abort = self.abort
        code = 6
        try:
            code = await self._chapters()
        except Aborted:
            code = 130
        finally:
            results = await self._session.put_all_back("the demo has ended")
            if any(r.outcome is not Outcome.COMPLETE for r in results):
                code = 4
        return code

    async def abort(self) -> None:
        """Stop after what is being waited for; what was injected is put back."""
        self._aborted = True
        self._session.next_chapter()

    async def _chapters(self) -> int:
        if not await self._health():
            return 6
        await self._load()
        injection = await self._fault()
        if isinstance(injection, Refusal):
            return 3
        await self._detection()
        await self._diagnosis()
        results = await self._revert()
        await self._report()
        return 0 if all(r.outcome is Outcome.COMPLETE for r in results) else 4

    # -- chapters ---------------------------------------------------------------------------------------------------

    async def _health(self) -> bool:
        self._open("The cluster before anything is done to it.")
        well = await self._until(lambda: self._session.view().level is Level.GREEN and self._members() > 0, HEALTHY_S)
        cluster = self._session.view().cluster
        up = sum(s.pd is not None and s.pd.state == "Up" for s in cluster.stores.values())
        self._line(f"{up} of {len(cluster.stores)} stores are Up, {cluster.leader or 'nobody'} leads PD")
        if not well:
            self._deviate(f"the cluster is {self._session.view().level.value}, so nothing is broken on purpose")
        await self._pause()
        return well

    def _members(self) -> int:
        cluster = self._session.view().cluster
        return sum(s.pd is not None and s.pd.state == "Up" for s in cluster.stores.values())

    async def _load(self) -> None:
        self._open("Clients at work: the last interval, not the average since the start.")
        if self._session.view().load_on is False:
            self._line(await self._session.toggle_load())
        enough = await self._until(lambda: len(self._session.view().cluster.workload.intervals) >= 10, LOADED_S)
        intervals = self._session.view().cluster.workload.intervals[-5:]
        if intervals:
            self._line(f"throughput is {sum(i.ops for i in intervals) / len(intervals):,.0f} ops/s")
        if not enough:
            self._deviate("no load could be seen; the workload lane will stay empty")
        await self._pause()

    async def _fault(self) -> Injection | Refusal:
        self._open(self._scenario.said)
        await self._pause()
        done = await self._session.inject(self._scenario.kind, self._scenario.target, {}, None)
        if isinstance(done, Refusal):
            self._deviate(f"refused ({done.code}): {done.sentence}")
        else:
            self._line(
                f"{done.kind} on {done.component}, back by itself after {done.expires_wall - done.began_wall:.0f} s"
            )
        return done

    async def _detection(self) -> None:
        self._open("Four vantage points, each with its own clock. The cluster's own control plane is one of them.")
        await self._until(lambda: self._seen() >= {"probe"} or len(self._seen()) >= 2, DETECT_S)
        await self._until(lambda: "pd" in self._seen(), DETECT_S)
        timer = self._session.view().timer
        for lane in LANES:
            at = dict(timer.lanes).get(lane) if timer else None
            said = "not seen" if at is None or timer is None else f"{at - timer.zero:.1f} s"
            self._line(f"{lane:>9}  {said}")
        if not self._seen():
            self._deviate(f"nothing was detected within {2 * DETECT_S:.0f} s")
        await self._pause()

    def _seen(self) -> set[str]:
        timer = self._session.view().timer
        return {lane for lane, at in timer.lanes if at is not None} if timer else set()

    async def _diagnosis(self) -> None:
        self._open("What happened, written while the evidence comes in.")
        if self._session.diagnoser.run is None:
            self._line(self._session.diagnose())
        await self._until(
            lambda: self._session.diagnoser.run is not None and not self._session.diagnoser.streaming, DIAGNOSED_S
        )
        run = self._session.diagnoser.run
        if run is None or run.diagnosis is None:
            self._deviate("no diagnosis" if run is None else f"the diagnosis failed: {run.error}")
        else:
            best = run.diagnosis
            self._line(f"{run.author}: {best.fault} of {best.component}, {best.confidence:.0%}")
            self._line(best.narrative)
            self._line(f"do: {best.action}")
        await self._pause()

    async def _revert(self) -> tuple[Revert, ...]:
        self._open("Everything is put back, and read back.")
        results = await self._session.put_all_back("the demo puts it back")
        for result in results:
            self._line(f"{result.kind} on {result.component}: {result.outcome.value} in {result.seconds:.1f} s")
            for said in result.verified:
                self._line(f"    {said}")
        recovered = await self._until(lambda: self._session.view().level is Level.GREEN, RECOVERED_S)
        self._line("the cluster is well again" if recovered else "the cluster is not well yet")
        return results

    async def _report(self) -> None:
        self._open("How it went.")
        timer = self._session.view().timer
        if timer is not None:
            for name, at in _milestones(timer):
                self._line(f"{name:>12}  {'-' if at is None else f'{at - timer.zero:.1f} s'}")
        run = self._session.diagnoser.run
        if run is not None and run.verdict:
            self._line(f"the diagnosis against the truth: {run.verdict}")
        for deviation in self.deviations:
            self._line(f"deviation: {deviation}")
        self._line(f"flight record: {self._session.view().record_path or 'none'}")
        await self._pause()

    # -- telling ----------------------------------------------------------------------------------------------------

    def _open(self, caption: str) -> None:
        self._number += 1
        self._caption = caption
        self._show(waiting=False)
        self._say(self._chapter(False), "")

    def _chapter(self, waiting: bool) -> Chapter:
        return Chapter(self._number, len(TITLES), TITLES[self._number - 1], self._caption, waiting)

    def _show(self, *, waiting: bool) -> None:
        self._session.set_chapter(self._chapter(waiting))

    def _line(self, text: str) -> None:
        self._say(self._chapter(False), text)

    def _deviate(self, text: str) -> None:
        self.deviations.append(text)
        self._line(text)

    async def _pause(self) -> None:
        """In an automatic run time for reading; else until `space`."""
        if self._auto:
            await self._session.parts.clock.sleep(READ_S)
            self._check()
        else:
            self._show(waiting=True)
            await self._session.wait_for_next()
            self._show(waiting=False)
            self._check()

    async def _until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait on the cluster's clock; the presenter may abort meanwhile."""
        real = self._session.parts.clock.real(seconds)
        await self._session.until(lambda: self._aborted or done(), real)
        self._check()
        return done()

    def _check(self) -> None:
        if self._aborted:
            raise Aborted


def _milestones(timer: Timer) -> list[tuple[str, float | None]]:
    marks: list[tuple[str, float | None]] = [*timer.lanes]
    marks += [("first token", timer.first_token), ("diagnosed", timer.diagnosed)]
    return [*marks, ("reverted", timer.reverted), ("recovered", timer.recovered)]
