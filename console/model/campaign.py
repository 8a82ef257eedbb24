"""Campaigns as data: a list of experiments, what they may cost together, and how far it got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .experiment import Experiment, Limits

STOP_ON = ("rejected", "failed")  # a rollback that is not COMPLETE stops a campaign in any case
Axes = Mapping[str, Any]


class ItemState(StrEnum):
    """How far one experiment of a campaign got."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"  # it came to a result, whatever it was
    STOPPED = "stopped"  # it was begun and came to none; on resume it is run again
    SKIPPED = "skipped"  # the campaign ended before it


class CampaignState(StrEnum):
    """How far a campaign got."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"  # can be resumed
    STOPPED = "stopped"  # by its budget or a rule; final
    DONE = "done"

    @property
    def resumable(self) -> bool:
        """True where there may be something left to run."""
        return self in (CampaignState.RUNNING, CampaignState.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Slo:
    """What the service promises: so many percent of a window (s) within limits. `throughput_percent`: lowest, of a
    run's own baseline."""

    availability_percent: float
    window_s: float
    limits: Limits
    throughput_percent: float

    @property
    def allowed_s(self) -> float:
        """Seconds of the window that may be bad: the whole error budget."""
        return self.window_s * (100 - self.availability_percent) / 100


@dataclass(frozen=True, slots=True)
class Budget:
    """What a campaign may spend; None: no limit. Seconds are the cluster's, which a simulation may hurry."""

    time_s: float | None = None
    max_targets: int | None = None  # of any one experiment
    target_s: float | None = None  # targets times seconds under a fault, together
    slo: Slo | None = None
    error_budget_percent: float = 100.0  # of what the SLO allows

    @property
    def bad_s(self) -> float | None:
        """Seconds outside the SLO that the campaign may cause."""
        return None if self.slo is None else self.slo.allowed_s * self.error_budget_percent / 100


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent: seconds of the cluster, target-seconds under a fault, seconds outside the SLO, seconds in which
    that could not be measured."""

    time_s: float = 0.0
    target_s: float = 0.0
    bad_s: float = 0.0
    blind_s: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.time_s + other.time_s,
            self.target_s + other.target_s,
            self.bad_s + other.bad_s,
            self.blind_s + other.blind_s,
        )


@dataclass(frozen=True, slots=True)
class Item:
    """One run to be done. `axes`: what differs from the experiment's own file."""

    name: str
    axes: Axes
    experiment: Experiment


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign file that can be run; `items` in the order they are run. `digest`: SHA-256 of the file."""

    title: str
    description: str
    items: tuple[Item, ...]
    budget: Budget
    stop_on: tuple[str, ...]
    source: str
    digest: str = ""


def labelled(name: str, axes: Axes) -> str:
    """An item's name for people: `domain-n-1 target=tikv0 duration=10`."""
    return " ".join([name, *(f"{k}={_short(v)}" for k, v in axes.items())])


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
