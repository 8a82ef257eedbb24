"""What a session does beside observing: its lease, the lever, expiry, and what a dead console left behind."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from console.faults.actor import Actor
from console.observe.engine import EngineError
from console.storage import Database, StorageError
from console.storage.leases import CONSOLE, acquire, release

from .timeline import Timeline

if TYPE_CHECKING:
    from .core import Session

BEAT_S = 0.5
LEASE_S = 5.0
LEASE_EVERY = 2  # beats
REFRESH_EVERY = 2


class Keeper:
    """Runs on real time: what protects the cluster does not go faster because a simulation does."""

    def __init__(self, actor: Actor, db: Database) -> None:
        self._actor, self._db = actor, db
        self._held = False

    async def claim(self) -> str:
        """Take the lab's lease. Empty on success, else who holds it."""
        lab, owner = self._actor.lab.id, self._actor.policy.owner
        other = await acquire(self._db, lab, CONSOLE, owner, LEASE_S)
        self._held = other is None
        return "" if other is None else f"{other.holder} holds this lab"

    async def recover(self, timeline: Timeline, now: Callable[[], float]) -> None:
        """Put back what the journal still has from consoles that are gone."""
        await self._actor.refresh()
        left = [i for i in self._actor.live if i.owner != self._actor.policy.owner]
        if not left or not self._held:
            return
        timeline.add(
            now(), "console", f"found {len(left)} injection(s) of an earlier console; putting them back", "warn"
        )
        for result in await self._actor.revert_these([i.id for i in left]):
            tone = "good" if result.outcome.value == "COMPLETE" else "bad"
            text = f"{result.kind} on {result.component}: rollback {result.outcome.value}, {result.detail}"
            timeline.add(now(), "rollback", text, tone)

    async def sweep(self, timeline: Timeline, now: Callable[[], float]) -> None:
        """Take away what carries our mark and no journal answers for. Nothing waits for it."""
        if not self._held:
            return
        from console.faults import orphans

        live = self._actor.live
        targets = {t.container_id for i in live for t in i.targets}
        try:
            found = await orphans.sweep(self._actor.lab, {i.id for i in live}, targets)
        except EngineError as error:
            timeline.add(now(), "console", f"leftovers of earlier consoles could not be looked for: {error}", "warn")
            return
        for orphan, failed in found:
            text = f"found {orphan}, which no journal knows; " + (f"not removed: {failed}" if failed else "removed")
            timeline.add(now(), "rollback", text, "bad" if failed else "warn")

    async def run(self, session: Session) -> None:
        """Beat until cancelled."""
        beat, numbers = 0, itertools.count()
        while True:
            await asyncio.sleep(BEAT_S)
            beat += 1
            try:
                if self._held and beat % LEASE_EVERY == 0:
                    await self._renew(session)
                if beat % REFRESH_EVERY == 0:
                    await self._actor.refresh()
                for work in session.operations.keep():
                    session.attach(f"put back {next(numbers)}", work)
            except (StorageError, EngineError) as error:
                session.timeline.add(session.now(), "console", str(error), "warn")

    async def _renew(self, session: Session) -> None:
        other = await acquire(self._db, self._actor.lab.id, CONSOLE, self._actor.policy.owner, LEASE_S)
        if other is not None:
            self._held = False
            self._actor.policy.read_only = f"{other.holder} holds this lab"
            session.timeline.add(session.now(), "console", f"the lab was taken over by {other.holder}", "bad")

    async def release(self) -> None:
        """Give the lease back."""
        if self._held:
            self._held = False
            try:
                await release(self._db, self._actor.lab.id, CONSOLE, self._actor.policy.owner)
            except StorageError:
                return  # it runs out by itself
