"""Helpers for tests that talk to a running simulator. Deadlines are generous: nothing here asserts how fast."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from console.sim.physics.containers import Container
from console.sim.server import SimServer

DEADLINE_S = 15.0
SAMPLES = Path(__file__).parent.parent / "records" / "pd-api-samples-v8.5.5.txt"


def until(ready: Callable[[], Any], what: str = "it") -> Any:
    """Wait for a truth and return it."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come")


def order(sim: SimServer, verb: str, service: str, *arguments: Any) -> None:
    """Do an engine call (`kill`, `pause`, ...) or `cut` / `join`, and wait until it returned."""

    def start(world: Any) -> Any:
        container = world.container(service)
        network = world.network(f"{world.spec.project}_chaos")
        if verb == "cut":
            return world.nets.disconnect(network, container)
        if verb == "join":
            return world.nets.connect(network, container, *(arguments or ((service,),)))
        return getattr(world.calls, verb)(container, *arguments)

    op = sim.call(start)
    until(lambda: op is None or op.done, f"{verb} {service}")


def state(sim: SimServer, service: str) -> str:
    """The engine's word for a container's state."""

    def look(world: Any) -> str:
        container: Container = world.container(service)
        return container.status

    return sim.call(look)


def place(url: str) -> tuple[str, int]:
    """Host and port of a base URL."""
    match = re.fullmatch(r"http://([\d.]+):(\d+)", url)
    assert match
    return match[1], int(match[2])


def probe(host: str, port: int, path: str = "/status", wait: float = 0.4) -> str:
    """One fresh connection and request: ok, refused, silent, unreachable (SYN lost), closed."""
    try:
        connection = socket.create_connection((host, port), timeout=wait)
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "unreachable"
    with connection:
        connection.settimeout(wait)
        try:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            data = connection.recv(64)
        except TimeoutError:
            return "silent"
        except ConnectionError:
            return "closed"
        return "ok" if data.startswith(b"HTTP/1.1 200") else "closed" if not data else data[:20].decode()


def client(**options: Any) -> httpx.Client:
    """An HTTP client that minds no proxy of the environment."""
    return httpx.Client(**{"timeout": DEADLINE_S, "trust_env": False, **options})


def engine_http(sim: SimServer) -> httpx.Client:
    """An HTTP client on the engine's socket."""
    path = sim.addresses.docker_host.removeprefix("unix://")
    return client(transport=httpx.HTTPTransport(uds=path), base_url="http://docker/v1.41")


def samples() -> dict[str, tuple[int, str, str]]:
    """Recorded answers of a real PD: `GET path` -> (status, content type, body); long bodies are cut short."""
    found = {}
    for part in re.split(r"^=== ", SAMPLES.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, rest = part.partition("\n")
        body, _, tail = rest.rpartition("\n--> ")
        match = re.match(r"(\d+) (.*?) ?(\d+)B", tail)
        found[head.strip()] = (int(match[1]), match[2], body.rstrip("\n")) if match else (200, "", rest.rstrip("\n"))
    return found
