"""What containers give off, over the API: logs, statistics, exit codes, attached output."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from console.sim.physics.containers import Container
from console.sim.physics.timeline import Op
from console.sim.physics.world import World

from .clock import SimClock
from .docker_call import HEADERS, Call, Part, Route, empty, ok
from .docker_logs import stream_logs, wanted
from .docker_stats import stats_view
from .docker_stream import Raw, frame, until

STATS_S = 1.0


class OutputApi(Part):
    """Logs, statistics, wait, attach."""

    def __init__(self, world: World, clock: SimClock) -> None:
        super().__init__(world, clock)
        self._attached: dict[str, list[asyncio.Event]] = {}

    def routes(self) -> list[Route]:
        """What it answers."""
        one = r"/containers/([^/]+)"
        return [
            ("GET", one + "/logs", self.logs),
            ("GET", one + "/stats", self.stats),
            ("POST", one + "/wait", self.wait),
            ("POST", one + "/attach", self.attach),
            ("POST", one + "/resize", self.nothing),
        ]

    def release(self, container: Container) -> None:
        """End what is attached to a container that will never run."""
        for end in self._attached.pop(container.id, []):
            end.set()

    async def nothing(self, _call: Call) -> web.Response:
        """Accepted and without effect: there is no terminal to resize."""
        return empty(200)

    async def logs(self, call: Call) -> web.StreamResponse:
        """`/containers/x/logs`."""
        container, want = self.container(call), wanted(call.asked)
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(call.request)
        await stream_logs(self.world, container, want, response)
        return response

    async def stats(self, call: Call) -> web.StreamResponse:
        """`/containers/x/stats`: a sample a second, or one."""
        container = self.container(call)
        self.world.settle()
        if not call.on("stream", default=True):
            before = None
            if container.alive and not call.on("one-shot"):
                before = stats_view(self.world, container, None)
                await self.clock.sleep(1.0)
                self.clock.sync()
                self.world.settle()
            return ok(stats_view(self.world, container, before))
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "application/json"})
        await response.prepare(call.request)
        before = None
        while container.id in self.world.engine.containers:
            sample = stats_view(self.world, container, before)
            async with asyncio.timeout(20):
                await response.write(json.dumps(sample, separators=(",", ":")).encode() + b"\n")
            before = sample
            await self.clock.sleep(1.0)
            self.clock.sync()
            self.world.settle()
        return response

    async def wait(self, call: Call) -> web.StreamResponse:
        """`/containers/x/wait`: headers at once, the exit code when there is one."""
        container, condition = self.container(call), call.asked.one("condition")
        op = self.world.engine.exit_of(container)
        if (condition == "next-exit" and op.done) or condition == "removed":
            op = Op()
            self._on_exit(container, op, removed=condition == "removed")
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "application/json"})
        await response.prepare(call.request)
        try:
            code = await self.clock.wait(op)
        finally:
            self.world.engine.unwatch(container, op)
        await response.write(json.dumps({"Error": None, "StatusCode": code}, separators=(",", ":")).encode() + b"\n")
        return response

    def _on_exit(self, container: Container, op: Op, removed: bool) -> None:
        """End `op` at the container's next death, or when it is removed."""
        bus, action = self.world.engine.bus, "destroy" if removed else "die"

        def hear(event: Any) -> None:
            if event.actor == container.id and event.action == action:
                bus.listeners.remove(hear)
                op.finish(container.exit_code)

        bus.listeners.append(hear)

    async def attach(self, call: Call) -> web.StreamResponse:
        """`/containers/x/attach`: its output from now on, raw, until it ends."""
        container = self.container(call)
        raw, ended = Raw(call.request), asyncio.Event()
        seen = 0

        def hear(line: Any) -> None:
            nonlocal seen
            seen += 1
            raw.write(frame(line.stream, f"{line.text}\n".encode()))

        container.log.listeners.append(hear)
        op = Op()
        self._on_exit(container, op, removed=False)
        op.then(ended.set)
        self._attached.setdefault(container.id, []).append(ended)
        try:
            await until(ended, raw)
        finally:
            if ended in (waiting := self._attached.get(container.id, [])):
                waiting.remove(ended)
            container.log.listeners.remove(hear)
            raw.close()
        return web.StreamResponse()
