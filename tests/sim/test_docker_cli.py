"""The real docker command line on the simulated engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from console.sim.server import SimServer

from .wires import state, until

DOCKER = "/usr/local/bin/docker" if os.path.exists("/usr/local/bin/docker") else shutil.which("docker")
pytestmark = pytest.mark.skipif(DOCKER is None, reason="no docker command line on this machine")
STORE = "tikvlab-tikv1-1"


def run(sim: SimServer, *words: str, code: int = 0) -> str:
    """Output of `docker ...`; fails on another exit code."""
    assert DOCKER
    done = subprocess.run([DOCKER, *words], env=_env(sim), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def _env(sim: SimServer) -> dict[str, str]:
    return {**os.environ, "DOCKER_HOST": sim.addresses.docker_host, "DOCKER_CONFIG": "/nonexistent"}


def test_looking_around(sim: SimServer) -> None:
    """version, info, ps, inspect, network, images, top, stats."""
    assert "1.41" in run(sim, "version")
    assert "Running: 7" in run(sim, "info")
    assert STORE in run(sim, "ps", "--filter", "label=com.docker.compose.service=tikv1", "--format", "{{.Names}}")
    assert json.loads(run(sim, "inspect", STORE))[0]["State"]["Status"] == "running"
    assert "tikvlab_chaos" in run(sim, "network", "ls")
    assert STORE in run(sim, "network", "inspect", "tikvlab_chaos")
    assert "pingcap/tikv" in run(sim, "images")
    assert "/tikv-server" in run(sim, "top", STORE)
    assert STORE in run(sim, "stats", "--no-stream")
    assert "TOTAL" in run(sim, "logs", "--tail", "3", "tikvlab-ycsb-1")


def test_life_and_death(sim: SimServer) -> None:
    """kill, start, pause, unpause, stop, restart, update; and the refusals."""
    run(sim, "kill", STORE)
    assert "Exited (137)" in run(sim, "ps", "-a", "--filter", f"name={STORE}")
    assert "is not running" in run(sim, "kill", STORE, code=1)
    run(sim, "start", STORE)
    run(sim, "pause", STORE)
    assert "(Paused)" in run(sim, "ps")
    assert "is paused" in run(sim, "exec", STORE, "true", code=1)
    run(sim, "unpause", STORE)
    run(sim, "update", "--cpu-quota", "20000", STORE)
    assert "20000" in run(sim, "inspect", "-f", "{{.HostConfig.CpuQuota}}", STORE)
    run(sim, "stop", "-t", "5", STORE)
    assert state(sim, "tikv1") == "exited"
    run(sim, "restart", STORE)
    assert state(sim, "tikv1") == "running"
    assert "No such container" in run(sim, "kill", "nobody", code=1)


def test_networks(sim: SimServer) -> None:
    """disconnect, connect with the alias, and the refusal of doing it twice."""
    run(sim, "network", "disconnect", "tikvlab_chaos", STORE)
    assert "is not connected" in run(sim, "network", "disconnect", "tikvlab_chaos", STORE, code=1)
    run(sim, "network", "connect", "--alias", "tikv1", "tikvlab_chaos", STORE)
    assert "tikv1" in run(sim, "inspect", "-f", "{{json .NetworkSettings.Networks}}", STORE)


def test_exec_and_run(sim: SimServer) -> None:
    """Output and exit codes come through the upgraded connection."""
    assert run(sim, "exec", STORE, "echo", "hi") == "hi\n"
    run(sim, "exec", STORE, "sh", "-c", "exit 3", code=3)
    assert "executable file not found" in run(sim, "exec", STORE, "nosuch", code=126)
    assert run(sim, "run", "--rm", "--network", f"container:{STORE}", "busybox:1", "echo", "x") == "x\n"
    assert "executable file not found" in run(sim, "run", "--rm", "busybox:1", "nosuch", code=127)
    run(sim, "run", "-d", "--name", "hx", "--cap-add", "NET_ADMIN", "--network", f"container:{STORE}",
        "busybox:1", "sleep", "600")  # fmt: skip
    run(sim, "rm", "-f", "hx")


def test_events_and_logs_are_followed(sim: SimServer) -> None:
    """What another terminal does is seen; ctrl-c ends it."""
    assert DOCKER
    events = subprocess.Popen(
        [DOCKER, "events", "--format", "{{.Action}}"], env=_env(sim), stdout=subprocess.PIPE, text=True
    )
    logs = subprocess.Popen(
        [DOCKER, "logs", "-f", "--tail", "0", "tikvlab-ycsb-1"], env=_env(sim), stdout=subprocess.PIPE, text=True
    )
    try:
        until(lambda: sim.call(lambda w: len(w.engine.bus.listeners)) > 0, "the listener")
        assert logs.stdout
        assert " - Takes(s): " in logs.stdout.readline()
        run(sim, "kill", STORE)
        assert events.stdout
        assert [events.stdout.readline().strip() for _ in range(3)] == ["kill", "die", "disconnect"]
    finally:
        for process in (events, logs):
            process.terminate()
            process.wait(10)
            if process.stdout:
                process.stdout.close()
