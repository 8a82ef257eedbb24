"""`exec` over the API."""

from __future__ import annotations

import asyncio

from aiohttp import web

from console.sim.physics.engine import EngineError

from . import docker_body as bodies
from .docker_call import Call, Part, Route, empty, ok
from .docker_stream import Raw, frame, until

# Clients that read the answer's head through a buffer lose what comes in the same packet; the real engine is never so
# quick, so wait a little of real time.
UPGRADE_S = 0.03


class ExecApi(Part):
    """`/containers/x/exec` and `/exec/...`."""

    def routes(self) -> list[Route]:
        """What it answers."""
        return [
            ("POST", r"/containers/([^/]+)/exec", self.exec_create),
            ("POST", r"/exec/([^/]+)/start", self.exec_start),
            ("POST", r"/exec/([^/]+)/resize", self.nothing),
            ("GET", r"/exec/([^/]+)/json", self.exec_inspect),
        ]

    async def nothing(self, _call: Call) -> web.Response:
        """Accepted and without effect: there is no terminal to resize."""
        return empty(200)

    async def exec_create(self, call: Call) -> web.Response:
        """`/containers/x/exec`."""
        container, body = self.container(call), bodies.decode(call.asked.body)
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
        sink: list[Raw] = []

        def write(stream: int, text: str) -> None:
            data = text.encode() if one.tty else frame(stream, text.encode())
            sink[0].write(data)

        raw, ended = Raw(call.request), asyncio.Event()
        sink.append(raw)
        await asyncio.sleep(UPGRADE_S)
        try:
            op = self.world.execs.start(one, write)
        except EngineError as error:  # the stream is open already: the engine writes its error into it
            raw.write(frame(1, f"{error.message}\r\n".encode()))
            raw.close()
            return web.StreamResponse()
        op.then(ended.set)
        self.clock.poke()
        await until(ended, raw)
        raw.close()
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
