"""Bodies sent to the engine: decoded, checked field by field, refused in Go's words."""

from __future__ import annotations

import json
from typing import Any

from console.sim.physics.engine import EngineError

LIMITS = {
    "Memory": "memory",
    "MemorySwap": "memory_swap",
    "MemoryReservation": "memory_reservation",
    "NanoCpus": "nano_cpus",
    "CpuQuota": "cpu_quota",
    "CpuPeriod": "cpu_period",
    "CpuShares": "cpu_shares",
    "PidsLimit": "pids",
    "BlkioWeight": "blkio_weight",
}


def decode(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises EngineError as Go's decoder makes the engine answer."""
    if not body.strip():
        raise EngineError(500, "EOF")
    try:
        value = json.loads(body)
    except ValueError:
        text = body.decode(errors="replace").strip()
        at = text[1:2] if text.startswith("{") else text[:1]
        where = (
            "looking for beginning of object key string" if text.startswith("{") else "looking for beginning of value"
        )
        raise EngineError(500, f"invalid character '{at}' {where}") from None
    if not isinstance(value, dict):
        kind = "array" if isinstance(value, list) else "string" if isinstance(value, str) else "number"
        raise EngineError(500, f"json: cannot unmarshal {kind} into Go value of type map")
    return value


def _wrong(value: Any, struct: str, field: str, kind: str) -> EngineError:
    name = {str: "string", bool: "bool", dict: "object", list: "array"}.get(type(value), "number")
    return EngineError(500, f"json: cannot unmarshal {name} into Go struct field {struct}.{field} of type {kind}")


def integer(body: dict[str, Any], field: str, struct: str) -> int:
    """A whole number, 0 where it is missing."""
    value = body.get(field)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(value, struct, field, "int64")
    return value


def text(body: dict[str, Any], field: str, struct: str) -> str:
    """A string, empty where it is missing."""
    value = body.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(value, struct, field, "string")
    return value


def flag(body: dict[str, Any], field: str, struct: str) -> bool:
    """A bool, False where it is missing."""
    value = body.get(field)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _wrong(value, struct, field, "bool")
    return value


def strings(body: dict[str, Any], field: str, struct: str) -> tuple[str, ...]:
    """A list of strings, or one string as a list of one."""
    value = body.get(field)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise _wrong(value, struct, field, "[]string")
    return tuple(value)


def table(body: dict[str, Any], field: str, struct: str) -> dict[str, Any]:
    """An object, empty where it is missing."""
    value = body.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(value, struct, field, "map")
    return value


def limits(body: dict[str, Any], struct: str) -> dict[str, int | str]:
    """The resource fields of an update or a HostConfig, as fields of `Limits`."""
    changes: dict[str, int | str] = {ours: integer(body, theirs, struct) for theirs, ours in LIMITS.items()}
    changes["cpuset_cpus"] = text(body, "CpusetCpus", struct)
    policy = table(body, "RestartPolicy", struct)
    if policy:
        changes["restart_policy"] = text(policy, "Name", "RestartPolicy")
        changes["restart_max"] = integer(policy, "MaximumRetryCount", "RestartPolicy")
    return changes
