"""Helper containers: one per injection, in the target's network namespace, marked, undoing itself when its time is up.

The helper runs `chx` (nettools/chx). Nothing is pulled, at no time: an image that is not on the engine makes the kinds
that need it unavailable, with the reason.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from console.model.fault import Availability
from console.observe.engine import ContainerFacts, EngineError

from .kind import Check, Gone, NotFelt, Undo
from .lab import HELPER, Lab

IMAGE = "chaos-console/nettools:1"
REMEDY = "`chaos-console nettools` builds it on the engine"
LAB_LABEL = "chaos-console.lab"
READY_S = 12.0
SLACK_S = 8.0  # the helper ends by itself this long after the injection's own end
SWEEP_S = 8.0
_MEMORY = 96 << 20


def name_of(injection: str, role: str = "hold") -> str:
    """The helper's container name."""
    return f"chaos-console-{role}-{injection}"


@dataclass(frozen=True, slots=True)
class Spec:
    """How a helper is run. `join`: the container whose network namespace it enters; empty: none of anybody's."""

    join: str
    command: tuple[str, ...]
    capabilities: tuple[str, ...] = ("NET_ADMIN",)
    volumes_from: str = ""
    binds: tuple[str, ...] = ()
    cgroup_parent: str = ""


def _body(lab: Lab, injection: str, spec: Spec) -> dict[str, Any]:
    host: dict[str, Any] = {
        "NetworkMode": f"container:{spec.join}" if spec.join else "none",
        "CapAdd": list(spec.capabilities),
        "Memory": _MEMORY,
        "MemorySwap": _MEMORY,
        "PidsLimit": 128,
        "RestartPolicy": {"Name": "no"},
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "64k", "max-file": "1"}},
    }
    if spec.volumes_from:
        host["VolumesFrom"] = [spec.volumes_from]
    if spec.binds:
        host["Binds"] = list(spec.binds)
    if spec.cgroup_parent:
        host["CgroupParent"] = spec.cgroup_parent
    return {"HostConfig": host, "Labels": {HELPER: injection, LAB_LABEL: lab.id}, "StopSignal": "SIGTERM"}


async def hold(lab: Lab, undo: Undo, spec: Spec) -> None:
    """Start the helper and wait until it has applied its fault. Raises EngineError with the helper's own words."""
    engine, name = lab.engine, name_of(undo["id"])
    await engine.create(name, IMAGE, list(spec.command), _body(lab, undo["id"], spec))
    await engine.start(name)
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        said = (await engine.log_tail(name, 20)).strip()
        if "applied" in said.splitlines():
            return
        state = (await engine.inspect(name, urgent=True)).get("State", {})
        if not state.get("Running"):
            raise EngineError(f"the helper could not apply the fault: {said.splitlines()[-1] if said else 'no word'}")
        await asyncio.sleep(0.1)
    raise EngineError(f"the helper did not apply the fault within {READY_S:g} s")


async def left(lab: Lab, undo: Undo) -> list[str]:
    """What of the injection is still in the target's namespace, a line each. Raises Gone, EngineError."""
    name = name_of(undo["id"])
    if await _runs(lab, name):
        _, output = await lab.engine.execute(name, ["chx", "show", undo["id"]])
    else:
        output = await once(lab, undo, ("show", undo["id"]))
    return [line for line in output.splitlines() if line.strip()]


async def release(lab: Lab, undo: Undo, extra: tuple[str, ...] = ()) -> None:
    """Undo in the target's namespace and remove the helper. `extra`: a further `chx` command that undoing needs.

    A helper that was killed left its rules behind: a new one in the same namespace takes them away by their mark.
    """
    name = name_of(undo["id"])
    if await _runs(lab, name):
        await lab.engine.execute(name, ["chx", "undo", undo["id"]])
    elif await _namespace_lives(lab, undo):
        await once(lab, undo, ("undo", undo["id"]))
    if extra and await _namespace_lives(lab, undo):
        await once(lab, undo, extra)
    await lab.engine.remove(name)


async def once(lab: Lab, undo: Undo, command: tuple[str, ...], spec: Spec | None = None) -> str:
    """Run one `chx` command in a short-lived helper and return its output."""
    engine, name = lab.engine, name_of(undo["id"], f"once-{time.monotonic_ns() % 10**9}")
    spec = spec or Spec(join=str(undo.get("container", "")), command=command, **_mounts(undo))
    creating = asyncio.create_task(engine.create(name, IMAGE, list(command), _body(lab, undo["id"], spec)))
    try:
        await asyncio.shield(creating)
        await engine.start(name)
        deadline = time.monotonic() + SWEEP_S
        while time.monotonic() < deadline:
            state = (await engine.inspect(name, urgent=True)).get("State", {})
            if not state.get("Running") and state.get("Status") != "created":
                output = await engine.log_tail(name, 400)
                if state.get("ExitCode"):
                    raise EngineError(
                        f"the helper failed: {output.strip().splitlines()[-1] if output.strip() else '?'}"
                    )
                return output
            await asyncio.sleep(0.05)
        raise EngineError("the helper did not end in time")
    finally:
        await _to_the_end(_taken_away(lab, name, creating))


async def _taken_away(lab: Lab, name: str, creating: asyncio.Task[str]) -> None:
    await asyncio.wait({creating})  # broken off, the call still lands; removing before it did would leave it behind
    await lab.engine.remove(name)


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Carry it out even where the task that asks for it is cancelled meanwhile; then be cancelled."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _mounts(undo: Undo) -> dict[str, Any]:
    return {"volumes_from": str(undo["volumes_from"])} if undo.get("volumes_from") else {}


async def _runs(lab: Lab, name: str) -> bool:
    try:
        return bool((await lab.engine.inspect(name, urgent=True)).get("State", {}).get("Running"))
    except EngineError as error:
        if error.missing:
            return False
        raise


async def _namespace_lives(lab: Lab, undo: Undo) -> bool:
    """Rules live as long as the process whose namespace they are in."""
    now = await lab.facts(str(undo["container"]))
    return now is not None and now.running and now.started_at == undo["started_at"]


async def data_volume(lab: Lab, target: ContainerFacts) -> str | None:
    """The named volume behind the target's data; None where its data lies in its own layer."""
    mounts = (await lab.engine.inspect(target.id)).get("Mounts") or []
    named = [m for m in mounts if m.get("Type") == "volume" and m.get("RW")]
    data = [m for m in named if "data" in str(m.get("Destination", ""))]
    return str((data or named)[0]["Name"]) if named else None


async def verify(lab: Lab, undo: Undo) -> list[Check]:
    """Nothing of ours is left in the namespace, and no helper either."""
    now = await lab.facts(str(undo["container"]))
    if now is None:
        raise Gone(f"container {undo['name']} was removed, and its network namespace with it")
    if now.started_at != undo["started_at"] or not now.running:
        raise Gone(f"the namespace of {undo['name']} went with its process: {now.said}, by somebody else")
    if not undo.get("seen_clean"):  # a look costs a container: once it was clean, only the target is looked at again
        lines = await left(lab, undo)
        if lines:
            return [Check(False, f"still there: {lines[0][:120]}", settled=False)]
        undo["seen_clean"] = True
    return [Check(True, f"no rule and no qdisc of ours in the namespace of {undo['service']}")]


async def must_be_there(lab: Lab, undo: Undo, what: str) -> str:
    """The fault is in the kernel. Raises NotFelt."""
    lines = await left(lab, undo)
    if not lines:
        raise NotFelt("no rule of ours is in the target's namespace")
    return f"{what} ({len(lines)} lines of ours in the namespace of {undo['service']})"


async def preflight(lab: Lab, *needs: tuple[str, ...]) -> Availability:
    """Whether the helper can do this on this engine's kernel; each of `needs` is a list of alternatives."""
    able = await abilities(lab)
    if isinstance(able, Availability):
        return able
    for alternatives in needs:
        if not any(able.get(name) == "" for name in alternatives):
            name = alternatives[0]
            return Availability(False, f"the engine's kernel has no {name}: {able.get(name, 'not probed')}")
    return Availability(True)


async def abilities(lab: Lab) -> dict[str, str] | Availability:
    """What `chx probe` says of the engine's kernel: ability -> why not, empty where it can. Asked once per lab."""
    if await lab.engine.image(IMAGE) is None:
        return Availability(False, f"the helper image {IMAGE} is not on this engine", REMEDY)
    return await lab.once("what the kernel can do", lambda: _probe(lab))


async def _probe(lab: Lab) -> dict[str, str]:
    undo: Undo = {"id": f"probe{time.monotonic_ns() % 10**6}"}
    output = await once(lab, undo, ("probe",), Spec(join="", command=("probe",)))
    able = {}
    for line in output.splitlines():
        name, _, rest = line.partition(" ")
        verdict, _, why = rest.partition(" ")
        if verdict in ("ok", "no"):
            able[name] = "" if verdict == "ok" else why or "refused"
    return able
