"""Opening the database: private, durable, migrated, checked; a damaged file is set aside, never overwritten."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiosqlite

from .migrations import STEPS

BUSY_S = 5.0


class StorageError(Exception):
    """The database cannot be used; the message says which file and why."""


class Database:
    """One connection to the file. Several processes may have it open at once (WAL)."""

    def __init__(self, path: Path, connection: aiosqlite.Connection, set_aside: Path | None) -> None:
        self.path = path
        self.set_aside = set_aside  # a damaged predecessor, kept for a human
        self._db = connection
        self._writing = asyncio.Lock()  # one transaction at a time on one connection

    @staticmethod
    async def open(path: Path) -> Database:
        """Open or create. Raises StorageError; a damaged file is renamed and a fresh one begun."""
        set_aside = None
        try:
            _prepare(path)
            try:
                connection = await _connect(path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                    raise
                set_aside = _set_aside(path)
                connection = await _connect(path)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"{path}: {error}") from error
        return Database(path, connection, set_aside)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[aiosqlite.Connection]:
        """One durable transaction: committed to disk when the block ends, undone when it raises."""
        async with self._writing:
            try:
                await self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                await self._db.execute("COMMIT")
            except BaseException as error:
                await self._rollback()
                if isinstance(error, sqlite3.Error):
                    raise StorageError(f"{self.path}: {error}") from error
                raise

    async def _rollback(self) -> None:
        try:
            await self._db.execute("ROLLBACK")
        except sqlite3.Error:
            return  # no transaction: it never began, or SQLite undid it itself (disk full)

    async def rows(self, sql: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        try:
            return list(await self._db.execute_fetchall(sql, tuple(values)))
        except sqlite3.Error as error:
            raise StorageError(f"{self.path}: {error}") from error

    async def copy_into(self, target: aiosqlite.Connection) -> None:
        """SQLite's online backup: a consistent copy while others write. Raises sqlite3.Error."""
        await self._db.backup(target)

    async def integrity(self) -> str:
        """SQLite's whole integrity check, indexes included: empty where it holds, else the first thing it found."""
        rows = await self.rows("PRAGMA integrity_check(1)")
        return "" if rows and rows[0][0] == "ok" else str(rows[0][0] if rows else "no answer")

    async def close(self) -> None:
        """Close the connection. Idempotent."""
        try:
            await self._db.close()
        except (sqlite3.Error, ValueError):
            return


def _prepare(path: Path) -> None:
    """Create it private. One that is there is never opened by hand: closing any descriptor of a file drops all locks
    this process has on it, and the next process to leave would take SQLite's log away under us."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    if not path.is_file():
        raise IsADirectoryError(f"{path.name} is no file but a directory" if path.is_dir() else f"{path.name}: no file")
    if not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(f"{path.name} may not be read and written")


async def _connect(path: Path) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=FULL")
        await connection.execute("PRAGMA foreign_keys=ON")
        check = list(await connection.execute_fetchall("PRAGMA quick_check(1)"))
        if not check or check[0][0] != "ok":
            raise sqlite3.DatabaseError(f"integrity check: {check[0][0] if check else 'no answer'}")
        await _migrate(connection, path)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _migrate(connection: aiosqlite.Connection, path: Path) -> None:
    await connection.execute("BEGIN IMMEDIATE")
    try:
        (row,) = list(await connection.execute_fetchall("PRAGMA user_version"))
        have = int(row[0])
        if have > len(STEPS):
            raise StorageError(f"{path} was written by a newer console (schema {have}, this one knows {len(STEPS)})")
        for step in STEPS[have:]:
            for statement in step.split(";"):
                if statement.strip():
                    await connection.execute(statement)
        await connection.execute(f"PRAGMA user_version={len(STEPS)}")
        await connection.execute("COMMIT")
    except BaseException:
        await connection.execute("ROLLBACK")
        raise


def _set_aside(path: Path) -> Path:
    target = path.with_name(f"{path.name}.damaged-{int(time.time())}")
    path.rename(target)
    for suffix in ("-wal", "-shm"):
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(target.with_name(target.name + suffix))
    return target
