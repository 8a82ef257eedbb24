"""The simulator as a thing that is started and stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console.sim.server import SimServer

from .wires import client, place, probe, until


def test_everything_is_gone_after_close() -> None:
    """Ports refused, directory removed, thread ended; closing twice is fine; calling is refused."""
    server = SimServer(seed=1, speed=5.0, warmup=5.0)
    where = server.start()
    folder = Path(where.docker_host.removeprefix("unix://")).parent
    held = socket.create_connection(place(where.status["tikv0"]), timeout=5)
    assert folder.is_dir()
    server.close()
    server.close()
    assert not folder.exists()
    for url in (*where.pd.values(), *where.status.values(), where.anthropic):
        assert probe(*place(url)) == "refused"
    held.settimeout(5)
    assert held.recv(1) == b""
    held.close()
    assert not [t for t in threading.enumerate() if t.name == "simulator" and t.is_alive()]
    with pytest.raises(RuntimeError, match="not running"):
        server.call(lambda w: w.now)


def test_many_live_beside_each_other(simulator: Callable[..., SimServer]) -> None:
    """No shared port, path or address."""
    servers = [simulator(seed=i) for i in range(4)]
    urls = [u for s in servers for u in (*s.addresses.pd.values(), *s.addresses.status.values())]
    assert len(set(urls)) == len(urls) == 24
    assert len({s.addresses.docker_host for s in servers}) == 4
    assert len({tuple(s.addresses.direct.values()) for s in servers}) == 4 or not servers[0].addresses.direct


def test_time_runs_as_fast_as_told(simulator: Callable[..., SimServer]) -> None:
    """At least most of it, on any machine; call sees the present."""
    server = simulator(speed=100.0, warmup=0.0)
    began, start = time.monotonic(), server.call(lambda w: w.now)
    time.sleep(0.3)
    passed = server.call(lambda w: w.now) - start
    assert 10 < passed <= 100 * (time.monotonic() - began) + 1


def test_the_wall_clock_is_the_real_one_unless_told(simulator: Callable[..., SimServer]) -> None:
    """For records that must not depend on the day an epoch can be given."""
    assert abs(simulator(speed=1.0).call(lambda w: w.ground.wall()) - time.time()) < 5
    dated = simulator(speed=1.0, epoch=1_000_000_000.0)
    assert 0 <= dated.call(lambda w: w.ground.wall()) - 1_000_000_000 < 60
    answer = client().get(next(iter(dated.addresses.pd.values())) + "/pd/api/v1/ping")
    assert "Sep 2001" in answer.headers["date"]


def test_errors_inside_a_call_are_the_callers(sim: SimServer) -> None:
    """And the simulator lives on."""
    with pytest.raises(ZeroDivisionError):
        sim.call(lambda _w: 1 / 0)
    assert sim.call(lambda w: w.now) > 0


@pytest.mark.parametrize("bad", [{"speed": 0.0}, {"warmup": -1.0}, {"stores": 0}, {"target": -5}])
def test_impossible_options_are_refused_before_anything_starts(bad: dict[str, float]) -> None:
    """ValueError with the option's name."""
    with pytest.raises(ValueError, match=next(iter(bad))):
        SimServer(**bad)  # type: ignore[arg-type]


def test_a_big_cluster_is_served(simulator: Callable[..., SimServer]) -> None:
    """Forty stores, four hundred regions."""
    server = simulator(stores=40, regions=400, speed=1.0)
    with client(base_url=next(iter(server.addresses.pd.values()))) as http:
        assert http.get("/pd/api/v1/stores").json()["count"] == 40
        assert http.get("/pd/api/v1/stats/region").json()["count"] == 400


def test_clients_that_hang_up_leave_nothing(sim: SimServer) -> None:
    """Connections opened and dropped in every state of a request."""
    faces = [place(u) for u in (*sim.addresses.pd.values(), *sim.addresses.status.values(), sim.addresses.anthropic)]
    for data in (
        b"",
        b"GET",
        b"GET / HTTP/1.1\r\n",
        b"POST /v1/messages HTTP/1.1\r\nContent-Length: 10\r\n\r\nab",
        b"\x00\xff",
    ):
        for face in faces:
            with socket.create_connection(face, timeout=5) as connection:
                connection.sendall(data)
    assert all(probe(*place(u)) == "ok" for u in sim.addresses.status.values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_command_serves_until_it_is_told_to_end(number: int) -> None:
    """NAME=VALUE lines, exit 0, nothing left behind."""
    process = subprocess.Popen(
        [sys.executable, "-m", "console.cli.sim", "--seed", "5", "--speed", "5", "--stores", "4", "--project", "mylab"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    try:
        assert process.stdout
        values = {}
        while "SEED" not in values:
            name, _, value = process.stdout.readline().strip().partition("=")
            assert name, "the command ended"
            values[name] = value
        assert values["PROJECT"] == "mylab"
        assert values["SEED"] == "5"
        assert len(values["PD_URL"].split(",")) == 3
        assert {"TIKV0_STATUS_URL", "TIKV3_STATUS_URL", "PD2_URL", "ANTHROPIC_BASE_URL"} <= set(values)
        assert probe(*place(values["TIKV3_STATUS_URL"])) == "ok"
        folder = Path(values["DOCKER_HOST"].removeprefix("unix://")).parent
        assert folder.is_dir()
        process.send_signal(number)
        assert process.wait(15) == 0
        assert not folder.exists()
        assert process.stderr
        assert process.stderr.read() == ""
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(5)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


def test_a_wrong_option_is_one_line(tmp_path: Path) -> None:
    """Exit 2, no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "console.cli.sim", "--stores", "none"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    until(lambda: True)
