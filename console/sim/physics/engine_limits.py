"""What the engine refuses in a change of limits, in its own words (answers of a real 20.10.24 engine)."""

from __future__ import annotations

from collections.abc import Mapping

from .containers import Container
from .engine import EngineError

MIN_MEMORY = 6 << 20
MIN_QUOTA = 1_000
_CANNOT = "Cannot update container"
_SWAP = "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"
POLICIES = ("", "no", "always", "on-failure", "unless-stopped")


def check_limits(container: Container, changes: Mapping[str, int | str], host_cores: int) -> None:
    """Raise EngineError where the engine would; `changes` are fields of `Limits`, 0 meaning unchanged."""
    _check_memory(container, changes)
    _check_cpu(container, changes, host_cores)
    policy = changes.get("restart_policy", "")
    if policy not in POLICIES:
        raise EngineError(400, f"invalid restart policy '{policy}'")


def _number(changes: Mapping[str, int | str], name: str) -> int:
    value = changes.get(name, 0)
    return value if isinstance(value, int) else 0


def _check_memory(container: Container, changes: Mapping[str, int | str]) -> None:
    memory, swap = _number(changes, "memory"), _number(changes, "memory_swap")
    if 0 < memory < MIN_MEMORY:
        raise EngineError(400, "Minimum memory limit allowed is 6MB")
    if memory > 0 and 0 < swap < memory:
        raise EngineError(400, "Minimum memoryswap limit should be larger than memory limit, see usage")
    if memory > 0 and swap == 0 and 0 < container.limits.memory_swap < memory:
        raise EngineError(409, f"{_CANNOT} {container.id}: {_SWAP}")


def _check_cpu(container: Container, changes: Mapping[str, int | str], host_cores: int) -> None:
    nano, quota = _number(changes, "nano_cpus"), _number(changes, "cpu_quota")
    if 0 < quota < MIN_QUOTA:
        raise EngineError(400, "CPU cfs quota can not be less than 1ms (i.e. 1000)")
    if nano < 0 or nano > host_cores * 1e9:
        raise EngineError(
            400, f"Range of CPUs is from 0.01 to {host_cores}.00, as there are only {host_cores} CPUs available"
        )
    if nano > 0 and quota > 0:
        raise EngineError(400, "Conflicting options: Nano CPUs and CPU Quota cannot both be set")
    text = f"{_CANNOT} {container.id}: Conflicting options: "
    if container.limits.nano_cpus > 0:
        for name, label in (("cpu_period", "CPU Period"), ("cpu_quota", "CPU Quota")):
            if _number(changes, name):
                raise EngineError(409, f"{text}{label} cannot be updated as NanoCPUs has already been set")
    if nano > 0 and container.limits.cpu_quota > 0:
        raise EngineError(409, f"{text}Nano CPUs cannot be updated as CPU Quota has already been set")
