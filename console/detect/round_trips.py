"""How long a process takes to answer its own probe: slower than it used to be, and in what shape."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from console.model.cluster import Cluster, Probe
from console.model.incident import Finding, Vantage
from console.model.observation import Reach

from .base import observer_sick
from .change import MAD, LateTest
from .ledger import Ledger
from .probe import targets

LEAST_MS = 4.0  # slower by less is nobody's trouble
PAST = 240
KEPT = 400  # late answers of one episode
FAST = 3.0  # times the usual: still an ordinary answer
PERIOD_MS = 115.0  # an answer of a throttled process waits for the next CPU period of 100 ms, never longer
TAIL = 2.4
SHAPE_AFTER = 10
NOT_ALONE_S = 1.5
TICKS = 20  # of the observer's own pulse, five seconds
OWN_LAGS = 1.5  # an answer passes through the loop more than once


@dataclass
class Episode:
    """The answers since the first late one: how many, and which were late, up to the last late one."""

    late: list[tuple[float, float]] = field(default_factory=list)  # (time, ms)
    answers: int = 0
    up_to_last: int = 0
    shape: str = ""  # of which kind; a lone late answer after the end changes nothing

    def take(self, t: float, value: float, late: bool) -> None:
        """One answer."""
        if late or self.late:
            self.answers += 1
        if late:
            self.late = [*self.late[-KEPT:], (t, value)]
            self.up_to_last = self.answers
            if len(self.late) > 1 and t - self.late[-2][0] <= NOT_ALONE_S:
                self.shape = self._present()

    @property
    def began(self) -> float | None:
        """The first late answer that was not a lone one."""
        times = [t for t, _ in self.late]
        return next((a for a, b in pairwise(times) if b - a <= NOT_ALONE_S), times[0] if times else None)

    def _present(self) -> str:
        """`shifted`: all later by the same; `lossy`: some fast, some very late; `starved`: spread over a CPU period."""
        values = sorted(v for _, v in self.late)
        if self.up_to_last < SHAPE_AFTER or len(values) < 3:
            return ""
        low, middle, high = (values[int(len(values) * q)] for q in (0.1, 0.5, 0.9))
        if len(values) > 0.85 * min(self.up_to_last, KEPT) and high - low < 0.6 * middle:
            return "shifted"
        # Lost packets wait ever longer (a tail); a throttled process waits for its next period, evenly spread.
        if high > TAIL * middle or sum(v > PERIOD_MS for v in values) >= max(2, len(values) // 50):
            return "lossy"
        return "starved"


@dataclass
class _Target:
    test: LateTest = field(default_factory=LateTest)
    at: float = -1.0
    past: deque[float] = field(default_factory=lambda: deque(maxlen=PAST))
    usual: float = 0.0
    limit: float = 0.0  # above this an answer is late
    episode: Episode = field(default_factory=Episode)
    ended: Episode = field(default_factory=Episode)  # the one before

    def note(self, value: float) -> None:
        """An ordinary answer: what is usual, and from where on one is late."""
        self.past.append(value)
        if len(self.past) % 10 == 0:
            logs = [math.log(max(v, 0.01)) for v in self.past]
            middle = median(logs)
            spread = MAD * median(abs(x - middle) for x in logs)
            self.usual = math.exp(middle)
            self.limit = max(self.usual * FAST, self.usual + LEAST_MS, math.exp(middle + 5 * spread))


class RoundTripDetector:
    """One vantage point: round trips of our own probes, where the stream has them."""

    def __init__(self) -> None:
        self._targets: dict[str, _Target] = {}
        self._ticks: deque[tuple[float, float]] = deque(maxlen=TICKS)

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Judge every target whose probe has a new answer."""
        fresh = []
        own = self._own(cluster)
        for name, probe, _ in targets(cluster):
            known = self._targets.setdefault(name, _Target())
            if probe.at > known.at and not observer_sick(cluster) and self._take(known, probe, own):
                fresh.append((name, known))
            known.at = probe.at
        alarmed = [n for n, k in self._targets.items() if k.test.alarmed]
        ours = len(self._targets) >= 3 and len(alarmed) * 2 > len(self._targets)
        for name, known in fresh:
            if known.test.alarmed and not ours:
                self._raise(name, known, cluster.t, ledger)
            elif not known.test.alarmed:
                last = known.ended.late[-1][0] if known.ended.late else cluster.t
                ledger.clear(Vantage.PROBE, "slow", name, last)

    def _own(self, cluster: Cluster) -> float:
        """How late, in ms, the console itself has been of late: an answer that is no later than that is not."""
        if cluster.observer.at > (self._ticks[-1][0] if self._ticks else -1.0):
            self._ticks.append((cluster.observer.at, cluster.observer.lag_ms))
        return OWN_LAGS * max((lag for _, lag in self._ticks), default=0.0)

    @staticmethod
    def _take(known: _Target, probe: Probe, own: float) -> bool:
        if probe.reach is Reach.OK and probe.rtt_ms is not None:
            value = probe.rtt_ms
        elif probe.reach is Reach.SILENT and probe.misses <= 2 and known.limit > 0:
            value = 500.0  # a lone time-out is one more late answer; a row of them is silence
        else:
            return False
        late = known.limit > 0 and value > known.limit and value - known.usual > own
        known.test.take(late)
        if not late and not known.test.alarmed:
            known.note(value)
        if known.test.sum > 0 or known.test.alarmed:
            known.episode.take(probe.at, value, late)
        elif known.episode.late:
            known.ended, known.episode = known.episode, Episode()
        return True

    @staticmethod
    def _raise(name: str, known: _Target, t: float, ledger: Ledger) -> None:
        values = [v for _, v in known.episode.late]
        if not values:
            return
        middle, shape = median(values), known.episode.shape
        text = f"{name} answers late: {middle:.0f} ms (median of the late ones), {max(values):.0f} ms at worst"
        text += f", usually {known.usual:.1f} ms"
        onset = known.episode.began
        attrs = {"shape": shape} if shape else {}
        finding = Finding(
            Vantage.PROBE, "slow", name, t if onset is None else onset, t, text, value=middle, attrs=attrs
        )
        ledger.raise_(finding)
        if shape:  # the first few answers show only that it is slow; how, is told once it can be
            ledger.describe(Vantage.PROBE, "slow", name, text, attrs)
