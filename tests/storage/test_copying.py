"""The database taken out: a whole and private copy while others write, and data without secrets."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from console.cli.main import run as command
from console.model.fault import Injection, Target
from console.storage import Database, StorageError, audit
from console.storage.copying import TABLES, backup, everything, hidden
from console.storage.journal import Journal


def injection() -> Injection:
    undo = {"env": ["PATH=/bin", "DB_PASSWORD=hunter2hunter2"], "auth": {"token": "abcdef123456"}}
    return Injection("a1", "lab/1", "kill", (Target("tikv1", "c1", "lab-tikv1-1", "x"),), undo=undo, owner="console x")


async def test_a_copy_is_whole_private_and_never_over_another(tmp_path: Path) -> None:
    """Taken while another connection has the file open and written to (WAL), in one file."""
    db = await Database.open(tmp_path / "console.db")
    await Journal(db, "lab/1").begin(injection())
    with pytest.raises(StorageError, match="no such directory"):
        await backup(db, tmp_path / "nowhere" / "copy.db")
    target = tmp_path / "new" / "copy.db"
    target.parent.mkdir()
    assert await backup(db, target) > 0
    assert stat.S_IMODE(os.stat(target).st_mode) == 0o600
    assert [p.name for p in target.parent.iterdir()] == ["copy.db"]
    await audit.append(db, "ann", "later", {})
    with sqlite3.connect(target) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT id, state FROM injections").fetchall() == [("a1", "intent")]
        assert copy.execute("SELECT COUNT(*) FROM audit").fetchall() == [(0,)]
    with pytest.raises(StorageError, match="nothing is overwritten"):
        await backup(db, target)
    restored = await Database.open(target)
    assert len(await Journal(restored, "lab/1").live()) == 1
    await restored.close()
    await db.close()


async def test_everything_and_no_secret(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "console.db")
    await Journal(db, "lab/1").begin(injection())
    await audit.append(db, "ann", "note", {"why": "x"})
    data = await everything(db)
    assert set(data) == set(TABLES)
    assert data["injections"][0]["undo"]["env"] == ["PATH=/bin", "DB_PASSWORD=[redacted]"]
    text = json.dumps(data)
    assert "hunter2" not in text
    assert "abcdef123456" not in text
    tables = {r["name"] for r in await db.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables - set(TABLES) == {"leases"}, "a new table is either exported or left out on purpose"
    await db.close()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"password": "short"}, {"password": "[redacted]"}),
        ({"password": "", "n": 3, "ok": True}, {"password": "", "n": 3, "ok": True}),
        ([{"api_key": ["abc"]}], [{"api_key": ["[redacted]"]}]),
        ({"name": "tikv1", "url": "http://me:secret1@host/x"}, {"name": "tikv1", "url": "http://[redacted]@host/x"}),
    ],
)
def test_what_is_hidden(value: object, said: object) -> None:
    assert hidden(value) == said


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy, data = tmp_path / "copy.db", tmp_path / "all.json"
    assert command(["backup", str(copy)]) == 0
    assert command(["backup", str(copy)]) == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    assert command(["backup"]) == 0
    assert "backups/console-" in capsys.readouterr().out
    assert command(["export", "--out", str(data)]) == 0
    assert stat.S_IMODE(os.stat(data).st_mode) == 0o600
    assert set(TABLES) < set(json.loads(data.read_text()))
    assert command(["export", "--out", str(data)]) == 2
    capsys.readouterr()
    assert command(["export"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == []
