"""Which containers a selector means: a name, a role that PD or the numbers give, a label, a share, or chance.

    tikv1                     a service or container name, or the beginning of an id (12 characters or more)
    pd-leader, pd-follower, store-with-most-leaders, load
    store-of-region:7         the store that leads region 7; stores-of-region:7 all that hold a peer of it
    zone=a                    every container with that label that the fault fits
    n-1, n-2                  one, two stores, chosen by chance (PD members, where the fault fits no store)
    40%                       that share of them, rounded down, at least one
    random, random:2, random:2@7    one, two, two by the seed 7
    all, all-stores, all-pd   every one of them that the fault fits
    majority                  so many, chosen by chance, that the rest is no majority

Chance comes from the generator that is given: the same seed and the same cluster give the same targets.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from console.model.cluster import Cluster
from console.model.fault import TargetKind
from console.model.names import Role, natural
from console.model.selectors import FEWER, LABEL, RANDOM, REGION, ROLE_OF, SHARE
from console.observe.engine import ContainerFacts

_GROUPS = {"all": {Role.STORE, Role.PD}, "all-stores": {Role.STORE}, "all-pd": {Role.PD}}
Containers = Sequence[ContainerFacts]
Holding = tuple[list[str], str | None]  # stores that hold a region, and the one that leads it


class SelectorError(Exception):
    """The selector has the form of one and cannot be meant; one line."""


def region_of(selector: str) -> int | None:
    """The region a selector asks about; where it is must be looked up before `resolve`. Raises SelectorError."""
    match = REGION.fullmatch(selector.strip())
    if match is None:
        return None
    if not match["id"].isdecimal():
        raise SelectorError(f"{selector!r}: a region is named by its number, as in {match['which']}-of-region:7")
    return int(match["id"])


def resolve(
    selector: str,
    containers: Containers,
    cluster: Cluster,
    fits: tuple[TargetKind, ...],
    rng: random.Random,
    holding: Holding | None = None,
) -> list[ContainerFacts]:
    """The containers meant, sorted by service; empty where none is. A name never matches more than one container.

    Chance and shares choose among running containers that fit; a name, a role or a label says what it says, and the
    guard answers for it. `holding`: where the region of `region_of` is. Raises SelectorError.
    """
    text = selector.strip()
    if text == "majority":
        fitting = [c for c in containers if c.role in {ROLE_OF[k] for k in fits}]
        text = f"random:{len(fitting) // 2 + 1}"
    ordered = sorted(containers, key=lambda c: natural(c.service))
    exact = [c for c in ordered if text in (c.service, c.name) or (len(text) >= 12 and c.id.startswith(text))]
    if exact:
        return exact[:1]
    if match := REGION.fullmatch(text):
        peers, leader = holding or ([], None)
        meant = peers if match["which"] == "stores" else [leader]
        return [c for c in ordered if c.service in meant]
    roles = {ROLE_OF[k] for k in fits}
    fitting = [c for c in ordered if c.role in roles]
    if match := LABEL.fullmatch(text):
        return [c for c in fitting if c.labels.get(match["key"]) == match["value"]]
    chance = _chance(text, [c for c in fitting if c.running and not c.paused], rng)
    if chance is not None:
        return chance
    if text in _GROUPS:
        return [c for c in fitting if c.role in _GROUPS[text]]
    named = _by_role(text, cluster, ordered)
    return [c for c in ordered if c.service in named]


def _chance(text: str, fitting: Containers, rng: random.Random) -> list[ContainerFacts] | None:
    """None where the selector does not leave it to chance."""
    for pattern, count in _CHANCE:
        if match := pattern.fullmatch(text):
            if pattern is not RANDOM:
                fitting = [c for c in fitting if c.role is Role.STORE] or fitting
            n = count(match, len(fitting))
            if match.groupdict().get("seed"):
                rng = random.Random(int(match["seed"]))
            return sorted(rng.sample(fitting, min(n, len(fitting))), key=lambda c: natural(c.service))
    return None


def _share(match: re.Match[str], among: int) -> int:
    percent = float(match["share"])
    if not 0 < percent <= 100:
        raise SelectorError(f"{match[0]}: a share is more than 0 % and at most 100 %")
    return max(1, int(among * percent / 100))


def _number(match: re.Match[str], among: int) -> int:
    del among
    wanted = int(match["n"] or 1)
    if wanted < 1:
        raise SelectorError(f"{match[0]}: at least one target")
    return wanted


_Count = Callable[[re.Match[str], int], int]
_CHANCE: tuple[tuple[re.Pattern[str], _Count], ...] = ((RANDOM, _number), (FEWER, _number), (SHARE, _share))


def _by_role(text: str, cluster: Cluster, containers: Containers) -> set[str]:
    if text == "load":
        return {c.service for c in containers if c.role is Role.LOAD}
    if text == "pd-leader":
        return {cluster.leader} if cluster.leader else set()
    if text == "pd-follower":
        followers = [c.service for c in containers if c.role is Role.PD and c.running and c.service != cluster.leader]
        return set(followers[:1]) if cluster.leader else set()
    if text == "store-with-most-leaders":
        led = {n: s.pd.leaders for n, s in cluster.stores.items() if s.pd and s.pd.leaders is not None}
        return {max(sorted(led, key=natural), key=lambda n: led[n] or 0)} if led else set()
    return set()
