"""`docker inspect` reduced to what the console needs, with published ports turned into addresses we can reach."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from console.model.names import Role, role_of, service_of

from .client import PROJECT, SERVICE
from .endpoint import Endpoint

PD_PORT = "2379/tcp"
STATUS_PORT = "20180/tcp"
_LIMITS = (
    "CpuQuota",
    "CpuPeriod",
    "CpuShares",
    "NanoCpus",
    "Memory",
    "MemorySwap",
    "MemoryReservation",
    "BlkioWeight",
    "PidsLimit",
)


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """One container at one moment. `started_at` is the engine's own text and, with `id`, says which process it is."""

    id: str
    name: str
    service: str
    role: Role
    project: str
    image: str
    state: str
    running: bool
    paused: bool
    exit_code: int
    oom: bool
    started_at: str
    restart_count: int
    restart_policy: str
    pid: int
    labels: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    published: Mapping[str, tuple[str, int]] = field(default_factory=dict)  # "20180/tcp" -> host, port we can reach
    own: tuple[str, ...] = ()  # its own addresses, where this machine can route to them

    def url(self, port: str) -> str | None:
        """Base URL of a container port from here: the published one, else its own address; None where neither is."""
        if port in self.published:
            host, number = self.published[port]
            return f"http://{_bracketed(host)}:{number}"
        if self.own:
            return self.own_url(port)
        return None

    def own_url(self, port: str) -> str:
        """Base URL of a port at its first own address. Raises IndexError where it has none."""
        return f"http://{_bracketed(self.own[0])}:{port.split('/')[0]}"

    @property
    def said(self) -> str:
        """Its state in words."""
        if self.paused:
            return "paused"
        if self.running:
            return "running"
        return f"{self.state} with code {self.exit_code}" if self.state == "exited" else self.state


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def facts(inspected: Mapping[str, Any], where: Endpoint) -> ContainerFacts:
    """Read one inspect answer. Fields an engine leaves out read as their empty value."""
    state = _map(inspected.get("State"))
    config = _map(inspected.get("Config"))
    host = _map(inspected.get("HostConfig"))
    settings = _map(inspected.get("NetworkSettings"))
    labels = {str(k): str(v) for k, v in _map(config.get("Labels")).items()}
    name = str(inspected.get("Name", "")).lstrip("/")
    service = labels.get(SERVICE) or service_of(name)
    networks = {str(k): dict(_map(v)) for k, v in _map(settings.get("Networks")).items()}
    return ContainerFacts(
        id=str(inspected.get("Id", "")),
        name=name,
        service=service,
        role=role_of(service),
        project=labels.get(PROJECT, ""),
        image=str(config.get("Image", "")),
        state=str(state.get("Status", "unknown")),
        running=bool(state.get("Running")),
        paused=bool(state.get("Paused")),
        exit_code=_int(state.get("ExitCode")),
        oom=bool(state.get("OOMKilled")),
        started_at=str(state.get("StartedAt", "")),
        restart_count=_int(inspected.get("RestartCount")),
        restart_policy=str(_map(host.get("RestartPolicy")).get("Name", "")),
        pid=_int(state.get("Pid")),
        labels=labels,
        networks=networks,
        limits={k: _int(host.get(k)) for k in _LIMITS},
        published=_published(_map(settings.get("Ports")), where),
        own=() if where.remote else tuple(str(a) for n in networks.values() if (a := n.get("IPAddress"))),
    )


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _int(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _published(ports: Mapping[str, Any], where: Endpoint) -> dict[str, tuple[str, int]]:
    """Bindings as addresses from this machine; one on the loopback of a remote engine is out of reach."""
    reach: dict[str, tuple[str, int]] = {}
    for port, bindings in ports.items():
        for binding in bindings if isinstance(bindings, list) else ():
            number = str(_map(binding).get("HostPort", ""))
            address = str(_map(binding).get("HostIp", "")) or "0.0.0.0"  # noqa: S104 - what the engine says it bound
            if not number.isdigit() or (where.remote and re.match(r"^(127\.|::1$|localhost)", address)):
                continue
            if address in ("0.0.0.0", "::"):  # noqa: S104
                address = _engine_host(where)
            reach.setdefault(str(port), (address, int(number)))
    return reach


def _engine_host(where: Endpoint) -> str:
    return (urlsplit(where.url).hostname or "127.0.0.1") if where.remote else "127.0.0.1"
