"""`backup` and `export`: the database as a file to keep, and as data for others."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import OK, USAGE, Failure, emit_json, run_async
from .disk import from_disk

if TYPE_CHECKING:
    from console.storage import Database


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def backup(file: Path | None) -> int:
    """Copy the database to FILE (else a new file under `backups` in the state directory), also while consoles run.

    The copy is checked, and readable by its owner alone. A FILE that exists is not touched: exit 2.
    """
    from console.session.settings import state_dir
    from console.storage.copying import backup as copy

    if file is None:
        (state_dir() / "backups").mkdir(parents=True, exist_ok=True, mode=0o700)
    target = file or state_dir() / "backups" / time.strftime("console-%Y%m%dT%H%M%S.db", time.gmtime())
    _new(target)
    size = run_async(from_disk(lambda db: copy(db, target)))
    click.echo(f"{target}: {size} bytes, integrity check ok")
    return OK


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="A new file; standard output without.")
def export(out: Path | None) -> int:
    """Print the whole database as JSON: injections, steps, audit log, runs, campaigns; secrets are redacted."""
    from console.storage.copying import create, everything

    if out is not None:
        _new(out)

    async def ask(db: Database) -> dict[str, Any]:
        return {"exported_wall": round(time.time(), 3), "database": str(db.path), **await everything(db)}

    data = run_async(from_disk(ask))
    if out is None:
        emit_json(data)
        return OK
    create(out)
    out.write_text(json.dumps(data, indent=2) + "\n")
    click.echo(f"{out}: " + ", ".join(f"{len(rows)} {name}" for name, rows in data.items() if isinstance(rows, list)))
    return OK


def _new(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise Failure(f"{target} exists; nothing is overwritten", USAGE)
