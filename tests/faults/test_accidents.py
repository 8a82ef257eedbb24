"""Accidents of the machine itself: no room for the journal, a clock that is stepped, a damaged database (E5, S2-91)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from console.model.fault import InjectionState, Outcome, Refusal
from console.storage import Database

from .bed import Bed, rows
from .fixtures import Hand, Hands, Sessions

DAY_S = 86400.0


async def fill(hand: Hand) -> None:
    """From now on every row the journal would write meets what SQLite says of a full disk."""
    async with hand.actor._db.write() as db:
        for what in ("INSERT ON injections", "UPDATE ON injections"):
            name = what.split()[0].lower()
            raised = "SELECT RAISE(FAIL, 'database or disk is full');"
            await db.execute(f"CREATE TEMP TRIGGER full_{name} BEFORE {what} BEGIN {raised} END")


async def test_no_room_for_the_journal(bed: Bed, hands: Hands) -> None:
    """What cannot be written down is not done; what is in is put back all the same, and that is said (S2-50)."""
    hand = await hands(limit=2)
    picture = await bed.picture("tikv1")
    injection = await hand.injected("pause", "tikv1")
    await fill(hand)
    began = await bed.now()
    refused = await hand.inject("cpu", "tikv2")
    assert isinstance(refused, Refusal)
    assert (refused.code, "full" in refused.sentence) == ("NO_JOURNAL", True)
    assert await bed.changes(began) == []
    (result,) = await hand.actor.revert_all("full", disarm=False)
    assert result.injection == injection.id
    assert result.outcome is Outcome.COMPLETE, result.detail
    assert "the journal could not be written" in result.detail
    assert await bed.picture("tikv1") == picture


@pytest.mark.parametrize("step", [DAY_S, -DAY_S, 10 * 365 * DAY_S])
async def test_a_stepped_clock_moves_no_expiry(
    bed: Bed, hand: Hand, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    """Expiry is on the clock of the boot, which nobody can set: a step neither ends an injection nor keeps it."""
    real = time.time
    short = await hand.injected("pause", "tikv1", 2)
    monkeypatch.setattr(time, "time", lambda: real() + step)
    assert hand.actor.due() == []

    async def over() -> bool:
        return [i.id for i in hand.actor.due()] == [short.id]

    await bed.until(over, "the expiry", 10)
    (result,) = await hand.actor.revert_these([short.id])
    assert result.outcome is Outcome.COMPLETE


async def test_a_damaged_database_is_set_aside_and_said(bed: Bed, sessions: Sessions, tmp_path: Path) -> None:
    """The console goes on with a new one, keeps the old, and says so; what the old one knew cannot be known."""
    home = tmp_path / "state"
    home.mkdir()
    (home / "console.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    session = await sessions()
    assert any("set aside" in e.text for e in session.timeline.events)
    kept = [p for p in home.iterdir() if p.name.startswith("console.db.") and not p.name.endswith(("-wal", "-shm"))]
    assert len(kept) == 1
    assert kept[0].read_bytes().endswith(b"\xff" * 100)


async def test_another_boot_of_the_machine(bed: Bed, hands: Hands) -> None:
    """After a restart of the machine nothing that was injected before it is still anybody's: all of it is due."""
    one = await hands()
    injection = await one.injected("pause", "tikv1", 300)
    db = await Database.open(one.database)
    async with db.write() as connection:
        await connection.execute("UPDATE injections SET boot = 'an earlier one'")
    await db.close()
    two = await hands()
    await two.actor.refresh()
    assert [i.id for i in two.actor.due()] == [injection.id]
    await two.actor.revert_these([injection.id])
    assert rows(two.database) == {injection.id: InjectionState.REVERTED.value}
