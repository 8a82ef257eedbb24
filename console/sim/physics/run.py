"""One run of the load generator: its latencies since the start, by operation."""

from __future__ import annotations

from .histogram import Histogram


class Run:
    """One run from start to end of the process. `seen`: op -> latencies; `first`: op -> moment of its first sample."""

    def __init__(self) -> None:
        self.seen: dict[str, Histogram] = {}
        self.first: dict[str, float] = {}

    def histogram(self, op: str, now: float) -> Histogram:
        """Made on first use, which is when its clock starts."""
        if op not in self.seen:
            self.seen[op] = Histogram()
            self.first[op] = now
        return self.seen[op]

    def agree(self) -> None:
        """TOTAL's extremes are those of its parts."""
        parts = [h for op, h in self.seen.items() if op in ("READ", "UPDATE")]
        total = self.seen.get("TOTAL")
        if total is not None and parts:
            total.largest = max(h.largest for h in parts)
            total.smallest = min(h.smallest for h in parts)
