"""The dumb ways, side by side with ours: whoever cannot beat these by far should not be left running."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from statistics import median
from typing import Protocol

from console.model.cluster import Cluster
from console.model.fault import WORDS
from console.model.observation import Answer, Observation, Reach

_BY_REACH = {Reach.REFUSED: "kill", Reach.RESET: "kill", Reach.SILENT: "pause", Reach.UNREACHABLE: "partition"}
Z = 8.0
WINDOW = 60


@dataclass(frozen=True, slots=True)
class Guess:
    """When it cried, relative to the act (None: never), what and whom it named; how often it cried before."""

    at: float | None
    fault: str
    component: str
    before: int = 0


class Baseline(Protocol):
    """Sees the same stream; `armed` is told when the act began, only to keep what was before apart."""

    def feed(self, obs: Observation, cluster: Cluster) -> None:
        """One observation and the cluster folded with it."""

    def armed(self, t: float) -> None:
        """The act begins now."""

    def guess(self) -> Guess:
        """What it makes of the flight."""


class _First:
    """Common part: the first cry after the act counts, those before are counted."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._t0: float | None = None
        self._first: tuple[float, str, str] | None = None
        self._before = 0

    def armed(self, t: float) -> None:
        self._t0 = t

    def cry(self, t: float, fault: str, component: str) -> None:
        if self._t0 is None:
            self._before += 1
        elif self._first is None:
            self._first = (t, fault, component)

    def guess(self) -> Guess:
        if self._first is None or self._t0 is None:
            return Guess(None, "", "", self._before)
        t, fault, component = self._first
        return Guess(round(t - self._t0, 2), fault, component, self._before)


class FirstFailedProbe(_First):
    """Whoever fails to answer first."""

    def feed(self, obs: Observation, cluster: Cluster) -> None:
        """A probe that was not answered."""
        del cluster
        if obs.kind in ("status", "ping"):
            reach = Answer.of(obs.data).reach
            if reach not in (Reach.OK, Reach.UNKNOWN):
                self.cry(obs.t, _BY_REACH.get(reach, "unknown"), obs.src)


class PdOnly(_First):
    """What PD's dashboard says: Disconnected, unhealthy."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._said: set[str] = set()

    def feed(self, obs: Observation, cluster: Cluster) -> None:
        """States as PD gives them, believed at once."""
        bad = {n for n, s in cluster.stores.items() if s.pd is not None and s.pd.state in ("Disconnected", "Down")}
        bad |= {n for m in cluster.members.values() for n, ok in m.health.items() if not ok}
        for name in sorted(bad - self._said):
            self.cry(obs.t, "kill", name)
        self._said = bad


class LargestZ(_First):
    """The series that left its own past furthest: throughput, round trips, leaders."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._past: dict[str, deque[float]] = {}
        self._seen = -1.0

    def feed(self, obs: Observation, cluster: Cluster) -> None:
        """One z a second and series."""
        if obs.t - self._seen < 1.0:
            return
        self._seen = obs.t
        worst, where = 0.0, ""
        for name, value in _series(cluster).items():
            past = self._past.setdefault(name, deque(maxlen=WINDOW))
            if len(past) >= 20:
                middle = median(past)
                spread = 1.4826 * median(abs(x - middle) for x in past) + 0.02 * abs(middle) + 1e-9
                z = abs(value - middle) / spread
                if z > worst:
                    worst, where = z, name
            past.append(value)
        if worst > Z:
            self.cry(obs.t, "unknown", where.split("/")[0])


def _series(cluster: Cluster) -> dict[str, float]:
    out = {f"{n}/rtt": s.status.rtt_ms for n, s in cluster.stores.items() if s.status.rtt_ms is not None}
    out |= {f"{n}/leaders": float(s.pd.leaders) for n, s in cluster.stores.items() if s.pd and s.pd.leaders is not None}
    if cluster.workload.intervals:
        out["cluster/ops"] = cluster.workload.intervals[-1].ops
    return out


class Chance(_First):
    """A word and a component, drawn."""

    def feed(self, obs: Observation, cluster: Cluster) -> None:
        """Once, of those there are."""
        if self._t0 is not None and self._first is None:
            chance = Random(f"chance/{self.seed}")
            names = sorted([*cluster.stores, *cluster.members, "ycsb"])
            self.cry(obs.t, chance.choice(WORDS), chance.choice(names))


BASELINES: dict[str, Callable[[int], Baseline]] = {
    "first failed probe": FirstFailedProbe,
    "PD only": PdOnly,
    "largest |z|": LargestZ,
    "chance": Chance,
}
