"""Running simulators for tests of the wire: each its own ports, sockets and world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from console.sim.server import SimServer


@pytest.fixture
def simulator() -> Iterator[Callable[..., SimServer]]:
    """Start simulators with given options (ten times faster than life unless told); all are closed at the end."""
    started: list[SimServer] = []

    def start(**options: Any) -> SimServer:
        server = SimServer(**{"seed": 1, "speed": 10.0, "warmup": 30.0, **options})
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.close()


@pytest.fixture
def sim(simulator: Callable[..., SimServer]) -> SimServer:
    """A simulator with everything at its default."""
    return simulator()
