"""One frozen picture of a session for whoever displays it: the screen, `status --json`, a screenshot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .cluster import Cluster
from .diagnosis import DiagnosisRun
from .fault import Availability, Fault, Injection, Revert
from .incident import Incident


class Mode(StrEnum):
    """Where the observations come from; always on screen."""

    LIVE = "LIVE"
    SIMULATED = "SIMULATED"
    REPLAY = "REPLAY"


class Level(StrEnum):
    """How the cluster stands, as one word."""

    GREEN = "GREEN"  # nothing wrong is seen
    YELLOW = "YELLOW"  # one incident, every majority holds, clients are served
    ORANGE = "ORANGE"  # clients are not served as usual, or more than one incident
    RED = "RED"  # a majority is gone
    BLIND = "BLIND"  # we cannot see


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline. `tone`: info, good, warn, bad, act (what the operator did)."""

    t: float
    source: str
    text: str
    tone: str = "info"


@dataclass(frozen=True, slots=True)
class FaultEntry:
    """A fault kind and whether it can work here."""

    fault: Fault
    availability: Availability


@dataclass(frozen=True, slots=True)
class Timer:
    """The detection timer of one injection (or of an incident nobody injected). Times are on the session clock.

    `zero` is when the clock starts: just before the engine call. `lanes` holds, per vantage point that saw it, when.
    """

    title: str
    zero: float
    returned: float | None = None
    lanes: tuple[tuple[str, float | None], ...] = ()
    first_token: float | None = None
    diagnosed: float | None = None
    reverted: float | None = None
    recovered: float | None = None
    running: bool = True


@dataclass(frozen=True, slots=True)
class RevertProgress:
    """The kill switch at work: `done` of `total`, and the results so far."""

    total: int
    done: int
    results: tuple[Revert, ...] = ()
    finished: bool = False
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Playback:
    """Where a replay stands."""

    position: float
    duration: float
    speed: float
    playing: bool
    marks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """A guided demo's caption: `number` of `total`; `waiting` True where `space` goes on."""

    number: int
    total: int
    title: str
    caption: str
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class ExperimentEntry:
    """One experiment that can be run, as a list and its preview need it."""

    name: str
    title: str
    type: str
    scope: str
    failure: str
    targets: int
    hypothesis: str
    method: tuple[str, ...]
    criteria: tuple[str, ...]
    abort_if: tuple[str, ...]
    duration_s: float


@dataclass(frozen=True, slots=True)
class Gauge:
    """One measure of a run, live. `limit`: what steady state asks, as it is written; `kept` None: nothing to keep."""

    name: str
    unit: str
    baseline: float | None
    live: float | None
    limit: str = ""
    kept: bool | None = None

    @property
    def delta(self) -> float | None:
        """Live minus baseline."""
        return None if self.baseline is None or self.live is None else self.live - self.baseline


@dataclass(frozen=True, slots=True)
class ExperimentRun:
    """The experiment that runs, or ran last. `verdicts`: (criterion, measured, passed); gates likewise.

    While it runs both are as they would be judged now. `phase`: baseline, fault or recovery.
    """

    name: str
    began: float
    steps: tuple[tuple[float, str, str], ...] = ()  # t, what, said
    verdicts: tuple[tuple[str, str, bool | None], ...] = ()
    gates: tuple[tuple[str, str, bool | None], ...] = ()
    status: str = ""  # empty while it runs
    rollback: str = ""
    why: str = ""
    report: str = ""
    phase: str = ""
    gauges: tuple[Gauge, ...] = ()

    @property
    def running(self) -> bool:
        """True until it has a status."""
        return not self.status


@dataclass(frozen=True, slots=True)
class View:
    """Everything a screen needs; replaced as a whole, never mutated."""

    seq: int
    now: float  # session clock, seconds
    wall: float  # Unix seconds at the source
    mode: Mode
    project: str
    cluster: Cluster
    level: Level = Level.GREEN
    blind: bool = False
    read_only: bool = False
    read_only_reason: str = ""
    disarmed: str = ""  # why nothing can be injected; empty = armed
    injections: tuple[Injection, ...] = ()
    limit: int = 1
    faults: tuple[FaultEntry, ...] = ()
    incidents: tuple[Incident, ...] = ()
    timer: Timer | None = None
    diagnosis: DiagnosisRun | None = None
    earlier: tuple[DiagnosisRun, ...] = ()
    timeline: tuple[Event, ...] = ()
    revert: RevertProgress | None = None
    playback: Playback | None = None
    chapter: Chapter | None = None
    marks: tuple[tuple[float, str], ...] = ()  # for the throughput plot: (t, "fault" | "detected" | "reverted")
    load_on: bool | None = None  # None: unknown
    starting: str = ""  # what is being waited for before the first observation
    record_path: str = ""
    experiment: ExperimentRun | None = None

    @property
    def active(self) -> tuple[Injection, ...]:
        """Injections of which something may still be in the system."""
        return tuple(i for i in self.injections if i.state.live)


@dataclass(frozen=True, slots=True)
class Details:
    """The details screen of one component, fetched on demand. Text is untrusted and already cleaned."""

    component: str
    inspect: str
    log: tuple[str, ...]
    error: str = ""
    inspected: tuple[tuple[str, str], ...] = ()  # label, value rows from inspect
