"""The database: durable transitions, a chain that cannot be edited unnoticed, damage that loses nothing."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console.model.fault import Injection, InjectionState, Target
from console.storage import Database, StorageError, audit
from console.storage.journal import EMBEDDED, Journal, bury_embedded, labs_with_live, remember_lab
from console.storage.leases import CONSOLE, acquire, boot_id, boot_now, holder, release
from console.storage.lever import read_lever, set_lever


@pytest.fixture
async def db(tmp_path: Path):  # type: ignore[no-untyped-def]
    database = await Database.open(tmp_path / "console.db")
    yield database
    await database.close()


def injection(id_: str = "a1", lab: str = "lab/1", **more: object) -> Injection:
    target = Target("tikv1", "c" * 64, "lab-tikv1-1", "2026-01-01T00:00:00Z")
    return Injection(id_, lab, "kill", (target,), undo={"container": "c" * 64}, owner="console x", **more)  # type: ignore[arg-type]


async def test_every_state_is_kept_with_its_time(db: Database) -> None:
    journal = Journal(db, "lab/1")
    i = injection()
    await journal.begin(i)
    for state in (InjectionState.APPLYING, InjectionState.APPLIED, InjectionState.VERIFIED, InjectionState.REVERTING):
        i = await journal.move(i, state)
        assert [x.state for x in await journal.live()] == [state]
    i = await journal.move(i, InjectionState.REVERTED, "back", verified=("running",))
    assert await journal.live() == []
    assert await journal.get("a1") == i
    assert [s for s, _, _ in await journal.steps("a1")] == [
        "intent", "applying", "applied", "verified", "reverting", "reverted",
    ]  # fmt: skip


@pytest.mark.parametrize("state", list(InjectionState))
async def test_live_in_sql_is_live_in_the_model(db: Database, state: InjectionState) -> None:
    journal = Journal(db, "lab/1")
    await journal.begin(injection(state=state))
    assert bool(await journal.live()) is state.live


async def test_labs_do_not_see_each_other(db: Database) -> None:
    await Journal(db, "lab/1").begin(injection())
    assert await Journal(db, "lab/2").live() == []


async def test_parallel_transitions_do_not_mix(db: Database) -> None:
    journal = Journal(db, "lab/1")
    many = [injection(f"i{n}") for n in range(20)]
    await asyncio.gather(*(journal.begin(i) for i in many))
    await asyncio.gather(*(journal.move(i, InjectionState.APPLYING) for i in many))
    assert {i.state for i in await journal.live()} == {InjectionState.APPLYING}
    assert len(await journal.live()) == 20


async def test_a_second_process_sees_it_at_once(db: Database) -> None:
    await Journal(db, "lab/1").begin(injection())
    other = sqlite3.connect(db.path)
    assert other.execute("SELECT state FROM injections").fetchall() == [("intent",)]
    other.close()


async def test_the_file_is_private(db: Database) -> None:
    assert stat.S_IMODE(os.stat(db.path).st_mode) == 0o600


async def test_a_damaged_file_is_set_aside_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "console.db"
    path.write_bytes(b"this is no database" * 100)
    db = await Database.open(path)
    assert db.set_aside is not None
    assert db.set_aside.read_bytes().startswith(b"this is no database")
    await Journal(db, "lab/1").begin(injection())
    await db.close()


async def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    with pytest.raises(StorageError, match="dir"):
        await Database.open(tmp_path / "dir")


async def test_a_newer_schema_is_refused_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "console.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=999")
    connection.close()
    with pytest.raises(StorageError, match="newer console"):
        await Database.open(path)
    assert path.exists()


async def test_a_failed_transaction_leaves_nothing(db: Database) -> None:
    journal = Journal(db, "lab/1")
    await journal.begin(injection())
    with pytest.raises(StorageError):
        await journal.begin(injection())
    assert len(await journal.steps("a1")) == 1


async def test_the_lever_stays_where_it_was_put(db: Database) -> None:
    assert not (await read_lever(db, "lab/1")).engaged
    await set_lever(db, "lab/1", True, "kill switch", "ann")
    lever = await read_lever(db, "lab/1")
    assert (lever.engaged, lever.reason, lever.who) == (True, "kill switch", "ann")
    assert not (await read_lever(db, "lab/2")).engaged
    await set_lever(db, "lab/1", False, "checked", "bob")
    assert not (await read_lever(db, "lab/1")).engaged


async def test_one_console_holds_a_lab(db: Database) -> None:
    assert await acquire(db, "lab/1", CONSOLE, "one", 5) is None
    other = await acquire(db, "lab/1", CONSOLE, "two", 5)
    assert other is not None
    assert other.holder == "one"
    assert await acquire(db, "lab/1", CONSOLE, "one", 5) is None, "renewing one's own is no conflict"
    await release(db, "lab/1", CONSOLE, "two")
    assert await acquire(db, "lab/1", CONSOLE, "two", 5) is not None, "only the holder gives it back"
    await release(db, "lab/1", CONSOLE, "one")
    assert await acquire(db, "lab/1", CONSOLE, "two", 5) is None


async def test_a_lease_that_ran_out_or_whose_process_is_gone_is_free(db: Database) -> None:
    await acquire(db, "lab/1", CONSOLE, "one", -1)
    assert await acquire(db, "lab/1", CONSOLE, "two", 5) is None
    async with db.write() as connection:
        await connection.execute("UPDATE leases SET pid=?, expires=?", (2**22 - 3, boot_now() + 100))
    assert await acquire(db, "lab/1", CONSOLE, "three", 5) is None
    async with db.write() as connection:
        await connection.execute("UPDATE leases SET boot='another boot'")
    held = await holder(db, "lab/1", CONSOLE)
    assert held is not None
    assert not held.alive
    assert boot_id() != "another boot"


async def test_the_audit_chain_tells_an_edit_a_gap_and_a_cut(db: Database) -> None:
    for n in range(5):
        await audit.append(db, "ann", "inject", {"n": n, "note": "ANTHROPIC_API_KEY=verysecret1"})
    rows = await audit.read(db)
    assert audit.broken(rows) is None
    assert "verysecret1" not in rows[0].data
    async with db.write() as connection:
        await connection.execute("UPDATE audit SET data='{}' WHERE seq=3")
    assert audit.broken(await audit.read(db)) == "row 3 was changed after it was written"
    async with db.write() as connection:
        await connection.execute("DELETE FROM audit WHERE seq=2")
    assert "row 2 is missing" in (audit.broken(await audit.read(db)) or "")


async def test_what_lived_in_a_dead_consoles_simulation_is_gone_with_it(db: Database) -> None:
    lab = f"{EMBEDDED}1234/sim"
    await remember_lab(db, lab, "unix:///gone.sock", "sim")
    await remember_lab(db, "real/lab", "unix:///var/run/docker.sock", "lab")
    await Journal(db, lab).begin(injection("e1", lab))
    await Journal(db, "real/lab").begin(injection("r1", "real/lab"))
    await acquire(db, lab, CONSOLE, "mine", 60)
    assert await bury_embedded(db) == 0, "a living console's simulation is left alone"
    await release(db, lab, CONSOLE, "mine")
    assert await bury_embedded(db) == 1
    assert [name for name, _, _ in await labs_with_live(db)] == ["real/lab"]


async def test_whoever_only_looks_takes_nothing_from_a_process_that_writes(tmp_path: Path) -> None:
    """Two connections in one process, a second process that opens and closes: the log stays, and every write is seen.

    Opening the file by hand beside SQLite would drop this process's locks when it is closed again.
    """
    path = tmp_path / "console.db"
    first = await Database.open(path)
    second = await Database.open(path)
    look = "import asyncio, sys\nfrom pathlib import Path\nfrom console.storage import Database\n"
    look += (
        "async def main():\n    db = await Database.open(Path(sys.argv[1]))\n    await db.close()\nasyncio.run(main())"
    )
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", look, str(path)], check=True)
    assert path.with_name("console.db-wal").exists(), "the log was taken away under a living process"
    async with first.write() as connection:
        await connection.execute("INSERT INTO labs VALUES ('lab', 'unix:///x', 'p', 1.0)")
    await first.close()
    await second.close()
    third = await Database.open(path)
    assert len(await third.rows("SELECT * FROM labs")) == 1
    await third.close()
