"""Whether all is well again after a run: each check passes on what is well and fails on what is not (S2-85)."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.cli.main import run as command
from console.experiments.journal import journal
from console.model.cluster import Cluster, Member, PdStore, Probe, Regions, Store
from console.model.fault import Injection, InjectionState, Target
from console.model.observation import Reach
from console.session import verifying
from console.session.experimenting import _write
from console.session.verifying import FILES, errors, evidence, health
from console.storage import Database, audit, begun, runs
from console.storage.journal import Journal

from .test_protocol import FakeWorld, ran

PLACE = begun.Place("lab", "LIVE", "lab/1", "console 1", "")


async def kept(db: Database, folder: Path) -> Any:
    """A confirmed run with all its rows and files, and its injection put back."""
    run = await ran(FakeWorld())
    await begun.begin(db, run.id, run.experiment, PLACE, run.began_wall, str(folder))
    target = Target("tikv1", "c1", "lab-tikv1-1", "x")
    state = InjectionState.REVERTED
    await Journal(db, "lab/1").begin(
        Injection(
            "i1", "lab/1", "kill", (target,), state=state, began_wall=run.began_wall + 1, owner="console 1", undo={}
        )
    )
    _write(folder, run, journal(run), None, (0, 0))
    (folder / "behaviour.jsonl").write_text("{}\n")
    await runs.keep(db, run, str(folder), journal(run))
    await audit.append(db, "experiment", "run", {"id": run.id, "status": run.status})
    return run


async def looked(db: Database, run: str = "r1") -> dict[str, bool | None]:
    lines = await evidence(db, await runs.one(db, run), await begun.one(db, run))
    return {x.name: x.passed for x in lines}


WRONG: list[tuple[str, Callable[[Path], object]]] = [
    ("files", lambda folder: (folder / "plot.svg").unlink()),
    ("files", lambda folder: (folder / "behaviour.jsonl").write_text("")),
    ("report", lambda folder: (folder / "report.json").write_text("{")),
    ("report", lambda folder: (folder / "report.md").write_text("# another\n")),
    ("report", lambda folder: _altered(folder / "report.json")),
]


def _altered(path: Path) -> None:
    data = json.loads(path.read_text())
    data["chaos-console"]["status"] = "HYPOTHESIS_REJECTED"
    path.write_text(json.dumps(data))


@pytest.mark.parametrize(("failing", "break_it"), WRONG)
async def test_the_runs_own_evidence(tmp_path: Path, failing: str, break_it: Callable[[Path], object]) -> None:
    db, folder = await Database.open(tmp_path / "console.db"), tmp_path / "r1"
    await kept(db, folder)
    assert await looked(db) == {"injections": True, "files": True, "report": True, "audit log": True}
    assert len(FILES) == 5
    break_it(folder)
    assert {k for k, ok in (await looked(db)).items() if not ok} == {failing}
    await db.close()


async def test_a_live_injection_and_a_changed_log_are_told(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "console.db")
    await kept(db, tmp_path / "r1")
    async with db.write() as connection:
        await connection.execute("UPDATE injections SET state = 'partial'")
        await connection.execute("UPDATE audit SET data = replace(data, 'CONFIRMED', 'REJECTED')")
    found = await looked(db)
    assert (found["injections"], found["audit log"]) == (False, False)
    await db.close()


async def test_what_was_not_the_runs_is_not_counted(tmp_path: Path) -> None:
    """Another console's injection, or one of after its end."""
    db = await Database.open(tmp_path / "console.db")
    run = await kept(db, tmp_path / "r1")
    target = (Target("tikv1", "c1", "lab-tikv1-1", "x"),)
    for n, (owner, wall) in enumerate([("console 2", run.began_wall + 1), ("console 1", run.ended_wall + 9)]):
        await Journal(db, "lab/1").begin(
            Injection(f"x{n}", "lab/1", "kill", target, began_wall=wall, owner=owner, undo={})
        )
    assert (await looked(db))["injections"] is True
    await db.close()


OK, LOST = Probe(Reach.OK, at=1.0), Probe(Reach.REFUSED, at=1.0, misses=5)
UP = PdStore(1, "a", "Up", None, 4, 12, None)
WELL = Cluster(
    t=1.0,
    leader="pd0",
    stores={"tikv0": Store("tikv0", UP, OK)},
    members={"pd0": Member("pd0", {"ping": OK})},
    regions=Regions(total=12, counts={"miss-peer": 0, "pending-peer": 3}),
)


@pytest.mark.parametrize(
    ("cluster", "failing", "unknown"),
    [
        (WELL, set(), set()),
        (replace(WELL, regions=Regions(total=12, counts={"miss-peer": 2})), {"regions"}, set()),
        (replace(WELL, regions=Regions()), set(), {"regions"}),
        (replace(WELL, stores={"tikv0": Store("tikv0", UP, LOST)}), {"tikv0"}, set()),
        (replace(WELL, stores={"tikv0": Store("tikv0", replace(UP, state="Down"), OK)}), {"tikv0"}, set()),
        (replace(WELL, stores={"tikv0": Store("tikv0", None, OK)}), set(), {"tikv0"}),
        (replace(WELL, members={"pd0": Member("pd0", {"ping": LOST})}), {"pd0"}, set()),
    ],
)
def test_the_cluster_now(cluster: Cluster, failing: set[str], unknown: set[str]) -> None:
    lines = health(cluster)
    assert {x.name for x in lines} == {"pd0", "tikv0", "regions"}
    assert {x.name for x in lines if x.passed is False} == failing
    assert {x.name for x in lines if x.passed is None} == unknown


def test_error_lines_are_told_by_their_time() -> None:
    def line(at: int, level: str) -> str:
        moment = datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y/%m/%d %H:%M:%S.000 +00:00")
        return f'[{moment}] [{level}] [a.go:1] ["{at}"]'

    lines = [
        line(5, "ERROR"), line(11, "INFO"), line(12, "ERROR"), "panic: during", line(13, "WARN"), line(21, "FATAL"),
        "thread 'main' panicked at x", "no time and no error", "[nonsense] [ERROR]",
    ]  # fmt: skip
    during, after = errors(lines, 10, 20)
    assert [x[-5:] for x in during] == ['"12"]', "uring"]
    assert [x[-5:] for x in after] == ['"21"]', " at x"]


@pytest.mark.parametrize(
    ("said", "skew"),
    [("1970-01-01T00:01:40.123456789Z", 0.123456), ("1970-01-01T00:00:00Z", -100.0), ("", None), ("soon", None)],
)
def test_the_engines_clock(said: str, skew: float | None) -> None:
    found = verifying._skew(said, 100.0)
    assert found == (None if skew is None else pytest.approx(skew))


def test_a_run_nobody_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["verify", "nothing"]) == 2
    assert command(["experiment", "verify", "nothing"]) == 2
    assert "experiment runs" in capsys.readouterr().err
