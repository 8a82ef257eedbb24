"""`GET /containers/x/logs`: what a container wrote, in frames, from the past and on."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from console.sim.physics.containers import Container
from console.sim.physics.engine import EngineError
from console.sim.physics.ground import rfc3339_ns
from console.sim.physics.log import Line
from console.sim.physics.timeline import Op
from console.sim.physics.world import World

from .docker_events import timestamp_ns
from .docker_stream import Pipe, frame, pour
from .http import Asked


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a log is asked for."""

    stdout: bool
    stderr: bool
    follow: bool
    stamps: bool
    tail: int | None
    since: int | None
    until: int | None

    def takes(self, line: Line) -> bool:
        """Whether this line is asked for."""
        stream = self.stdout if line.stream == 1 else self.stderr
        late_enough = self.since is None or line.at_ns >= self.since
        return stream and late_enough and (self.until is None or line.at_ns <= self.until)

    def frame(self, line: Line) -> bytes:
        """The line as it goes over the wire."""
        stamp = f"{fixed(line.at_ns)} " if self.stamps else ""
        return frame(line.stream, f"{stamp}{line.text}\n".encode())


def fixed(at_ns: int) -> str:
    """A log's time stamp: always nine digits."""
    head, _, rest = rfc3339_ns(at_ns).removesuffix("Z").partition(".")
    return f"{head}.{rest:0<9}Z"


def wanted(asked: Asked) -> Wanted:
    """Read the query. Raises EngineError 400 where no stream is chosen."""

    def on(name: str) -> bool:
        return asked.one(name).lower() not in ("", "0", "no", "false", "none")

    if not on("stdout") and not on("stderr"):
        raise EngineError(400, "Bad parameters: you must choose at least one stream")
    tail = asked.one("tail", "all")
    return Wanted(
        stdout=on("stdout"),
        stderr=on("stderr"),
        follow=on("follow"),
        stamps=on("timestamps"),
        tail=int(tail) if tail.isdigit() else None,
        since=timestamp_ns(asked.one("since")) or None,
        until=timestamp_ns(asked.one("until")) or None,
    )


async def stream_logs(world: World, container: Container, want: Wanted, response: web.StreamResponse) -> None:
    """Write the past that is asked for, then what comes until the container ends."""
    past = [line for line in container.log if want.takes(line)]
    if want.tail is not None:
        past = past[-want.tail :] if want.tail else []
    pipe = Pipe()

    def hear(line: Line) -> None:
        if want.takes(line):
            pipe.put(want.frame(line))

    exit_op = Op()
    following = want.follow and (container.alive or container.status == "restarting")
    if following:
        container.log.listeners.append(hear)
        exit_op = world.engine.exit_of(container)
        exit_op.then(pipe.end)
    try:
        for start in range(0, len(past), 500):
            await response.write(b"".join(want.frame(line) for line in past[start : start + 500]))
        if following:
            await pour(pipe, response)
    finally:
        if hear in container.log.listeners:
            container.log.listeners.remove(hear)
            world.engine.unwatch(container, exit_op)
