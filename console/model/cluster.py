"""The cluster as folded from observations: what each vantage point last saw, never what is "really" so.

Times `t`, `at`, `since` are seconds on the session's clock. Mappings are never mutated after construction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .names import Role
from .observation import Reach

EMPTY: Mapping[Any, Any] = MappingProxyType({})


LOST_MISSES = 2


@dataclass(frozen=True, slots=True)
class Probe:
    """The latest answers of one endpoint. `since`: when the present `reach` began; `rtt_ms`: last answered."""

    reach: Reach = Reach.UNKNOWN
    since: float = 0.0
    at: float = 0.0
    last_ok: float | None = None
    rtt_ms: float | None = None
    rtt_usual_ms: float | None = None  # slow moving average of answered round trips
    detail: str = ""
    misses: int = 0  # answers in a row that were not OK
    down_since: float | None = None  # when the present row of misses began

    @property
    def lost(self) -> bool:
        """Nobody is there: a single answer that did not come is a late one, two in a row are none."""
        return self.reach.lost and self.misses >= LOST_MISSES


@dataclass(frozen=True, slots=True)
class Stats:
    """Engine statistics of one container. Counters are since its start; rates are of the last interval."""

    at: float
    cpu_total_ns: int = 0
    throttled_ns: int = 0
    throttled_periods: int = 0
    mem: int = 0
    mem_limit: int = 0
    rx_bytes: int = 0
    tx_bytes: int = 0
    pids: int = 0
    cpu_pct: float | None = None  # of one core
    throttled_pct: float | None = None  # of wall time, summed over threads; may pass 100
    rx_rate: float | None = None  # bytes/s
    tx_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """One container as the engine shows it."""

    name: str
    service: str
    role: Role
    state: str = "unknown"  # running, exited, paused, restarting, created, dead, removed
    since: float = 0.0
    id: str = ""
    exit_code: int | None = None
    oom: bool = False
    networks: tuple[str, ...] | None = None
    started: int = 0  # start events seen
    died: int = 0  # die events seen
    started_at: float | None = None  # t of the last start event
    died_at: float | None = None
    stats: Stats | None = None
    limits: Mapping[str, int] = field(default_factory=lambda: EMPTY)
    labels: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    image: str = ""


@dataclass(frozen=True, slots=True)
class PdStore:
    """A store as PD describes it. Fields PD left out are None."""

    id: int
    address: str
    state: str | None
    last_heartbeat_ns: int | None
    leaders: int | None
    regions: int | None
    slow_score: int | None
    at: float = 0.0
    beat_at: float | None = None  # t at which the present heartbeat was made, by PD's clock mapped to ours
    state_since: float = 0.0
    capacity: str | None = None
    available: str | None = None
    version: str | None = None
    start_s: int | None = None
    node_state: int | None = None


@dataclass(frozen=True, slots=True)
class StoreMetrics:
    """A store's own metrics: last values, and their change per second since the scrape before."""

    at: float
    values: Mapping[str, float]
    rates: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Store:
    """One TiKV store joined over its vantage points by address."""

    name: str
    pd: PdStore | None = None
    status: Probe = Probe()
    metrics: StoreMetrics | None = None
    direct: Probe = Probe()  # at the container's own address, where that can be reached
    tcp: Probe = Probe()  # the idle connection: RESET when the process died, OK while it is held


@dataclass(frozen=True, slots=True)
class Member:
    """One PD member: its own answers per endpoint, and how it sees the others."""

    name: str
    probes: Mapping[str, Probe] = field(default_factory=lambda: EMPTY)  # ping, stores, members, health, leader, etcd
    leader: str | None = None  # whom it names as PD leader
    etcd_leader: str | None = None
    term: int | None = None
    term_since: float | None = None
    health: Mapping[str, bool] = field(default_factory=lambda: EMPTY)  # its view of every member
    health_since: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    error_code: int | None = None  # HTTP status of the latest leader-served answer when it was an error


@dataclass(frozen=True, slots=True)
class Regions:
    """Region health counts by PD's checks; None = never answered."""

    total: int | None = None
    counts: Mapping[str, int] = field(default_factory=lambda: EMPTY)  # miss-peer, down-peer, pending-peer, ...
    at: float | None = None
    leaders: Mapping[str, int] = field(default_factory=lambda: EMPTY)  # store name -> regions led


@dataclass(frozen=True, slots=True)
class Interval:
    """One reporting interval of the workload: differences of go-ycsb's cumulative columns."""

    t: float
    seconds: float
    count: int
    ops: float  # count / seconds
    mean_us: float | None  # of this interval, or of as many before it as it takes; from the differences of Count x Avg
    errors: int
    p99_us: int | None  # go-ycsb's own 99th, which is since the start of its run
    spent_us: int = 0  # latencies of this interval, summed; off by as much as Avg is rounded


@dataclass(frozen=True, slots=True)
class ClientComplaint:
    """What the workload's own log says of one address: the last message of each class."""

    at: float
    first: float
    kind: str  # refused, reset, no-such-host, timed-out, keepalive, no-connection, deadline, busy, pd-error
    address: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Workload:
    """The load generator as its own output shows it."""

    intervals: tuple[Interval, ...] = ()
    total_count: int | None = None
    total_takes: float | None = None
    total_us: int | None = None  # Count x Avg
    total_errors: int = 0
    error_counts: Mapping[str, int] = field(default_factory=lambda: EMPTY)  # op_ERROR -> cumulative count
    last_line: float | None = None  # any line
    last_summary: float | None = None  # a TOTAL line
    run: int = 0  # counts restarts of the client (its counters went back)
    complaints: Mapping[tuple[str, str], ClientComplaint] = field(default_factory=lambda: EMPTY)  # (service, kind)
    malformed: int = 0
    suppressed: int = 0
    properties: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    finished: bool = False


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """A Docker event about a container or its network, reduced to what is used."""

    t: float
    action: str
    container: str
    service: str
    exit_code: int | None = None
    signal: str | None = None


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """Whether a source of observations is alive. `ok` False: `error` says why, `since` when it began."""

    name: str
    ok: bool = True
    since: float = 0.0
    at: float = 0.0
    last_ok: float | None = None
    error: str = ""
    period_s: float | None = None


@dataclass(frozen=True, slots=True)
class Observer:
    """The console's own health, so that its own sickness is never blamed on the cluster."""

    at: float = 0.0
    lag_ms: float = 0.0  # event loop, last tick
    sick_until: float = -1.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything known of the cluster at time `t`."""

    t: float = 0.0
    stores: Mapping[str, Store] = field(default_factory=lambda: EMPTY)
    members: Mapping[str, Member] = field(default_factory=lambda: EMPTY)
    containers: Mapping[str, Container] = field(default_factory=lambda: EMPTY)  # by service name
    regions: Regions = Regions()
    workload: Workload = Workload()
    events: tuple[EngineEvent, ...] = ()
    sources: Mapping[str, SourceHealth] = field(default_factory=lambda: EMPTY)
    observer: Observer = Observer()
    leader: str | None = None  # PD leader by the most recent good answer
    previous_leader: str | None = None
    leader_since: float = 0.0
    leader_changed: float | None = None  # t of the last change; store verdicts of PD are held for a while after it
    pd_resumed: float | None = None  # t at which leader-served answers came back after none was had
    pd_clock: float | None = None  # PD wall clock minus session clock, seconds
    operators: tuple[str, ...] = ()
    schedulers: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    sparse: bool = False  # a record may leave out repeated answers: absence is not staleness
