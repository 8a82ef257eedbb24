"""A campaign in a session: one run after the other, each noted before and after, until all is done or it must stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from console.experiments.budget import exhausted, spent
from console.experiments.checking import check
from console.experiments.course import Course
from console.experiments.reading import Document
from console.model.campaign import Campaign, CampaignState, ItemState, Spent
from console.model.experiment import Experiment, Run, Status
from console.model.fault import Outcome
from console.model.text import clean
from console.model.view import Level
from console.storage import Database, StorageError, audit, campaigns
from console.storage.campaigns import StoredCampaign, StoredItem

from .core import Session
from .experimenting import execute, new_id
from .opening import Options

BEAT_S = 1.0
TRIES = 3  # at a run that an unsteady cluster does not let begin
SETTLE_S = 60.0  # of the cluster's time, for all to be well before a run
# The cluster or the console is in no state for any run: no further one is tried, and the campaign can be resumed.
NOT_NOW = (
    "NOT_STEADY", "DISARMED", "READ_ONLY", "STALE_MONITORING", "CANNOT_CHECK", "NO_JOURNAL", "ENV_PRODUCTION",
    "NOT_ALLOWED", "STUCK",
)  # fmt: skip


class CampaignError(Exception):
    """It cannot be begun or gone on with; one line."""


@dataclass
class Telling:
    """Whoever shows it: a run begins, a step of it, its end, and a line of the campaign's own."""

    begins: Callable[[StoredItem, int], None] = lambda item, of: None  # noqa: ARG005 - of how many
    step: Callable[[str, str], None] = lambda what, said: None  # noqa: ARG005
    ended: Callable[[Run], None] = lambda run: None  # noqa: ARG005
    line: Callable[[str], None] = lambda text: None  # noqa: ARG005


async def begin(db: Database, session: Session, planned: Campaign, options: Options) -> str:
    """Write a campaign down, with all it is going to run; its id. Raises StorageError."""
    parts, began = session.parts, time.time()
    assert parts.actor is not None, "a campaign needs something to act through"
    campaign = StoredCampaign(
        id=new_id(began),
        title=planned.title,
        source=planned.source,
        digest=planned.digest,
        budget=planned.budget,
        stop_on=planned.stop_on,
        options=reopening(options, session),
        project=parts.project,
        mode=parts.mode.value,
        lab=parts.actor.lab.id,
        began_wall=began,
        ended_wall=None,
        state=CampaignState.INTERRUPTED,  # until it is carried out, a moment later
        reason="it was not begun",
    )
    await campaigns.begin(db, campaign, planned)
    said = {"id": campaign.id, "title": campaign.title, "digest": campaign.digest, "budget": asdict(campaign.budget)}
    await audit.append(db, parts.actor.policy.who, "campaign", said)
    return campaign.id


def reopening(options: Options, session: Session) -> dict[str, Any]:
    """How to open the session of a resumed campaign: the same cluster, never another one that happens to be there."""
    simulated = session.parts.mode.value == "SIMULATED"
    return {
        "sim": simulated,
        "project": None if simulated else session.parts.project,
        "docker_host": None if simulated else session.parts.plan.engine and session.parts.plan.engine.where.url,
        "seed": options.seed,
        "speed": options.speed,
        "blind": options.blind,
        "limit": options.settings.safety.limit,
    }


@dataclass
class Campaigner:
    """Carries out what is left of one campaign. `run` may be called once."""

    session: Session
    db: Database
    home: Path
    id: str
    tell: Telling = field(default_factory=Telling)

    def __post_init__(self) -> None:
        self._me = f"process {os.getpid()} {uuid.uuid4().hex[:6]}"
        self._lost = ""  # who took it over
        self._unsteady: Counter[int] = Counter()  # by item: runs refused for an unsteady cluster
        self._now: StoredItem | None = None
        self._course: Course | None = None
        self._began = 0.0

    async def run(self) -> CampaignState:
        """To its end, or to where it must stop. Raises CampaignError, StorageError."""
        if other := await campaigns.claim(self.db, self.id, self._me):
            raise CampaignError(f"campaign {self.id} is being carried out by {other}")
        main = asyncio.current_task()
        assert main is not None
        beat = asyncio.create_task(self._beat(main), name="campaign")
        try:
            found = await campaigns.one(self.db, self.id)
            assert found is not None, "a campaign that is claimed exists"
            return await self._carry_out(found)
        except asyncio.CancelledError:
            if not self._lost:
                await self._interrupted()
                raise
            main.uncancel()
            raise CampaignError(f"campaign {self.id} was taken over by {self._lost}") from None
        finally:
            beat.cancel()
            with contextlib.suppress(asyncio.CancelledError, StorageError):
                await beat
            with contextlib.suppress(StorageError):
                await campaigns.leave(self.db, self.id, self._me)

    async def _beat(self, main: asyncio.Task[Any]) -> None:
        """Keep the lease, and note what the present run costs: should we be killed, it is known."""
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                self._lost = await campaigns.claim(self.db, self.id, self._me)
                if self._lost:
                    main.cancel()
                    return
                if self._now is not None and self._course is not None:
                    await campaigns.note_spent(self.db, self.id, self._now, self._spent())
            except StorageError as error:
                self.session.note(f"campaign: {error}")

    def _spent(self) -> Spent:
        assert self._course is not None
        slo = self._budget.slo
        return spent(self._course, self._began, self.session.now(), slo, self.session.parts.clock.speed)

    # -- the course of it -------------------------------------------------------------------------------------------

    async def _carry_out(self, campaign: StoredCampaign) -> CampaignState:
        self._budget, self._stop_on = campaign.budget, campaign.stop_on
        await self._take_up()
        await campaigns.move(self.db, self.id, CampaignState.RUNNING)
        while True:
            rows = await campaigns.items(self.db, self.id)
            item = next((i for i in rows if i.state is ItemState.PLANNED), None)
            if item is None:
                return await self._end(CampaignState.DONE, "")
            experiment = _experiment(item)
            total = sum((i.spent for i in rows), Spent())
            if why := exhausted(self._budget, total, experiment):
                return await self._end(CampaignState.STOPPED, why)
            self.tell.begins(item, 1 + max(i.seq for i in rows))
            run = await self._one(item, experiment)
            if stopped := await self._judged(item, run):
                return await self._end(*stopped)

    async def _take_up(self) -> None:
        """What was begun and came to no result is planned again. What it had injected was put back by the watchdog, or
        by this session as it started."""
        latest = {i.seq: i for i in await campaigns.items(self.db, self.id)}
        for item in latest.values():
            if item.state is ItemState.RUNNING:
                why = "interrupted: its process ended in the middle"
                await campaigns.end_item(self.db, self.id, item, ItemState.STOPPED, why)
                self.tell.line(f"{item.label}: {why}; run {item.run or 'not begun'}; it is run again")
            if item.state in (ItemState.RUNNING, ItemState.STOPPED):
                await campaigns.again(self.db, self.id, item)

    async def _one(self, item: StoredItem, experiment: Experiment) -> Run:
        run_id = new_id(time.time())
        await campaigns.start_item(self.db, self.id, item, run_id)
        self._now, self._began = item, self.session.now()
        await self._settle()

        def hold(course: Course) -> None:
            self._course = course

        try:
            run = await execute(self.session, experiment, self.home, self.db, self.tell.step, run_id, hold)
            await campaigns.note_spent(self.db, self.id, item, self._spent())
        finally:
            self._course = None
        self.tell.ended(run)
        return run

    async def _settle(self) -> None:
        """What the run before left may need its time; whether all is steady then is for the protocol to say."""
        session = self.session
        await session.until(lambda: session.view().level is Level.GREEN, SETTLE_S / session.parts.clock.speed)

    async def _judged(self, item: StoredItem, run: Run) -> tuple[CampaignState, str] | None:
        """Note how a run ended. Returns how the campaign ends with it, None where it goes on."""
        assert self.session.parts.actor is not None
        halted = self.session.parts.actor.disarmed
        not_now = run.refused if run.refused in NOT_NOW else "DISARMED" if halted else ""
        if run.rollback is not Outcome.COMPLETE:
            await self._done(item, ItemState.DONE, run)
            return CampaignState.STOPPED, f"rollback {run.rollback.value} of {item.label}"
        if not_now and run.status is Status.FAILED:
            await self._done(item, ItemState.STOPPED, run)
            self._unsteady[item.seq] += not_now == "NOT_STEADY"
            if not_now == "NOT_STEADY" and self._unsteady[item.seq] < TRIES:
                await campaigns.again(self.db, self.id, item)
                return None
            return CampaignState.INTERRUPTED, f"{not_now}: {clean(run.why, 300)}"
        await self._done(item, ItemState.DONE, run)
        word = {Status.REJECTED: "rejected", Status.FAILED: "failed"}.get(run.status)
        if word in self._stop_on:
            return CampaignState.STOPPED, f"stop_on {word}: {item.label}"
        return None

    async def _done(self, item: StoredItem, state: ItemState, run: Run) -> None:
        self._now = None
        await campaigns.end_item(self.db, self.id, item, state, clean(f"{run.status.value}: {run.why}", 400))

    async def _end(self, state: CampaignState, why: str) -> CampaignState:
        """What is left is skipped where the campaign is over, and stays planned where it can be resumed."""
        if not state.resumable:
            for item in await campaigns.items(self.db, self.id):
                if item.state is ItemState.PLANNED:
                    await campaigns.end_item(self.db, self.id, item, ItemState.SKIPPED, why)
        await campaigns.move(self.db, self.id, state, why)
        await audit.append(self.db, "campaign", state.value, {"id": self.id, "why": why})
        return state

    async def _interrupted(self) -> None:
        """By a signal: say so while there is still somebody to say it."""
        why = "interrupted by a signal"
        with contextlib.suppress(StorageError):
            if self._now is not None:
                await campaigns.end_item(self.db, self.id, self._now, ItemState.STOPPED, why)
            await campaigns.move(self.db, self.id, CampaignState.INTERRUPTED, why)


def _experiment(item: StoredItem) -> Experiment:
    """As it was when the campaign was begun, whatever became of its file. Raises CampaignError."""
    found = check(Document(item.source, item.raw))
    if isinstance(found, Experiment):
        return found
    raise CampaignError(f"{item.label} can no longer be run: {found[0]}")
