"""A sequential change test: one-sided CUSUM on robust z of logarithms, with a stated false-alarm budget.

z is taken against median and MAD of the recent past, which stops growing while the test is under way. Clipped, so that
no single value decides; `need` was set above the largest excursion of the quiet runs named by each user of it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from statistics import median

MAD = 1.4826  # of a normal distribution's standard deviation
YOUNG, YOUNG_S = 2.0, 45.0
LATE_SHARE = 0.2  # of answers, when something is the matter
REFRESH = 5  # values between two looks at the past


@dataclass(frozen=True, slots=True)
class Tuning:
    """`sign`: -1 looks for a fall, 1 for a rise. Floors of the scale are of the logarithm; the higher one holds where
    the past itself is noisy. `need`: where the sum of excesses is an alarm; `allowance`, `clip`: in units of z."""

    sign: int
    need: float
    allowance: float = 2.0
    clip: float = 6.0
    window: int = 120
    lag: int = 5
    least: int = 12
    floor: float = 0.08
    noisy: float = 0.07
    noisy_floor: float = 0.3


class ChangeTest:
    """Feed it values; `alarmed` stays until the sum is back at nothing."""

    def __init__(self, tuning: Tuning) -> None:
        self.tuning = tuning
        self._past: deque[float] = deque(maxlen=tuning.window)
        self._waiting: deque[float] = deque()
        self._scale: tuple[float, float] | None = None
        self._count = 0
        self.sum = 0.0
        self.first: float | None = None  # time of the first value of the present excursion
        self.alarmed = False

    @property
    def ready(self) -> bool:
        """Enough past to judge by."""
        return len(self._past) >= self.tuning.least

    @property
    def usual(self) -> float:
        """Median of the past; 0 where there is none."""
        return math.exp(self._scale[0]) if self._scale else 0.0

    def take(self, t: float, value: float) -> float:
        """One value; returns the sum. Below a millionth counts as that."""
        level, tuning = math.log(max(value, 1e-6)), self.tuning
        if not self.ready:
            self._past.append(level)
            return 0.0
        middle, scale = self._present()
        z = tuning.sign * (level - middle) / scale
        before = self.sum
        self.sum = max(0.0, before + max(-tuning.clip, min(tuning.clip, z)) - tuning.allowance)
        if before <= 0 < self.sum:
            self.first = t
        if self.sum > tuning.need:
            self.alarmed = True
            self.sum = min(self.sum, tuning.need * 1.5)  # so that the end is seen as soon as the beginning
        if self.sum <= 0:
            self.alarmed, self.first = False, None
        self._remember(level)
        return self.sum

    def settle(self) -> None:
        """Take the present level for the usual one: it has lasted too long to be an incident of its own."""
        self._past.clear()
        self._waiting.clear()
        self._scale, self.sum, self.first, self.alarmed = None, 0.0, None, False

    def _remember(self, level: float) -> None:
        if self.sum > 0:
            if self.alarmed:
                self._waiting.clear()
            return
        self._waiting.append(level)
        if len(self._waiting) > self.tuning.lag:
            self._past.append(self._waiting.popleft())

    def _present(self) -> tuple[float, float]:
        self._count += 1
        if self._scale is None or self._count % REFRESH == 0:
            middle = median(self._past)
            spread = MAD * median(abs(x - middle) for x in self._past)
            floor = self.tuning.noisy_floor if spread > self.tuning.noisy else self.tuning.floor
            unsure = max(1.0, YOUNG - len(self._past) / YOUNG_S)  # a short past knows little of its own spread
            self._scale = (middle, max(spread, floor) * unsure)
        return self._scale


class LateTest:
    """A sequential probability ratio test on "was this answer late": its usual share of late ones against a fifth.

    `need` = ln of the odds: with 20, a target whose answers are late by chance as often as it is used to raises it
    about once in e^20 answers. Ends when no late one came in the last `calm` answers.
    """

    def __init__(self, need: float = 20.0, calm: int = 40, least: int = 40) -> None:
        self._need, self._calm, self._least = need, calm, least
        self._count = 0
        self._quiet = 0  # answers in a row that were not late
        self._share = 0.0  # slow average of lateness while nothing is the matter
        self.sum = 0.0
        self.alarmed = False

    @property
    def ready(self) -> bool:
        """Enough past to judge by."""
        return self._count >= self._least

    def take(self, late: bool) -> None:
        """One answer."""
        self._count += 1
        self._quiet = 0 if late else self._quiet + 1
        if not self.ready:
            return
        usual = min(0.05, max(0.003, 3 * self._share))
        step = math.log(LATE_SHARE / usual) if late else math.log((1 - LATE_SHARE) / (1 - usual))
        self.sum = min(self._need * 1.2, max(0.0, self.sum + step))
        if self.sum >= self._need:
            self.alarmed = True
        elif self._quiet >= self._calm:
            self.alarmed, self.sum = False, 0.0
        if not self.alarmed:
            self._share += (late - self._share) / 3000
