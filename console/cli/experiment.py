"""`experiment ...`: check, list, run, brief, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.model.experiment import SCOPES, TYPES, Experiment, Run
from console.model.text import clean

from .campaign import campaign
from .common import NOT_RUN, OK, USAGE, Failure, cluster_options, emit_json, opened, options, run_async, table
from .compare import compare
from .disk import from_disk
from .files import load_experiment
from .rehearse import rehearse
from .runs import runs
from .verify import verify

if TYPE_CHECKING:
    from console.session.opening import Options
    from console.storage import Database


@click.group()
def experiment() -> None:
    """Experiments: a hypothesis, a steady state, a fault, and proof (Chaos Toolkit's file format)."""


@experiment.command()
@click.argument("files", nargs=-1, required=True)
def validate(files: Sequence[str]) -> int:
    """Check FILES: exit 0 all can be run, 2 a mistake, 3 refused by a safety rule."""
    worst = OK
    for name in files:
        try:
            found = load_experiment(name)
        except Failure as failure:
            click.echo(f"chaos-console: {failure.message}", err=True)
            worst = max(worst, failure.exit_code)
        else:
            click.echo(f"{name}: {found.title}: can be run")
    return worst


@experiment.command("list")
@click.option("--scope", type=click.Choice(SCOPES), help="Only of this scope.")
@click.option("--type", "kind", type=click.Choice(TYPES), help="Only of this type.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def list_(scope: str | None, kind: str | None, as_json: bool) -> int:
    """List the library."""
    from console.experiments import library

    rows = []
    for path in library.files():
        e = load_experiment(str(path))
        if scope in (None, e.scope) and kind in (None, e.type):
            rows.append((path.stem, e.type, e.scope, e.failure_type, e.max_targets, e.title))
    head = ("name", "type", "scope", "failure", "targets", "title")
    if as_json:
        emit_json([dict(zip(head, r, strict=True)) for r in rows])
    else:
        table(rows, head)
    return OK


@experiment.command()
@click.argument("name")
def show(name: str) -> int:
    """Print an experiment's file."""
    click.echo(clean_file(Path(load_experiment(name).source)), nl=False)
    return OK


def clean_file(path: Path) -> str:
    """A file's text without escapes; lines stay."""
    return "".join(f"{clean(line, 2000)}\n" for line in path.read_text(errors="replace").splitlines())


@experiment.command()
@click.argument("name")
@cluster_options
@click.option("--repeat", type=click.IntRange(1, 100), default=1, help="Run it so often and show the variance.")
@click.option("--limit", type=click.IntRange(1, 50), help="Targets that may carry a fault at once, for this run.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list of journals.")
def run(name: str, repeat: int, limit: int | None, as_json: bool, **given: Any) -> int:
    """Run an experiment (a FILE or a name of the library) by the whole protocol.

    Exit 0 confirmed, 1 rejected, 6 failed and rolled back, 4 rollback not COMPLETE, 3 refused by a safety rule.
    """
    found = load_experiment(name)
    wanted = options(**given)
    if wanted.pd:
        raise Failure("--pd observes only; an experiment needs something to act through", USAGE)
    if limit is not None:
        wanted.settings.safety.limit = limit
    done = run_async(_run(wanted, found, repeat, as_json))
    if as_json:
        from console.experiments.journal import journal

        emit_json([journal(r) for r in done])
    elif repeat > 1:
        _variance(done)
    return max((r.exit_code for r in done), key=lambda c: (c == 4, c), default=NOT_RUN)


async def _run(wanted: Options, found: Experiment, repeat: int, quiet: bool) -> list[Run]:
    from console.session.experimenting import execute
    from console.storage import Database, StorageError

    session = await opened(wanted)
    db: Database | None = None
    done: list[Run] = []

    def tell(what: str, said: str) -> None:
        if not quiet:
            click.echo(f"{session.now():8.1f}  {what:<14} {clean(said, 500)}")

    try:
        if session.parts.actor is None or session.parts.actor.policy.read_only:
            why = session.parts.no_actor or (session.parts.actor.policy.read_only if session.parts.actor else "")
            raise Failure(f"READ_ONLY: {why}", 3)
        db = await Database.open(wanted.home / "console.db")
        for _ in range(repeat):
            ended = await execute(session, found, wanted.home, db, tell)
            done.append(ended)
            if not quiet:
                _tell(ended, wanted.home)
            if ended.exit_code in (3, 4):
                break
    except StorageError as error:
        raise Failure(f"the run could not be written down: {error}", NOT_RUN) from error
    finally:
        await session.close("the experiment has ended")
        if db is not None:
            await db.close()
    return done


def _tell(run: Run, home: Path) -> None:
    for v in run.verdicts:
        word = {True: "PASS", False: "FAIL", None: "?"}[v.passed]
        click.echo(f"          {word:<14} {v.criterion} (measured {v.actual})")
    for g in run.gates:
        if g.mandatory and not g.passed:
            click.echo(f"          gate closed    {g.name}: {clean(g.said, 300)}")
    click.echo(f"{run.status.value}, rollback {run.rollback.value}: {clean(run.why, 400)}")
    click.echo(f"report: {home / 'experiments' / run.id / 'report.md'}")


def _variance(done: Sequence[Run]) -> None:
    import statistics

    click.echo(f"{len(done)} runs: {sum(r.exit_code == 0 for r in done)} confirmed")
    for name, values in (
        ("detection", [r.detection_s for r in done if r.detection_s is not None]),
        ("recovery", [r.recovery_s for r in done if r.recovery_s is not None]),
    ):
        if values:
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            click.echo(f"{name}: mean {statistics.mean(values):.2f} s, deviation {spread:.2f} s, n = {len(values)}")


@experiment.command()
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Chaos Toolkit's journal instead.")
def report(run_id: str, as_json: bool) -> int:
    """Print the report of a RUN (its id, or the beginning of it)."""
    found = run_async(_one(run_id))
    if found is None:
        raise _no_report(run_id)
    if as_json:
        emit_json(found.journal)
        return OK
    path = Path(found.folder) / "report.md"
    if not path.exists():
        raise Failure(f"{path} is gone; `--json` still has the journal", NOT_RUN)
    click.echo(clean_file(path), nl=False)
    return OK


def _no_report(run_id: str) -> Failure:
    from console.storage import begun

    open_one = run_async(from_disk(lambda db: begun.one(db, run_id)))
    if open_one is None:
        return Failure(f"no run {run_id!r}; `chaos-console experiment runs` lists them", USAGE)
    record = f"; its flight record: {open_one.place.record}" if open_one.place.record else ""
    return Failure(f"{open_one.id} is {open_one.status}, it has no report: {open_one.why}{record}", NOT_RUN)


async def _one(run_id: str) -> Any:
    from console.storage import runs as rows

    return await from_disk(lambda db: rows.one(db, run_id))


@experiment.command()
@click.argument("name")
@click.option("--previous", metavar="RUN", help="Attach the outcome of an earlier run.")
def brief(name: str, previous: str | None) -> int:
    """Print an experiment as a brief for another engineer."""
    from console.experiments.brief import brief as text

    found = load_experiment(name)
    earlier = run_async(_one(previous)) if previous else None
    if previous and earlier is None:
        raise Failure(f"no run {previous!r}", USAGE)
    click.echo(text(found, earlier.journal.get("chaos-console") if earlier else None), nl=False)
    return OK


@experiment.command("import")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--out", type=click.Path(dir_okay=False), help="Where to write it; standard output without.")
def import_(file: str, out: str | None) -> int:
    """Take over a Chaos Toolkit FILE: adds our block, with every field that is still to be filled in marked so."""
    from console.experiments.importing import adopted
    from console.experiments.reading import ReadingError, read

    try:
        text = adopted(read(Path(file)))
    except ReadingError as error:
        raise Failure(str(error), USAGE) from error
    if out is None:
        click.echo(text, nl=False)
    elif Path(out).exists():
        raise Failure(f"{out} exists; nothing is overwritten", USAGE)
    else:
        Path(out).write_text(text)
    return OK


experiment.add_command(runs)
experiment.add_command(compare)
experiment.add_command(rehearse)
experiment.add_command(campaign)
experiment.add_command(verify)
