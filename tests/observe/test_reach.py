"""Past the published port: a process at its own address and an idle connection, stores and PD members alike (D-3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from console.cluster import replay
from console.detect.detection import Detection
from console.model.observation import Observation
from console.observe.clock import Clock
from console.observe.reach import Reach

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@asynccontextmanager
async def served(slow: asyncio.Event | None = None) -> AsyncIterator[tuple[str, asyncio.Server]]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readline():
            if slow is not None:
                await slow.wait()
            writer.write(ANSWER)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", server
    server.close()


async def test_what_was_never_reached_at_its_own_address_is_not_told() -> None:
    """On a remote engine the address is nobody's: that says nothing of the process."""
    seen: list[Observation] = []
    async with served() as (url, _):
        there: list[str | None] = [None]
        reach = Reach("pd0", "/pd/api/v1/ping", lambda: url, lambda: there[0], Clock(), seen.append)
        await reach.direct()
        there[0] = "http://127.0.0.1:1"
        await reach.direct()
        assert seen == []
        there[0] = url
        await reach.direct()
        there[0] = "http://127.0.0.1:1"
        await reach.direct()
    assert [(o.kind, "status" in o.data) for o in seen] == [("direct", True), ("direct", False)]


@pytest.mark.parametrize("name", ["pd0", "tikv0"])
async def test_an_idle_connection_that_ends_with_its_process_is_told_at_once(name: str) -> None:
    seen: list[Observation] = []
    told = asyncio.Event()

    def emit(obs: Observation) -> None:
        seen.append(obs)
        told.set()

    held: list[asyncio.StreamWriter] = []
    open_ = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        open_.set()
        await reader.read()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    reach = Reach(name, "/x", lambda: url, lambda: None, Clock(), emit)
    task = asyncio.create_task(reach.idle())
    await asyncio.wait_for(open_.wait(), 5)
    server.close()
    for writer in held:
        writer.transport.abort()
    await asyncio.wait_for(told.wait(), 5)
    task.cancel()
    assert (seen[0].src, seen[0].kind, seen[0].data["error"]) == (name, "tcp", "RemoteProtocolError")


def test_a_pd_member_that_hangs_is_told_from_one_that_is_cut_off() -> None:
    """Its own address accepts and stays silent, or cannot be reached at all."""
    for error, symptom in (("ReadTimeout", "hangs"), ("ConnectTimeout", "out-of-reach")):
        detection = Detection(blind=True)
        stream = [Observation(t / 4, "pd1", kind, {"status": 200, "rtt_ms": 1.0})
                  for t in range(80) for kind in ("ping", "direct")]  # fmt: skip
        silent = {"error": "ReadTimeout", "msg": "", "rtt_ms": 500.0}
        stream += [Observation(20 + t / 2, "pd1", kind, silent if kind == "ping" else {**silent, "error": error})
                   for t in range(8) for kind in ("ping", "direct")]  # fmt: skip
        for obs in stream:
            detection.feed(obs)
        found = {f.symptom for i in detection.incidents for f in i.findings if f.component == "pd1"}
        assert symptom in found, found
        assert replay(stream).members["pd1"].probes["direct"].misses == 8
