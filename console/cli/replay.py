"""`chaos-console replay` and `record`: flight records on the screen, as JSON, and where they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import OK, USAGE, Failure, emit_json, observed, opened, options, run_async, table

if TYPE_CHECKING:
    from console.model.intents import SessionApi
    from console.observe.record import Record


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Judge the record and print one JSON object.")
@click.option("--blind", is_flag=True, help="Data-plane mode.")
@click.option("--without", default="", metavar="A,B", help="Hide vantage points: docker, probe, pd, workload.")
@click.option("--reveal", is_flag=True, help="Show what was really done, and score the answer.")
@click.option("--speed", type=click.FloatRange(0.25, 60), default=1.0, help="Play so many times as fast.")
@click.option("--theme", metavar="NAME", help="Theme to begin with.")
def replay(file: Path, as_json: bool, blind: bool, without: str, reveal: bool, speed: float, theme: str | None) -> int:
    """Replay a flight record."""
    from console.session.judging import VANTAGES, report

    hidden = [v.strip() for v in without.split(",") if v.strip()]
    unknown = [v for v in hidden if v not in VANTAGES]
    if unknown:
        raise Failure(f"--without: {unknown[0]!r} is no vantage point (there are: {', '.join(VANTAGES)})", USAGE)
    record = _read(file)
    if as_json:
        emit_json(report(record, blind=blind, without=hidden, reveal=reveal))
        return OK
    return _show(record, blind=blind, reveal=reveal, hidden=hidden, speed=speed, theme=theme)


def _read(file: Path) -> Record:
    from console.observe.record import RecordError, read

    try:
        return read(file)
    except RecordError as error:
        raise Failure(str(error), USAGE) from error


def _show(record: Record, *, blind: bool, reveal: bool, hidden: list[str], speed: float, theme: str | None) -> int:
    from console.session.judging import vantage_of

    from .run import need_terminal, show

    need_terminal()
    wanted = options(record=False)
    record.observations = [o for o in record.observations if vantage_of(o) not in hidden]

    async def connect() -> SessionApi:
        from console.session.replaying import ReplaySession

        session = ReplaySession(record, blind=blind, reveal=reveal)
        session.set_speed(speed)
        await session.start()
        return session

    return show(connect, wanted.settings, theme=theme, no_mouse=False, read_only=True)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
@click.option("--seconds", type=click.FloatRange(1, 86_400), help="Record the cluster without a screen for so long.")
@click.option("--project", metavar="NAME", help="Compose project to record.")
@click.option("--sim/--live", "sim", default=None, help="Simulated cluster, or a live one or nothing.")
def record(as_json: bool, seconds: float | None, **given: Any) -> int:
    """List the flight records, or make one without a screen (--seconds)."""
    from console.session.settings import state_dir

    if seconds is not None:
        click.echo(run_async(_record(options(**given, read_only=True), seconds)))
        return OK
    folder = state_dir() / "records"
    found = [
        {"file": str(p), "bytes": p.stat().st_size} for p in sorted(folder.glob("*.jsonl")) if p.stem.count(".") == 0
    ]
    if as_json:
        emit_json(found)
    elif not found:
        click.echo(f"no flight records in {folder}")
    else:
        table([(f["file"], f["bytes"]) for f in found], ("file", "bytes"))
    return OK


async def _record(wanted: Any, seconds: float) -> str:
    session = await opened(wanted)
    try:
        await observed(session)
        await session.parts.clock.sleep(seconds)
        return session.view().record_path
    finally:
        await session.close("the recording is done")
