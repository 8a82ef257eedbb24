"""A console that is killed at any step of any injection: afterwards nothing of it is left, and all is as it was.

Which steps of which kinds: by a seed that is in every test's name (CHAOS_SEED repeats it); CHAOS_CRASH=all: all.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from console.faults.catalogue import KINDS

from . import crashing
from .bed import LOAD, MEMBERS, STORES, Bed, rows
from .crashing import SEED, crashes
from .fixtures import Sessions
from .shell import Shell

TARGETS = {"store": STORES[1], "pd": MEMBERS[1], "load": LOAD}
ENDED = {"reverted", "gone-with-target"}
Case = tuple[str, str, str]


def named(case: Case) -> str:
    """For the test's name."""
    return f"{'-'.join(case)}-seed{SEED}"


async def crash(bed: Bed, shell: Shell, case: Case, watched: bool) -> str:
    """Have a console die; the target."""
    kind, role, step = case
    if kind in bed.cannot:
        pytest.skip(f"{kind}: {bed.cannot[kind]}")
    target = (await bed.told())["leader"] if kind == "leader-transfer" else TARGETS[role]
    if KINDS[kind].spec.majority:
        target = "majority"
    if kind == "memory" and not (await bed.inspect(target))["HostConfig"]["Memory"]:
        target = STORES[1]
    params = json.dumps(dict(bed.params.get(kind, {})))
    given = [str(shell.database), bed.docker_host, bed.project, kind, target, step, params]
    process = await shell.start("-m", crashing.__name__, *given, "watched" if watched else "alone")
    _, err = await process.communicate()
    assert process.returncode == -signal.SIGKILL, (case, err.decode())
    return target


async def settled(bed: Bed, shell: Shell) -> None:
    """Wait until the journal has nothing live."""

    async def look() -> bool:
        found = rows(shell.database)
        return bool(found) and set(found.values()) <= ENDED

    try:
        await bed.until(look, "the end of every injection", 60)
    except AssertionError as late:
        raise AssertionError(f"{late}: {rows(shell.database)}") from late


async def before(bed: Bed, kind: str) -> tuple[Any, ...]:
    """Everything a crash may not change."""
    told = await bed.told() if KINDS[kind].spec.family == "control plane" else None
    return await bed.pictures(), told, await bed.helpers()


@pytest.mark.parametrize("case", crashes(6), ids=named)
async def test_the_next_start_puts_it_back(bed: Bed, sessions: Sessions, tmp_path: Path, case: Case) -> None:
    """SIGKILL at one step, nobody on watch; then a console is started (E4)."""
    shell = Shell(bed, tmp_path / "state")
    was = await before(bed, case[0])
    await crash(bed, shell, case, watched=False)
    console = await sessions(record=False)
    await settled(bed, shell)
    await console.close("seen")  # what it asks of the engine in containers of its own is no leftover of the dead one
    await same(bed, case[0], was)


@pytest.mark.parametrize("case", crashes(2, watched=True), ids=named)
async def test_the_watchdog_puts_it_back(bed: Bed, shell: Shell, case: Case) -> None:
    """SIGKILL at one step, and no console ever again."""
    was = await before(bed, case[0])
    await crash(bed, shell, case, watched=True)
    if case[2] != "intent":  # nothing was done then, and the watchdog not yet begun
        await settled(bed, shell)
    await same(bed, case[0], was)


async def same(bed: Bed, kind: str, was: tuple[Any, ...]) -> None:
    """All is as it was. What the engine is still taking away (a helper that ends by itself) may take a moment."""

    async def look() -> bool:
        return await before(bed, kind) == was

    try:
        await bed.until(look, "everything as before", 15)
    except AssertionError:
        assert await before(bed, kind) == was
        raise
