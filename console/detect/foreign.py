"""Whose load it is: stores that are sent far more than the watched client sends are loaded by somebody else too."""

from __future__ import annotations

from collections import deque
from statistics import median

from console.model.cluster import Cluster
from console.model.incident import Finding, Vantage
from console.model.names import Role

from .ledger import Ledger

PAST, LEAST = 40, 4
RECENT = 3  # samples; containers are not sampled in the same moment, so a single ratio is off by a fifth
MORE = 1.6  # times what stores are usually sent for each byte of the client's
LESS = 0.8  # of what the client usually sends
SETTLED_S = 30.0  # a store that was away is sent what it missed, by its peers


class ForeignLoadDetector:
    """By the engine's counters: what stores receive against what the client sends, which hold a fixed ratio.

    Others' load that hurts nobody is nobody's trouble: an incident only where the watched client gets less done, and
    where no store, member or client is known to be in trouble of its own. Where the stores are sent less than usual it
    is only the client that went quiet, and what stores tell each other is left.
    """

    def __init__(self) -> None:
        self._at = -1.0
        self._ratio: deque[float] = deque(maxlen=PAST)
        self._sent: deque[float] = deque(maxlen=PAST)
        self._recent: deque[tuple[float, float, float]] = deque(maxlen=RECENT)  # time, ratio, sent
        self._troubled = -SETTLED_S
        self._since: float | None = None  # the first sample of the present excursion

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Take in the client's newest sample."""
        if any(f.component is not None and f.symptom != "foreign-load" for f in ledger.active.values()):
            self._troubled = cluster.t
        sample = _sample(cluster)
        if sample is None or sample[0] <= self._at:
            return
        self._at, ratio, sent = sample
        self._recent.append(sample)
        usual = (median(self._ratio), median(self._sent)) if len(self._ratio) >= LEAST else None
        if usual is None or cluster.t - self._troubled < SETTLED_S:
            self._learn(ratio, sent, usual is None)
            ledger.clear(Vantage.DOCKER, "foreign-load", None, cluster.t)
            return
        much = median(r for _, r, _ in self._recent) / usual[0]
        own = median(s for _, _, s in self._recent) / usual[1]
        over = ratio >= MORE * usual[0]
        self._since = (self._since if self._since is not None else self._at - 2.0) if over else None
        if len(self._recent) == RECENT and much >= MORE and own <= LESS and much * own >= 1.0:
            text = f"the stores are sent {much:.1f} times as much as usual for what the client sends: others load them"
            onset = self._since if self._since is not None else self._at
            ledger.raise_(Finding(Vantage.DOCKER, "foreign-load", None, onset, cluster.t, text, value=much))
        elif much < MORE:
            ledger.clear(Vantage.DOCKER, "foreign-load", None, self._recent[0][0])
            self._learn(ratio, sent, True)

    def _learn(self, ratio: float, sent: float, well: bool) -> None:
        if well:
            self._ratio.append(ratio)
            self._sent.append(sent)


def _sample(cluster: Cluster) -> tuple[float, float, float] | None:
    """(time, bytes stores receive per byte the client sends, what it sends) of the client's newest sample."""
    client = next((c.stats for c in cluster.containers.values() if c.role is Role.LOAD and c.stats is not None), None)
    stores = [c.stats for c in cluster.containers.values() if c.role is Role.STORE and c.stats is not None]
    if client is None or not client.tx_rate or not stores:
        return None
    received = sum(s.rx_rate for s in stores if s.rx_rate is not None)
    return client.at, received / client.tx_rate, client.tx_rate
