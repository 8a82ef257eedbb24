"""The Docker engine behind one async facade: every call in a thread, every call with a deadline.

This package alone imports the docker SDK, and only when it is first used. Source for shapes: Docker Engine API 1.41.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from .endpoint import Endpoint
from .errors import EngineError

if TYPE_CHECKING:
    import docker

T = TypeVar("T")
DEADLINE_S = 5.0
BUILD_S = 900.0
PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"


class Engine:
    """One engine. Safe to use from one event loop; blocking work runs in threads of its own, never the loop's."""

    def __init__(self, where: Endpoint, *, deadline_s: float = DEADLINE_S) -> None:
        self.where = where
        self.deadline_s = deadline_s
        # Reverts never wait behind observation that hangs.
        self._reading = asyncio.Semaphore(8)
        self._urgent = asyncio.Semaphore(64)
        self._closed = False
        self._client: docker.APIClient | None = None
        self._lock = threading.Lock()
        self._streams: set[threading.Event] = set()

    # -- plumbing ---------------------------------------------------------------------------------------------------

    def _connect(self, timeout: float) -> docker.APIClient:
        import docker

        return docker.APIClient(
            base_url=self.where.url,
            version="1.41",
            timeout=timeout,
            tls=self.where.tls or False,
            use_ssh_client=self.where.url.startswith("ssh://"),
            num_pools=40,
            max_pool_size=40,
        )

    def _api(self) -> docker.APIClient:
        with self._lock:
            if self._client is None:
                self._client = self._connect(self.deadline_s)
            return self._client

    async def _call(
        self, what: str, work: Callable[[docker.APIClient], T], *, deadline_s: float | None = None, urgent: bool = False
    ) -> T:
        deadline = deadline_s or self.deadline_s
        if self._closed:
            raise EngineError(f"the engine connection is closed: {what}")
        try:
            async with asyncio.timeout(deadline), self._urgent if urgent else self._reading:
                return await _in_thread(what, lambda: self._guarded(what, work, deadline))
        except TimeoutError as error:
            raise EngineError(f"the engine did not answer within {deadline:g} s: {what}", away=True) from error

    def _guarded(self, what: str, work: Callable[[docker.APIClient], T], deadline: float) -> T:
        import docker.errors
        import requests

        own: docker.APIClient | None = None
        try:
            if deadline > self.deadline_s:
                own = self._connect(deadline)
            return work(own or self._api())
        except docker.errors.APIError as error:
            text = str(error.explanation or error).strip()
            raise EngineError(f"{what}: {text}", error.status_code) from error
        except (docker.errors.DockerException, requests.RequestException, OSError) as error:
            raise EngineError(f"{what}: {_plain(error)}", away=True) from error
        finally:
            if own is not None:
                own.close()

    async def close(self) -> None:
        """End streams and threads; does not wait for calls that hang."""
        self._closed = True
        for stop in list(self._streams):
            stop.set()
        if self._client is not None:
            self._client.close()

    # -- reading ----------------------------------------------------------------------------------------------------

    async def info(self) -> dict[str, Any]:
        """`GET /info`."""
        return await self._call("info", lambda api: dict(api.info()))

    async def version(self) -> dict[str, Any]:
        """`GET /version`."""
        return await self._call("version", lambda api: dict(api.version(api_version=False)))

    async def containers(self, labels: dict[str, str | None] | None = None) -> list[dict[str, Any]]:
        """All containers, running or not, with these labels (`None`: any value), as `GET /containers/json` lists."""
        wanted = [k if v is None else f"{k}={v}" for k, v in (labels or {}).items()]
        return await self._call(
            "list containers", lambda api: list(api.containers(all=True, filters={"label": wanted} if wanted else {}))
        )

    async def inspect(self, container: str, *, urgent: bool = False) -> dict[str, Any]:
        """`GET /containers/{id}/json`. Raises EngineError (`missing`) for an unknown container."""
        return await self._call(
            f"inspect {container[:12]}", lambda api: dict(api.inspect_container(container)), urgent=urgent
        )

    async def stats(self, container: str) -> dict[str, Any]:
        """One sample at once, without the engine's own second of waiting."""
        return await self._call(
            f"stats {container[:12]}", lambda api: dict(api.stats(container, stream=False, one_shot=True))
        )

    async def log_tail(self, container: str, lines: int = 200) -> str:
        """The last lines of a container's output, both streams, undecodable bytes replaced."""
        raw = await self._call(
            f"logs {container[:12]}",
            lambda api: bytes(api.logs(container, stdout=True, stderr=True, tail=lines, stream=False)),
        )
        return raw.decode("utf-8", "replace")

    async def events(self, labels: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
        """Container events with these labels and network events, as they happen, until the stream breaks."""
        del labels  # network events carry no labels; the reader filters by container

        def produce(api: docker.APIClient) -> Iterator[dict[str, Any]]:
            return iter(api.events(decode=True, filters={"type": ["container", "network"]}))

        async for item in self._stream("events", produce):
            yield item

    async def follow_log(self, container: str, tail: int) -> AsyncIterator[str]:
        """Lines of a container's output as they are written, beginning with the last `tail`, until it stops."""

        def produce(api: docker.APIClient) -> Iterator[str]:
            rest = b""
            for chunk in api.logs(container, stdout=True, stderr=True, stream=True, follow=True, tail=tail):
                *whole, rest = (rest + chunk).split(b"\n")
                rest = rest[-65536:]
                yield from (line.decode("utf-8", "replace") for line in whole)

        async for line in self._stream(f"logs {container[:12]}", produce):
            yield line

    async def _stream(self, what: str, produce: Callable[[docker.APIClient], Iterator[T]]) -> AsyncIterator[T]:
        """A blocking iterator in a daemon thread of its own, handed over in order with at most 2,000 waiting."""
        items: queue.Queue[T | Exception | None] = queue.Queue(2000)
        ready = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop = threading.Event()
        self._streams.add(stop)
        client = await self._call(f"open {what}", lambda _: self._connect(self.deadline_s))
        client.timeout = None

        def pump() -> None:
            last: Exception | None = None
            try:
                for item in produce(client):
                    if not _offer(items, item, stop):
                        return
                    _wake(loop, ready)
            except Exception as error:  # noqa: BLE001 - whatever ended the stream is reported to its reader
                last = error
            finally:
                _offer(items, last, stop)
                _wake(loop, ready)

        threading.Thread(target=pump, name=f"engine-{what}", daemon=True).start()
        try:
            while True:
                await ready.wait()
                ready.clear()
                while True:
                    try:
                        item = items.get_nowait()
                    except queue.Empty:
                        break
                    if item is None:
                        return
                    if isinstance(item, Exception):
                        raise EngineError(f"{what}: {_plain(item)}") from item
                    yield item
        finally:
            stop.set()
            self._streams.discard(stop)
            client.close()

    # -- writing: called from faults only ---------------------------------------------------------------------------

    async def kill(self, container: str, signal: str = "SIGKILL") -> None:
        """Send a signal to the container's first process."""
        await self._call(f"kill {container[:12]}", lambda api: api.kill(container, signal), urgent=True)

    async def stop(self, container: str, grace_s: int) -> None:
        """SIGTERM, then SIGKILL after `grace_s` seconds."""
        await self._call(
            f"stop {container[:12]}",
            lambda api: api.stop(container, timeout=grace_s),
            deadline_s=grace_s + self.deadline_s,
            urgent=True,
        )

    async def start(self, container: str) -> None:
        """Start a container; starting a running one does nothing."""
        await self._call(f"start {container[:12]}", lambda api: api.start(container), deadline_s=15, urgent=True)

    async def restart(self, container: str, grace_s: int) -> None:
        """Stop with grace, then start."""
        await self._call(
            f"restart {container[:12]}",
            lambda api: api.restart(container, timeout=grace_s),
            deadline_s=grace_s + 15,
            urgent=True,
        )

    async def pause(self, container: str) -> None:
        """Freeze all processes of a container."""
        await self._call(f"pause {container[:12]}", lambda api: api.pause(container), urgent=True)

    async def unpause(self, container: str) -> None:
        """Let a frozen container run."""
        await self._call(f"unpause {container[:12]}", lambda api: api.unpause(container), urgent=True)

    async def disconnect(self, network: str, container: str) -> None:
        """Take a container off a network."""
        await self._call(
            f"disconnect {container[:12]}",
            lambda api: api.disconnect_container_from_network(container, network, force=True),
            urgent=True,
        )

    async def connect(self, network: str, container: str, **how: Any) -> None:
        """Attach a container to a network; `how`: aliases, links, ipv4_address, ipv6_address, driver_opt."""
        await self._call(
            f"connect {container[:12]}",
            lambda api: api.connect_container_to_network(container, network, **how),
            urgent=True,
        )

    async def update(self, container: str, limits: dict[str, int]) -> None:
        """`POST /containers/{id}/update` with the engine's own names (CpuQuota, NanoCpus, Memory, ...)."""

        def work(api: docker.APIClient) -> None:
            answer = api._post_json(api._url("/containers/{0}/update", container), data=limits)
            api._result(answer, True)

        await self._call(f"update {container[:12]}", work, urgent=True)

    async def create(self, name: str, image: str, command: list[str], body: dict[str, Any]) -> str:
        """`POST /containers/create`; `body` adds to image and command in the engine's own words. Returns the id."""

        def work(api: docker.APIClient) -> str:
            data = {"Image": image, "Cmd": command, **body}
            answer = api._post_json(api._url("/containers/create"), data=data, params={"name": name})
            return str(api._result(answer, True)["Id"])

        return await self._call(f"create {name}", work, urgent=True)

    async def remove(self, container: str) -> None:
        """Remove a container, running or not; one that is gone is no error."""
        try:
            await self._call(
                f"remove {container[:24]}",
                lambda api: api.remove_container(container, force=True, v=False),
                urgent=True,
            )
        except EngineError as error:
            # 409: its removal is under way already, which is what was asked for.
            if not error.missing and error.status != 409:
                raise

    async def execute(self, container: str, command: list[str]) -> tuple[int, str]:
        """Run a command in a running container; its exit code and output."""

        def work(api: docker.APIClient) -> tuple[int, str]:
            made = api.exec_create(container, command)["Id"]
            output = api.exec_start(made) or b""
            return int(api.exec_inspect(made).get("ExitCode") or 0), bytes(output).decode("utf-8", "replace")

        return await self._call(f"exec in {container[:24]}", work, urgent=True, deadline_s=10)

    async def build(self, folder: str, tag: str, say: Callable[[str], None]) -> None:
        """Build an image from a folder on this machine, on the engine. `say` is called from another thread."""

        def work(api: docker.APIClient) -> None:
            for step in api.build(path=folder, tag=tag, rm=True, forcerm=True, decode=True):
                if text := str(step.get("stream") or "").strip():
                    say(text)
                if step.get("error"):
                    raise EngineError(f"the image {tag} could not be built: {step['error']}")

        await self._call(f"build {tag}", work, deadline_s=BUILD_S)

    async def image(self, name: str) -> dict[str, Any] | None:
        """`GET /images/{name}/json`, None where the engine does not have it."""
        try:
            return await self._call(f"image {name}", lambda api: dict(api.inspect_image(name)))
        except EngineError as error:
            if error.missing:
                return None
            raise

    async def network(self, name: str) -> dict[str, Any]:
        """`GET /networks/{name}`."""
        return await self._call(f"network {name}", lambda api: dict(api.inspect_network(name)), urgent=True)


def _wake(loop: asyncio.AbstractEventLoop, ready: asyncio.Event) -> None:
    try:
        loop.call_soon_threadsafe(ready.set)
    except RuntimeError:
        return  # the loop is closed; so is the reader


def _offer(items: queue.Queue[Any], item: Any, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            items.put(item, timeout=0.5)
        except queue.Full:
            continue
        return True
    return False


async def _in_thread(name: str, work: Callable[[], T]) -> T:
    """Run blocking work in a daemon thread: one that hangs is left behind, and never holds up the exit."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def deliver(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type] # None only where T is None

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as caught:  # noqa: BLE001 - handed to the caller as it is
            error = caught
        try:
            loop.call_soon_threadsafe(deliver, result, error)
        except RuntimeError:
            return  # the loop is closed: nobody waits

    threading.Thread(target=run, name=f"engine-{name}", daemon=True).start()
    return await done


def _plain(error: BaseException) -> str:
    """One line for the operator instead of urllib3's nest of exceptions."""
    text = str(error)
    for known, said in (
        ("FileNotFoundError", "no engine socket there"),
        ("Connection refused", "connection refused"),
        ("Permission denied", "permission denied on the engine socket"),
        ("timed out", "no answer in time"),
        ("RemoteDisconnected", "the engine closed the connection"),
        ("Connection aborted", "the engine closed the connection"),
        ("Errno -2", "host name not found"),
        ("Errno -3", "host name not found"),
    ):
        if known in text or known in type(error).__name__:
            return said
    return text.splitlines()[0][:200] if text else type(error).__name__
