"""Small things every HTTP face needs: a request read at once, an answer, bodies as Go writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

MAX_BODY = 1 << 20
JSON = "application/json; charset=UTF-8"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read to its end. `query`: every value of every name."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]  # names in lower case
    body: bytes = b""

    def one(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, [default])[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer ready to be written."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


class TooLong(ValueError):
    """The body is larger than any honest one."""


async def asked(request: web.BaseRequest) -> Asked:
    """Read a request. Raises TooLong."""
    chunks, size = [], 0
    async for chunk in request.content.iter_chunked(65536):
        size += len(chunk)
        if size > MAX_BODY:
            raise TooLong("http: request body too large")
        chunks.append(chunk)
    return Asked(
        request.method,
        request.path,
        parse_qs(request.query_string, keep_blank_values=True),
        {k.lower(): v for k, v in request.headers.items()},
        b"".join(chunks),
    )


def hang_up(request: web.BaseRequest) -> web.Response:
    """Give up on a connection whose other side is gone; what is returned is never written."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def response(answer: Answer, wall: float) -> web.Response:
    """As aiohttp writes it; the Date header is the world's."""
    headers = {"Content-Type": answer.content_type, "Date": formatdate(wall, usegmt=True), **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def number(value: float) -> float | int:
    """A number as Go prints it: without a fraction where it has none."""
    return int(value) if float(value).is_integer() else value


def pretty(value: Any, status: int = 200) -> Answer:
    """Indented JSON with a newline, as PD answers most questions."""
    return Answer(status, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def compact(value: Any) -> Answer:
    """Compact JSON without a newline and typed as bytes, as PD answers about regions."""
    return Answer(200, json.dumps(value, separators=(",", ":")).encode(), BYTES)


def plain(status: int, text: str) -> Answer:
    """Text with a newline, as Go's http.Error writes it."""
    return Answer(status, (text + "\n").encode(), TEXT)


def not_found() -> Answer:
    """Go's own 404."""
    return plain(404, "404 page not found")
