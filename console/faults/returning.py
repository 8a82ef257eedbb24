"""Putting back from within a console: one rollback per injection however often it is asked for, late calls included."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from console.model.fault import Injection, InjectionState, Revert
from console.storage.leases import boot_id, boot_now

from . import rollback
from .catalogue import KINDS
from .known import Known
from .lab import Lab

LATE_S = 6.0  # the kill switch waits this long for an injection that is still being applied
AGAIN_S = 5.0  # one that could not be put back because the engine was away is tried again so much later

Undone = Callable[[Injection], None]


class Returning:
    """`under_way`: the calls that are still applying something. `audited`: told of every result."""

    def __init__(
        self,
        lab: Lab,
        known: Known,
        under_way: dict[str, asyncio.Task[None]],
        audited: Callable[[Revert], Awaitable[None]],
        pace: rollback.Pace | None,
    ) -> None:
        self._lab, self._known, self._applying, self._audited, self._pace = lab, known, under_way, audited, pace
        self.running: dict[str, asyncio.Task[Revert]] = {}
        self.late: set[asyncio.Task[None]] = set()
        self._tried: dict[str, float] = {}

    async def these(
        self, ids: Sequence[str], progress: rollback.Progress | None = None, on_undone: Undone | None = None
    ) -> tuple[Revert, ...]:
        """Put these back in parallel. One that is being put back already is waited for, not done twice."""

        async def one(injection_id: str) -> Revert:
            task = self.running.get(injection_id)
            if task is None:
                task = asyncio.create_task(self._one(self._known[injection_id], on_undone))
                self.running[injection_id] = task
                task.add_done_callback(lambda _: self.running.pop(injection_id, None))
            result = await asyncio.shield(task)
            if progress is not None:
                progress(result)
            return result

        return tuple(await asyncio.gather(*(one(i) for i in ids if i in self._known)))

    def due(self) -> list[Injection]:
        """Those whose time is up, and those whose rollback was begun and could not be ended. After a restart of the
        machine every one of them is."""
        now, found = time.monotonic(), []
        for injection in self._known.live:
            if injection.state.stuck or injection.id in self.running:
                continue
            if injection.state is InjectionState.REVERTING:
                if now - self._tried.get(injection.id, 0.0) >= AGAIN_S:
                    found.append(injection)
            elif injection.boot != boot_id() or boot_now() >= injection.expires_boot:
                found.append(injection)
        return found

    async def _one(self, injection: Injection, on_undone: Undone | None) -> Revert:
        applying = self._applying.get(injection.id)
        if applying is not None:
            kind = KINDS.get(injection.kind)
            if kind is not None and kind.series:
                applying.cancel()
            await asyncio.wait({applying}, timeout=LATE_S)
        self._known.put(replace(self._known[injection.id], state=InjectionState.REVERTING))
        result = await rollback.revert_one(
            self._lab, self._known.journal, injection, on_undone=on_undone, pace=self._pace
        )
        self._tried[injection.id] = time.monotonic()
        if applying is not None and not applying.done():
            late = asyncio.create_task(self._again(applying, injection))
            self.late.add(late)
            late.add_done_callback(self.late.discard)
        await self._known.settle(injection)
        await self._audited(result)
        return result

    async def _again(self, applying: asyncio.Task[None], injection: Injection) -> None:
        """A call that the engine had not answered may still land after the revert; then it is put back once more."""
        await asyncio.wait({applying})
        self._applying.pop(injection.id, None)
        await rollback.revert_one(self._lab, self._known.journal, injection, pace=self._pace)
        await self._known.settle(injection)
