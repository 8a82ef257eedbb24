"""The load generator's threads: a closed loop, each doing one operation after the other and waiting where it must."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from .ground import Ground
from .timeline import Timer

# guides/tikv.md 0.4: client-go gives an operation 40 s; the first error was counted at +40.6 s.
BUDGET_S = (40.3, 40.8)
TSO_REGION = 0  # what a transaction waits for when PD gives no timestamp


class Thread:
    """One thread. `done`: operations finished in this run, fractions included."""

    __slots__ = ("blocked_at", "done", "region", "timer", "write")

    def __init__(self) -> None:
        self.done = 0.0
        self.region: int | None = None  # the region it waits for
        self.write = False
        self.blocked_at = 0.0
        self.timer: Timer | None = None


class Threads:
    """All threads of a run. `finish(thread, latency s, failed)` is called when a waiting operation ends;
    `settle` before and `paced` after the number of active threads changes."""

    def __init__(
        self,
        ground: Ground,
        count: int,
        target: float,
        choose: Callable[[], tuple[int, bool]],
        finish: Callable[[Thread, float, bool], None],
        settle: Callable[[], None],
        paced: Callable[[], None],
    ) -> None:
        self.ground = ground
        self.threads = [Thread() for _ in range(count)]
        self.began = ground.now
        self.share = target / count if target else 0.0  # each thread's own target, ops/s
        self._choose = choose
        self._finish = finish
        self._settle = settle
        self._paced = paced
        self._blind = 0.0
        self._rate = 0.0

    @property
    def chance(self) -> Random:
        """Its own stream."""
        return self.ground.chance("threads")

    @property
    def active(self) -> list[Thread]:
        """Threads that are not waiting."""
        return [t for t in self.threads if t.region is None]

    def work(self, seconds: float, rate: float) -> float:
        """Let active threads work at up to `rate` ops/s each; returns the operations done."""
        total = 0.0
        due = (self.ground.now - self.began) * self.share
        for thread in self.threads:
            if thread.region is not None:
                continue
            could = rate * seconds
            ops = could if not self.share else min(could, max(0.0, due - thread.done))
            thread.done += ops
            total += ops
        return total

    def stop(self) -> None:
        """The run is over: nobody waits for anything."""
        for thread in self.threads:
            if thread.timer:
                thread.timer.cancel()
                thread.timer = None

    def plan(self, blind: float, rate: float) -> None:
        """Draw when each active thread will meet an operation it cannot do; a share `blind` of all are such."""
        self._blind, self._rate = blind, rate
        for thread in self.threads:
            if thread.region is not None:
                continue
            if thread.timer:
                thread.timer.cancel()
                thread.timer = None
            if blind > 0 and rate > 0:
                self._plan_one(thread, blind, rate)

    def _plan_one(self, thread: Thread, blind: float, rate: float) -> None:
        before = 0.0
        if blind < 1:
            before = math.floor(math.log(max(1e-12, self.chance.random())) / math.log(1 - blind))
        when = self.ground.now + (before + 0.01) / rate
        if self.share:
            when = max(when, self.began + (thread.done + before) / self.share)
        thread.timer = self.ground.timeline.at(when, lambda: self._block(thread))

    def _block(self, thread: Thread) -> None:
        self._settle()
        thread.region, thread.write = self._choose()
        thread.blocked_at = self.ground.now
        wait = self.chance.uniform(*BUDGET_S)
        thread.timer = self.ground.after(wait, lambda: self._give_up(thread))
        self._paced()

    def _give_up(self, thread: Thread) -> None:
        self._settle()
        self._end(thread, failed=True)
        self._paced()
        if self._blind > 0 and self._rate > 0:
            self._plan_one(thread, self._blind, self._rate)

    def release(self, usable: Callable[[int, bool], bool]) -> None:
        """End the waits that are over, after the world has changed."""
        for thread in self.threads:
            if thread.region is not None and usable(thread.region, thread.write):
                self._end(thread, failed=False)

    def _end(self, thread: Thread, failed: bool) -> None:
        if thread.timer:
            thread.timer.cancel()
            thread.timer = None
        latency = self.ground.now - thread.blocked_at
        self._finish(thread, latency, failed)
        thread.region = None
        thread.done += 1
