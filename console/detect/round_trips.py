"""How long a process takes to answer its own probe: slower than it used to be, and in what shape."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

from console.model.cluster import Cluster, Probe
from console.model.incident import Finding, Vantage
from console.model.observation import Reach

from .base import observer_sick
from .change import ChangeTest, Tuning
from .ledger import Ledger
from .probe import targets

# Four values a second and target. A lone late answer adds 4; nothing but a row of them reaches this.
TUNING = Tuning(sign=1, need=20.0, window=240, lag=8, least=40, floor=0.35, noisy=1.0, noisy_floor=0.6)
LEAST_MS = 4.0  # slower by less is nobody's trouble
RECENT = 24  # answers, six seconds
FAST = 3.0  # times the usual: still an ordinary answer
PERIOD_MS = 115.0  # an answer of a throttled process waits for the next CPU period of 100 ms, never longer
SHAPE_AFTER = 10


@dataclass
class _Target:
    test: ChangeTest = field(default_factory=lambda: ChangeTest(TUNING))
    at: float = -1.0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    timeouts: int = 0


class RoundTripDetector:
    """One vantage point: round trips of our own probes, where the stream has them."""

    def __init__(self) -> None:
        self._targets: dict[str, _Target] = {}

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Judge every target whose probe has a new answer."""
        fresh = []
        for name, probe, _ in targets(cluster):
            known = self._targets.setdefault(name, _Target())
            if probe.at > known.at and not observer_sick(cluster) and self._take(known, probe):
                fresh.append((name, known))
            known.at = probe.at
        alarmed = [n for n, k in self._targets.items() if k.test.alarmed]
        ours = len(self._targets) >= 3 and len(alarmed) * 2 > len(self._targets)
        for name, known in fresh:
            if known.test.alarmed and not ours:
                self._raise(name, known, cluster.t, ledger)
            elif not known.test.alarmed:
                ledger.clear(Vantage.PROBE, "slow", name, cluster.t)

    @staticmethod
    def _take(known: _Target, probe: Probe) -> bool:
        if probe.reach is Reach.OK and probe.rtt_ms is not None:
            value = probe.rtt_ms
        elif probe.reach is Reach.SILENT and probe.misses <= 2 and known.test.ready:
            value = 500.0  # a lone time-out is one more late answer; a row of them is silence
        else:
            return False
        known.test.take(probe.at, value)
        if known.test.sum > 0:
            known.recent.append(value)
        else:
            known.recent.clear()
        return True

    @staticmethod
    def _raise(name: str, known: _Target, t: float, ledger: Ledger) -> None:
        usual, recent = known.test.usual, list(known.recent)
        middle = median(recent) if recent else 0.0
        late = sorted(v for v in recent if v > max(usual * FAST, usual + LEAST_MS))
        if not late or late[len(late) // 2] < usual + LEAST_MS:
            return
        shape = _shape(recent, late)
        text = f"{name} answers in {middle:.1f} ms (median), {late[-1]:.0f} ms at worst, usually {usual:.1f} ms"
        first = known.test.first if known.test.first is not None else t
        # Raised again once the shape can be told: the first few answers show only that it is slow.
        strong = len(recent) >= SHAPE_AFTER
        attrs = {"shape": shape} if strong else {}
        ledger.raise_(Finding(Vantage.PROBE, "slow", name, first, t, text, alone=True, value=middle, attrs=attrs))
        if strong:
            ledger.describe(Vantage.PROBE, "slow", name, text, attrs)


def _shape(recent: list[float], late: list[float]) -> str:
    """`shifted`: all later by the same; `lossy`: some fast, some very late; `starved`: spread over a CPU period."""
    share = len(late) / len(recent)
    low, high = late[len(late) // 10], late[(len(late) * 9) // 10]
    if share > 0.85 and (high - low) < 0.6 * late[len(late) // 2]:
        return "shifted"
    if late[-1] > PERIOD_MS:
        return "lossy"
    return "starved" if share > 0.1 else "unclear"
