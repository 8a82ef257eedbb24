"""Containers over the API: listed, made, inspected, and everything done to their processes."""

from __future__ import annotations

from aiohttp import web

from console.sim.physics.containers import Container
from console.sim.physics.engine import EngineError
from console.sim.physics.engine_calls import signal_number
from console.sim.physics.world import World

from . import docker_body as bodies
from .clock import SimClock
from .docker_call import Call, Part, Route, ok
from .docker_create import create, why_not
from .docker_filters import containers, parse_filters
from .docker_output import OutputApi
from .docker_views import inspect_view, list_view


class ContainerApi(Part):
    """`/containers/...` but for what streams."""

    def __init__(self, world: World, clock: SimClock, output: OutputApi) -> None:
        super().__init__(world, clock)
        self._output = output

    def routes(self) -> list[Route]:
        """What it answers."""
        one = r"/containers/([^/]+)"
        return [
            ("GET", r"/containers/json", self.list),
            ("POST", r"/containers/create", self.create),
            ("GET", one + "/json", self.inspect),
            ("GET", one + "/top", self.top),
            ("POST", one + "/kill", self.kill),
            ("POST", one + "/stop", self.stop),
            ("POST", one + "/start", self.start),
            ("POST", one + "/restart", self.restart),
            ("POST", one + "/pause", self.pause),
            ("POST", one + "/unpause", self.unpause),
            ("POST", one + "/update", self.update),
            ("DELETE", one, self.remove),
        ]

    async def list(self, call: Call) -> web.Response:
        """`/containers/json`."""
        filters = parse_filters(call.asked.one("filters"))
        found = containers(self.world, filters, call.on("all"))
        limit = call.number("limit")
        if limit and limit > 0:
            found = containers(self.world, filters, everything=True)[: int(limit)]
        return ok([list_view(self.world, c) for c in found])

    async def create(self, call: Call) -> web.Response:
        """`/containers/create`."""
        made = create(self.world, call.asked.one("name"), call.asked.body)
        return ok({"Id": made.id, "Warnings": []}, 201)

    async def inspect(self, call: Call) -> web.Response:
        """`/containers/x/json`."""
        return ok(inspect_view(self.world, self.container(call)))

    async def top(self, call: Call) -> web.Response:
        """`/containers/x/top`."""
        container = self.container(call)
        if not container.alive:
            raise EngineError(409, f"Container {container.id} is not running")
        words = [*(container.entrypoint or container.image.entrypoint), *(container.command or container.image.command)]
        row = ["root", str(container.pid), str(container.pid - 20), "0", "00:00", "?", "00:00:01", " ".join(words)]
        return ok({"Processes": [row], "Titles": ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]})

    async def kill(self, call: Call) -> web.Response:
        """`/containers/x/kill`."""
        number = signal_number(call.asked.one("signal"))
        return await self.done(self.world.calls.kill(self.container(call), number))

    async def stop(self, call: Call) -> web.Response:
        """`/containers/x/stop`."""
        return await self.done(self.world.calls.stop(self.container(call), call.number("t")))

    async def start(self, call: Call) -> web.Response:
        """`/containers/x/start`."""
        container = self.container(call)
        if not container.alive and (reason := why_not(self.world, container)):
            self._never_ran(container, reason)
            raise reason
        return await self.done(self.world.calls.start(container))

    async def restart(self, call: Call) -> web.Response:
        """`/containers/x/restart`."""
        return await self.done(self.world.calls.restart(self.container(call), call.number("t")))

    async def pause(self, call: Call) -> web.Response:
        """`/containers/x/pause`."""
        return await self.done(self.world.calls.pause(self.container(call)))

    async def unpause(self, call: Call) -> web.Response:
        """`/containers/x/unpause`."""
        return await self.done(self.world.calls.unpause(self.container(call)))

    async def update(self, call: Call) -> web.Response:
        """`/containers/x/update`."""
        changes = bodies.limits(bodies.decode(call.asked.body), "UpdateConfig")
        await self.clock.wait(self.world.calls.update(self.container(call), changes))
        return ok({"Warnings": None})

    async def remove(self, call: Call) -> web.Response:
        """`DELETE /containers/x`."""
        return await self.done(self.world.calls.remove(self.container(call), call.on("force")))

    def _never_ran(self, container: Container, reason: EngineError) -> None:
        """It could not be started: whoever waits for its output or its removal is told."""
        container.exit_code, container.error = 127 if reason.status == 400 else 128, reason.message
        self._output.release(container)
        if container.auto_remove:
            self.world.engine.remove(container)
