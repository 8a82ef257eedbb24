"""Answers that go on: bounded queues from the world to a slow reader, and raw streams after an upgrade."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

MAX_QUEUED = 10_000  # items; a subscriber that lets more pile up is dropped
WRITE_DEADLINE_S = 20.0  # real: a reader that takes nothing for so long is gone


class Dropped(ConnectionError):
    """The reader did not keep up."""


class Pipe:
    """Items from the world's callbacks to one reader. Never blocks the world."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.overflowed = False
        self._ended = False

    def put(self, item: bytes) -> None:
        """Queue an item; one too many ends the pipe."""
        if self._ended:
            return
        if self._queue.qsize() >= MAX_QUEUED:
            self.overflowed = True
            self.end()
            return
        self._queue.put_nowait(item)

    def end(self) -> None:
        """No more items."""
        if not self._ended:
            self._ended = True
            self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """What was put, several items at a time, until the end."""
        while True:
            parts = [await self._queue.get()]
            while not self._queue.empty() and len(parts) < 500:
                parts.append(self._queue.get_nowait())
            if self.overflowed:
                return
            data = b"".join(p for p in parts if p is not None)
            if data:
                yield data
            if parts[-1] is None:
                return


async def pour(pipe: Pipe, response: web.StreamResponse) -> None:
    """Write a pipe out; a reader that stops reading is dropped."""
    async for data in pipe:
        async with asyncio.timeout(WRITE_DEADLINE_S):
            await response.write(data)


def frame(stream: int, payload: bytes) -> bytes:
    """One frame of a multiplexed stream: stream number, three zeroes, big-endian length."""
    return bytes((stream, 0, 0, 0)) + len(payload).to_bytes(4, "big") + payload


class _TakenOver(asyncio.Protocol):
    """A connection after its upgrade: what is sent to it is ignored, and an end of sending is not an end."""

    def __init__(self, before: asyncio.BaseProtocol) -> None:
        self._before = before

    def eof_received(self) -> bool:
        """Clients close their sending half at once where they have no input; the stream goes on."""
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """The HTTP server has to hear of it too."""
        self._before.connection_lost(error)


class Raw:
    """A connection taken over: headers written by hand, bytes after them, closed at the end."""

    def __init__(self, request: web.BaseRequest) -> None:
        transport = request.transport
        if not isinstance(transport, asyncio.Transport) or transport.is_closing():
            raise ConnectionResetError("hung up")
        self._transport = transport
        transport.set_protocol(_TakenOver(transport.get_protocol()))
        transport.resume_reading()
        upgrade = "upgrade" in request.headers.get("Connection", "").lower()
        first = "HTTP/1.1 101 UPGRADED" if upgrade else "HTTP/1.1 200 OK"
        lines = [first, "Content-Type: application/vnd.docker.raw-stream"]
        if upgrade:
            lines += ["Connection: Upgrade", "Upgrade: tcp"]
        lines += ["Api-Version: 1.41", "Server: Docker/20.10.24 (linux)", "", ""]
        self.write("\r\n".join(lines).encode())

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if not self._transport.is_closing():
            self._transport.write(data)

    @property
    def gone(self) -> bool:
        """The other side hung up."""
        return self._transport.is_closing()

    def close(self) -> None:
        """End the stream."""
        self._transport.close()


async def until(ended: asyncio.Event, raw: Raw) -> None:
    """Until something ended or the other side hung up."""
    while not ended.is_set() and not raw.gone:
        try:
            async with asyncio.timeout(0.25):
                await ended.wait()
        except TimeoutError:
            continue
