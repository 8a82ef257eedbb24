"""What the clients get done, against their own recent past: gone, or fallen."""

from __future__ import annotations

from itertools import takewhile

from console.model.cluster import Cluster, Interval, Workload
from console.model.incident import Finding, Vantage

from .base import observer_sick
from .change import ChangeTest, Tuning
from .ledger import Ledger

STALLED = 0.02  # of what is usual
RESUMED = 0.3
# 192 simulated hours of noise (a third each at full speed, at 3,000 ops/s and nearly idle): the largest sums without a
# cause were 10.1 in the first 144 and 12.6 in the rest. (With 12.5 a fall by 73 % took 5 s to tell, one by 90 % 3 s.)
TUNING = Tuning(sign=-1, need=15.0)
FALLEN = 0.6  # a fall by less is not worth waking anybody, however certain
ANOTHER_LEVEL_S = 600.0


class ThroughputDetector:
    """One vantage point: the workload's own numbers."""

    def __init__(self) -> None:
        self._seen = -1.0
        self._run = 0
        self._test = ChangeTest(TUNING)
        self._row: list[Interval] = []
        self._well: float | None = None

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Take in the newest intervals, if there are any."""
        load = cluster.workload
        if load.run != self._run:
            self._run, self._test, self._row = load.run, ChangeTest(TUNING), []
        for interval in _newer(load, self._seen):
            self._seen = interval.t
            if not observer_sick(cluster):
                self._judge(interval, ledger)

    def _judge(self, now: Interval, ledger: Ledger) -> None:
        test = self._test
        test.take(now.t, now.ops)
        if not test.ready or test.usual <= 0:
            return
        usual = test.usual
        ratio = now.ops / usual
        self._row = [*self._row[-600:], now] if test.sum > 0 else []
        self._stalled(now, ratio, usual, ledger)
        self._fallen(now, usual, ledger)
        if self._row and now.t - self._row[0].t > ANOTHER_LEVEL_S:
            test.settle()
            self._row = []

    def _stalled(self, now: Interval, ratio: float, usual: float, ledger: Ledger) -> None:
        if ratio <= STALLED and self._row:
            row = [i for i in self._row if i.ops <= usual * STALLED]
            first = next(i for i in self._row if i.ops < usual * RESUMED)
            text = f"throughput fell from {usual:,.0f} to {now.ops:,.0f} ops/s"
            onset = _broke_off(first, usual)
            ledger.raise_(
                Finding(Vantage.WORKLOAD, "stalled", None, onset, now.t, text, alone=len(row) >= 2, value=ratio)
            )
        elif ratio >= RESUMED:
            ledger.clear(Vantage.WORKLOAD, "stalled", None, now.t)

    def _fallen(self, now: Interval, usual: float, ledger: Ledger) -> None:
        if now.ops < FALLEN * usual:
            self._well = None
        elif self._well is None:
            self._well = now.t
        if not self._test.alarmed:
            # The test takes its time to be sure of the end; it was over when the first good interval came.
            ledger.clear(Vantage.WORKLOAD, "fallen", None, self._well if self._well is not None else now.t)
            return
        recent = self._row[-8:]
        mean = sum(i.ops for i in recent) / len(recent)
        stalled = ledger.has(Vantage.WORKLOAD, "stalled", None)
        if mean / usual > FALLEN or mean / usual <= STALLED or stalled:
            return
        text = f"throughput fell from {usual:,.0f} to about {mean:,.0f} ops/s"
        low = list(takewhile(lambda i: i.ops < usual * FALLEN, reversed(self._row)))
        first = low[-1] if low else self._row[-1]
        ledger.raise_(
            Finding(Vantage.WORKLOAD, "fallen", None, _broke_off(first, usual), now.t, text, value=mean / usual)
        )


def _broke_off(first: Interval, usual: float) -> float:
    """Where in the first low interval it broke off, by how much of it was still done at the usual rate."""
    share = min(1.0, first.count / (usual * first.seconds)) if usual > 0 else 0.0
    return first.t - first.seconds * (1 - share)


def _newer(load: Workload, t: float) -> list[Interval]:
    fresh = []
    for interval in reversed(load.intervals):
        if interval.t <= t:
            break
        fresh.append(interval)
    return fresh[::-1]
