"""The engine goes away while something is injected, and comes back: nothing is given up, nothing is forgotten."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from console.faults.actor import Actor, Policy
from console.faults.lab import Lab
from console.faults.rollback import Pace
from console.faults.watchdog import watch
from console.model.fault import Outcome, Refusal
from console.observe.engine import Engine, endpoint
from console.storage import Database

from .bed import Bed, rows
from .doorway import Doorway
from .fixtures import Hand, Sessions

SHORT = Pace(undo_s=2, verify_s=10, stable_s=0.4, poll_s=0.05)


@dataclass
class Behind:
    """An actor that reaches its engine through a door."""

    hand: Hand
    lab: Lab
    db: Database
    door: Doorway


@pytest_asyncio.fixture
async def behind(bed: Bed, tmp_path: Path) -> AsyncIterator[Behind]:
    """With the door open."""
    door = Doorway(bed.docker_host, tmp_path)
    await door.open()
    engine = Engine(endpoint(door.url))
    lab, path = await Lab.of(engine, bed.project), tmp_path / "console.db"
    db = await Database.open(path)
    actor = Actor(lab, db, Policy("tester", f"console {uuid.uuid4().hex[:8]}"), clock=time.monotonic, pace=SHORT)
    yield Behind(Hand(actor, path), lab, db, door)
    await engine.close()
    await db.close()
    await door.shut()


@pytest.mark.parametrize(("kind", "target"), [("pause", "tikv1"), ("kill", "pd1"), ("partition", "tikv1"),
                                              ("loss", "tikv1"), ("cpu", "tikv2")])  # fmt: skip
async def test_tried_again_until_it_answers(bed: Bed, behind: Behind, kind: str, target: str) -> None:
    """FAILED is said as it is, the injection is not struck off, and the next press puts it back."""
    if kind in bed.cannot:
        pytest.skip(bed.cannot[kind])
    actor, was = behind.hand.actor, await bed.picture(target)
    injection = await behind.hand.injected(kind, target)
    await behind.door.shut()
    (result,) = await actor.revert_all("the kill switch", disarm=False)
    assert result.outcome is Outcome.FAILED
    assert rows(behind.hand.database) == {injection.id: "reverting"}
    assert injection.id in {i.id for i in actor.live}
    await behind.door.open()
    (result,) = await actor.revert_all("again", disarm=False)
    assert result.outcome is Outcome.COMPLETE, result.detail
    assert await bed.picture(target) == was
    assert await bed.helpers() == []
    assert rows(behind.hand.database) == {injection.id: "reverted"}


async def test_back_within_the_rollback(bed: Bed, behind: Behind) -> None:
    """An engine that is back soon enough: one press is enough."""
    was = await bed.picture("tikv1")
    await behind.hand.injected("pause", "tikv1")
    await behind.door.shut()
    pressed = asyncio.create_task(behind.hand.actor.revert_all("the kill switch", disarm=False))
    await asyncio.sleep(0.5)
    await behind.door.open()
    (result,) = await pressed
    assert result.outcome is Outcome.COMPLETE, result.detail
    assert await bed.picture("tikv1") == was


async def test_the_watchdog_does_not_give_up(bed: Bed, behind: Behind) -> None:
    """Nobody's console, no engine: it stays on watch until there is one."""
    was = await bed.picture("tikv1")
    injection = await behind.hand.injected("pause", "tikv1")
    await behind.door.shut()
    stop = asyncio.Event()
    watching = asyncio.create_task(watch(behind.lab, behind.db, stop=stop, idle_s=0.5))

    async def begun() -> bool:
        return rows(behind.hand.database)[injection.id] == "reverting"

    await bed.until(begun, "the watchdog's first attempt")
    await asyncio.sleep(1)
    assert not watching.done()
    await behind.door.open()

    async def back() -> bool:
        return rows(behind.hand.database)[injection.id] == "reverted"

    await bed.until(back, "the watchdog's success", 60)
    await asyncio.wait_for(watching, 30)
    assert await bed.picture("tikv1") == was


async def test_nothing_is_injected_without_an_engine(bed: Bed, behind: Behind) -> None:
    """What cannot be checked is refused, in one sentence, and nothing is written."""
    await behind.hand.actor.availability()
    await behind.door.shut()
    refused = await behind.hand.inject("pause", "tikv1")
    assert isinstance(refused, Refusal)
    assert refused.code == "CANNOT_CHECK"
    assert rows(behind.hand.database) == {}


async def test_a_session_lives_through_it(bed: Bed, sessions: Sessions, tmp_path: Path) -> None:
    """The screen says that the engine is away, and goes on when it is back."""
    door = Doorway(bed.docker_host, tmp_path)
    await door.open()
    session = await sessions(docker_host=door.url, record=False)
    assert await session.until(lambda: len(session.view().cluster.containers) >= 7, 20)
    assert session.parts.actor is not None
    await session.parts.actor.availability()  # a container of ours could not be taken away without an engine
    await door.shut()
    assert await session.until(lambda: not session.view().cluster.sources["docker"].ok, 20)
    refused = await session.inject("pause", "tikv1", {}, None)
    assert isinstance(refused, Refusal)
    await door.open()
    assert await session.until(lambda: session.view().cluster.sources["docker"].ok, 30)
    assert not isinstance(await session.inject("pause", "tikv1", {}, None), Refusal)
    await session.close("done")
    assert (await bed.inspect("tikv1"))["State"]["Status"] == "running"
    await door.shut()
