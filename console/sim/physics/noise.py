"""Seeded chance: one stream per subject, and the wandering of a healthy cluster's capacity."""

from __future__ import annotations

import math
from random import Random

# Coefficient of variation of the 1 s operation count of a healthy run: 15-27 % at full speed, 1-6 % with a target
# well under capacity (guides/tikv.md 7.6). These parts together give 0.19 at full speed over ten minutes.
FAST_SIGMA = 0.11
FAST_MEMORY = 0.55  # correlation of one second with the next
DRIFT_SIGMA = 0.13
DRIFT_S = 45.0  # the recordings wander between 5,000 and 13,000 ops/s over tens of seconds
DIP_EVERY_S = 38.0  # compaction: one second at half speed and back, seen every half minute in recordings/steady
DIP_LENGTH_S = (0.8, 2.5)
DIP_DEPTH = (0.35, 0.65)
GC_EVERY_S = 21.0  # a short pause of the client's own runtime
GC_LENGTH_S = (0.02, 0.12)


class Chances:
    """Random streams that do not disturb each other: drawing in one never changes another."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, Random] = {}

    def __call__(self, name: str) -> Random:
        """The stream of that name, the same for the same seed."""
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = Random(f"{self.seed}/{name}")
        return stream


class Capacity:
    """How fast the cluster can go, relative to its usual speed; one step per simulated second."""

    def __init__(self, chance: Random, level: float) -> None:
        self._chance = chance
        self._level = level
        self._fast = 0.0
        self._drift = 0.0
        self._dip_until = 0.0
        self._dip = 1.0
        self._next_dip = chance.expovariate(1 / DIP_EVERY_S)
        self._next_gc = chance.expovariate(1 / GC_EVERY_S)

    def step(self, now: float) -> float:
        """The factor for the next second; 1.0 for ever where the level is 0."""
        if self._level <= 0:
            return 1.0
        chance = self._chance
        self._fast = FAST_MEMORY * self._fast + chance.gauss(0, FAST_SIGMA) * math.sqrt(1 - FAST_MEMORY**2)
        pull = 1 / DRIFT_S
        self._drift += -pull * self._drift + chance.gauss(0, DRIFT_SIGMA) * math.sqrt(2 * pull)
        if now >= self._next_dip:
            self._dip_until = now + chance.uniform(*DIP_LENGTH_S)
            self._dip = 1 - self._level * (1 - chance.uniform(*DIP_DEPTH))
            self._next_dip = self._dip_until + chance.expovariate(1 / DIP_EVERY_S)
        dip = max(0.05, self._dip) if now < self._dip_until else 1.0
        wander = max(-1.2, min(0.7, self._fast + self._drift))
        return math.exp(self._level * wander) * dip

    def pause_in_second(self, now: float) -> float:
        """Seconds of the coming one lost to a pause of the client's runtime."""
        if self._level <= 0 or now < self._next_gc:
            return 0.0
        self._next_gc = now + self._chance.expovariate(1 / GC_EVERY_S)
        return self._level * self._chance.uniform(*GC_LENGTH_S)
