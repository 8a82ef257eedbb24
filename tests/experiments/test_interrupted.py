"""A run whose process is killed in the middle: it is known, and what it injected is put back (S2-55, S2-91)."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
import yaml

from console.experiments.checking import check
from console.experiments.reading import parse
from console.model.experiment import Experiment
from console.storage import Database, begun
from console.storage.processes import Process, this

from .served import serving, short, until


def test_a_killed_run_is_listed_and_put_back(tmp_path: Path) -> None:
    """SIGKILL while the fault is in: the watchdog puts it back, `experiment runs` says INTERRUPTED."""
    home, file = tmp_path / "state", tmp_path / "hang.yaml"
    file.write_text(yaml.safe_dump(short("infra-dependency-timeout", duration=60)))
    with serving(home) as served:
        console = served.start("experiment", "run", str(file), "--live")
        served.killed(console, "injected")

        def states() -> list[str]:
            with sqlite3.connect(home / "console.db") as db:
                return [s for (s,) in db.execute("SELECT state FROM injections")]

        assert states() != ["reverted"]
        code, said = served.run("experiment", "runs", "--json")
        (listed,) = json.loads(said)
        assert (code, listed["status"], listed["folder"]) == (0, "INTERRUPTED", "")
        assert f"process {console.pid} ended in the middle" in listed["why"]
        assert Path(listed["record"]).exists()
        code, said = served.run("experiment", "report", listed["id"])
        assert (code, "INTERRUPTED" in said) == (6, True)
        until(lambda: states() == ["reverted"], "end of the injection")
        code, said = served.run("verify", listed["id"], "--json")
        checks = {c["check"]: c["passed"] for c in json.loads(said)["checks"]}
        assert (code, checks["injections"], checks["files"], checks["traces"]) == (0, True, None, True), said
        assert all(checks[name] for name in ("pd0", "pd1", "pd2", "tikv0", "tikv1", "tikv2"))


def experiment() -> Experiment:
    found = check(parse(yaml.safe_dump(short("domain-n-1", duration=5)).encode(), "x.yaml"))
    assert isinstance(found, Experiment)
    return found


@pytest.mark.parametrize(
    ("process", "alive"),
    [
        (this(), True),
        (Process(this().pid, "1", this().boot), False),  # its number was given to another
        (Process(this().pid, this().start, "another boot"), False),
        (Process(2**22 - 3, "", this().boot), False),
    ],
)
async def test_whether_a_run_is_under_way(tmp_path: Path, process: Process, alive: bool) -> None:
    db = await Database.open(tmp_path / "console.db")
    place = begun.Place("lab", "LIVE", "lab/1", "console 1", "")
    await begun.begin(db, "r1", experiment(), place, 1.0, "/nowhere")
    async with db.write() as connection:
        await connection.execute(
            "UPDATE runs_begun SET pid=?, process=?, boot=?", (process.pid, process.start, process.boot)
        )
    (found,) = await begun.unended(db)
    assert (found.process.alive, found.status) == (alive, "RUNNING" if alive else "INTERRUPTED")
    await begun.broke(db, "r1", "interrupted")
    (found,) = await begun.unended(db)
    assert (found.status, found.why) == ("INTERRUPTED", "interrupted")
    assert found == await begun.one(db, "r")
    await db.close()
