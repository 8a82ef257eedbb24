"""Load brought by others: further go-ycsb containers beside the cluster's own, for overload and hot keys.

Their own results are not kept; they take capacity from the cluster and leave their mark on stores and regions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .keys import key_of
from .raft import Raft

BASE_S = 0.95e-3  # an operation of one thread at usual speed, recordings/ at 8 threads


@dataclass(frozen=True, slots=True)
class Guest:
    """One foreign load. `target` 0: as fast as it goes; `hot`: all on the region of record 0."""

    threads: int
    target: float
    hot: bool

    @property
    def wish(self) -> float:
        """Operations/s it would do on an unhindered cluster."""
        free = self.threads / BASE_S
        return min(free, self.target) if self.target else free


def parse(argv: Sequence[str]) -> Guest | None:
    """A guest from go-ycsb's arguments (`-p threadcount=64 -p target=0 -p recordcount=1`, `--threads`, `--target`)."""
    if "run" not in argv:
        return None
    values = dict(re.findall(r"([\w.]+)=(\S+)", " ".join(argv)))
    for flag, name in (("--threads", "threadcount"), ("--target", "target")):
        if flag in argv[:-1]:
            values[name] = argv[list(argv).index(flag) + 1]

    def number(name: str, default: int) -> int:
        text = values.get(name, "")
        return int(text) if text.isdigit() else default

    return Guest(max(1, number("threadcount", 1)), number("target", 0), number("recordcount", 1000) <= 1)


def hot_region(raft: Raft) -> int:
    """The region record 0 lies in; 0 where there is none."""
    key = key_of(0).encode()
    return next((r.id for r in raft.regions.values() if r.start <= key and (not r.end or key < r.end)), 0)


class Guests:
    """All foreign loads, by container id."""

    def __init__(self, raft: Raft) -> None:
        self.raft = raft
        self.present: dict[str, Guest] = {}

    @property
    def wish(self) -> float:
        """Operations/s all of them would do."""
        return sum(g.wish for g in self.present.values())

    def on_stores(self, got: float) -> dict[int, float]:
        """Store -> operations/s, of `got` they get done together."""
        wish = self.wish
        if wish <= 0 or got <= 0:
            return {}
        served: dict[int, float] = {}
        for guest in self.present.values():
            part = got * guest.wish / wish
            for store, share in self._shares(guest.hot):
                served[store] = served.get(store, 0.0) + part * share
        return served

    def on_region(self, region: int, got: float) -> float:
        """Operations/s on one region."""
        wish = self.wish
        if wish <= 0 or region not in self.raft.regions:
            return 0.0
        hot = hot_region(self.raft)
        total = 0.0
        for guest in self.present.values():
            part = got * guest.wish / wish
            total += (part if region == hot else 0.0) if guest.hot else part * self.raft.regions[region].weight
        return total

    def _shares(self, hot: bool) -> Iterable[tuple[int, float]]:
        if hot:
            region = self.raft.regions.get(hot_region(self.raft))
            return [(region.leader, 1.0)] if region is not None and region.leader else []
        return [(r.leader, r.weight) for r in self.raft.regions.values() if r.leader]
