"""Which service a container is: Compose separators, project prefixes, `operator-tikv-tikv0-1` is `tikv0`."""

from __future__ import annotations

import re
from enum import StrEnum


class Role(StrEnum):
    """What a service does in the cluster."""

    PD = "pd"
    STORE = "store"
    LOAD = "load"
    OTHER = "other"


_PART = re.compile(r"[-_]")
_NUMBERED = re.compile(r"^(pd|tikv)\d+$")
_LOAD = re.compile(r"^(go)?ycsb\d*$")


def service_of(container: str) -> str:
    """The service name in a container name, by its last part that names one.

    `operator-tikv-tikv0-1`, `tikvlab_tikv0_1` and `tikv0` are all `tikv0`; the project part `tikv` alone never
    counts because a member carries a number. A name with no such part is returned without its leading slash.
    """
    name = container.lstrip("/")
    parts = _PART.split(name)
    for part in reversed(parts):
        if _NUMBERED.match(part) or _LOAD.match(part):
            return part
    # pd-0 and tikv_1: a bare family name followed by its ordinal
    for family, ordinal in zip(reversed(parts[:-1]), reversed(parts[1:]), strict=True):
        if family in ("pd", "tikv") and ordinal.isdigit():
            return family + ordinal
    return name


def role_of(service: str) -> Role:
    """The role a service name stands for."""
    if _LOAD.match(service) or service == "go-ycsb":
        return Role.LOAD
    if re.match(r"^pd[-_]?\d*$", service):
        return Role.PD
    if re.match(r"^tikv[-_]?\d*$", service):
        return Role.STORE
    return Role.OTHER


def host_of(address: str) -> str:
    """The host part of `host:port`, of a URL, or of `[v6]:port`."""
    rest = address.split("://", 1)[-1].split("/", 1)[0]
    if rest.startswith("["):
        return rest[1:].split("]", 1)[0]
    return rest.rsplit(":", 1)[0] if ":" in rest else rest


def natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key that puts tikv2 before tikv10."""
    return tuple((0, int(p)) if p.isdigit() else (1, p) for p in re.split(r"(\d+)", name) if p)
