"""Fixtures over a bed: a lab, actors with databases of their own, sessions. The bed itself is each folder's to give."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio

from console.faults.actor import Actor, Policy, Request
from console.faults.lab import Lab
from console.faults.rollback import Pace
from console.model.cluster import Cluster, SourceHealth
from console.model.fault import Injection, Refusal
from console.observe.engine import Engine, endpoint
from console.session.core import Session
from console.session.opening import Options, open_session
from console.storage import Database

from .bed import Bed, dismiss
from .shell import Shell, shell_on


def watched() -> Cluster:
    """A cluster whose monitoring is fresh: all that the guard asks of it here."""
    now = time.monotonic()
    return Cluster(t=now, sources={"docker": SourceHealth("docker", True, now, now, now)})


@dataclass
class Hand:
    """An actor, the file it writes, and the shortest way to have it inject."""

    actor: Actor
    database: Path

    async def inject(self, kind: str, target: str, duration_s: float | None = None, **params: float) -> Any:
        """One injection, or the refusal."""
        request = Request(kind, target, params, duration_s, allow_quorum_loss=True)
        done = await self.actor.inject(request, watched(), time.monotonic())
        return done if isinstance(done, Refusal) else done[0]

    async def injected(self, kind: str, target: str, duration_s: float | None = None, **params: float) -> Injection:
        """One injection; a refusal fails the test."""
        done = await self.inject(kind, target, duration_s, **params)
        assert isinstance(done, Injection), done
        return done


Hands = Callable[..., Awaitable[Hand]]
Sessions = Callable[..., Awaitable[Session]]


@pytest_asyncio.fixture
async def lab(bed: Bed) -> AsyncIterator[Lab]:
    """The bed as the fault engine knows it."""
    engine = Engine(endpoint(bed.docker_host))
    yield await Lab.of(engine, bed.project)
    await engine.close()


@pytest_asyncio.fixture
async def hands(bed: Bed, lab: Lab, tmp_path: Path) -> AsyncIterator[Hands]:
    """Actors, each with a connection of its own to one database; what they left is put back at the end."""
    made: list[tuple[Hand, Database]] = []

    async def make(pace: Pace | None = None, **policy: Any) -> Hand:
        path = tmp_path / "console.db"
        db = await Database.open(path)
        given = {"who": "tester", "owner": f"console {uuid.uuid4().hex[:8]}", **policy}
        hand = Hand(Actor(lab, db, Policy(**given), clock=time.monotonic, pace=pace or bed.pace), path)
        made.append((hand, db))
        return hand

    yield make
    for hand, db in made:
        await hand.actor.revert_these([i.id for i in hand.actor.live if not i.state.stuck])
        await db.close()


@pytest_asyncio.fixture
async def hand(hands: Hands) -> Hand:
    """The one actor most tests need."""
    return await hands()


@pytest_asyncio.fixture
async def sessions(bed: Bed, tmp_path: Path) -> AsyncIterator[Sessions]:
    """Sessions on the bed, started; closed at the end."""
    opened: list[Session] = []

    async def make(**more: Any) -> Session:
        given = {"project": bed.project, "docker_host": bed.docker_host, "home": tmp_path / "state", **more}
        session = await open_session(Options(**given))
        opened.append(session)
        await session.start()
        return session

    yield make
    for session in reversed(opened):
        await session.close("the test is over")
    dismiss(tmp_path / "state" / "console.db")


@pytest_asyncio.fixture
async def shell(bed: Bed, tmp_path: Path) -> AsyncIterator[Shell]:
    """Commands with a state directory of their own."""
    async with shell_on(bed, tmp_path / "state") as shell:
        yield shell
