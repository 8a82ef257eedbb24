"""`verify RUN`: whether all is well again after a run, a line per check and one exit code for all."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from console.model.text import clean

from .common import CHECK_FAILED, OK, UNREACHABLE, USAGE, Failure, emit_json, observed, opened, options, run_async
from .disk import from_disk

if TYPE_CHECKING:
    from console.session.core import Session
    from console.session.verifying import Line
    from console.storage import Database
    from console.storage.begun import BegunRun
    from console.storage.runs import StoredRun

REGIONS_S = 15.0  # PD counts its regions when it is asked for them, now and then
_WORD = {True: "PASS", False: "FAIL", None: "NOT CHECKED"}


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--docker-host", metavar="URL", help="Where the engine is by now.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(run_id: str, docker_host: str | None, as_json: bool) -> int:
    """Check that all is well again after a RUN (its id, or the beginning of it).

    The cluster's components now, our own traces in it, error lines in its logs since the run began, and the run's own
    files, rows and hashes. Exit 0 nothing failed, 1 something did, 5 its cluster cannot be reached.
    """
    lines = run_async(from_disk(lambda db: _verified(db, run_id, docker_host)))
    failed = sum(x.passed is False for x in lines)
    unknown = sum(x.passed is None for x in lines)
    if as_json:
        from console.session.verifying import as_data

        emit_json({"run": run_id, "healthy": not failed, "checks": as_data(lines)})
    else:
        for x in lines:
            click.echo(f"{_WORD[x.passed]:<11}  {x.name:<14} {clean(x.said, 400)}")
        click.echo(f"{len(lines)} checks: {failed} failed, {unknown} not checked")
    return CHECK_FAILED if failed else OK


async def _verified(db: Database, run_id: str, docker_host: str | None) -> list[Line]:
    from console.session.verifying import Line, evidence
    from console.storage import begun, runs

    run = await runs.one(db, run_id)
    begin = await begun.one(db, run.id if run is not None else run_id)
    if run is None and begin is None:
        raise Failure(f"no run {run_id!r}; `chaos-console experiment runs` lists them", USAGE)
    lines = await evidence(db, run, begin)
    mode = run.mode if run is not None else begin.place.mode if begin is not None else ""
    if mode != "LIVE":
        return [*lines, Line("cluster", None, "it was simulated, and ended with its console")]
    return [*lines, *await _cluster(db, run, begin, docker_host)]


async def _cluster(db: Database, run: StoredRun | None, begin: BegunRun | None, docker_host: str | None) -> list[Line]:
    project = run.project if run is not None else begin.place.project if begin is not None else ""
    lab = begin.place.lab if begin is not None else ""
    rows = await db.rows("SELECT engine_url FROM labs WHERE lab = ? OR project = ? ORDER BY seen_wall", (lab, project))
    where = docker_host or (str(rows[-1]["engine_url"]) if rows else None)
    session = await opened(options(project=project, docker_host=where, sim=False, read_only=True, record=False))
    try:
        return await _looked_at(db, session, run, begin)
    finally:
        await session.close("a run was verified")


async def _looked_at(db: Database, session: Session, run: StoredRun | None, begin: BegunRun | None) -> list[Line]:
    from console.observe.engine import EngineError
    from console.session.verifying import Line, health, logs, traces

    actor = session.parts.actor
    assert actor is not None, "a session on an engine has an actor, if only to look"
    if begin is not None and begin.place.lab != actor.lab.id:
        return [Line("cluster", None, f"this is another engine than the run's ({clean(begin.place.lab, 80)})")]
    complete = await observed(session)
    await session.until(lambda: session.view().cluster.regions.total is not None, REGIONS_S)
    cluster = session.view().cluster
    lines: list[Any] = health(cluster)
    if not complete:
        lines.append(Line("cluster", False, "not all of it could be heard within 15 s"))
    began = run.began_wall if run is not None else begin.began_wall if begin is not None else 0.0
    now = time.time()
    try:
        lines.append(await traces(db, actor.lab))
        lines += await logs(actor.lab, began, run.ended_wall if run is not None else now, now)
    except EngineError as error:
        raise Failure(f"the engine cannot be asked: {error}", UNREACHABLE) from error
    return lines
