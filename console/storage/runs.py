"""Experiment runs on disk: one row a run, written once and never changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from sqlite3 import Row
from typing import Any

from console.model.experiment import Run

from .database import Database


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as lists and period reports need it. `journal`: Chaos Toolkit's, whole."""

    id: str
    experiment: str
    source: str
    type: str
    scope: str
    max_targets: int
    status: str
    rollback: str
    why: str
    project: str
    mode: str
    began_wall: float
    ended_wall: float
    detection_s: float | None
    recovery_s: float | None
    folder: str
    journal: dict[str, Any]


async def keep(db: Database, run: Run, folder: str, journal: dict[str, Any]) -> None:
    """Add one. Raises StorageError."""
    e = run.experiment
    async with db.write() as connection:
        await connection.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run.id,
                e.title,
                e.source,
                e.type,
                e.scope,
                e.max_targets,
                run.status.value,
                run.rollback.value,
                run.why,
                run.project,
                run.mode,
                run.began_wall,
                run.ended_wall,
                run.detection_s,
                run.recovery_s,
                folder,
                json.dumps(journal),
            ),
        )


async def stored(db: Database, since: float = 0.0, until: float = 1e12) -> list[StoredRun]:
    """Runs that began in a period (Unix seconds), oldest first."""
    rows = await db.rows(
        "SELECT * FROM runs WHERE began_wall >= ? AND began_wall < ? ORDER BY began_wall, id", (since, until)
    )
    return [_run(r) for r in rows]


async def listed(db: Database, most: int) -> list[StoredRun]:
    """The newest ones, newest first, without their journals, which are most of a row."""
    columns = ", ".join(f.name for f in fields(StoredRun) if f.name != "journal")
    rows = await db.rows(
        f"SELECT {columns}, '{{}}' AS journal FROM runs ORDER BY began_wall DESC, id DESC LIMIT ?",  # noqa: S608 - ours
        (most,),
    )
    return [_run(r) for r in rows]


async def one(db: Database, run: str) -> StoredRun | None:
    """By its id, or by the beginning of one where that is enough."""
    rows = await db.rows("SELECT * FROM runs WHERE id = ? OR id LIKE ? ORDER BY id LIMIT 2", (run, f"{run}%"))
    exact = [r for r in rows if r["id"] == run]
    found = exact or (rows if len(rows) == 1 else [])
    return _run(found[0]) if found else None


async def confirmed(db: Database, experiment: str, max_targets: int) -> bool:
    """Whether the same experiment was confirmed with so few targets."""
    rows = await db.rows(
        "SELECT 1 FROM runs WHERE experiment = ? AND max_targets <= ? AND status = 'HYPOTHESIS_CONFIRMED'"
        " AND rollback = 'COMPLETE' LIMIT 1",
        (experiment, max_targets),
    )
    return bool(rows)


def _run(row: Row) -> StoredRun:
    values = {k: row[k] for k in row.keys()}  # noqa: SIM118 - a Row iterates over values
    return StoredRun(**{**values, "journal": json.loads(values["journal"])})
