"""The guard: every rule that stands between a request and an effect, in a fixed order, each failing closed.

Pure: it is given the whole situation and answers with the first refusal, or None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from console.model.cluster import Cluster
from console.model.fault import Availability, Fault, Injection, Refusal
from console.model.names import Role
from console.model.observation import Reach
from console.model.selectors import ROLE_OF
from console.observe.engine import ContainerFacts

from .lab import ALLOW, ENVIRONMENT

MAX_DURATION_S = 600.0
MIN_DURATION_S = 1.0
STALE_PERIODS = 3
DEFAULT_PERIOD_S = 2.0


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the guard looks at. `targets` are already resolved and frozen."""

    fault: Fault
    params: Mapping[str, float]
    duration_s: float
    targets: Sequence[ContainerFacts]
    selector: str
    containers: Sequence[ContainerFacts]  # the whole project
    cluster: Cluster
    live: Sequence[Injection]
    availability: Availability
    limit: int = 1
    read_only: str = ""  # why, where it is
    disarmed: str = ""  # why, where it is
    allow_quorum_loss: bool = False
    replicas: int = 3
    now: float = 0.0
    extra: Mapping[str, str] = field(default_factory=dict)


def refuse(s: Situation) -> Refusal | None:
    """The first rule that does not let the request through, or None."""
    for code, rule in RULES:
        if sentence := rule(s):
            return Refusal(code, sentence)
    return None


def _read_only(s: Situation) -> str | None:
    return f"this console is read-only: {s.read_only}" if s.read_only else None


def _disarmed(s: Situation) -> str | None:
    return f"the console is disarmed ({s.disarmed}); arm it first" if s.disarmed else None


def _unavailable(s: Situation) -> str | None:
    return None if s.availability.ok else f"{s.fault.kind} cannot work here: {s.availability.reason}"


def _empty(s: Situation) -> str | None:
    return None if s.targets else f"{s.selector!r} selects nothing in this project"


def _production(s: Situation) -> str | None:
    named = [c for c in s.containers if c.labels.get(ENVIRONMENT, "").strip().lower() in ("production", "prod")]
    if named:
        return f"{named[0].service} is labelled {ENVIRONMENT}=production; nothing is injected there, whatever is asked"
    return None


def _label(s: Situation) -> str | None:
    bare = [t.service for t in s.targets if t.labels.get(ALLOW, "").strip().lower() != "true"]
    return f"{', '.join(bare)}: the container has no label {ALLOW}=true" if bare else None


def _fits(s: Situation) -> str | None:
    roles = {ROLE_OF[k] for k in s.fault.targets}
    wrong = [t for t in s.targets if t.role not in roles]
    if wrong:
        fits = " or ".join(k.value for k in s.fault.targets)
        return f"{s.fault.kind} fits a {fits}; {wrong[0].service} is a {wrong[0].role.value}"
    if s.fault.majority:
        group = [c for c in s.containers if c.role in roles]
        needed = len(group) // 2 + 1
        if len(s.targets) < needed:
            return f"{s.fault.kind} takes {needed} of {len(group)} at once; name the target 'majority'"
    return None


def _params(s: Situation) -> str | None:
    known = {p.name: p for p in s.fault.params}
    for name, value in s.params.items():
        if name not in known:
            takes = ", ".join(known) or "none"
            return f"{s.fault.kind} has no parameter {name!r} (it takes: {takes})"
        if not math.isfinite(value):
            return f"{name} is not a number"
        if sentence := known[name].check(value):
            return sentence
    return None


def _duration(s: Situation) -> str | None:
    if not math.isfinite(s.duration_s) or not MIN_DURATION_S <= s.duration_s <= MAX_DURATION_S:
        return f"a duration of {s.duration_s:g} s is outside {MIN_DURATION_S:g} to {MAX_DURATION_S:g} s"
    return None


def _not_running(s: Situation) -> str | None:
    down = [t for t in s.targets if not t.running or t.paused]
    return f"{down[0].service} is {down[0].said} already" if down else None


def _stuck(s: Situation) -> str | None:
    stuck = [i for i in s.live if i.state.stuck]
    if stuck:
        return (
            f"injection {stuck[0].id} ({stuck[0].kind} on {stuck[0].component}) could not be put back; see to it first"
        )
    return None


def _conflict(s: Situation) -> str | None:
    wanted = {t.id for t in s.targets}
    for injection in s.live:
        if wanted & {t.container_id for t in injection.targets}:
            return f"{injection.component} already carries {injection.kind} ({injection.id})"
    return None


def _blast(s: Situation) -> str | None:
    carrying = {t.container_id for i in s.live for t in i.targets}
    at_once = list(s.targets)[:1] if s.fault.one_by_one else s.targets
    after = len(carrying | {t.id for t in at_once})
    if after > s.limit:
        already = f" ({len(carrying)} carry a fault already)" if carrying else ""
        return f"{len(at_once)} target(s){already} would make {after}; the blast radius is {s.limit}"
    return None


def _stale(s: Situation) -> str | None:
    for source in s.cluster.sources.values():
        period = source.period_s or DEFAULT_PERIOD_S
        if source.name not in ("docker", "probes") or (source.ok and s.now - source.at <= STALE_PERIODS * period + 2):
            continue
        why = source.error or f"nothing heard for {s.now - source.at:.0f} s"
        return f"monitoring is stale ({source.name}: {why}); what cannot be watched is not broken"
    if "docker" not in s.cluster.sources:
        return "monitoring has not begun; what cannot be watched is not broken"
    return None


def _quorum(s: Situation) -> str | None:
    if s.allow_quorum_loss or not s.fault.takes_away:
        return None
    rounds = [[t] for t in s.targets] if s.fault.one_by_one else [s.targets]
    for targets in rounds:
        for role, word, votes in ((Role.PD, "PD", None), (Role.STORE, "any region", s.replicas)):
            sentence = _majority(s, targets, role, word, votes)
            if sentence:
                return sentence
    return None


def _majority(s: Situation, targets: Sequence[ContainerFacts], role: Role, word: str, votes: int | None) -> str | None:
    """Members already unhealthy count against the majority, whoever made them so.

    A region's voters may lie on any stores, so as many stores may be gone as one region can lose voters.
    """
    group = [c for c in s.containers if c.role is role]
    taken = {t.service for t in targets if t.role is role}
    if not taken or not group:
        return None
    gone = {c.service for c in group if not c.running or c.paused or _unwell(s.cluster, c)} | taken
    members = votes if votes is not None and votes < len(group) else len(group)
    spare = (members - 1) // 2
    if len(gone) > spare:
        others = sorted(gone - taken)
        already = f"; {', '.join(others)} {'is' if len(others) == 1 else 'are'} gone already" if others else ""
        return (
            f"{', '.join(sorted(taken))} would take the majority of {word}: {spare} of {members} may be lost{already}"
        )
    return None


def _unwell(cluster: Cluster, container: ContainerFacts) -> bool:
    store, member = cluster.stores.get(container.service), cluster.members.get(container.service)
    if store is not None:
        gone = store.status.lost or store.status.reach is Reach.REFUSED  # a refusal needs no second
        return gone or bool(store.pd and store.pd.state not in ("Up", None))
    if member is not None:
        views = [m.health.get(member.name) for m in cluster.members.values() if m.name != member.name]
        return False in views
    return False


RULES: tuple[tuple[str, Callable[[Situation], str | None]], ...] = (
    ("READ_ONLY", _read_only),
    ("DISARMED", _disarmed),
    ("NO_TARGET", _empty),
    ("ENV_PRODUCTION", _production),
    ("NOT_ALLOWED", _label),
    ("WRONG_TARGET", _fits),
    ("UNAVAILABLE", _unavailable),
    ("BAD_PARAMETER", _params),
    ("BAD_DURATION", _duration),
    ("STUCK", _stuck),
    ("CONFLICT", _conflict),
    ("NOT_RUNNING", _not_running),
    ("BLAST_RADIUS", _blast),
    ("STALE_MONITORING", _stale),
    ("QUORUM", _quorum),
)
CODES = tuple(code for code, _ in RULES)


def quorum_effect(s: Situation) -> str:
    """One sentence for the preview: what the targets mean for the majorities."""
    if not s.fault.takes_away or not s.targets:
        return "no majority is touched"
    if sentence := _quorum(s):
        return sentence
    if s.fault.one_by_one:
        return "one at a time; the majority holds"
    parts = []
    for role, word in ((Role.PD, "PD members"), (Role.STORE, "stores")):
        taken = sum(t.role is role for t in s.targets)
        if taken:
            group = [c for c in s.containers if c.role is role and c.running and not c.paused]
            parts.append(f"{len(group) - taken} of {len([c for c in s.containers if c.role is role])} {word} stay")
    return "; ".join(parts) + "; the majority holds" if parts else "no majority is touched"
