"""The simulated cluster as a running thing: one background thread with its own event loop, real sockets, real time.

server = SimServer(seed=7, speed=1.0)
where = server.start()          # SimAddresses
server.call(lambda world: world.now)
server.close()
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import logging
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from aiohttp import web

from .physics.spec import ClusterSpec
from .physics.world import World
from .wire.clock import SimClock
from .wire.docker_app import DockerApi
from .wire.door import Door, Gate
from .wire.model_server import ModelBehaviour, ModelEndpoint
from .wire.ports import Ports, free_subnet

T = TypeVar("T")
# Whatever goes wrong inside is for whoever set logging up; it must never reach the terminal by itself.
LOG = logging.getLogger("console.sim")
LOG.addHandler(logging.NullHandler())
START_DEADLINE_S = 20.0
CLOSE_DEADLINE_S = 5.0
CALL_DEADLINE_S = 10.0
PD_PORT, STATUS_PORT = 2379, 20180
MAX_DIR = 90


@dataclass(frozen=True, slots=True)
class SimAddresses:
    """Where everything listens. `direct`: service -> the container's own loopback address, empty where the system has
    no 127/8 (macOS); its real port numbers are served there too."""

    docker_host: str
    project: str
    seed: int
    pd: dict[str, str]
    status: dict[str, str]
    anthropic: str
    direct: dict[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """`NAME=VALUE` for scripts."""
        out = [f"DOCKER_HOST={self.docker_host}", f"PD_URL={','.join(self.pd.values())}"]
        out += [f"{name.upper()}_URL={url}" for name, url in self.pd.items()]
        out += [f"{name.upper()}_STATUS_URL={url}" for name, url in self.status.items()]
        out += [f"ANTHROPIC_BASE_URL={self.anthropic}", f"PROJECT={self.project}", f"SEED={self.seed}"]
        return out


class SimServer:
    """Runs a simulated cluster until closed. Not restartable; `start` and `close` from any thread.

    `speed`: simulated seconds per real second. `warmup`: simulated seconds lived before anything is served, so that
    there is a past. `epoch`: Unix time of the first served moment, default now (give one for records that do not
    depend on the clock). Other arguments as in `ClusterSpec`. `model`: how the Anthropic endpoint behaves.
    """

    def __init__(
        self,
        seed: int = 1,
        speed: float = 1.0,
        stores: int = 3,
        members: int = 3,
        regions: int | None = None,
        target: int | None = 3000,
        threads: int = 8,
        noise: float = 1.0,
        project: str = "tikvlab",
        mode: Literal["raw", "txn"] = "raw",
        warmup: float = 60.0,
        epoch: float | None = None,
        model: ModelBehaviour | None = None,
        **more: Any,
    ) -> None:
        if speed <= 0:
            raise ValueError("speed: above 0")
        if warmup < 0:
            raise ValueError("warmup: not below 0")
        self._speed = speed
        self._warmup = warmup
        self._subnet = "" if "subnet" in more else free_subnet()
        if self._subnet and stores + members < 240:
            more["subnet"] = self._subnet
        else:
            self._subnet = ""
        self._began = None if epoch is not None else time.time()
        began = epoch if epoch is not None else self._began or 0.0
        self._spec = ClusterSpec(
            seed=seed,
            project=project,
            members=members,
            stores=stores,
            regions=regions or 4 * stores,
            threads=threads,
            target=target,
            mode=mode,
            noise=noise,
            epoch=began - warmup,
            **more,
        )
        self.model = ModelEndpoint(model)
        self._ready: concurrent.futures.Future[SimAddresses] = concurrent.futures.Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._world: World | None = None
        self._clock: SimClock | None = None
        self._dir = ""
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)

    # -- for the caller ----------------------------------------------------------------------------------------------

    def start(self) -> SimAddresses:
        """Begin serving; returns when everything listens. Raises OSError or RuntimeError where it cannot."""
        atexit.register(self.close)
        self._thread.start()
        try:
            return self._ready.result(START_DEADLINE_S)
        except concurrent.futures.TimeoutError:
            self.close()
            raise RuntimeError("the simulator did not start in time") from None

    def call(self, fn: Callable[[World], T]) -> T:
        """Run `fn(world)` in the simulator's thread, at the world's present time, and return what it returns.

        Raises whatever `fn` raises, RuntimeError when the simulator is not running.
        """
        loop, clock = self._loop, self._clock
        if loop is None or clock is None or self._closed:
            raise RuntimeError("the simulator is not running")
        future: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            try:
                clock.sync()
                result = fn(clock.world)
                clock.poke()
            except BaseException as error:  # noqa: BLE001 - handed to the caller as it is
                future.set_exception(error)
            else:
                future.set_result(result)

        loop.call_soon_threadsafe(run)
        return future.result(CALL_DEADLINE_S)

    def close(self) -> None:
        """Stop serving: every socket and the directory gone when it returns. Idempotent, never longer than seconds."""
        if self._closed:
            return
        self._closed = True
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(stop.set)
            self._thread.join(CLOSE_DEADLINE_S)
        self._remove_dir()
        atexit.unregister(self.close)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Close."""
        self.close()

    @property
    def addresses(self) -> SimAddresses:
        """Where it listens; raises where it did not start."""
        return self._ready.result(START_DEADLINE_S)

    # -- in the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            else:
                LOG.exception("the simulator stopped")
        finally:
            self._closed = True
            self._remove_dir()

    def _remove_dir(self) -> None:
        if self._dir:
            shutil.rmtree(self._dir, ignore_errors=True)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        world = self._world = World(self._spec)
        world.advance(self._warmup)
        if self._began is not None:  # building took a moment: the world's wall clock shows the real time from here on
            world.advance(self._warmup + time.time() - self._began)
        clock = self._clock = SimClock(world, self._speed)
        ports = Ports(world, clock, direct=bool(self._subnet))
        doors: list[Door] = []
        servers: list[web.Server] = []
        keeper: asyncio.Task[None] | None = None
        try:
            ports.open()
            docker_host, unix = await self._serve_docker(DockerApi(world, clock), servers)
            model = self._serve_model(servers, doors)
            keeper = asyncio.create_task(clock.keep())
            self._ready.set_result(self._addresses(world, docker_host, model))
            stopped = asyncio.create_task(self._stop.wait())
            await asyncio.wait({stopped, keeper}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            unix.close()
            if keeper.done():
                keeper.result()
        finally:
            await self._shut(ports, doors, servers, keeper)

    async def _shut(
        self,
        ports: Ports,
        doors: list[Door],
        servers: list[web.Server],
        keeper: asyncio.Task[None] | None,
    ) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_DEADLINE_S / 2):
                if keeper is not None:
                    keeper.cancel()
                await ports.close()
                for door in doors:
                    door.close()
                for server in servers:
                    await server.shutdown(timeout=0.05)

    async def _serve_docker(self, api: DockerApi, servers: list[web.Server]) -> tuple[str, asyncio.AbstractServer]:
        """The engine's socket, in a directory only this user can enter."""
        _sweep()
        self._dir = tempfile.mkdtemp(prefix="chaos-sim-")
        if len(self._dir) > MAX_DIR:  # a socket's path has 107 bytes at most
            os.rmdir(self._dir)
            self._dir = tempfile.mkdtemp(prefix="chaos-sim-", dir="/tmp")
        path = os.path.join(self._dir, "docker.sock")
        sock = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            sock.bind(path)
        finally:
            os.umask(before)
        os.chmod(path, 0o600)
        server = web.Server(api.handle, keepalive_timeout=75.0, access_log=None, logger=LOG, handler_cancellation=True)
        servers.append(server)
        unix = await asyncio.get_running_loop().create_unix_server(server, sock=sock)
        return f"unix://{path}", unix

    def _serve_model(self, servers: list[web.Server], doors: list[Door]) -> str:
        server = web.Server(
            self.model.handle, keepalive_timeout=75.0, access_log=None, logger=LOG, handler_cancellation=True
        )
        servers.append(server)
        door = Door(server, "127.0.0.1")
        doors.append(door)
        door.turn(Gate.OPEN)
        return f"http://127.0.0.1:{door.port}"

    def _addresses(self, world: World, docker_host: str, model: str) -> SimAddresses:
        members, nodes = world.pd.members, sorted(world.stores.values(), key=lambda n: n.id)
        own = [(m.name, m.container) for m in members.values()] + [(n.name, n.container) for n in nodes]
        return SimAddresses(
            docker_host=docker_host,
            project=self._spec.project,
            seed=self._spec.seed,
            pd={n: f"http://127.0.0.1:{m.container.ports[PD_PORT]}" for n, m in members.items()},
            status={n.name: f"http://127.0.0.1:{n.container.ports[STATUS_PORT]}" for n in nodes},
            anthropic=model,
            direct={name: c.address for name, c in own} if self._subnet else {},
        )


def _sweep() -> None:
    """Remove what simulations that were killed left in the temporary folder: sockets of ours nobody listens on."""
    for path in Path(tempfile.gettempdir()).glob("chaos-sim-*/docker.sock"):
        with contextlib.suppress(OSError):
            if path.stat().st_uid != os.getuid():
                continue
            with socket.socket(socket.AF_UNIX) as asking:
                try:
                    asking.connect(str(path))
                except ConnectionRefusedError:
                    path.unlink()
                    path.parent.rmdir()
