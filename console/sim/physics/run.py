"""One run of the load generator: its latencies since the start, by operation."""

from __future__ import annotations

import math
from random import Random

from .histogram import Histogram


class Run:
    """One run from start to end of the process. `seen`: op -> latencies; `first`: op -> moment of its first sample."""

    def __init__(self) -> None:
        self.seen: dict[str, Histogram] = {}
        self.first: dict[str, float] = {}
        self._pending: dict[tuple[str, float, float], float] = {}  # (op, median us, sigma) -> operations

    def histogram(self, op: str, now: float) -> Histogram:
        """Made on first use, which is when its clock starts."""
        if op not in self.seen:
            self.seen[op] = Histogram()
            self.first[op] = now
        return self.seen[op]

    def add(self, op: str, median_us: float, sigma: float, n: float) -> None:
        """`n` operations, kept aside until `flush`: draws no chance."""
        key = (op, round(median_us, 1), sigma)
        self._pending[key] = self._pending.get(key, 0.0) + n

    def flush(self, chance: Random, began: float, read_share: float) -> None:
        """Bring what was kept aside into the histograms; `began`: when the first operation started."""
        if not self._pending:
            return
        self._mix(chance, read_share)
        for (op, median, sigma), n in self._pending.items():
            for name in (op, "TOTAL"):
                self.histogram(name, began).add(n, median, sigma, chance)
        self._pending.clear()
        self.agree()

    def _mix(self, chance: Random, read_share: float) -> None:
        """Reads and updates are drawn, not counted out: move a few from one to the other."""
        bulk = [
            max((k for k in self._pending if k[0] == op), key=self._pending.__getitem__, default=None)
            for op in ("READ", "UPDATE")
        ]
        read, update = bulk
        if read is None or update is None:
            return
        total = self._pending[read] + self._pending[update]
        moved = chance.gauss(0.0, math.sqrt(total * read_share * (1 - read_share)))
        moved = max(-self._pending[read] / 2, min(self._pending[update] / 2, moved))
        self._pending[read] += moved
        self._pending[update] -= moved

    def agree(self) -> None:
        """TOTAL's extremes are those of its parts."""
        parts = [h for op, h in self.seen.items() if op in ("READ", "UPDATE")]
        total = self.seen.get("TOTAL")
        if total is not None and parts:
            total.largest = max(h.largest for h in parts)
            total.smallest = min(h.smallest for h in parts)
