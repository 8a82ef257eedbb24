"""The load generator's own output, followed through the engine's log; a flood of like lines is thinned out."""

from __future__ import annotations

import re
from collections.abc import Callable

from console.model.observation import YCSB, Observation

from .clock import Clock
from .engine import ContainerFacts, Engine
from .source import Emit, Health, supervised

TAIL = 30  # lines taken in at the start: the last summary is the base for the first difference
ALIKE_PER_S = 5  # lines of one shape that are passed on in a second; the rest is counted
_NUMBERS = re.compile(r"\d+")
_SUMMARY = re.compile(r"^[A-Z_]+\s*- Takes\(s\)")


class Thinner:
    """Lets every summary pass, and of like log lines so many a second; what was left out is counted."""

    def __init__(self) -> None:
        self._shapes: dict[str, int] = {}
        self._second = -1
        self._dropped = 0

    def take(self, now: float, line: str) -> list[Observation]:
        """The observations one line makes: none, itself, or before it the number left out in the second before."""
        out = []
        if int(now) != self._second:
            self._second = int(now)
            self._shapes.clear()
            if self._dropped:
                out.append(Observation(now, YCSB, "suppressed", self._dropped))
                self._dropped = 0
        if not _SUMMARY.match(line):
            shape = _NUMBERS.sub("#", line[26:200])
            self._shapes[shape] = self._shapes.get(shape, 0) + 1
            if self._shapes[shape] > ALIKE_PER_S or len(self._shapes) > 200:
                self._dropped += 1
                return out
        return [*out, Observation(now, YCSB, "line", line[:4000])]


class YcsbSource:
    """Follows one container; attaches again when it was restarted or replaced."""

    def __init__(self, engine: Engine, load: Callable[[], ContainerFacts | None], clock: Clock, emit: Emit) -> None:
        self._engine, self._load, self._clock, self._emit = engine, load, clock, emit
        self._health = Health("ycsb", emit, clock, 2.0)
        self._thinner = Thinner()

    async def run(self) -> None:
        """Until cancelled."""
        await supervised("ycsb", self._health, self._follow)

    async def _follow(self) -> None:
        facts = self._load()
        while facts is None or not facts.running:
            await self._clock.sleep(0.5)
            facts = self._load()
        self._health.ok()
        async for line in self._engine.follow_log(facts.id, TAIL):
            for obs in self._thinner.take(self._clock.now(), line):
                self._emit(obs)
            self._health.ok()
        # The stream of a container that ended just ends; wait for its next life instead of asking in a circle.
        await self._clock.sleep(1.0)
