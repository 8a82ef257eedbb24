"""What the parts of the engine's API share: a request in hand, answers with the engine's headers."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from console.sim.physics.containers import Container
from console.sim.physics.engine import EngineError
from console.sim.physics.timeline import Op
from console.sim.physics.world import World

from .clock import SimClock
from .http import Asked

HEADERS = {
    "Api-Version": "1.41",
    "Docker-Experimental": "false",
    "Ostype": "linux",
    "Server": "Docker/20.10.24 (linux)",
}
_QUERY_LIMIT_S = 86_400.0


def ok(value: Any, status: int = 200) -> web.Response:
    """A JSON answer with the newline Go's encoder leaves."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    return web.Response(status=status, body=body, headers={**HEADERS, "Content-Type": "application/json"})


def empty(status: int) -> web.Response:
    """An answer without a body."""
    return web.Response(status=status, headers=HEADERS)


def refused(error: EngineError) -> web.Response:
    """An engine's error."""
    return ok({"message": error.message}, error.status)


class Call:
    """One request in hand."""

    def __init__(self, request: web.BaseRequest, question: Asked, part: tuple[str, ...]) -> None:
        self.request = request
        self.asked = question
        self.part = part

    def number(self, name: str) -> float | None:
        """An integer of the query, None where it is missing. Raises EngineError 500 as Go's Atoi does."""
        text = self.asked.one(name)
        if not text:
            return None
        if not re.fullmatch(r"[+-]?\d+", text):
            raise EngineError(500, f'strconv.Atoi: parsing "{text}": invalid syntax')
        return min(_QUERY_LIMIT_S, float(text))

    def on(self, name: str, default: bool = False) -> bool:
        """A switch of the query as the engine reads it."""
        text = self.asked.one(name).strip().lower()
        return default if name not in self.asked.query else text not in ("", "0", "no", "false", "none")


Handler = Callable[[Call], Awaitable[web.StreamResponse]]
Route = tuple[str, str, Handler]  # method, pattern of the path below the version, handler


class Part:
    """One part of the API."""

    def __init__(self, world: World, clock: SimClock) -> None:
        self.world = world
        self.clock = clock

    def routes(self) -> list[Route]:
        """What it answers."""
        return []

    def container(self, call: Call) -> Container:
        """The one named in the path. Raises EngineError 404."""
        return self.world.engine.container(call.part[0])

    async def done(self, op: Op | None, status: int = 204) -> web.Response:
        """Wait for the call to return; an op that was not needed is 304."""
        if op is None:
            return empty(304)
        await self.clock.wait(op)
        return empty(status)
