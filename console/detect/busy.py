"""Who works harder than before: all stores alike (the clients ask for more), or one alone (one region is hot)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from statistics import median

from console.model.cluster import Cluster, Store
from console.model.incident import Finding, Vantage

from .ledger import Ledger

SAMPLES = 40
LEAST = 4
BUSIER = 1.5  # times what is usual
BY_CORES = 0.03
ALIKE = 1.4
STILL = 0.8  # of what is usual, while the clients get far less done
ALONE = 1.7  # times what the others' growth is


class BusyDetector:
    """CPU of the stores, by their own metrics, else by the engine's statistics. Never an incident by itself."""

    def __init__(self) -> None:
        self._past: dict[str, deque[float]] = {}
        self._at: dict[str, float] = {}
        self._growth: dict[str, float] = {}
        self._more: dict[str, bool] = {}
        self._who = Vantage.PROBE

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Compare the newest sample of every store with its past."""
        news = False
        suffering = any(ledger.has(Vantage.WORKLOAD, s, None) for s in ("fallen", "stalled"))
        for name, store in cluster.stores.items():
            sample = _cores(name, store, cluster)
            if sample is None or sample[0] <= self._at.get(name, -1.0):
                continue
            self._at[name], news = sample[0], True
            self._who = sample[2]
            self._take(name, sample[1], suffering)
        if news:
            self._judge(suffering, cluster, ledger)

    def _take(self, name: str, cores: float, suffering: bool) -> None:
        past = self._past.setdefault(name, deque(maxlen=SAMPLES))
        usual = median(past) if len(past) >= LEAST else None
        self._growth[name] = 1.0 if usual is None or usual <= 0 else cores / usual
        self._more[name] = usual is not None and cores >= usual + BY_CORES
        if not suffering:  # a load that is there to stay becomes the usual one
            past.append(cores)

    def _busier(self, name: str) -> bool:
        return self._growth[name] >= BUSIER and self._more[name]

    def _judge(self, suffering: bool, cluster: Cluster, ledger: Ledger) -> None:
        names = [n for n in self._growth if n in cluster.stores]
        first = max(names, key=lambda n: self._growth[n])
        least = min(self._growth[n] for n in names)
        even = self._growth[first] < ALIKE * least
        if suffering and self._busier(first) and _stands_out(first, self._growth):
            text = f"{first} alone works {self._growth[first]:.1f} times as hard as usual"
            self._say("one-busy", text, {"store": first}, cluster.t, ledger)
        elif suffering and len(names) >= 2 and (all(map(self._busier, names)) or (least >= STILL and even)):
            # Where one store holds the clients up the others have less to do: all busy and little done is foreign load.
            text = f"all stores work {least:.1f} times as hard as usual and more"
            self._say("all-busy", text, {}, cluster.t, ledger)
        elif not suffering:  # busier and nobody suffers: load that comes back, or more of it; nobody's trouble
            for vantage in (Vantage.PROBE, Vantage.DOCKER):
                ledger.clear(vantage, "all-busy", None, cluster.t)
                ledger.clear(vantage, "one-busy", None, cluster.t)

    def _say(self, symptom: str, text: str, attrs: Mapping[str, str], t: float, ledger: Ledger) -> None:
        ledger.clear(self._who, "one-busy" if symptom == "all-busy" else "all-busy", None, t)
        ledger.raise_(Finding(self._who, symptom, None, t - 2.5, t, text, alone=False, attrs=attrs))


def _stands_out(name: str, growth: Mapping[str, float]) -> bool:
    others = [g for n, g in growth.items() if n != name]
    return bool(others) and growth[name] >= ALONE * max(others)


def _cores(name: str, store: Store, cluster: Cluster) -> tuple[float, float, Vantage] | None:
    """(time, cores in use, who says so) of the newest sample."""
    if store.metrics is not None and "cpu_s" in store.metrics.rates:
        return store.metrics.at, store.metrics.rates["cpu_s"], Vantage.PROBE
    container = cluster.containers.get(name)
    if container is not None and container.stats is not None and container.stats.cpu_pct is not None:
        return container.stats.at, container.stats.cpu_pct / 100, Vantage.DOCKER
    return None
