"""Containers, networks and images as the engine keeps them: data and small questions, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from .log import Log
from .netns import Netns

if TYPE_CHECKING:
    from .timeline import Timer


@dataclass(slots=True)
class Image:
    """An image present in the engine."""

    id: str
    tag: str
    created: float
    size: int
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Endpoint:
    """A container's seat in a network; `address` is empty while the container does not run."""

    network: str  # name
    aliases: tuple[str, ...]
    endpoint_id: str
    reserved: str  # the address it gets whenever it runs
    address: str = ""
    mac: str = ""
    asked_address: str | None = None  # an address asked for at the connect; empty: connected by hand without one


@dataclass(slots=True)
class Network:
    """A network: `members` are ids of running containers attached to it."""

    id: str
    name: str
    driver: str
    created: float
    subnet: str = ""
    gateway: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Limits:
    """cgroup limits, 0 where there is none. cpu_quota/cpu_period in microseconds as the engine has them."""

    memory: int = 0
    memory_swap: int = 0
    memory_reservation: int = 0
    nano_cpus: int = 0
    cpu_quota: int = 0
    cpu_period: int = 0
    cpu_shares: int = 0
    pids: int = 0
    cpuset_cpus: str = ""
    blkio_weight: int = 0
    restart_policy: str = "no"
    restart_max: int = 0

    def cores(self, host: float) -> float:
        """CPU cores it may use."""
        if self.cpu_quota > 0:
            return min(host, self.cpu_quota / (self.cpu_period or 100_000))
        if self.nano_cpus > 0:
            return min(host, self.nano_cpus / 1e9)
        return host


class Process(Protocol):
    """What runs inside a container. Called by the engine; times are the world's."""

    def start(self) -> None:
        """The container was started."""

    def signal(self, number: int) -> None:
        """A signal other than SIGKILL arrived at PID 1."""

    def died(self) -> None:
        """The process is gone, for whatever reason."""

    def frozen(self, paused: bool) -> None:
        """The container was paused or unpaused."""

    def listening(self, port: int, /) -> bool:
        """Whether somebody listens on this port of the container."""


@dataclass(slots=True, eq=False)
class Container:
    """One container. `status` is the engine's word: created, running, paused, restarting, exited, dead."""

    id: str
    name: str
    image: Image
    created: float
    labels: dict[str, str]
    process: Process
    netns: Netns
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    hostname: str = ""
    network_mode: str = "bridge"
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)  # container port -> published port on 127.0.0.1
    limits: Limits = field(default_factory=Limits)
    cap_add: tuple[str, ...] = ()
    auto_remove: bool = False
    stop_signal: int = 15
    stop_grace: float = 10.0
    status: str = "created"
    pid: int = 0
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    started_at: float | None = None
    finished_at: float | None = None
    attached_at: float = 0.0  # when it last got onto a network
    restart_count: int = 0
    stopped_by_hand: bool = False
    log: Log = field(default_factory=Log)
    restart_timer: Timer | None = None
    shares_netns_of: str = ""  # id of the container whose namespace it lives in
    binds: tuple[str, ...] = ()
    volumes: dict[str, str] = field(default_factory=dict)  # where it is mounted -> named volume
    volumes_from: str = ""  # id of the container whose volumes it mounts
    cgroup_parent: str = ""

    @property
    def service(self) -> str:
        """The Compose service, or the name."""
        return self.labels.get("com.docker.compose.service", self.name)

    @property
    def alive(self) -> bool:
        """A process exists, running or frozen."""
        return self.status in ("running", "paused")

    @property
    def awake(self) -> bool:
        """A process exists and gets CPU."""
        return self.status == "running"

    @property
    def address(self) -> str:
        """Its first address on a network while it has one, else empty."""
        return next((e.address for e in self.endpoints.values() if e.address), "")
