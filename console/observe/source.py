"""What a source of observations is, and the supervision that keeps one alive without letting it take others down."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from console.model.observation import CONSOLE, Observation
from console.model.text import clean

from .clock import Clock

Emit = Callable[[Observation], None]
FIRST_BACKOFF_S = 0.5
LAST_BACKOFF_S = 8.0
REPEAT_S = 2.0  # health is said again this often, so that a record shows it


class SourceError(Exception):
    """A source cannot observe for now; the message is one line for the operator."""


class Health:
    """Says whether one source is alive: at once when that changes, and every so often when it does not."""

    def __init__(self, name: str, emit: Emit, clock: Clock, period_s: float) -> None:
        self.name, self.period_s = name, period_s
        self._emit, self._clock = emit, clock
        self._said: tuple[bool, str] | None = None
        self._at = -REPEAT_S

    def ok(self) -> None:
        """It observed."""
        self._say(True, "")

    def failed(self, why: str) -> None:
        """It could not."""
        self._say(False, clean(why, 300))

    def _say(self, ok: bool, error: str) -> None:
        now = self._clock.now()
        if (ok, error) == self._said and now - self._at < REPEAT_S:
            return
        self._said, self._at = (ok, error), now
        data: dict[str, Any] = {"ok": ok, "period_s": self.period_s}
        if error:
            data["error"] = error
        self._emit(Observation(now, CONSOLE, f"source/{self.name}", data))


async def every(clock: Clock, period_s: float, once: Callable[[], Awaitable[None]]) -> None:
    """Call `once` on a fixed beat for ever; never twice at a time, a beat missed is not made up for."""
    while True:
        began = clock.now()
        await once()
        await clock.sleep(max(0.01, period_s - (clock.now() - began)))


async def supervised(name: str, health: Health, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` for ever: what it raises is said, and it is begun again with growing pauses."""
    pause = FIRST_BACKOFF_S
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - one source must never take another down, whatever it met
            health.failed(str(error) or f"{name}: {type(error).__name__}")
        if asyncio.get_running_loop().time() - began > LAST_BACKOFF_S:
            pause = FIRST_BACKOFF_S
        await asyncio.sleep(pause)
        pause = min(LAST_BACKOFF_S, pause * 2)


class Tasks:
    """A set of named tasks that is awaited when it is closed: none is fired and forgotten."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[object]] = {}

    def start(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        """Start a task unless one of that name runs."""
        running = self._tasks.get(name)
        if running is not None and not running.done():
            work.close()
            return
        self._tasks = {n: t for n, t in self._tasks.items() if not t.done()}
        self._tasks[name] = asyncio.create_task(work, name=name)

    def __contains__(self, name: str) -> bool:
        task = self._tasks.get(name)
        return task is not None and not task.done()

    async def stop(self, name: str) -> None:
        """Cancel one and wait for its end."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def close(self, deadline_s: float = 2.0) -> None:
        """Cancel all and wait for their end."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=deadline_s)
