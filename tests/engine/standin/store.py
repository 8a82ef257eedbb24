"""A TiKV store on the wire: `store.py NAME ID PD,PD,...`. Status port, an echo for requests, beats to every PD member.

STANDIN_BRIEF=N: from its Nth start on it ends by itself, with code 1, after a moment.
"""

from __future__ import annotations

import os
import socketserver
import sys
import threading
import time
from pathlib import Path

from wire import ask, background, serve, until_told

NAME, ID, PDS = sys.argv[1], int(sys.argv[2]), [p for p in sys.argv[3].split(",") if p]
BEAT_S = float(os.environ.get("BEAT_S", "1"))
STARTED = int(time.time())
BRIEF_S, STUBBORN = 0.6, "STANDIN_STUBBORN" in os.environ


class _Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is no news."""


def _beat(pd: str) -> None:
    ask(f"http://{pd}:2379/standin/beat", 1, {"id": ID, "address": f"{NAME}:20160", "start": STARTED})


def _nth_start() -> int:
    count = Path("/starts")  # in the container's own layer: it survives a start, not a new container
    count.write_text(f"{count.read_text() if count.exists() else ''}|")
    return len(count.read_text())


if __name__ == "__main__":
    if _nth_start() >= int(os.environ.get("STANDIN_BRIEF", "1000")):
        threading.Timer(BRIEF_S, lambda: os._exit(1)).start()
    for name in PDS:
        background(lambda pd=name: _beat(pd), BEAT_S)  # type: ignore[misc]
    threading.Thread(target=_Server(("0.0.0.0", 20160), _Echo).serve_forever, daemon=True).start()
    serve(20180, lambda _method, path, _headers, _body: (200, {}) if path == "/status" else (404, "not found"))
    until_told(STUBBORN)
