"""A console that dies in the middle: `python -m tests.faults.crashing DATABASE URL PROJECT KIND TARGET STEP PARAMS ON`.

It injects, and puts back, and SIGKILLs itself at one step: right after the journal has it on disk, `midway` (some time
within the engine's work), `called` (done by the engine, not yet written) or `undone` (undone, not yet written).
ON: `watched` (it starts a watchdog, as consoles do) or `alone`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
import zlib
from pathlib import Path
from typing import Any

from console.faults.actor import Actor, Policy, Request
from console.faults.catalogue import KINDS
from console.faults.lab import Lab
from console.faults.watchdog import spawn
from console.model.cluster import Cluster, SourceHealth
from console.model.fault import Injection
from console.observe.engine import Engine, EngineError, endpoint
from console.storage import Database
from console.storage.journal import Journal, remember_lab
from console.storage.leases import CONSOLE, acquire

STEPS = ("intent", "applying", "midway", "called", "applied", "verified", "reverting", "undone")
MOMENTARY = STEPS[:5]
WHOLE = os.environ.get("CHAOS_CRASH") == "all"
# The same in every process of one test run; CHAOS_SEED repeats a run.
SEED = int(os.environ.get("CHAOS_SEED") or zlib.crc32(
    os.environ.setdefault("PYTEST_XDIST_TESTRUNUID", f"{time.time_ns()}").encode()) % 100_000)  # fmt: skip
MIDWAY_S = 1.2


def crashes(count: int, *, watched: bool = False) -> list[tuple[str, str, str]]:
    """(kind, target kind, step) in random order; all of them, or the first `count` with as many kinds as can be."""
    rng = random.Random(SEED + watched)
    cases = [
        (name, rng.choice(kind.spec.targets).value, step)
        for name, kind in KINDS.items()
        for step in (MOMENTARY if kind.momentary else STEPS)
    ]
    rng.shuffle(cases)
    if WHOLE and not watched:
        return cases
    seen: set[str] = set()
    firsts = [c for c in cases if not (c[0] in seen or seen.add(c[0]))]  # type: ignore[func-returns-value]
    return firsts if WHOLE else firsts[:count]


def die() -> None:
    """As the kernel's out-of-memory killer would have it."""
    os.kill(os.getpid(), signal.SIGKILL)


def doom(kind: str, step: str) -> None:
    """Arrange for the end."""
    begin, move = Journal.begin, Journal.move
    cls = type(KINDS[kind])
    apply, revert = cls.apply, cls.revert

    async def begun(self: Journal, injection: Injection) -> None:
        await begin(self, injection)
        if step == "intent":
            die()

    async def moved(self: Journal, injection: Injection, state: Any, *rest: Any, **more: Any) -> Injection:
        after = await move(self, injection, state, *rest, **more)
        if state.value == step:
            die()
        return after

    async def applied(self: Any, lab: Lab, undo: Any) -> None:
        if step == "midway":
            asyncio.get_running_loop().call_later(random.random() * MIDWAY_S, die)
        await apply(self, lab, undo)
        if step in ("midway", "called"):
            die()

    async def reverted(self: Any, lab: Lab, undo: Any) -> None:
        await revert(self, lab, undo)
        if step == "undone":
            die()

    Journal.begin, Journal.move = begun, moved  # type: ignore[method-assign]
    cls.apply, cls.revert = applied, reverted  # type: ignore[method-assign]


async def reach(url: str, project: str) -> Lab:
    """An engine under load may take its time to say who it is."""
    for left in range(5, -1, -1):
        try:
            return await Lab.of(Engine(endpoint(url)), project)
        except EngineError:
            if not left:
                raise
    raise AssertionError


async def main(database: str, url: str, project: str, kind: str, target: str, step: str, params: str, on: str) -> None:
    """Live and die."""
    doom(kind, step)
    lab = await reach(url, project)
    path = Path(database)
    path.parent.mkdir(parents=True, exist_ok=True)
    db = await Database.open(path)
    await remember_lab(db, lab.id, url, project)
    owner = f"console {os.getpid()}"
    assert await acquire(db, lab.id, CONSOLE, owner, 60) is None

    async def before_first() -> None:
        if on == "watched":
            spawn(path, url, project, lab.id)

    actor = Actor(lab, db, Policy("doomed", owner, limit=3), clock=time.monotonic, before_first=before_first)
    now = time.monotonic()
    cluster = Cluster(t=now, sources={"docker": SourceHealth("docker", True, now, now, now)})
    done = await actor.inject(Request(kind, target, json.loads(params), 120, allow_quorum_loss=True), cluster, now)
    if not isinstance(done, tuple):
        sys.exit(f"{done.code} {done.sentence}")
    await actor.revert_all("to the end", disarm=False)
    sys.exit("it lived")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
