"""The released `chaos` command on our files: valid, and run through our own guard, journal and watchdog."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.experiments import library
from console.sim.server import SimServer

ROOT = Path(__file__).parents[2]
CHAOS = Path(sys.executable).parent / "chaos"


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SimServer]:
    """A simulated cluster where the docker CLI would find it, and a state directory of its own."""
    server = SimServer(seed=3, speed=5, warmup=60)
    monkeypatch.setenv("DOCKER_HOST", server.start().docker_host)
    monkeypatch.setenv("CHAOS_CONSOLE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield server
    server.close()


def test_every_file_is_valid_for_chaos_toolkit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own check, which imports every provider and looks at every argument."""
    from chaoslib.experiment import ensure_experiment_is_valid, load_experiment

    for path in library.files():
        ensure_experiment_is_valid(load_experiment(str(path)))


def test_discovery_lists_what_there_is() -> None:
    from console.experiments import chaostoolkit

    found = chaostoolkit.discover()
    names = {a["name"] for a in found["activities"]}
    assert {"inject", "revert_all", "stores_up", "throughput", "coverage_percent"} <= names


async def chaos(*words: str, cwd: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        str(CHAOS),
        "--no-version-check",
        *words,
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def test_chaos_run_goes_through_our_journal(cluster: SimServer, tmp_path: Path) -> None:
    """`chaos run`: steady state before and after, the fault in our journal and out again, its own journal complete."""
    path = library.find("tier-control-plane")
    assert path is not None
    code, said = await chaos("run", "--journal-path", str(tmp_path / "journal.json"), str(path), cwd=tmp_path)
    assert code == 0, said
    told = json.loads((tmp_path / "journal.json").read_text())
    assert (told["status"], told["deviated"]) == ("completed", False)
    assert [r["status"] for r in (*told["run"], *told["rollbacks"])] == ["succeeded", "succeeded"]
    with sqlite3.connect(Path(os.environ["CHAOS_CONSOLE_HOME"]) / "console.db") as db:
        assert db.execute("SELECT kind, state FROM injections").fetchall() == [("stop", "reverted")]


def test_what_the_guard_refuses_fails_the_activity(cluster: SimServer) -> None:
    """With the guard's own sentence, and nothing in the journal."""
    from chaoslib.exceptions import ActivityFailed

    from console.experiments.chaostoolkit.actions import inject, revert_all

    with pytest.raises(ActivityFailed, match="BLAST_RADIUS"):
        inject("stop", "all-pd", duration=10)
    assert revert_all() == []
