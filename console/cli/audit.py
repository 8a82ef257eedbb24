"""`audit show` and `audit verify`: the hash-chained log of everything asked, refused and done."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import click

from .common import CHECK_FAILED, NOT_RUN, OK, Failure, emit_json, run_async, table

if TYPE_CHECKING:
    from console.storage.audit import AuditRow


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(as_json: bool) -> int:
    """Check the chain: exit 0 when it holds, 1 when a row was changed or is missing."""
    from console.storage.audit import broken

    rows = run_async(_rows(None))
    fault = broken(rows)
    if as_json:
        emit_json({"rows": len(rows), "intact": fault is None, "fault": fault})
    else:
        click.echo(f"{len(rows)} rows, " + ("the chain holds" if fault is None else f"BROKEN: {fault}"))
    return OK if fault is None else CHECK_FAILED


@audit.command()
@click.option("--last", type=click.IntRange(1, 10_000), default=30, help="How many rows.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def show(last: int, as_json: bool) -> int:
    """Show the newest rows."""
    rows = run_async(_rows(last))
    if as_json:
        emit_json([{"seq": r.seq, "at": r.at_wall, "actor": r.actor, "action": r.action, "data": r.data} for r in rows])
    else:
        table(
            [(r.seq, _time(r.at_wall), r.actor, r.action, r.data) for r in rows],
            ("seq", "at", "actor", "action", "data"),
        )
    return OK


def _time(wall: float) -> str:
    return datetime.datetime.fromtimestamp(wall, datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


async def _rows(limit: int | None) -> list[AuditRow]:
    from console.session.settings import state_dir
    from console.storage import Database, StorageError
    from console.storage.audit import read

    try:
        db = await Database.open(state_dir() / "console.db")
    except StorageError as error:
        raise Failure(str(error), NOT_RUN) from error
    try:
        return await read(db, limit)
    finally:
        await db.close()
