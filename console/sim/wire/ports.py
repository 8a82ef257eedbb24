"""All TCP faces of the containers: published ports on 127.0.0.1, and every container's own loopback address."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable
from random import SystemRandom

from aiohttp import web

from console.sim.physics.containers import Container
from console.sim.physics.pd_member import CLIENT_PORT, PdMember
from console.sim.physics.raft import STORE_PORT
from console.sim.physics.store import STATUS_PORT, StoreNode
from console.sim.physics.world import World

from .clock import SimClock
from .door import Door
from .gates import Gates
from .pd_server import PdPort
from .tikv_server import StatusPort

Handle = Callable[[Door, web.BaseRequest], Awaitable[web.StreamResponse]]
KEEPALIVE_S = 75.0
SUBNET_TRIES = 40
LOG = logging.getLogger("console.sim.wire")


def free_subnet() -> str:
    """A /24 of 127/8 nobody seems to use, as its first three numbers; empty where 127/8 cannot be bound (macOS)."""
    chance = SystemRandom()
    for _ in range(SUBNET_TRIES):
        subnet = f"127.{chance.randrange(16, 250)}.{chance.randrange(1, 250)}"
        try:
            _try_bind(f"{subnet}.2", CLIENT_PORT)
            _try_bind(f"{subnet}.5", STATUS_PORT)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return ""
            continue
        return subnet
    return ""


def _try_bind(host: str, port: int) -> None:
    import socket

    with socket.socket() as probe:
        probe.bind((host, port))


class _Hold(asyncio.Protocol):
    """Accepts and holds: the gRPC port as far as a TCP prober can tell."""

    def data_received(self, data: bytes) -> None:
        """Bytes are taken and nothing is said."""


class Ports:
    """Opens a door for every port, and keeps them as the world has it."""

    def __init__(self, world: World, clock: SimClock, direct: bool) -> None:
        self.world = world
        self.clock = clock
        self.gates = Gates(world, clock.speed)
        self._direct = direct
        self._servers: list[web.Server] = []

    def open(self) -> None:
        """Open everything. Raises OSError where a port cannot be had."""
        for member in self.world.pd.members.values():
            self._member(member)
        for node in self.world.stores.values():
            self._store(node)

    def _member(self, member: PdMember) -> None:
        handle = PdPort(self.world, self.clock, member).handle
        container = member.container
        published = self._http(handle, container, CLIENT_PORT, "127.0.0.1", 0)
        container.ports[CLIENT_PORT] = published.port
        if self._direct:
            self._http(handle, container, CLIENT_PORT, container.address, CLIENT_PORT)

    def _store(self, node: StoreNode) -> None:
        handle = StatusPort(self.world, self.clock, node).handle
        container = node.container
        published = self._http(handle, container, STATUS_PORT, "127.0.0.1", 0)
        container.ports[STATUS_PORT] = published.port
        if self._direct:
            self._http(handle, container, STATUS_PORT, container.address, STATUS_PORT)
            door = Door(_Hold, container.address, STORE_PORT)
            self.gates.add(door, container, STORE_PORT, published=False)

    def _http(self, handle: Handle, container: Container, inner: int, host: str, port: int) -> Door:
        doors: list[Door] = []

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            return await handle(doors[0], request)

        server = web.Server(
            answer, keepalive_timeout=KEEPALIVE_S, access_log=None, logger=LOG, handler_cancellation=True
        )
        self._servers.append(server)
        door = Door(server, host, port)
        doors.append(door)
        self.gates.add(door, container, inner, published=host == "127.0.0.1")
        return door

    async def close(self) -> None:
        """Close every port and connection."""
        self.gates.close()
        for server in self._servers:
            await server.shutdown(timeout=0.05)
