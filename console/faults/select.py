"""Which containers a selector means: a name, a role that PD or the numbers give, a label, a share, or chance."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from console.model.cluster import Cluster
from console.model.fault import TargetKind
from console.model.names import Role, natural
from console.observe.engine import ContainerFacts

_ROLE = {TargetKind.STORE: Role.STORE, TargetKind.PD: Role.PD, TargetKind.LOAD: Role.LOAD}
ROLES = ("pd-leader", "pd-follower", "store-with-most-leaders", "random", "load")


def resolve(
    selector: str,
    containers: Sequence[ContainerFacts],
    cluster: Cluster,
    fits: tuple[TargetKind, ...],
    rng: random.Random,
) -> list[ContainerFacts]:
    """The containers meant, sorted by service; empty where none is. A name never matches more than one container.

    `random` chooses among running containers that fit, `random:N` chooses N; both by `rng` alone.
    """
    text = selector.strip()
    ordered = sorted(containers, key=lambda c: natural(c.service))
    exact = [c for c in ordered if text in (c.service, c.name) or (len(text) >= 12 and c.id.startswith(text))]
    if exact:
        return exact[:1]
    roles = {_ROLE[k] for k in fits}
    fitting = [c for c in ordered if c.role in roles and c.running and not c.paused]
    if match := re.fullmatch(r"random(?::(\d+))?", text):
        return sorted(rng.sample(fitting, min(int(match[1] or 1), len(fitting))), key=lambda c: natural(c.service))
    if text == "load":
        return [c for c in ordered if c.role is Role.LOAD][:1]
    named = _by_role(text, cluster, ordered)
    return [c for c in ordered if c.service in named]


def _by_role(text: str, cluster: Cluster, containers: Sequence[ContainerFacts]) -> set[str]:
    if text == "pd-leader":
        return {cluster.leader} if cluster.leader else set()
    if text == "pd-follower":
        followers = [c.service for c in containers if c.role is Role.PD and c.running and c.service != cluster.leader]
        return set(followers[:1]) if cluster.leader else set()
    if text == "store-with-most-leaders":
        led = {n: s.pd.leaders for n, s in cluster.stores.items() if s.pd and s.pd.leaders is not None}
        return {max(led, key=lambda n: (led[n] or 0, [-x[0] for x in natural(n)], n))} if led else set()
    return set()
