"""`doctor`: what this machine has, what is missing, and what would help; a line each."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from console.observe.engine import Engine

from .common import CHECK_FAILED, OK, emit_json, run_async


@dataclass(frozen=True, slots=True)
class Line:
    """`ok` None: only to know. `remedy`: what would help."""

    name: str
    ok: bool | None
    said: str
    remedy: str = ""


@click.command()
@click.option("--docker-host", metavar="URL", help="Engine to look at.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def doctor(docker_host: str | None, as_json: bool) -> int:
    """Check what the console needs: exit 0 all there, 1 something missing."""
    lines = [*_here(), *run_async(_engine(docker_host)), *run_async(_storage()), _model()]
    if as_json:
        emit_json([{"check": x.name, "ok": x.ok, "said": x.said, "remedy": x.remedy or None} for x in lines])
    else:
        for x in lines:
            mark = {True: "ok  ", False: "MISS", None: "note"}[x.ok]
            click.echo(f"{mark}  {x.name:<14} {x.said}" + (f"; {x.remedy}" if x.remedy and x.ok is not True else ""))
    return CHECK_FAILED if any(x.ok is False for x in lines) else OK


def _here() -> list[Line]:
    import shutil

    size = shutil.get_terminal_size()
    lines = [Line("python", sys.version_info >= (3, 11), sys.version.split()[0], "3.11 or newer is needed")]
    forced = [v for v in ("COLUMNS", "LINES") if v in os.environ]
    if forced:
        lines.append(
            Line("terminal", None, f"{' and '.join(forced)} set in the environment beat the real size", "unset")
        )
    if sys.stdout.isatty():
        colours = os.environ.get("COLORTERM") or f"TERM={os.environ.get('TERM', 'unset')}"
        fits = size.columns >= 80 and size.lines >= 24
        lines.append(Line("terminal", fits, f"{size.columns}x{size.lines}, {colours}", "at least 80x24"))
    return lines


async def _engine(host: str | None) -> list[Line]:
    from console.observe.engine import Engine, EngineError, endpoint
    from console.session.compose import ComposeError, compose_command

    lines = []
    try:
        where = endpoint(host)
        engine = Engine(where)
        try:
            version: dict[str, Any] = await engine.version()
            info = await engine.info()
            helper = await _helper(engine)
        finally:
            await engine.close()
        said = f"{version.get('Version')} (API {version.get('ApiVersion')}) at {where.url}, by {where.source}"
        lines.append(Line("docker engine", True, said))
        lines.append(Line("containers", None, f"{info.get('ContainersRunning')} running of {info.get('Containers')}"))
        lines += helper
        if where.remote:
            lines.append(Line("remote engine", None, "ports published on its loopback cannot be reached from here"))
    except EngineError as error:
        lines.append(Line("docker engine", False, str(error), "without it the console runs on a simulated cluster"))
    try:
        lines.append(Line("compose", True, " ".join(await compose_command())))
    except ComposeError as error:
        lines.append(Line("compose", False, str(error), "needed for `up` and `down` only"))
    return lines


async def _helper(engine: Engine) -> list[Line]:
    """The image that network, disk and stress faults need, and what the engine's kernel can do in it."""
    from console.faults import helper
    from console.faults.lab import Lab
    from console.model.fault import Availability
    from console.observe.engine import EngineError

    try:
        able = await helper.abilities(Lab("doctor", engine, ""))
    except EngineError as error:
        return [Line("fault helper", False, str(error))]
    if isinstance(able, Availability):
        why = f"{able.reason}: no network, disk or stress faults"
        return [Line("fault helper", None, why, able.remedy)]
    can = ", ".join(name for name, why in able.items() if not why)
    lines = [Line("fault helper", True, f"{helper.IMAGE} can use {can or 'nothing'}")]
    return lines + [Line(name, None, f"not in the engine's kernel: {why}") for name, why in able.items() if why]


async def _storage() -> list[Line]:
    from console.session.settings import SettingsError, config_path, load, state_dir
    from console.storage import Database, StorageError
    from console.storage.journal import labs_with_live

    lines = []
    try:
        load()
        there = "read" if config_path().exists() else "none, defaults hold"
        lines.append(Line("settings", True, f"{config_path()} ({there})"))
    except SettingsError as error:
        lines.append(Line("settings", False, str(error)))
    try:
        db = await Database.open(state_dir() / "console.db")
        left = await labs_with_live(db)
        wrong = await db.integrity()
        await db.close()
        lines.append(Line("journal", True, str(db.path)))
        if db.set_aside is not None:
            said = f"was damaged and is set aside as {db.set_aside.name}; this one was begun anew"
            lines.append(Line("database", False, said, "look at what it had injected: chaos-console status"))
        else:
            lines.append(
                Line("database", not wrong, wrong or "integrity check: ok", "restore a `chaos-console backup`")
            )
        if left:
            names = ", ".join(p for _, _, p in left)
            lines.append(Line("injected", False, f"something may still be injected in {names}", "chaos-console revert"))
    except StorageError as error:
        lines.append(Line("journal", False, str(error), "without it nothing can be injected"))
    return lines


def _model() -> Line:
    there = bool(os.environ.get("ANTHROPIC_API_KEY") or os.environ.get("ANTHROPIC_AUTH_TOKEN"))
    said = "a key is in the environment" if there else "no ANTHROPIC_API_KEY: the rules diagnose"
    return Line("model", None, said)
