"""Signals to a whole console on a terminal of its own, and to the watchdog: what is injected is put back."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.ui.terminal import Terminal

from .bed import Bed, dismiss, rows, watchdog
from .fixtures import Sessions
from .shell import Shell

PAUSE = b":inject pause tikv1\r"


class Console(Terminal):
    """`chaos-console run` on a pty."""

    program = ("-m", "console", "run")


async def paused(bed: Bed) -> None:
    """Wait for it by docker."""
    await bed.becomes("tikv1", "paused", 60)


async def injecting(bed: Bed, console: Console) -> None:
    """Wait for the cluster to be on the screen, type the command, and see it done."""
    await asyncio.to_thread(console.read_until, "tikv1", 40)
    for _ in range(20):
        await asyncio.to_thread(console.send, PAUSE)
        try:
            await asyncio.to_thread(console.read_until, "FAULT LIVE", 3)
        except AssertionError:
            await asyncio.to_thread(console.send, b"\x1b")
            continue
        break
    await paused(bed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_console_told_to_end(bed: Bed, tmp_path: Path, number: signal.Signals) -> None:
    """It puts back what it injected, restores the terminal, and its exit code says which signal it was."""
    was = await bed.pictures()
    home = tmp_path / "state"
    with Console("--project", bed.project, "--docker-host", bed.docker_host, CHAOS_CONSOLE_HOME=str(home)) as console:
        await injecting(bed, console)
        console.signal(number)
        assert await asyncio.to_thread(console.wait, 60) == 128 + number
        assert console.restored
    dismiss(home / "console.db")
    assert await bed.pictures() == was
    assert await bed.helpers() == []
    assert set(rows(home / "console.db").values()) == {"reverted"}


async def test_a_console_that_is_killed(bed: Bed, tmp_path: Path) -> None:
    """Nothing can be done by it any more; the watchdog does it."""
    was = await bed.pictures()
    home = tmp_path / "state"
    with Console("--project", bed.project, "--docker-host", bed.docker_host, CHAOS_CONSOLE_HOME=str(home)) as console:
        await injecting(bed, console)
        console.signal(signal.SIGKILL)
        console.process.wait()

    async def back() -> bool:
        return set(rows(home / "console.db").values()) == {"reverted"}

    await bed.until(back, "the watchdog", 60)
    assert await bed.pictures() == was
    dismiss(home / "console.db")


async def test_a_watchdog_does_not_hear_the_terminal_end(bed: Bed, shell: Shell) -> None:
    """SIGHUP and SIGINT are not for it: at the end of the injection it is there."""
    was = await bed.picture("tikv1")
    done = await shell.run("inject", "pause", "tikv1", *shell.here, "--duration", "6", "--json")
    assert done.code == 0, done.err
    pid = watchdog(shell.database)
    assert pid is not None
    for number in (signal.SIGHUP, signal.SIGINT):
        os.kill(pid, number)

    async def back() -> bool:
        return rows(shell.database)[done.data["id"]] == "reverted"

    await bed.until(back, "the watchdog", 40)
    assert watchdog(shell.database) in (pid, None)
    assert await bed.picture("tikv1") == was


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_with_the_watchdog_gone(bed: Bed, shell: Shell, sessions: Sessions, number: signal.Signals) -> None:
    """Told to end or killed, it leaves the journal as it is: the next console puts back what is overdue."""
    was = await bed.picture("tikv1")
    done = await shell.run("inject", "pause", "tikv1", *shell.here, "--duration", "3", "--json")
    assert done.code == 0, done.err
    assert dismiss(shell.database, number)

    async def gone() -> bool:
        return watchdog(shell.database) is None

    await bed.until(gone, "the watchdog's end")
    assert (await bed.inspect("tikv1"))["State"]["Paused"] or number == signal.SIGTERM
    await sessions(record=False)

    async def back() -> bool:
        return rows(shell.database)[done.data["id"]] == "reverted"

    await bed.until(back, "the next console", 40)
    assert await bed.picture("tikv1") == was
