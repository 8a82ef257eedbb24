"""The load generator on or off: an operator's act on the workload, not a fault."""

from __future__ import annotations

from collections.abc import Sequence

from console.model.fault import Injection
from console.model.names import Role

from .lab import ALLOW, Lab

GRACE_S = 2


async def set_load(lab: Lab, on: bool, live: Sequence[Injection]) -> tuple[bool, str]:
    """Start or stop the load generator. Returns whether anything was done, and one line. Raises EngineError."""
    loads = [c for c in await lab.containers() if c.role is Role.LOAD]
    if not loads:
        return False, "this project has no load generator"
    load = loads[0]
    if load.labels.get(ALLOW, "").lower() != "true":
        return False, f"{load.service}: the container has no label {ALLOW}=true"
    if any(load.id == t.container_id for i in live for t in i.targets):
        return False, f"{load.service} carries an injection; revert that first"
    if on and not load.running:
        await lab.engine.start(load.id)
    elif not on and load.running:
        await lab.engine.stop(load.id, GRACE_S)
    return True, f"load {'on' if on else 'off'}: {load.service}"
