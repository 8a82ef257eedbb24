"""Putting one injection into the world: journal, a last look at the target, the deed, its effect read back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from console.model.fault import Injection, InjectionState
from console.observe.engine import EngineError
from console.storage import StorageError

from .kind import FaultKind, Gone, NotFelt, Undo
from .known import Known
from .lab import Lab

APPLY_S = 80.0  # a stop may wait out its grace
FELT_S = 5.0
FELT_POLL_S = 0.2


class Applying:
    """`halted`: whether the kill switch was pressed since the request was made. `reverting`: ids being put back."""

    def __init__(self, lab: Lab, known: Known, clock: Callable[[], float], reverting: Callable[[str], bool]) -> None:
        self._lab, self._known, self._clock, self._reverting = lab, known, clock, reverting
        self.under_way: dict[str, asyncio.Task[None]] = {}

    async def apply(self, kind: FaultKind, injection: Injection, halted: Callable[[], bool]) -> str | None:
        """None when the fault is in and was felt, else why not."""
        try:
            injection = await self._known.move(injection, InjectionState.APPLYING)
            await self._still_the_same(injection)
        except (StorageError, EngineError, Gone) as error:
            return f"{injection.kind} on {injection.component}: {error}"
        if halted():
            return "the kill switch was pressed"
        injection = replace(injection, called=self._clock())
        self._known.put(injection)
        task = asyncio.create_task(_timed(kind.apply(self._lab, dict(injection.undo))))
        self.under_way[injection.id] = task
        try:
            return await self._carry_out(kind, injection, task)
        finally:
            if task.done():
                self.under_way.pop(injection.id, None)

    async def _carry_out(self, kind: FaultKind, injection: Injection, task: asyncio.Task[None]) -> str | None:
        await asyncio.wait({task})
        if task.cancelled():
            return f"{injection.kind} on {injection.component} was broken off"
        try:
            task.result()
            injection = replace(injection, returned=self._clock())
            injection = await self._advance(injection, InjectionState.APPLIED)
            said = await self._felt(kind, dict(injection.undo))
            after = InjectionState.REVERTED if kind.momentary else InjectionState.VERIFIED
            await self._advance(injection, after, said)
        except (EngineError, StorageError, NotFelt, Gone, TimeoutError) as error:
            return f"{injection.kind} on {injection.component}: {error or 'the engine did not answer in time'}"
        return None

    async def _still_the_same(self, injection: Injection) -> None:
        """The target was frozen when it was chosen; what has that name by now may be another one. Raises Gone."""
        for target in injection.targets:
            now = await self._lab.facts(target.container_id)
            if now is None:
                raise Gone(f"{target.service} was removed since it was chosen")
            if not target.same(now.id, now.started_at):
                raise Gone(f"{target.service} was started anew since it was chosen")

    async def _felt(self, kind: FaultKind, undo: Undo) -> str:
        deadline = time.monotonic() + FELT_S
        while True:
            try:
                return await kind.felt(self._lab, undo)
            except NotFelt:
                if kind.spec.one_by_one or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(FELT_POLL_S)

    async def _advance(self, injection: Injection, state: InjectionState, note: str = "") -> Injection:
        """Move forward, unless it is being put back already: then its state is the rollback's to say."""
        if self._reverting(injection.id):
            return injection
        return await self._known.move(injection, state, note)


async def _timed(work: Awaitable[None]) -> None:
    async with asyncio.timeout(APPLY_S):
        await work
