"""`GET /events`: one JSON object a line, as things happen."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from console.sim.physics.engine import EngineError
from console.sim.physics.engine_events import EngineEvent
from console.sim.physics.world import World

from .clock import SimClock
from .docker_filters import Filters, event_fits
from .docker_stream import Pipe, pour


def event_view(event: EngineEvent) -> dict[str, Any]:
    """An event in the engine's order of keys; only containers have the old status, id and from."""
    old = {}
    if event.kind == "container":
        old = {"status": event.action, "id": event.actor, "from": event.attributes.get("image", "")}
    return {
        **old,
        "Type": event.kind,
        "Action": event.action,
        "Actor": {"ID": event.actor, "Attributes": dict(event.attributes)},
        "scope": "local",
        "time": event.at_ns // 1_000_000_000,
        "timeNano": event.at_ns,
    }


def _line(event: EngineEvent) -> bytes:
    return json.dumps(event_view(event), separators=(",", ":")).encode() + b"\n"


def timestamp_ns(text: str) -> int | None:
    """`1700000000` or `1700000000.5` as nanoseconds, None where empty. Raises EngineError 500 as the engine does."""
    if not text:
        return None
    whole, _, fraction = text.partition(".")
    if not whole.lstrip("-").isdigit() or (fraction and not fraction.isdigit()):
        raise EngineError(500, f'strconv.ParseInt: parsing "{whole}": invalid syntax')
    return int(whole) * 1_000_000_000 + int((fraction + "0" * 9)[:9])


async def stream_events(
    world: World, clock: SimClock, response: web.StreamResponse, since: int | None, until: int | None, filters: Filters
) -> None:
    """Write past events since `since`, then new ones until `until` (Unix ns; None: for ever)."""
    pipe = Pipe()

    def hear(event: EngineEvent) -> None:
        if event_fits(event, filters) and (until is None or event.at_ns <= until):
            pipe.put(_line(event))

    if since is not None:
        for event in world.engine.bus.past():
            if event.at_ns >= since:
                hear(event)
    world.engine.bus.listeners.append(hear)
    ender = asyncio.ensure_future(_end_at(world, clock, pipe, until)) if until is not None else None
    try:
        await pour(pipe, response)
    finally:
        world.engine.bus.listeners.remove(hear)
        if ender:
            ender.cancel()


async def _end_at(world: World, clock: SimClock, pipe: Pipe, until: int) -> None:
    await clock.sleep(max(0.0, (until - world.ground.wall_ns()) / 1e9))
    pipe.end()
