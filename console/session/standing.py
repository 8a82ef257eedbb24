"""How the cluster stands, as one word."""

from __future__ import annotations

from collections.abc import Sequence

from console.model.cluster import Cluster
from console.model.incident import Incident
from console.model.names import Role
from console.model.view import Level


def level(cluster: Cluster, incidents: Sequence[Incident]) -> Level:
    """GREEN, YELLOW, ORANGE, RED, or BLIND where we cannot tell."""
    if _blind(cluster):
        return Level.BLIND
    if _majority_lost(cluster):
        return Level.RED
    open_ones = [i for i in incidents if i.over is None]
    if not open_ones:
        return Level.GREEN
    felt = any(f.active and f.symptom in ("stalled", "fallen") for i in open_ones for f in i.findings)
    return Level.ORANGE if felt or len(open_ones) > 1 else Level.YELLOW


def _blind(cluster: Cluster) -> bool:
    if cluster.t < cluster.observer.sick_until:
        return True
    sources = [s for s in cluster.sources.values() if s.name != "ycsb"]
    return len(sources) >= 2 and not any(s.ok for s in sources)


def _majority_lost(cluster: Cluster) -> bool:
    for role in (Role.STORE, Role.PD):
        names = {s for s, c in cluster.containers.items() if c.role is role}
        names |= set(cluster.stores if role is Role.STORE else cluster.members)
        lost = sum(_lost(cluster, name, role) for name in names)
        if names and lost * 2 > len(names):
            return True
    return False


def _lost(cluster: Cluster, name: str, role: Role) -> bool:
    box = cluster.containers.get(name)
    if box is not None and box.state in ("exited", "dead", "removed", "paused"):
        return True
    if role is Role.STORE:
        store = cluster.stores.get(name)
        return store is not None and store.status.lost
    member = cluster.members.get(name)
    ping = member.probes.get("ping") if member is not None else None
    return ping is not None and ping.lost
