"""Leaders that left a store which beats on, and peers left pending: its peers have lost it, PD has not."""

from __future__ import annotations

from console.model.cluster import Cluster
from console.model.incident import Finding, Vantage
from console.model.names import Role, role_of

from .base import observer_sick, pd_answering, pd_held
from .ledger import Ledger

TOGETHER_S = 12.0  # an election and the new leader's first report of whom it cannot reach
LASTS_S = 8.0  # a peer that only lags is no longer pending by then
SETTLED_S = 60.0  # after any store's trouble leaders and peers move for a while


class PdPeersDetector:
    """One vantage point: PD's leader counts and its count of pending peers, while every store beats."""

    def __init__(self) -> None:
        self._led: dict[str, int] = {}
        self._left: tuple[str, float] | None = None  # the store leaders left last, and when
        self._pending: float | None = None  # since when peers are pending
        self._troubled = -SETTLED_S

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Follow leaders and pending peers; nothing is said while PD or a store has trouble of another kind."""
        if not pd_answering(cluster) or observer_sick(cluster):
            return
        if pd_held(cluster) or any(_placed(f) for f in ledger.active.values()):
            self._troubled = cluster.t
        self._follow(cluster)
        if self._pending is None:
            for name in cluster.stores:
                ledger.clear(Vantage.PD, "peers-pending", name, cluster.t)
            return
        if self._left is None or cluster.t - self._troubled < SETTLED_S:
            return
        name, at = self._left
        if abs(self._pending - at) <= TOGETHER_S and cluster.t - self._pending >= LASTS_S:
            text = f"leaders left {name}, which beats on, and peers of their regions are pending since"
            ledger.raise_(Finding(Vantage.PD, "peers-pending", name, min(at, self._pending), cluster.t, text))

    def _follow(self, cluster: Cluster) -> None:
        # PD's own transfers are in its list of operators; elections are not.
        moved_by_pd = any("leader" in text for text in cluster.operators)
        for name, store in cluster.stores.items():
            if store.pd is None or store.pd.leaders is None:
                continue
            if store.pd.leaders < self._led.get(name, 0) and not moved_by_pd:
                self._left = (name, cluster.t)
            self._led[name] = store.pd.leaders
        if not cluster.regions.counts.get("pending-peer"):
            self._pending = None
        elif self._pending is None:
            self._pending = cluster.t


def _placed(finding: Finding) -> bool:
    about = finding.component
    return about is not None and role_of(about) is not Role.LOAD and finding.symptom != "peers-pending"
