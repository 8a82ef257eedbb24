"""All sources of one session put together: started, supervised, stopped; new members and stores join as they appear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from console.model.observation import CONSOLE, Observation

from .clock import Clock
from .directory import Directory
from .docker import DockerSource
from .engine import Engine
from .pd import PdMember
from .source import Emit, Health, Tasks
from .tikv import PROBE_S, StoreProbe
from .ycsb import YcsbSource

TICK_S = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """What to observe. No engine: PD alone, by the URLs given. `poll_s`: PD's leader-served questions."""

    engine: Engine | None = None
    project: str = ""
    pd: dict[str, str] = field(default_factory=dict)
    poll_s: float = 2.0


class Sources:
    """Runs them. `leader`: who leads PD as far as is known, so that cluster-wide questions are put once."""

    def __init__(self, plan: Plan, clock: Clock, emit: Emit, leader: Callable[[], str | None]) -> None:
        self.directory = Directory(plan.pd)
        self._plan, self._clock, self._emit, self._leader = plan, clock, emit, leader
        self._tasks = Tasks()

    def start(self) -> None:
        """Begin observing."""
        self._tasks.start("tick", self._tick())
        self._tasks.start("join", self._join())
        engine = self._plan.engine
        if engine is not None:
            docker = DockerSource(engine, self._plan.project, self.directory, self._clock, self._emit)
            self._tasks.start("docker", docker.run())
            load = YcsbSource(engine, lambda: self.directory.load, self._clock, self._emit)
            self._tasks.start("ycsb", load.run())
        self.directory.changed.set()

    async def close(self) -> None:
        """Stop all, and wait until they have."""
        await self._tasks.close()

    async def _tick(self) -> None:
        """The observer's own pulse: how late the loop is says how much our other times are worth."""
        while True:
            before = self._clock.now()
            await self._clock.sleep(TICK_S)
            now = self._clock.now()
            lag = max(0.0, (now - before - TICK_S) / self._clock.speed) * 1000
            self._emit(Observation(now, CONSOLE, "tick", {"lag_ms": round(lag, 1)}))

    async def _join(self) -> None:
        """Start the probes of every member and store the directory names."""
        health = Health("probes", self._emit, self._clock, PROBE_S)
        while True:
            await self.directory.changed.wait()
            self.directory.changed.clear()
            for name in list(self.directory.pd):
                if f"pd/{name}" not in self._tasks:
                    where = (self._lookup_pd(name), self._lookup_own(name))
                    member = PdMember(name, *where, self._clock, self._emit, self._plan.poll_s, self._leader)
                    self._tasks.start(f"pd/{name}", member.run())
            for name in list(self.directory.status):
                if f"store/{name}" not in self._tasks:
                    store = StoreProbe(
                        name, self._lookup_status(name), self._lookup_own(name), self._clock, self._emit, health
                    )
                    self._tasks.start(f"store/{name}", store.run())
            await asyncio.sleep(0)

    def _lookup_pd(self, name: str) -> Callable[[], str | None]:
        return lambda: self.directory.pd.get(name)

    def _lookup_own(self, name: str) -> Callable[[], str | None]:
        return lambda: self.directory.own.get(name)

    def _lookup_status(self, name: str) -> Callable[[], str | None]:
        return lambda: self.directory.status.get(name)
