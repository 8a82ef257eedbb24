"""One short HTTP request by hand, because the phases matter: refused, SYN lost, accepted and silent, closed."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
from typing import Any
from urllib.parse import urlsplit

_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN)


def place(url: str) -> tuple[str, int]:
    """Host and port of a base URL."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


async def get(url: str, path: str, deadline_s: float) -> dict[str, Any]:
    """`GET path` on a fresh connection: an answer as in a flight record, with `rtt_ms`, body not read.

    Never raises for what the network does. `deadline_s`: real seconds for connect and first byte together.
    """
    host, port = place(url)
    began = time.perf_counter()
    writer: asyncio.StreamWriter | None = None
    phase = "ConnectTimeout"
    try:
        async with asyncio.timeout(deadline_s):
            reader, writer = await asyncio.open_connection(host, port)
            phase = "ReadTimeout"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            answer = _answer(await reader.readline())
    except TimeoutError:
        answer = {"error": phase, "msg": ""}
    except ConnectionRefusedError:
        answer = {"error": "ConnectError", "msg": "Connection refused"}
    except ConnectionError as error:
        answer = {"error": "ReadError" if phase == "ReadTimeout" else "ConnectError", "msg": _said(error)}
    except socket.gaierror as error:
        answer = {"error": "ConnectError", "msg": f"{host}: {error.strerror}"}
    except OSError as error:
        unreachable = error.errno in _UNREACHABLE
        answer = {"error": "ConnectTimeout" if unreachable else "ConnectError", "msg": _said(error)}
    finally:
        if writer is not None:
            writer.transport.abort()
    answer["rtt_ms"] = round((time.perf_counter() - began) * 1000, 2)
    return answer


def _said(error: OSError) -> str:
    return error.strerror or str(error)


def _answer(line: bytes) -> dict[str, Any]:
    parts = line.split(b" ", 2)
    if not line:
        return {"error": "RemoteProtocolError", "msg": "Server disconnected without sending a response."}
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/") or not parts[1].isdigit():
        return {"error": "BadAnswer", "msg": repr(line[:60])}
    return {"status": int(parts[1]), "body": ""}


async def closes(url: str, deadline_s: float) -> None:
    """Hold one idle connection and return when the other side ends it. Raises OSError where none can be opened."""
    host, port = place(url)
    async with asyncio.timeout(deadline_s):
        reader, writer = await asyncio.open_connection(host, port)
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
    try:
        with contextlib.suppress(ConnectionError):
            while await reader.read(1024):
                continue
    finally:
        writer.transport.abort()
