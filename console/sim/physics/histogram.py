"""Latencies since the start of a run, as go-ycsb keeps them: never reset, percentiles in HDR steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from random import Random
from statistics import NormalDist

PER_OCTAVE = 16
BINS = 28 * PER_OCTAVE  # 1 us to 268 s
REACH = 4.5  # how many sigma of a distribution are spread over bins
_NORMAL = NormalDist()


@lru_cache(maxsize=4096)
def _masses(sigma_bins: int, fraction: int) -> tuple[tuple[int, float], ...]:
    """(bin offset, mass) of a log-normal whose median lies `fraction`/8 into bin 0; sigma in eighths of a bin."""
    sigma, middle = sigma_bins / 8, fraction / 8
    width = max(1, math.ceil(REACH * sigma))
    edges = [_NORMAL.cdf((k - middle) / sigma) for k in range(-width, width + 2)]
    out = [(k, edges[i + 1] - edges[i]) for i, k in enumerate(range(-width, width + 1))]
    total = sum(m for _, m in out)
    return tuple((k, m / total) for k, m in out)


def hdr_high(us: float) -> int:
    """The largest value HDR histogram (3 digits) cannot tell from this one: what it reports for percentiles and max."""
    value = max(0, int(us))
    if value < 2048:
        return value
    unit = 1 << (value.bit_length() - 11)
    return value | (unit - 1)


class Histogram:
    """Counts by latency in microseconds."""

    __slots__ = ("count", "counts", "high", "largest", "low", "smallest", "total_us")

    def __init__(self) -> None:
        self.counts = [0.0] * BINS
        self.count = 0.0
        self.total_us = 0.0
        self.smallest = math.inf
        self.largest = 0.0
        self.low, self.high = BINS, 0  # bins in use

    def add(self, n: float, median_us: float, sigma: float, chance: Random) -> None:
        """`n` operations of a log-normal latency."""
        if n <= 0:
            return
        place = math.log2(max(1.0, median_us)) * PER_OCTAVE
        base = int(place)
        spread = max(1, round(sigma / math.log(2) * PER_OCTAVE * 8))
        counts, top = self.counts, BINS - 1
        masses = _masses(spread, int((place - base) * 8))
        for offset, mass in masses:
            at = base + offset
            counts[0 if at < 0 else top if at > top else at] += n * mass
        self.low = max(0, min(self.low, base + masses[0][0]))
        self.high = min(top, max(self.high, base + masses[-1][0]))
        self.count += n
        self.total_us += n * median_us * math.exp(sigma * sigma / 2)
        edge = chance.random() ** (1 / max(1.0, n))
        extreme = _NORMAL.inv_cdf(min(1 - 1e-9, max(1e-9, edge)))
        self.largest = max(self.largest, median_us * math.exp(sigma * extreme))
        self.smallest = min(self.smallest, max(38.0, median_us * math.exp(-sigma * abs(extreme))))

    def add_one(self, us: float) -> None:
        """One operation of a known latency."""
        at = min(BINS - 1, max(0, int(math.log2(max(1.0, us)) * PER_OCTAVE)))
        self.counts[at] += 1
        self.low, self.high = min(self.low, at), max(self.high, at)
        self.count += 1
        self.total_us += us
        self.largest, self.smallest = max(self.largest, us), min(self.smallest, us)

    def merged(self, other: Histogram) -> Histogram:
        """Both together, as a new one."""
        out = Histogram()
        out.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        out.count, out.total_us = self.count + other.count, self.total_us + other.total_us
        out.smallest, out.largest = min(self.smallest, other.smallest), max(self.largest, other.largest)
        out.low, out.high = min(self.low, other.low), max(self.high, other.high)
        return out

    def percentiles(self, wanted: Sequence[float]) -> list[int]:
        """Microseconds at each of `wanted` (ascending, 0-100), as HDR reports them."""
        out: list[int] = []
        seen, at = 0.0, self.low - 1
        for share in wanted:
            need = min(self.count, max(1.0, math.ceil(self.count * share / 100)))
            inside = 0.0
            while seen < need - 1e-6 and at < self.high:
                at += 1
                inside = self.counts[at]
                seen += inside
            out.append(self._value(at, need, seen))
        return out

    def _value(self, at: int, need: float, seen: float) -> int:
        inside = self.counts[max(0, min(at, BINS - 1))] or 1.0
        part = 1 - max(0.0, seen - need) / inside
        us = 2 ** ((max(0, at) + min(1.0, max(0.0, part))) / PER_OCTAVE)
        return hdr_high(min(self.largest, max(self.smallest, us)))
