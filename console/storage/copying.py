"""The whole database taken out: a copy by SQLite's own online backup, or everything as data with secrets redacted."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiosqlite

from console.model.text import redact

from .database import Database, StorageError

# What is kept for good. Leases are left out: they say who is at work at this moment.
TABLES = ("labs", "lever", "injections", "steps", "audit", "runs", "runs_begun", "campaigns", "campaign_items")
_JSON = {"targets", "params", "undo", "verified", "journal", "budget", "stop_on", "options", "axes", "raw"}
_HIDDEN = "[redacted]"


async def backup(db: Database, target: Path) -> int:
    """Copy everything that is committed to a new, private file, while others go on writing. Returns its size in bytes.
    Raises StorageError, and leaves nothing then; a file that is there already is never touched."""
    create(target)
    try:
        copy = await aiosqlite.connect(target, isolation_level=None)
        try:
            await db.copy_into(copy)
            await copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            checked = list(await copy.execute_fetchall("PRAGMA integrity_check(1)"))
        finally:
            await copy.close()
        if not checked or checked[0][0] != "ok":
            raise sqlite3.DatabaseError(f"integrity check of the copy: {checked[0][0] if checked else 'no answer'}")
    except BaseException as error:
        _drop(target)
        if isinstance(error, (sqlite3.Error, OSError)):
            raise StorageError(f"{target}: {error}") from error
        raise
    return _size(target)


def _drop(target: Path) -> None:
    target.unlink(missing_ok=True)


def _size(target: Path) -> int:
    return target.stat().st_size


def create(target: Path) -> None:
    """A new empty file that only its owner can read. Raises StorageError where there is one."""
    if not target.parent.is_dir():
        raise StorageError(f"{target.parent}: no such directory")
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        raise StorageError(f"{target} exists; nothing is overwritten") from error
    except OSError as error:
        raise StorageError(f"{target}: {error.strerror}") from error


async def everything(db: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, JSON columns as data, secrets redacted."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table in TABLES:
        rows = await db.rows(f"SELECT * FROM {table} ORDER BY rowid")  # noqa: S608 - names of our own
        found[table] = [{k: _column(k, row[k]) for k in row.keys()} for row in rows]  # noqa: SIM118 - a Row
    return found


def _column(name: str, value: Any) -> Any:
    if name in _JSON and isinstance(value, str):
        try:
            return hidden(json.loads(value))
        except ValueError:
            return redact(value)
    return redact(value) if isinstance(value, str) else value


def hidden(value: Any, name: str = "") -> Any:
    """Data without its secrets: what stands in a text, and what stands under a name that speaks of one."""
    if isinstance(value, Mapping):
        return {k: hidden(v, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [hidden(v, name) for v in value]
    if not isinstance(value, str):
        return value
    return _HIDDEN if value and _HIDDEN in redact(f"{name}=abcdefgh") else redact(value)
