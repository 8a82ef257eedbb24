"""Faults as data: kinds, their parameters and targets, injections and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .cluster import EMPTY

# Every word an answer may use for what happened (flight-record.md).
WORDS = (
    "kill",
    "stop",
    "pause",
    "restart",
    "crash-loop",
    "partition",
    "isolate-pd",
    "isolate-peers",
    "isolate-clients",
    "one-way",
    "loss",
    "latency",
    "bandwidth",
    "dns",
    "flapping",
    "cpu",
    "memory",
    "disk-slow",
    "disk-full",
    "leader-transfer",
    "quorum-loss",
    "eviction",
    "scheduling-stopped",
    "overload",
    "hot-keys",
    "client-paused",
    "planned",
    "unknown",
)


class TargetKind(StrEnum):
    """What a fault kind fits."""

    STORE = "store"
    PD = "pd"
    LOAD = "load"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a fault kind with its unit and limits."""

    name: str
    default: float
    low: float
    high: float
    unit: str
    help: str

    def check(self, value: float) -> str | None:
        """None when the value is allowed, else one sentence."""
        if self.low <= value <= self.high:
            return None
        return f"{self.name} = {value:g} {self.unit} is outside {self.low:g} to {self.high:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the catalogue: what it is, what it does, and how it looks to an observer."""

    kind: str
    family: str
    title: str
    mechanism: str
    signature: str
    help: str
    targets: tuple[TargetKind, ...]
    params: tuple[Param, ...] = ()
    takes_away: bool = True  # while it lasts its target counts as lost (for the quorum)
    failure_type: str = "crash"  # latency, error, crash, resource
    default_duration_s: float = 300.0
    majority: bool = False  # it means something only when it takes a majority of its targets' group
    one_by_one: bool = False  # its targets are taken in turn, so that one at a time carries it


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a kind can work here, and if not, why and what would help. `known` False: nobody has looked yet."""

    ok: bool
    reason: str = ""
    remedy: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """A frozen target: the container as it was when it was chosen, not a name that may be reused."""

    service: str
    container_id: str
    container_name: str
    started_at: str  # the engine's State.StartedAt, RFC 3339

    def same(self, container_id: str, started_at: str) -> bool:
        """True where the container is still the one that was chosen."""
        return self.container_id == container_id and self.started_at == started_at


DETACHED = "detached"


class InjectionState(StrEnum):
    """The life of an injection; every step is on disk before it is done."""

    INTENT = "intent"
    APPLYING = "applying"
    APPLIED = "applied"
    VERIFIED = "verified"  # its effect was read back
    REVERTING = "reverting"
    REVERTED = "reverted"
    GONE = "gone-with-target"
    PARTIAL = "partial"  # undone, and something did not come back
    FAILED = "failed"  # could not be undone; kept until a human acts

    @property
    def live(self) -> bool:
        """True while something of it may still be in the system."""
        return self not in (InjectionState.REVERTED, InjectionState.GONE)

    @property
    def stuck(self) -> bool:
        """True where only a human can go on."""
        return self in (InjectionState.PARTIAL, InjectionState.FAILED)


class Outcome(StrEnum):
    """Result of a rollback."""

    COMPLETE = "COMPLETE"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault put into the system. `began_wall`, `expires_wall`: Unix seconds. `undo` is all a revert needs."""

    id: str
    lab: str
    kind: str
    targets: tuple[Target, ...]
    params: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    state: InjectionState = InjectionState.INTENT
    began_wall: float = 0.0
    expires_wall: float = 0.0
    owner: str = ""  # the console that must live for it to stay; DETACHED: only its duration bounds it
    boot: str = ""  # of the machine, and the expiry on the clock of that boot, which nobody can set
    expires_boot: float = 0.0
    undo: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    note: str = ""
    verified: tuple[str, ...] = ()  # what was read back after the revert, a sentence each
    called: float | None = None  # t just before the engine call
    returned: float | None = None  # t when it returned

    @property
    def component(self) -> str:
        """Target service names sorted and joined by commas."""
        return ",".join(sorted(t.service for t in self.targets))


@dataclass(frozen=True, slots=True)
class Revert:
    """What became of one rollback, with what was read back to know it."""

    injection: str
    kind: str
    component: str
    outcome: Outcome
    detail: str
    verified: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was not carried out: a stable code and one sentence."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What an injection would do, before anything is done."""

    kind: str
    targets: tuple[Target, ...]
    mechanism: str
    signature: str
    quorum: str
    expires_s: float
    undo: str
    refusal: Refusal | None = None
