"""Experiments of the library on the simulated cluster: files, row, exit code; all of them with CHAOS_LIBRARY=all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from console.experiments import library
from console.experiments.checking import check
from console.experiments.reading import read
from console.model.experiment import Experiment, Status
from console.model.fault import Outcome
from console.session.experimenting import execute
from console.session.opening import Options, open_session
from console.session.settings import Safety, Settings
from console.storage import Database, runs

SAMPLE = ("domain-n-1", "tier-client")  # the others with `make library`
ALL = os.environ.get("CHAOS_LIBRARY") == "all"
NAMES = [p.stem for p in library.files()] if ALL else list(SAMPLE)
FILES = {"report.md", "report.json", "behaviour.jsonl", "recovery.json", "plot.svg"}


def load(name: str) -> Experiment:
    path = library.find(name)
    assert path is not None
    found = check(read(path))
    assert isinstance(found, Experiment)
    return found


def left_behind(folder: Path, run: str) -> bool:
    """The five files, each of this run."""
    assert {p.name for p in folder.iterdir()} == FILES
    assert json.loads((folder / "report.json").read_text())["chaos-console"]["id"] == run
    behaviour = [json.loads(line) for line in (folder / "behaviour.jsonl").read_text().splitlines()]
    return any(o.get("src") == "lab" and o.get("kind") == "inject" for o in behaviour)


@pytest.mark.parametrize("name", NAMES)
async def test_it_runs_to_its_stated_result(name: str, tmp_path: Path) -> None:
    """Confirmed, with every mandatory gate, and nothing left (S2-80..83)."""
    e = load(name)
    options = Options(sim=True, seed=3, speed=2, home=tmp_path, settings=Settings(safety=Safety(limit=e.max_targets)))
    session = await open_session(options)
    db = await Database.open(tmp_path / "console.db")
    try:
        await session.start()
        if e.widens:  # start small
            smaller = await execute(session, load("domain-n-1"), tmp_path, db, lambda what, said: None)
            assert smaller.status is Status.CONFIRMED, smaller.why
        run = await execute(session, e, tmp_path, db, lambda what, said: None)
        assert (run.status, run.rollback) == (Status.CONFIRMED, Outcome.COMPLETE), run.why
        assert all(g.passed for g in run.gates if g.mandatory), run.gates
        assert session.parts.actor is not None
        assert not session.parts.actor.live
        row = await runs.one(db, run.id)
        assert row is not None
        assert left_behind(Path(row.folder), run.id)
    finally:
        await db.close()
        await session.close("the test is over")


async def test_two_targets_only_after_one_was_confirmed(tmp_path: Path) -> None:
    """Start small, widen gradually (S2-53): nothing is done before."""
    e = load("domain-n-2")
    session = await open_session(
        Options(sim=True, seed=3, speed=2, home=tmp_path, settings=Settings(safety=Safety(limit=2)))
    )
    db = await Database.open(tmp_path / "console.db")
    try:
        await session.start()
        run = await execute(session, e, tmp_path, db, lambda what, said: None)
        assert (run.exit_code, run.refused) == (3, "BLAST_RADIUS")
        assert not session.view().injections
    finally:
        await db.close()
        await session.close("the test is over")
