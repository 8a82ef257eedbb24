"""The session's clock: the only place where time enters. Scaled where a simulated cluster runs faster."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Monotonic seconds since the session began, times `speed`."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._zero = time.monotonic()
        self._wall = time.time()

    def now(self) -> float:
        """Seconds since the session began, on the cluster's time scale."""
        return (time.monotonic() - self._zero) * self.speed

    def wall(self) -> float:
        """Unix seconds, for display and records."""
        return time.time()

    @property
    def started_wall(self) -> float:
        """Unix seconds when the session began."""
        return self._wall

    def real(self, seconds: float) -> float:
        """A duration on the cluster's time scale as real seconds, for deadlines."""
        return seconds / self.speed

    async def sleep(self, seconds: float) -> None:
        """Sleep on the cluster's time scale."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)
