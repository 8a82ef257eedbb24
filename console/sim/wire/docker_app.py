"""The Docker Engine API 1.41 over the simulated engine: the way from a request to its handler, and errors."""

from __future__ import annotations

import re

from aiohttp import web

from console.sim.physics.engine import EngineError
from console.sim.physics.world import World

from .clock import SimClock
from .docker_call import HEADERS, Call, Route, ok, refused
from .docker_containers import ContainerApi
from .docker_exec import ExecApi
from .docker_networks import NetworkApi
from .docker_output import OutputApi
from .docker_system import API, MIN_API, SystemApi
from .http import Asked, TooLong, asked, hang_up

_VERSION = re.compile(r"/v(\d+)\.(\d+)(/.*)")


class DockerApi:
    """Answers engine requests."""

    def __init__(self, world: World, clock: SimClock) -> None:
        self.world = world
        self.clock = clock
        output = OutputApi(world, clock)
        parts = (SystemApi(world, clock), ContainerApi(world, clock, output), output, ExecApi(world, clock),
                 NetworkApi(world, clock))  # fmt: skip
        routes: list[Route] = [route for part in parts for route in part.routes()]
        self._routes = tuple((method, re.compile(path), handler) for method, path, handler in routes)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; what the engine refuses is answered in its words."""
        try:
            question = await asked(request)
        except TooLong as error:
            return ok({"message": str(error)}, 400)
        self.clock.sync()
        path = question.path
        match = _VERSION.fullmatch(path)
        if match:
            path = match[3]
            wrong = _wrong_version((int(match[1]), int(match[2])))
            if wrong is not None:
                return wrong
        return await self._dispatch(request, question, path)

    async def _dispatch(self, request: web.BaseRequest, question: Asked, path: str) -> web.StreamResponse:
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found and method == question.method:
                try:
                    return await handler(Call(request, question, found.groups()))
                except EngineError as error:
                    return refused(error)
                except (ConnectionError, TimeoutError):  # the client hung up, or does not read
                    return hang_up(request)
        return web.Response(status=404, body=b'{"message":"page not found"}\n', content_type="application/json")


def _wrong_version(api: tuple[int, int]) -> web.Response | None:
    """The engine's refusal of a client too new or too old for it."""
    asked_for = f"client version {api[0]}.{api[1]}"
    if api > (1, 41):
        return ok({"message": f"{asked_for} is too new. Maximum supported API version is {API}"}, 400)
    if api < (1, 12):
        text = f"{asked_for} is too old. Minimum supported API version is {MIN_API}, "
        return web.Response(status=400, text=text + "please upgrade your client to a newer version", headers=HEADERS)
    return None
