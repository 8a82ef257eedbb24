"""`experiment rehearse`: the way back, tested before a run depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from console.model.text import clean

from .common import (  # fmt: skip
    NOT_RUN,
    REFUSED,
    UNREACHABLE,
    USAGE,
    Failure,
    cluster_options,
    emit_json,
    observed,
    opened,
    options,
    run_async,
    table,
)
from .files import load_experiment

if TYPE_CHECKING:
    from console.model.experiment import Experiment
    from console.session.opening import Options
    from console.session.rehearsing import Rehearsed


@click.command()
@click.argument("name")
@cluster_options
@click.option(
    "--hold", type=click.FloatRange(0.5, 60), default=2.0, show_default=True, help="Seconds each fault is in."
)
@click.option("--limit", type=click.IntRange(1, 50), help="Targets that may carry a fault at once, for this rehearsal.")
@click.option("--dry", is_flag=True, help="Targets, guard and undo alone; touch nothing.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list of steps.")
def rehearse(name: str, hold: float, limit: int | None, dry: bool, as_json: bool, **given: Any) -> int:
    """Rehearse an experiment (a FILE or a name of the library): each step for a moment, put back and verified, twice.

    Exit 0 every way back is COMPLETE and the second one changed nothing, 3 refused, 4 a rollback not COMPLETE,
    6 a fault could not be applied and was put back.
    """
    from console.session.rehearsing import exit_code

    wanted = options(**given, detached=dry)  # which takes no lease and puts nothing of anybody's back
    if wanted.pd:
        raise Failure("--pd observes only; a rehearsal needs something to act through", USAGE)
    if limit is not None:
        wanted.settings.safety.limit = limit
    done = run_async(_rehearsed(wanted, load_experiment(name), hold, dry, as_json))
    if as_json:
        emit_json([_as_data(d) for d in done])
    else:
        table([_row(d) for d in done], ("step", "what", "targets", "result", "said"))
    return exit_code(done)


async def _rehearsed(wanted: Options, found: Experiment, hold: float, dry: bool, quiet: bool) -> list[Rehearsed]:
    from console.observe.engine import EngineError
    from console.session.rehearsing import Rehearsal
    from console.storage import Database, StorageError

    session = await opened(wanted)
    db: Database | None = None

    def tell(what: str, said: str) -> None:
        if not quiet:
            click.echo(f"{session.now():8.1f}  {what:<14} {clean(said, 300)}")

    try:
        actor = session.parts.actor
        if actor is None or actor.policy.read_only:
            raise Failure(f"READ_ONLY: {session.parts.no_actor or (actor.policy.read_only if actor else '')}", REFUSED)
        db = await Database.open(wanted.home / "console.db")
        if not await observed(session):
            raise Failure("the cluster cannot be observed, and what cannot be watched is not broken", UNREACHABLE)
        rehearsal = Rehearsal(session, found, db, tell)
        return await (rehearsal.plan() if dry else rehearsal.run(hold))
    except EngineError as error:
        raise Failure(str(error), UNREACHABLE) from error
    except StorageError as error:
        raise Failure(str(error), NOT_RUN) from error
    finally:
        await session.close("the rehearsal has ended")
        if db is not None:
            await db.close()


def _row(d: Rehearsed) -> tuple[object, ...]:
    result = "REFUSED" if d.refusal else d.outcome.value if d.outcome else "-" if d.said else "ALLOWED"
    said = f"{d.refusal.code}: {d.refusal.sentence}" if d.refusal else d.said or d.undo
    return d.step, d.what or "-", ", ".join(d.targets) or "-", result, clean(said, 160)


def _as_data(d: Rehearsed) -> dict[str, Any]:
    return {
        "step": d.step, "what": d.what, "targets": list(d.targets), "undo": d.undo, "said": d.said,
        "outcome": d.outcome.value if d.outcome else None,
        "refused": {"code": d.refusal.code, "sentence": d.refusal.sentence} if d.refusal else None,
    }  # fmt: skip
