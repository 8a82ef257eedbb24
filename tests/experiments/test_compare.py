"""Two runs side by side: what differs, which is better, and what cannot be said (S2-47, S2-77)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from console.cli.main import run as command
from console.evidence.compare import compare, markdown
from console.experiments.journal import journal
from console.model.campaign import Budget, Campaign, CampaignState, Item
from console.model.experiment import Run
from console.session.reports import Reports
from console.storage import Database, begun, campaigns, runs
from console.storage.campaigns import StoredCampaign

from .test_protocol import FakeWorld, ran


async def two(tmp_path: Path) -> tuple[Database, Run, Run]:
    """A confirmed run and a rejected one, on disk."""
    good, bad = await ran(FakeWorld(loss=0.2)), await ran(FakeWorld(loss=0.9))
    bad = replace(bad, id="r2", began_wall=200.0, ended_wall=260.0)
    db = await Database.open(tmp_path / "console.db")
    for n, one in enumerate((good, bad)):
        folder = tmp_path / f"run{n}"
        if n == 0:
            folder.mkdir()
            (folder / "report.md").write_text("# A report\n\x1b[31mred\x1b[0m\n")
        await runs.keep(db, one, str(folder), journal(one))
    return db, good, bad


async def test_what_differs_is_said_with_its_sign_and_its_meaning(tmp_path: Path) -> None:
    db, good, bad = await two(tmp_path)
    first, second = await runs.one(db, good.id), await runs.one(db, bad.id)
    assert first is not None
    assert second is not None
    found = compare(first, second)
    rows = {r.name: r for r in found.rows}
    assert (rows["status"].first, rows["status"].second, rows["status"].better) == ("CONFIRMED", "REJECTED", False)
    assert (rows["rollback"].difference, rows["rollback"].better) == ("", None)
    ops = rows["throughput fault, ops/s"]
    assert (ops.first, ops.second, ops.difference, ops.better) == ("800", "100", "-700", False)
    assert rows["throughput baseline, ops/s"].better is None
    criterion = rows["throughput >= 50%"]
    assert (criterion.first, criterion.second, criterion.better) == ("PASS 80%", "FAIL 10%", False)
    assert len(found.series[0]) == len(good.samples)
    back = {r.name: r for r in compare(second, first).rows}
    assert back["status"].better is True
    assert "| status | CONFIRMED | REJECTED | differs, worse |" in markdown(found)
    await db.close()


async def test_the_list_is_newest_first_and_a_lost_file_is_one_line(tmp_path: Path) -> None:
    db, good, bad = await two(tmp_path)
    reports = Reports(db)
    entries = await reports.entries()
    assert [e.id for e in entries if not isinstance(e, str)] == [bad.id, good.id]
    assert await reports.text(good.id) == ("# A report", "red")
    (line,) = await reports.text(bad.id)
    assert "cannot be read" in line
    assert await reports.text("nothing") == ("no run nothing",)
    assert await reports.compare(good.id, "nothing") == "no run nothing"
    await db.close()


async def test_a_record_holds_no_reports() -> None:
    assert await Reports().entries() == "a record holds no reports"


def test_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def written() -> tuple[str, str]:
        db, good, bad = await two(tmp_path)
        await db.close()
        return good.id, bad.id

    good, bad = asyncio.run(written())
    monkeypatch.setenv("CHAOS_CONSOLE_HOME", str(tmp_path))
    assert command(["experiment", "compare", good, bad]) == 0
    assert "| rollback | COMPLETE | COMPLETE |  |" in capsys.readouterr().out
    assert command(["experiment", "compare", good, "zzz"]) == 2
    assert "no run zzz; `chaos-console experiment runs` lists them" in capsys.readouterr().err


async def test_a_run_that_never_ended_and_a_campaign_are_listed_and_told(tmp_path: Path) -> None:
    """What was begun is known, whatever became of it (S2-43)."""
    db, good, bad = await two(tmp_path)
    place = begun.Place("lab", "SIMULATED", "lab1", "console1", "/tmp/flight.jsonl")
    await begun.begin(db, "r9", good.experiment, place, 300.0, str(tmp_path / "r9"))
    await begun.broke(db, "r9", "the process was ended")
    planned = Campaign("Every night", "", (Item("n-1", {}, good.experiment),), Budget(), (), "c.yaml")
    where = ("lab", "SIMULATED", "lab1")
    stored = StoredCampaign(
        "c1", "Every night", "c.yaml", "", Budget(), (), {}, *where, 400.0, None, CampaignState.DONE, ""
    )
    await campaigns.begin(db, stored, planned)
    reports = Reports(db)
    entries = [e for e in await reports.entries() if not isinstance(e, str)]
    assert [(e.id, e.status) for e in entries][:2] == [("c1", "DONE"), ("r9", "INTERRUPTED")]
    assert [e.id for e in entries][2:] == [bad.id, good.id]
    text = "\n".join(await reports.text("r9"))
    assert "**INTERRUPTED**: the process was ended." in text
    assert "- nothing" in text
    assert "Every night" in "\n".join(await reports.text("c1"))
    await db.close()
