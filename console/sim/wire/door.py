"""A TCP port that fares as the simulated process behind it: open, refused, frozen, or a hole SYNs fall into.

Frozen: the kernel accepts and nobody reads, as with a stopped process; what was asked meanwhile is answered after the
thaw. Hole: the accept queue is kept full, and Linux drops SYNs to a full queue, so a new connection times out as with
a DROP rule (elsewhere than on Linux a hole is frozen instead). The port stays reserved while it is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable
from enum import StrEnum

BACKLOG = 1024
MAX_CONNECTIONS = 512
HOLES = sys.platform == "linux"


class Gate(StrEnum):
    """State of a door."""

    OPEN = "open"
    REFUSED = "refused"
    FROZEN = "frozen"
    RESET = "reset"  # accepted and closed at once: the engine's proxy found nobody behind it
    HOLE = "hole"


class Door:
    """One listening address. `factory` makes the protocol of an accepted connection."""

    def __init__(self, factory: Callable[[], asyncio.BaseProtocol], host: str, port: int = 0) -> None:
        self._factory = factory
        self._loop = asyncio.get_running_loop()
        self._reserved = _socket()
        self._reserved.bind((host, port))
        self.host, self.port = host, int(self._reserved.getsockname()[1])
        self.gate = Gate.REFUSED
        self._listener: socket.socket | None = None
        self._transports: set[asyncio.Transport] = set()
        self._fillers: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._turned = asyncio.Event()
        self._closing: asyncio.TimerHandle | None = None

    # -- state -----------------------------------------------------------------------------------------------------

    def turn(self, gate: Gate, linger_s: float = 0.0) -> None:
        """Change state. Connections of a refused or reset door are closed after `linger_s` real seconds."""
        if gate is self.gate:
            return
        self.gate = gate
        self._empty_hole()
        if self._closing:
            self._closing.cancel()
            self._closing = None
        if gate is Gate.REFUSED:
            self._stop_listening()
        else:
            self._listen()
        self._accept(gate in (Gate.OPEN, Gate.RESET))
        if gate is Gate.HOLE:
            self._fill()
        if gate in (Gate.REFUSED, Gate.RESET):
            self._closing = self._loop.call_later(linger_s, self._hang_up)
        for transport in self._live():
            (transport.resume_reading if gate is Gate.OPEN else transport.pause_reading)()
        self._turned.set()
        self._turned = asyncio.Event()

    async def passed(self, transport: asyncio.BaseTransport | None) -> None:
        """Until the door is open. Raises ConnectionResetError when the connection is gone."""
        while self.gate is not Gate.OPEN:
            if transport is None or transport.is_closing():
                raise ConnectionResetError("hung up")
            turned = self._turned
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await turned.wait()
        if transport is None or transport.is_closing():
            raise ConnectionResetError("hung up")

    def close(self) -> None:
        """Give the port back and close every connection."""
        self.turn(Gate.REFUSED)
        self._hang_up()
        for task in self._tasks:
            task.cancel()
        self._reserved.close()

    @property
    def connections(self) -> int:
        """Connections held now."""
        return len(self._live())

    # -- listening ---------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        if self._listener is None:
            listener = _socket()
            listener.bind((self.host, self.port))
            listener.listen(BACKLOG)
            self._listener = listener
        else:
            self._listener.listen(BACKLOG)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None

    def _accept(self, on: bool) -> None:
        if self._listener is None:
            return
        if on:
            self._loop.add_reader(self._listener.fileno(), self._on_accept)
        else:
            self._loop.remove_reader(self._listener.fileno())

    def _on_accept(self) -> None:
        for _ in range(64):
            if self._listener is None:
                return
            try:
                conn, _peer = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # out of file descriptors: the client sees silence, as with a real server
                return
            conn.setblocking(False)
            if self.gate is Gate.RESET or len(self._live()) >= MAX_CONNECTIONS:
                conn.close()
                continue
            task = self._loop.create_task(self._adopt(conn))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _adopt(self, conn: socket.socket) -> None:
        try:
            transport, _ = await self._loop.connect_accepted_socket(self._factory, conn)
        except OSError:
            conn.close()
            return
        held = transport
        self._transports.add(held)
        if self.gate in (Gate.REFUSED, Gate.RESET):
            held.close()
        elif self.gate is not Gate.OPEN:
            held.pause_reading()

    def _live(self) -> list[asyncio.Transport]:
        self._transports = {t for t in self._transports if not t.is_closing()}
        return list(self._transports)

    def _hang_up(self) -> None:
        for transport in self._live():
            transport.close()

    # -- the hole ----------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Fill the accept queue with connections of our own; from then on SYNs are dropped."""
        if self._listener is None or not HOLES:
            return
        self._listener.listen(0)
        for _ in range(2):
            filler = socket.socket()
            filler.setblocking(False)
            with contextlib.suppress(OSError):
                filler.connect((self.host, self.port))
            self._fillers.append(filler)

    def _empty_hole(self) -> None:
        """Take our own connections out of the queue again; others that waited in it stay and are served."""
        if not self._fillers:
            return
        ours = set()
        for filler in self._fillers:
            with contextlib.suppress(OSError):
                ours.add(filler.getsockname())
        if self._listener is not None:
            self._listener.listen(BACKLOG)
            waiting = []
            while True:
                try:
                    conn, peer = self._listener.accept()
                except OSError:
                    break
                if peer in ours:
                    conn.close()
                else:
                    waiting.append(conn)
            for conn in waiting:
                conn.setblocking(False)
                task = self._loop.create_task(self._adopt(conn))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()


def _socket() -> socket.socket:
    made = socket.socket()
    made.setblocking(False)
    # SO_REUSEPORT lets the reserving socket and the listening one share the port; only the listening one is served.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return made
