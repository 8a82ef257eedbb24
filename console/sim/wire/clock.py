"""World time from real time: elapsed monotonic seconds times the speed, kept up by one task."""

from __future__ import annotations

import asyncio
import time

from console.sim.physics.timeline import Op
from console.sim.physics.world import World

STEP_S = 1.0  # world seconds advanced at a time, so that a fast world leaves room for requests
BUDGET_S = 0.02  # real seconds of physics in one go
IDLE_S = 0.05  # real: longest sleep of the keeper
NAP_S = 0.001


class SimClock:
    """Advances the world. Everything here runs in the simulator's own event loop."""

    def __init__(self, world: World, speed: float) -> None:
        if speed <= 0:
            raise ValueError("speed: above 0")
        self.world = world
        self.speed = speed
        self.slipped = 0.0  # world seconds that physics could not keep up with
        self._base = world.now
        self._began = time.monotonic()
        self._poked = asyncio.Event()

    def target(self) -> float:
        """What the world's time should be now."""
        return self._base + (time.monotonic() - self._began) * self.speed

    def sync(self) -> float:
        """Advance the world to now, as far as the budget goes; returns the world's time."""
        deadline, target = time.monotonic() + BUDGET_S, self.target()
        while target > self.world.now:
            self.world.advance(min(target, self.world.now + STEP_S))
            if target > self.world.now and time.monotonic() > deadline:
                behind = self.target() - self.world.now  # physics is too slow for this speed: the world runs late
                self.slipped += behind
                self._base -= behind
                break
        return self.world.now

    def poke(self) -> None:
        """Something new is to happen soon: do not sleep past it."""
        self._poked.set()

    async def keep(self) -> None:
        """Advance the world until cancelled."""
        while True:
            self.sync()
            following = self.world.next_at()
            wait = IDLE_S if following is None else (following - self.target()) / self.speed
            self._poked.clear()
            try:
                async with asyncio.timeout(min(IDLE_S, max(NAP_S, wait))):
                    await self._poked.wait()
            except TimeoutError:
                continue

    async def sleep(self, seconds: float) -> None:
        """Sleep world seconds."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    async def wait(self, op: Op) -> int:
        """Until the operation has ended; returns its value."""
        if not op.done:
            ended = asyncio.Event()
            op.then(ended.set)
            self.poke()
            await ended.wait()
        return op.value
