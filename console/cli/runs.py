"""`experiment runs`: every run on this machine, those that never ended included."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import OK, emit_json, run_async, table
from .disk import from_disk

if TYPE_CHECKING:
    from console.storage.begun import BegunRun
    from console.storage.runs import StoredRun


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def runs(as_json: bool) -> int:
    """List the runs on this machine, newest first; INTERRUPTED: it began, and its process ended before it did."""
    from console.storage.begun import BegunRun

    ended, open_ones = run_async(stored_runs()), run_async(_unended())
    rows: list[StoredRun | BegunRun] = sorted([*ended, *open_ones], key=lambda r: -r.began_wall)
    if as_json:
        emit_json([_listed_open(r) if isinstance(r, BegunRun) else _listed(r) for r in rows])
        return OK
    table(
        [
            (r.id, r.status, "-", "-", r.place.mode, r.experiment)
            if isinstance(r, BegunRun)
            else (r.id, r.status, r.rollback, f"{r.ended_wall - r.began_wall:.0f} s", r.mode, r.experiment)
            for r in rows
        ],
        ("run", "status", "rollback", "took", "mode", "experiment"),
    )
    return OK


def _listed(run: StoredRun) -> dict[str, Any]:
    return {k: v for k, v in dataclasses.asdict(run).items() if k != "journal"}


def _listed_open(run: BegunRun) -> dict[str, Any]:
    there = run.folder if Path(run.folder).exists() else ""
    return {
        "id": run.id, "experiment": run.experiment, "source": run.source, "status": run.status, "why": run.why,
        "project": run.place.project, "mode": run.place.mode, "began_wall": run.began_wall, "folder": there,
        "record": run.place.record,
    }  # fmt: skip


async def _unended() -> list[BegunRun]:
    from console.storage import begun

    return await from_disk(begun.unended)


async def stored_runs(since: float = 0.0, until: float = 1e12) -> list[StoredRun]:
    """Runs that began in a period (Unix seconds), oldest first."""
    from console.storage import runs as rows

    return await from_disk(lambda db: rows.stored(db, since, until))
