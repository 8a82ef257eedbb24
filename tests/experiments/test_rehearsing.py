"""The way back is tested before it is needed: verified, and a second time with nothing changed (S2-87)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from console.experiments.checking import check
from console.experiments.reading import parse
from console.faults.catalogue import KINDS
from console.faults.kind import Undo
from console.faults.lab import Lab
from console.faults.rollback import Pace
from console.model.experiment import Experiment
from console.model.fault import Outcome, Refusal
from console.session.core import Session
from console.session.opening import Options, open_session
from console.session.rehearsing import Rehearsal, Rehearsed, differing, exit_code
from console.storage import Database, audit

from .served import short


def experiment() -> Experiment:
    whole = short("domain-n-1", duration=30, baseline_s=6)
    whole["method"].append({"type": "action", "name": "theirs", "provider": {"type": "process", "path": "true"}})
    found = check(parse(yaml.safe_dump(whole).encode(), "n1.yaml"))
    assert isinstance(found, Experiment)
    return found


async def test_each_step_is_put_back_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan alone touches nothing, a rehearsal leaves nothing, and what only the first revert may do is
    found out in the second."""
    session = await open_session(Options(sim=True, seed=3, speed=4, home=tmp_path))
    db = await Database.open(tmp_path / "console.db")
    told: list[tuple[str, str]] = []
    try:
        await session.start()
        assert await session.until(lambda: bool(session.view().cluster.workload.intervals), 20)
        assert session.parts.actor is not None
        session.parts.actor._returning._pace = Pace(stable_s=0.4, poll_s=0.05)
        rehearsal = Rehearsal(session, experiment(), db, lambda what, said: told.append((what, said)))
        for _ in range(4):  # a machine that starves the console has its guard refuse
            await session.until(lambda: session.view().level.value == "GREEN", 10)
            planned, theirs = await rehearsal.plan()
            if planned.refusal is None:
                break
        assert (planned.refusal, len(planned.targets), exit_code([planned, theirs])) == (None, 1, 0)
        assert "docker start" in planned.undo
        assert not session.view().injections
        await _whole(rehearsal, told)
        await _not_idempotent(session, rehearsal, monkeypatch)
        assert [r.action for r in await audit.read(db)].count("rehearse") >= 2
        assert not session.parts.actor.live
    finally:
        await db.close()
        await session.close("the test is over")


async def tried(rehearsal: Rehearsal, hold_s: float) -> list[Rehearsed]:
    """A machine that starves the console has its guard refuse; then it is asked again."""
    for _ in range(4):
        await rehearsal._session.until(lambda: rehearsal._session.view().level.value == "GREEN", 10)
        done = await rehearsal.run(hold_s)
        if done[0].refusal is None or done[0].refusal.code not in ("NOT_STEADY", "STALE_MONITORING", "QUORUM"):
            break
    return done


async def _whole(rehearsal: Rehearsal, told: list[tuple[str, str]]) -> None:
    done = await tried(rehearsal, 2)
    del told[:-4]  # of attempts that the guard was right to refuse
    assert [(d.outcome, d.refusal) for d in done] == [(Outcome.COMPLETE, None), (None, None)], done
    assert exit_code(done) == 0
    assert [what for what, _ in told] == ["steady state", "injected", "put back", "put back again"]
    assert told[-1][1] == "COMPLETE: it changed nothing"


async def _not_idempotent(session: Session, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A revert that restarts whatever it finds."""
    kill = type(KINDS["kill"])

    async def restart(self: object, lab: Lab, undo: Undo) -> None:
        await lab.engine.restart(undo["container"], 1)

    monkeypatch.setattr(kill, "revert", restart)
    assert await session.until(lambda: session.view().level.value == "GREEN", 30)
    done = await tried(rehearsal, 1)
    assert exit_code(done) == 4, done
    assert done[0].said.startswith("the second revert changed tikv")


@pytest.mark.parametrize(
    ("done", "code"),
    [
        ([], 0),
        ([Rehearsed("a", "", outcome=Outcome.COMPLETE), Rehearsed("b", "")], 0),
        ([Rehearsed("a", "", refusal=Refusal("QUORUM", "x"))], 3),
        ([Rehearsed("a", "", refusal=Refusal("NOT_APPLIED", "x"))], 6),
        ([Rehearsed("a", "", refusal=Refusal("QUORUM", "x")), Rehearsed("b", "", outcome=Outcome.PARTIAL)], 4),
    ],
)
def test_how_it_exits(done: list[Rehearsed], code: int) -> None:
    assert exit_code(done) == code


def test_what_differs() -> None:
    assert differing({"a": 1, "b": [1]}, {"a": 1, "b": [2], "c": 0}) == ["b", "c"]
