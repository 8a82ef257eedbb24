"""The Docker Engine API 1.41 over the simulated engine: routes, errors, and the calls that take their time."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from console.sim.physics.containers import Container
from console.sim.physics.engine import EngineError
from console.sim.physics.engine_calls import signal_number
from console.sim.physics.timeline import Op
from console.sim.physics.world import World

from . import docker_body as bodies
from .clock import SimClock
from .docker_create import create, why_not
from .docker_events import stream_events, timestamp_ns
from .docker_filters import containers, labelled, parse_filters
from .docker_logs import stream_logs, wanted
from .docker_stats import stats_view
from .docker_stream import Raw, frame
from .docker_system import API, ENGINE, MIN_API, info, version
from .docker_views import image_row, image_view, inspect_view, list_view, network_view
from .http import Asked, TooLong, asked

HEADERS = {
    "Api-Version": API,
    "Docker-Experimental": "false",
    "Ostype": "linux",
    "Server": f"Docker/{ENGINE} (linux)",
}
_VERSION = re.compile(r"/v(\d+)\.(\d+)(/.*)")
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


class DockerApi:
    """Answers engine requests."""

    def __init__(self, world: World, clock: SimClock) -> None:
        self.world = world
        self.clock = clock
        table: tuple[tuple[str, str, Handler], ...] = (
            ("GET", r"/_ping", self.ping),
            ("HEAD", r"/_ping", self.ping),
            ("GET", r"/version", self.version),
            ("GET", r"/info", self.info),
            ("GET", r"/events", self.events),
            ("GET", r"/containers/json", self.list),
            ("POST", r"/containers/create", self.create),
            ("GET", r"/containers/([^/]+)/json", self.inspect),
            ("GET", r"/containers/([^/]+)/logs", self.logs),
            ("GET", r"/containers/([^/]+)/stats", self.stats),
            ("GET", r"/containers/([^/]+)/top", self.top),
            ("POST", r"/containers/([^/]+)/kill", self.kill),
            ("POST", r"/containers/([^/]+)/stop", self.stop),
            ("POST", r"/containers/([^/]+)/start", self.start),
            ("POST", r"/containers/([^/]+)/restart", self.restart),
            ("POST", r"/containers/([^/]+)/pause", self.pause),
            ("POST", r"/containers/([^/]+)/unpause", self.unpause),
            ("POST", r"/containers/([^/]+)/update", self.update),
            ("POST", r"/containers/([^/]+)/wait", self.wait),
            ("POST", r"/containers/([^/]+)/attach", self.attach),
            ("POST", r"/containers/([^/]+)/resize", self.nothing),
            ("POST", r"/containers/([^/]+)/exec", self.exec_create),
            ("DELETE", r"/containers/([^/]+)", self.remove),
            ("POST", r"/exec/([^/]+)/start", self.exec_start),
            ("POST", r"/exec/([^/]+)/resize", self.nothing),
            ("GET", r"/exec/([^/]+)/json", self.exec_inspect),
            ("GET", r"/networks", self.networks),
            ("GET", r"/networks/([^/]+)", self.network),
            ("POST", r"/networks/([^/]+)/connect", self.connect),
            ("POST", r"/networks/([^/]+)/disconnect", self.disconnect),
            ("GET", r"/images/json", self.images),
            ("POST", r"/images/create", self.pull),
            ("GET", r"/images/(.+)/json", self.image),
            ("GET", r"/volumes", self.volumes),
        )
        self._routes = tuple((m, re.compile(p), h) for m, p, h in table)

    # -- dispatch --------------------------------------------------------------------------------------------------

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
            api, path = (int(match[1]), int(match[2])), match[3]
            if api > (1, 41):
                text = f"client version {match[1]}.{match[2]} is too new. Maximum supported API version is {API}"
                return ok({"message": text}, 400)
            if api < (1, 12):
                text = f"client version {match[1]}.{match[2]} is too old. Minimum supported API version is {MIN_API}, "
                return web.Response(
                    status=400, text=text + "please upgrade your client to a newer version", headers=HEADERS
                )
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found and method == question.method:
                try:
                    return await handler(Call(request, question, found.groups()))
                except EngineError as error:
                    return refused(error)
        return web.Response(status=404, body=b'{"message":"page not found"}\n', content_type="application/json")

    def _container(self, call: Call) -> Container:
        return self.world.engine.container(call.part[0])

    async def _done(self, op: Op | None, status: int = 204) -> web.Response:
        """Wait for the call to return; an op that was not needed is 304."""
        if op is None:
            return empty(304)
        await self.clock.wait(op)
        return empty(status)

    # -- the engine itself -----------------------------------------------------------------------------------------

    async def ping(self, call: Call) -> web.Response:
        """`/_ping`."""
        headers = {**HEADERS, "Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache"}
        return web.Response(text="OK" if call.asked.method == "GET" else "", headers=headers)

    async def version(self, _call: Call) -> web.Response:
        """`/version`."""
        return ok(version())

    async def info(self, _call: Call) -> web.Response:
        """`/info`."""
        return ok(info(self.world))

    async def events(self, call: Call) -> web.StreamResponse:
        """`/events`."""
        filters = parse_filters(call.asked.one("filters"))
        since, until = timestamp_ns(call.asked.one("since")), timestamp_ns(call.asked.one("until"))
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "application/json"})
        await response.prepare(call.request)
        await stream_events(self.world, self.clock, response, since, until, filters)
        return response

    async def volumes(self, _call: Call) -> web.Response:
        """`/volumes`: none."""
        return ok({"Volumes": [], "Warnings": None})

    async def nothing(self, _call: Call) -> web.Response:
        """Accepted and without effect: there is no terminal to resize."""
        return empty(200)

    # -- containers ------------------------------------------------------------------------------------------------

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
        return ok(inspect_view(self.world, self._container(call)))

    async def logs(self, call: Call) -> web.StreamResponse:
        """`/containers/x/logs`."""
        container, want = self._container(call), wanted(call.asked)
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(call.request)
        await stream_logs(self.world, container, want, response)
        return response

    async def stats(self, call: Call) -> web.StreamResponse:
        """`/containers/x/stats`: a sample a second, or one."""
        container = self._container(call)
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

    async def top(self, call: Call) -> web.Response:
        """`/containers/x/top`."""
        container = self._container(call)
        if not container.alive:
            raise EngineError(409, f"Container {container.id} is not running")
        words = [*(container.entrypoint or container.image.entrypoint), *(container.command or container.image.command)]
        row = ["root", str(container.pid), str(container.pid - 20), "0", "00:00", "?", "00:00:01", " ".join(words)]
        return ok({"Processes": [row], "Titles": ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]})

    async def kill(self, call: Call) -> web.Response:
        """`/containers/x/kill`."""
        number = signal_number(call.asked.one("signal"))
        return await self._done(self.world.calls.kill(self._container(call), number))

    async def stop(self, call: Call) -> web.Response:
        """`/containers/x/stop`."""
        return await self._done(self.world.calls.stop(self._container(call), call.number("t")))

    async def start(self, call: Call) -> web.Response:
        """`/containers/x/start`."""
        container = self._container(call)
        if not container.alive and (reason := why_not(self.world, container)):
            if reason.status == 400:
                container.exit_code, container.error = 127, reason.message
            raise reason
        return await self._done(self.world.calls.start(container))

    async def restart(self, call: Call) -> web.Response:
        """`/containers/x/restart`."""
        return await self._done(self.world.calls.restart(self._container(call), call.number("t")))

    async def pause(self, call: Call) -> web.Response:
        """`/containers/x/pause`."""
        return await self._done(self.world.calls.pause(self._container(call)))

    async def unpause(self, call: Call) -> web.Response:
        """`/containers/x/unpause`."""
        return await self._done(self.world.calls.unpause(self._container(call)))

    async def update(self, call: Call) -> web.Response:
        """`/containers/x/update`."""
        changes = bodies.limits(bodies.decode(call.asked.body), "UpdateConfig")
        await self.clock.wait(self.world.calls.update(self._container(call), changes))
        return ok({"Warnings": None})

    async def remove(self, call: Call) -> web.Response:
        """`DELETE /containers/x`."""
        return await self._done(self.world.calls.remove(self._container(call), call.on("force")))

    async def wait(self, call: Call) -> web.StreamResponse:
        """`/containers/x/wait`: headers at once, the exit code when there is one."""
        container, condition = self._container(call), call.asked.one("condition")
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
        container = self._container(call)
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
        try:
            await self._until(ended, raw)
        finally:
            container.log.listeners.remove(hear)
            raw.close()
        return web.StreamResponse()

    async def _until(self, ended: asyncio.Event, raw: Raw) -> None:
        while not ended.is_set() and not raw.gone:
            try:
                async with asyncio.timeout(0.25):
                    await ended.wait()
            except TimeoutError:
                continue

    # -- exec ------------------------------------------------------------------------------------------------------

    async def exec_create(self, call: Call) -> web.Response:
        """`/containers/x/exec`."""
        container, body = self._container(call), bodies.decode(call.asked.body)
        struct = "ExecConfig"
        made = self.world.execs.create(
            container,
            bodies.strings(body, "Cmd", struct),
            bodies.flag(body, "AttachStdout", struct),
            bodies.flag(body, "AttachStderr", struct),
            bodies.flag(body, "Tty", struct),
        )
        return ok({"Id": made.id}, 201)

    async def exec_start(self, call: Call) -> web.StreamResponse:
        """`/exec/x/start`: detached, or its output raw until it ends."""
        one = self.world.execs.get(call.part[0])
        upgrade = "upgrade" in call.request.headers.get("Connection", "").lower()
        body = bodies.decode(call.asked.body) if call.asked.body.strip() else {}
        if bodies.flag(body, "Detach", "ExecStartCheck") and not upgrade:
            self.world.execs.start(one, lambda _stream, _text: None)
            self.clock.poke()
            return empty(200)
        out: list[bytes] = []
        sink: list[Raw] = []

        def write(stream: int, text: str) -> None:
            data = text.encode() if one.tty else frame(stream, text.encode())
            if sink:
                sink[0].write(data)
            else:
                out.append(data)

        op = self.world.execs.start(one, write)
        sink.append(Raw(call.request))
        for data in out:
            sink[0].write(data)
        ended = asyncio.Event()
        op.then(ended.set)
        self.clock.poke()
        await self._until(ended, sink[0])
        sink[0].close()
        return web.StreamResponse()

    async def exec_inspect(self, call: Call) -> web.Response:
        """`/exec/x/json`."""
        one = self.world.execs.get(call.part[0])
        return ok(
            {
                "ID": one.id,
                "Running": one.running,
                "ExitCode": one.code,
                "ProcessConfig": {
                    "tty": one.tty,
                    "entrypoint": one.argv[0],
                    "arguments": list(one.argv[1:]),
                    "privileged": False,
                },
                "OpenStdin": False,
                "OpenStderr": one.stderr,
                "OpenStdout": one.stdout,
                "CanRemove": False,
                "ContainerID": one.container.id,
                "DetachKeys": "",
                "Pid": one.pid,
            }
        )

    # -- networks and images ---------------------------------------------------------------------------------------

    async def networks(self, call: Call) -> web.Response:
        """`/networks`."""
        filters = parse_filters(call.asked.one("filters"))
        names, ids = filters.get("name"), filters.get("id")
        found = [
            n
            for n in self.world.engine.networks.values()
            if (not names or any(w in n.name for w in names))
            and (not ids or any(n.id.startswith(w) for w in ids))
            and labelled(n.labels, filters.get("label", []))
            and (not filters.get("driver") or n.driver in filters["driver"])
        ]
        return ok([network_view(self.world, n, detailed=False) for n in found])

    async def network(self, call: Call) -> web.Response:
        """`/networks/x`."""
        return ok(network_view(self.world, self.world.engine.network(call.part[0]), detailed=True))

    async def connect(self, call: Call) -> web.Response:
        """`/networks/x/connect`."""
        body = bodies.decode(call.asked.body)
        network = self.world.engine.network(call.part[0])
        container = self.world.engine.container(bodies.text(body, "Container", "NetworkConnect"))
        wish = bodies.table(body, "EndpointConfig", "NetworkConnect")
        aliases = bodies.strings(wish, "Aliases", "EndpointSettings")
        return await self._done(self.world.nets.connect(network, container, aliases), 200)

    async def disconnect(self, call: Call) -> web.Response:
        """`/networks/x/disconnect`."""
        body = bodies.decode(call.asked.body)
        network = self.world.engine.network(call.part[0])
        container = self.world.engine.container(bodies.text(body, "Container", "NetworkDisconnect"))
        return await self._done(self.world.nets.disconnect(network, container), 200)

    async def images(self, _call: Call) -> web.Response:
        """`/images/json`."""
        return ok([image_row(self.world, i) for i in self.world.engine.images.values()])

    async def image(self, call: Call) -> web.Response:
        """`/images/x/json`."""
        try:
            return ok(image_view(self.world, self.world.engine.image(call.part[0])))
        except EngineError as error:
            raise EngineError(404, f"no such image: {call.part[0]}: {error.message}") from None

    async def pull(self, call: Call) -> web.Response:
        """`/images/create`: there is no registry in this world."""
        host = "registry-1.docker.io"
        raise EngineError(
            500,
            f'Get "https://{host}/v2/": dial tcp: lookup {host}: no such host ({call.asked.one("fromImage")})',
        )
