"""What a detector is, and what several of them need."""

from __future__ import annotations

from typing import Protocol

from console.cluster.pd import serving
from console.model.cluster import Cluster

from .ledger import Ledger

# guides/tikv.md 0.8: a new PD leader calls every store Disconnected until it beats. One period of ten seconds, and one
# more for a store whose first beat still went to the old leader.
AFTER_LEADER_CHANGE_S = 25.0


class Detector(Protocol):
    """Looks at the folded cluster after an observation and raises or clears findings. No clock, no I/O."""

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Called after every observation that could matter and on every tick."""


def observer_sick(cluster: Cluster) -> bool:
    """True while the console itself is too late to judge anybody's silence."""
    return cluster.t < cluster.observer.sick_until


def pd_held(cluster: Cluster) -> bool:
    """True while PD's verdicts on stores mean nothing: a leader has just changed."""
    moments = (cluster.leader_changed, cluster.pd_resumed)
    return any(m is not None and cluster.t - m < AFTER_LEADER_CHANGE_S for m in moments)


def pd_answering(cluster: Cluster) -> bool:
    """True while some member gives leader-served answers."""
    served = any(
        (p := m.probes.get("stores")) is not None and p.reach.answered and m.error_code is None
        for m in cluster.members.values()
    )
    return served and (not cluster.sparse or serving(cluster))
