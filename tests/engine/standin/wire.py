"""What the stand-ins share: a small HTTP server, a small client, an end in good order."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]  # status; a str goes out as it is, all else as JSON
Respond = Callable[[str, str, Any, Any], Answer]  # method, path, headers, body


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


def serve(port: int, respond: Respond) -> None:
    """Answer on a port, in a thread of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = respond(self.command, self.path, self.headers, json.loads(raw) if raw else None)
            body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _any

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = _Server(("0.0.0.0", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def ask(
    url: str, seconds: float, body: Any = None, headers: dict[str, str] | None = None, method: str | None = None
) -> Any:
    """GET, or POST where there is a body; the decoded answer, or None for an empty one. Raises OSError."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers or {}, method=method)
    with urllib.request.urlopen(request, timeout=seconds) as answer:
        raw = answer.read().decode()
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw


def background(work: Callable[[], None], every_s: float) -> None:
    """Do something again and again; what the network does to it is no end."""

    def run() -> None:
        while True:
            with contextlib.suppress(OSError, ValueError):
                work()
            time.sleep(every_s)

    threading.Thread(target=run, daemon=True).start()


def until_told(stubborn: bool = False) -> None:
    """Live until SIGTERM, then end in good order; a stubborn one does not listen."""
    signal.signal(signal.SIGTERM, lambda *_: None if stubborn else os._exit(0))
    while True:
        signal.pause()
