"""Who carries the clients: where one store sends nearly all that stores send, what slows the clients is there."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from statistics import median

from console.model.cluster import Cluster
from console.model.incident import Finding, Vantage

from .ledger import Ledger

# guides/tikv.md 0.3: all keys of a small benchmark lie in one region, whose leader serves every read and write.
CARRIES = "carries-all"
NEARLY_ALL = 0.85
SAMPLES = 20
LEAST = 3
LEAST_RATE = 20_000.0  # bytes/s; heartbeats and raft alone are less


class CarrierDetector:
    """By the engine's counters of bytes sent, else by who leads, from before the clients suffered. Never an incident by
    itself."""

    def __init__(self) -> None:
        self._led: dict[str, float] = {}
        self._sent: dict[str, deque[float]] = {}
        self._at: dict[str, float] = {}

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Learn while all is well; say who carries the clients once they suffer."""
        if not any(ledger.has(Vantage.WORKLOAD, s, None) for s in ("fallen", "stalled")):
            for vantage in (Vantage.DOCKER, Vantage.PD):
                ledger.clear(vantage, CARRIES, None, cluster.t)
            self._learn(cluster)
            return
        sent = {n: median(rates) for n, rates in self._sent.items() if len(rates) >= LEAST}
        if len(sent) == len(cluster.stores):
            if sum(sent.values()) >= LEAST_RATE:
                self._say(Vantage.DOCKER, sent, "of what the stores send", cluster.t, ledger)
        else:
            self._say(Vantage.PD, self._led, "of the region leaders are on it", cluster.t, ledger)

    @staticmethod
    def _say(vantage: Vantage, shares: Mapping[str, float], what: str, t: float, ledger: Ledger) -> None:
        whole = sum(shares.values())
        name = max(shares, key=lambda n: shares[n], default=None)
        if name is None or len(shares) < 2 or whole <= 0 or shares[name] < NEARLY_ALL * whole:
            return
        text = f"{name} carries the clients: {shares[name] / whole:.0%} {what}"
        ledger.raise_(Finding(vantage, CARRIES, None, t, t, text, alone=False, attrs={"store": name}))

    def _learn(self, cluster: Cluster) -> None:
        for name, store in cluster.stores.items():
            if store.pd is not None and store.pd.leaders is not None:
                self._led[name] = float(store.pd.leaders)
            container = cluster.containers.get(name)
            stats = container.stats if container is not None else None
            if stats is None or stats.tx_rate is None or stats.at <= self._at.get(name, -1.0):
                continue
            self._at[name] = stats.at
            self._sent.setdefault(name, deque(maxlen=SAMPLES)).append(stats.tx_rate)
