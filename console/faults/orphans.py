"""What a dead console left with our mark on it, found without any journal: helpers, rules, queueing disciplines, files.

Only what carries our mark and belongs to no injection that is known to be live is taken away, and exactly that. What
bears no mark (a paused container, a changed limit, a scheduler of PD's) can be known from the journal alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from console.observe.engine import ContainerFacts, EngineError

from . import helper
from .lab import HELPER, Lab

YOUNG_S = 20.0  # a helper just made may belong to a console that is about to tell its journal
AT_ONCE = 8
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Orphan:
    """One thing of ours that nobody answers for. `where`: a container, by id; `name`: for people."""

    what: str  # helper, rules, qdisc, file
    where: str
    name: str
    injection: str = ""

    def __str__(self) -> str:
        said = {
            "helper": f"helper container {self.name}",
            "rules": f"rules of ours in the network namespace of {self.name}",
            "qdisc": f"a queueing discipline of ours on {self.name}",
            "file": f"a fill file of ours on the volume of {self.name}",
        }[self.what]
        return f"{said} (injection {self.injection})" if self.injection else said


async def sweep(lab: Lab, live: Collection[str], containers: Collection[str]) -> list[tuple[Orphan, str]]:
    """Find and take away what belongs to none of the `live` injections. Returns what was found, with the error where
    it could not be removed. `containers`: ids whose namespaces carry live injections; those are left alone."""
    done: list[tuple[Orphan, str]] = []
    for orphan in await helpers(lab, live):
        done.append((orphan, await _attempt(lab.engine.remove(orphan.where))))
    marks = await _everywhere(lab, containers, lambda container: _sweep_one(lab, container, live))
    return done + marks


async def look(lab: Lab, live: Collection[str], containers: Collection[str]) -> list[Orphan]:
    """The same, and nothing is taken away. Raises EngineError."""

    async def one(container: ContainerFacts) -> list[Orphan]:
        return [o for o in await _marks(lab, container) if o.injection not in live]

    return await helpers(lab, live) + await _everywhere(lab, containers, one)


async def _everywhere(
    lab: Lab, left_alone: Collection[str], ask: Callable[[ContainerFacts], Awaitable[list[T]]]
) -> list[T]:
    """The answers of every running container whose namespaces carry no live injection."""
    if await lab.engine.image(helper.IMAGE) is None:
        return []  # nothing of ours can be in a namespace where the helper could not be made, nor looked for
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(container: ContainerFacts) -> list[T]:
        async with gate:
            return await ask(container)

    looked_at = [c for c in await lab.containers() if c.running and c.id not in left_alone]
    async with asyncio.TaskGroup() as group:  # broken off, it waits for every one of them to clean up after itself
        looks = [group.create_task(one(c)) for c in looked_at]
    return [found for task in looks for found in task.result()]


async def helpers(lab: Lab, live: Collection[str]) -> list[Orphan]:
    """Containers of ours in this lab whose injection nobody knows. Raises EngineError."""
    now, found = time.time(), []
    for row in await lab.engine.containers({HELPER: None, helper.LAB_LABEL: lab.id}):
        injection = str((row.get("Labels") or {}).get(HELPER, ""))
        young = row.get("State") in ("created", "running") and 0 <= now - float(row.get("Created") or 0) < YOUNG_S
        if injection not in live and not young:
            name = str((row.get("Names") or [row["Id"][:12]])[0]).lstrip("/")
            found.append(Orphan("helper", str(row["Id"]), name, injection))
    return found


async def _sweep_one(lab: Lab, container: ContainerFacts, live: Collection[str]) -> list[tuple[Orphan, str]]:
    undo: dict[str, Any] = {"id": "scan", "container": container.id}
    found = [o for o in await _marks(lab, container) if o.injection not in live]
    if not found:
        return []
    try:
        spec = await _spec(lab, container)
    except EngineError as why:
        return [(o, str(why)) for o in found]
    done: list[tuple[Orphan, str]] = []
    for injection in sorted({o.injection or "scan" for o in found}):
        error = await _attempt(helper.once(lab, undo, ("undo", injection), spec))
        done += [(o, error) for o in found if (o.injection or "scan") == injection]
    return done


async def _marks(lab: Lab, container: ContainerFacts) -> list[Orphan]:
    """All that bears our mark in a container's namespaces and on its volume."""
    undo: dict[str, Any] = {"id": "scan", "container": container.id}
    try:
        output = await helper.once(lab, undo, ("marks",), await _spec(lab, container))
    except EngineError:
        return []  # it ended meanwhile, and its namespace with it
    return _read(output, container)


def _read(output: str, container: ContainerFacts) -> list[Orphan]:
    """`chx marks`: an injection's id, `qdisc`, or `file ID`, a line each."""
    found = []
    for words in (line.split() for line in output.splitlines() if line.strip()):
        what = words[0] if words[0] in ("qdisc", "file") else "rules"
        injection = words[-1] if what != "qdisc" else ""
        found.append(Orphan(what, container.id, container.service, injection))
    return found


async def _spec(lab: Lab, container: ContainerFacts) -> helper.Spec:
    """A look into the container's network namespace and, where it has one, on its data volume."""
    volume = await helper.data_volume(lab, container)
    return helper.Spec(join=container.id, command=(), binds=(f"{volume}:/fill",) if volume else ())


async def _attempt(work: Any) -> str:
    try:
        await work
    except EngineError as error:
        return str(error)
    return ""
