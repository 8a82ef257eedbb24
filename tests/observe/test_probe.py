"""One request by hand: every phase that can fail says which one it was (real sockets on loopback)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from console.model.observation import Answer, Reach
from console.observe import probe

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


async def say(writer: asyncio.StreamWriter, text: bytes) -> None:
    writer.write(text)
    await writer.drain()
    writer.close()


async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await say(writer, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


async def fail(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await say(writer, b"HTTP/1.1 503 Service Unavailable\r\n\r\n")


async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)
    writer.close()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.close()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.transport.abort()


async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await say(writer, b"\x1b[31mSSH-2.0\r\n")


@pytest.mark.parametrize(
    ("handler", "reach"),
    [
        (answer, Reach.OK),
        (fail, Reach.ERROR),
        (silent, Reach.SILENT),
        (hang_up, Reach.RESET),
        (reset, Reach.RESET),
        (babble, Reach.UNKNOWN),
    ],
)
async def test_how_a_request_ends(handler: Handler, reach: Reach) -> None:
    async with serving(handler) as url:
        data = await probe.get(url, "/status", 0.3)
    assert Answer.of(data).reach is reach
    assert data["rtt_ms"] >= 0


async def test_nobody_there_is_refused() -> None:
    data = await probe.get(f"http://127.0.0.1:{free_port()}", "/status", 1.0)
    assert Answer.of(data).reach is Reach.REFUSED


async def test_a_name_that_is_gone_is_refused() -> None:
    data = await probe.get("http://no-such-host.invalid:80", "/status", 5.0)
    assert Answer.of(data).reach is Reach.REFUSED


async def test_a_lost_syn_is_unreachable() -> None:
    """A listener whose backlog is full drops further SYNs: what a black hole looks like."""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    fillers = []
    for _ in range(4):
        s = socket.socket()
        s.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            s.connect(full.getsockname())
        fillers.append(s)
    await asyncio.sleep(0.05)
    data = await probe.get(f"http://127.0.0.1:{full.getsockname()[1]}", "/status", 0.3)
    for s in (*fillers, full):
        s.close()
    assert Answer.of(data).reach is Reach.UNREACHABLE


async def test_an_idle_connection_tells_when_the_other_side_ends_it() -> None:
    ends = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ends.wait()
        writer.close()

    async with serving(hold) as url:
        watching = asyncio.create_task(probe.closes(url, 1.0))
        await asyncio.sleep(0.05)
        assert not watching.done()
        ends.set()
        await asyncio.wait_for(watching, 2)


async def test_an_idle_connection_that_cannot_be_opened_raises() -> None:
    with pytest.raises(ConnectionRefusedError):
        await probe.closes(f"http://127.0.0.1:{free_port()}", 1.0)
