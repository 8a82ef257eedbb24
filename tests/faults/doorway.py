"""A door in front of an engine's socket that can be shut: to those who come through it, the engine is away."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path


class Doorway:
    """Relays a unix socket. Shut: nobody gets in, and who was in is thrown out, as when the engine is restarted."""

    def __init__(self, engine: str, folder: Path) -> None:
        self._engine, self._place = engine.removeprefix("unix://"), folder / "door.sock"
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"unix://{self._place}"

    async def open(self) -> None:
        """The engine is there."""
        self._server = await asyncio.start_unix_server(self._relay, self._place)

    async def shut(self) -> None:
        """The engine is away."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()
        self._place.unlink(missing_ok=True)
        await asyncio.sleep(0)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, further = await asyncio.open_unix_connection(self._engine)
        self._open |= {writer, further}
        try:
            await asyncio.gather(_pour(reader, further), _pour(behind, writer))
        finally:
            self._open -= {writer, further}
            for end in (writer, further):
                end.close()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()
