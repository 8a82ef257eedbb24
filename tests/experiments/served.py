"""A simulated cluster in a process of its own (`chaos-console sim`), and consoles on it that can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from console.experiments import library
from tests.faults.bed import dismiss

ROOT = Path(__file__).parents[2]


def short(name: str, **changes: Any) -> dict[str, Any]:
    """An experiment of the library with a short baseline, no canary, and these fields of our block."""
    path = library.find(name)
    assert path is not None
    whole: dict[str, Any] = yaml.safe_load(path.read_text())
    block = whole["extensions"][0]
    block |= {"baseline_s": 2, "canary": False, "success_criteria": ["members >= 0"], **changes}
    for step in whole["method"]:
        step["provider"]["arguments"]["duration"] = block["duration"]
    return whole


@dataclass
class Served:
    """Where the cluster is, and the state directory of the consoles on it."""

    docker_host: str
    home: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        """What every console gets."""
        here = {"CHAOS_CONSOLE_HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        return {**os.environ, **here, **({"DOCKER_HOST": self.docker_host} if self.docker_host else {})}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """`chaos-console ...`, going on by itself; its output is read line by line."""
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "console", *words], cwd=ROOT, env=self.env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.started.append(process)
        return process

    def run(self, *words: str) -> tuple[int, str]:
        """`chaos-console ...` to its end: exit code and all it said."""
        process = self.start(*words)
        said, _ = process.communicate(timeout=90)
        assert "Traceback" not in said, said
        return process.returncode, said

    def killed(self, process: subprocess.Popen[str], word: str, before: Callable[[], object] = lambda: None) -> str:
        """SIGKILL when a line has the word, and `before` has been done; what it had said."""
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if word in line:
                before()
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                return said
        raise AssertionError(f"it ended before {word!r}: {said}")


def until(look: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait for something, a few times a second."""
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, f"no {what} within {seconds:g} s"
        time.sleep(0.1)


@contextlib.contextmanager
def consoles(home: Path, docker_host: str = "") -> Iterator[Served]:
    """Consoles with a state directory; at the end whatever was started is gone, watchdogs included."""
    served = Served(docker_host, home)
    try:
        yield served
    finally:
        for process in served.started:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        dismiss(home / "console.db")


@contextlib.contextmanager
def serving(home: Path, speed: int = 10) -> Iterator[Served]:
    """Serve a cluster, and have consoles on it."""
    command = [sys.executable, "-m", "console", "sim", "--seed", "3", "--speed", str(speed)]
    sim = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert sim.stdout is not None
    try:
        with consoles(home, sim.stdout.readline().strip().partition("=")[2]) as served:
            yield served
    finally:
        sim.terminate()
        sim.wait(10)
        sim.stdout.close()
