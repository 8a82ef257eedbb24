"""The observer's own bad moments: the whole of it stands still, now and then, as on any shared machine."""

from __future__ import annotations

from random import Random

EVERY_S = 5400.0  # a stall long enough to be felt, on average
SHORT_S = (0.05, 0.6)
LONG_S = (0.6, 3.0)
LONG_SHARE = 0.35


class Stalls:
    """When the observer does not run. Drawn ahead, so that asking does not change it."""

    def __init__(self, chance: Random, on: bool) -> None:
        self._chance, self._on = chance, on
        self._from = self._to = -1.0
        self._forced: tuple[float, float] | None = None
        if on:
            self._next(0.0)

    def _next(self, after: float) -> None:
        self._from = after + self._chance.expovariate(1 / EVERY_S)
        span = LONG_S if self._chance.random() < LONG_SHARE else SHORT_S
        self._to = self._from + self._chance.uniform(*span)

    def force(self, start: float, seconds: float) -> None:
        """A stall at a known time: part of a scenario."""
        self._forced = (start, start + seconds)

    def left(self, t: float) -> float:
        """Seconds until the observer runs again; 0 while it runs."""
        if self._forced and self._forced[0] <= t < self._forced[1]:
            return self._forced[1] - t
        if not self._on:
            return 0.0
        while t >= self._to:
            self._next(self._to)
        return self._to - t if t >= self._from else 0.0
