"""`experiment campaign ...`: validate, run, list, show, resume, report."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.model.campaign import Campaign, CampaignState, labelled
from console.model.text import clean

from .campaign_run import carried_out, summary
from .common import OK, REFUSED, USAGE, Failure, cluster_options, emit_json, options, run_async, table
from .disk import from_disk

if TYPE_CHECKING:
    from console.evidence.campaign import Told
    from console.storage import Database
    from console.storage.campaigns import StoredItem


@click.group()
def campaign() -> None:
    """Campaigns: many experiments with one budget, that stop by themselves and can be resumed."""


def _load(name: str) -> Campaign:
    """By path, or by its name in the library. Raises Failure with every problem of the file."""
    from console.experiments import library
    from console.experiments.campaign import load
    from console.experiments.reading import ReadingError

    path = Path(name)
    if not path.exists():
        path = library.find_campaign(name) or path
    try:
        found = load(path)
    except ReadingError as error:
        raise Failure(str(error), USAGE) from error
    if isinstance(found, Campaign):
        return found
    lines = [str(p) if p.code == "INVALID" else f"{p} ({p.code})" for p in found]
    raise Failure("\n  ".join(lines), USAGE if any(p.exit_code == USAGE for p in found) else REFUSED)


@campaign.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: the plan.")
def validate(file: str, as_json: bool) -> int:
    """Check FILE and print what it would run, in its order: exit 0 it can be run, 2 a mistake, 3 refused by a rule."""
    from console.experiments.budget import least_s, most_s

    found = _load(file)
    rows = [
        (n, i.name, labelled("", i.axes).strip(), i.experiment.max_targets, least_s(i.experiment), most_s(i.experiment))
        for n, i in enumerate(found.items, 1)
    ]
    if as_json:
        head = ("n", "name", "axes", "targets", "least_s", "most_s")
        emit_json({"title": found.title, "items": [dict(zip(head, r, strict=True)) for r in rows]})
        return OK
    table(
        [
            (n, name, axes or "-", targets, f"{least:.0f} s", f"{most:.0f} s")
            for n, name, axes, targets, least, most in rows
        ],
        ("n", "experiment", "axes", "targets", "at least", "at most"),
    )
    _plan(found)
    return OK


def _plan(found: Campaign) -> None:
    from console.experiments.budget import least_s, most_s, most_target_s

    budget = found.budget
    least, most = (sum(f(i.experiment) for i in found.items) for f in (least_s, most_s))
    fits = "no limit" if budget.time_s is None else f"budget {budget.time_s:g} s"
    click.echo(f"{found.title}: {len(found.items)} run(s), {least:.0f} to {most:.0f} s ({fits})")
    if budget.time_s is not None and least > budget.time_s:
        click.echo("  not all of them fit into the time; the rest will be skipped")
    targets = sum(most_target_s(i.experiment) for i in found.items)
    if budget.target_s is not None and targets > budget.target_s:
        click.echo(f"  up to {targets:g} target-seconds, {budget.target_s:g} are allowed; the rest will be skipped")
    if budget.slo is not None and budget.bad_s is not None:
        click.echo(f"  error budget: {budget.bad_s:g} s outside {budget.slo.availability_percent:g}%")
    titles = [i.experiment.title for i in found.items]
    for i in {i.name: i for i in found.items if i.experiment.max_targets > 1}.values():
        wanted = i.experiment.widens or i.experiment.title
        if wanted not in titles[: titles.index(i.experiment.title)]:
            click.echo(f"  {i.name} is refused unless {wanted!r} was confirmed before")


@campaign.command()
@click.argument("file")
@cluster_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--limit", type=click.IntRange(1, 50), help="Targets that may carry a fault at once, for this campaign.")
@click.option("--json", "as_json", is_flag=True, help="Its end as one JSON object, and nothing else.")
def run(file: str, yes: bool, limit: int | None, as_json: bool, **given: Any) -> int:
    """Run a campaign (a FILE or a name of the library).

    Exit 0 all confirmed, 1 some rejected or stopped by the budget, 3 refused, 4 a rollback not COMPLETE, 6 some failed,
    130 interrupted (`resume` goes on).
    """
    found = _load(file)
    wanted = options(**given)
    if wanted.pd:
        raise Failure("--pd observes only; a campaign needs something to act through", USAGE)
    if limit is not None:
        wanted.settings.safety.limit = limit
    _within(found, wanted.settings.safety.limit)
    _agree(found, yes)
    return carried_out(wanted, found, "", as_json)


def _within(found: Campaign, limit: int) -> None:
    wide = next((i for i in found.items if i.experiment.max_targets > limit), None)
    if wide is not None:
        said = f"{wide.name} takes {wide.experiment.max_targets} targets; the blast radius here is {limit} (--limit)"
        raise Failure(f"BLAST_RADIUS: {said}", REFUSED)


def _agree(found: Campaign, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure("without a terminal nobody can be asked; --yes says that it is meant", USAGE)
    _plan(found)
    if not click.confirm("Run it?"):
        raise Failure("nothing was run", USAGE)


@campaign.command()
@click.argument("campaign_id", metavar="ID")
@click.option("--docker-host", metavar="URL", help="Where the engine is by now.")
@click.option("--json", "as_json", is_flag=True, help="Its end as one JSON object, and nothing else.")
def resume(campaign_id: str, docker_host: str | None, as_json: bool) -> int:
    """Go on with an interrupted campaign: what was begun without a result is run again, what ended is not."""
    found = _found(campaign_id).campaign
    if found.state is CampaignState.RUNNING:
        raise Failure(f"campaign {found.id} is being carried out by another process", REFUSED)
    if not found.state.resumable:
        raise Failure(f"campaign {found.id} is {found.state.value}: nothing is left to be run", REFUSED)
    how = dict(found.options)
    limit = how.pop("limit")
    if docker_host:
        how["docker_host"] = docker_host
    wanted = options(**how)
    wanted.settings.safety.limit = limit
    return carried_out(wanted, None, found.id, as_json)


# -- looking ----------------------------------------------------------------------------------------------------------


@campaign.command("list")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def list_(as_json: bool) -> int:
    """List the campaigns on this machine, newest first, and the files that come with the console."""
    from console.evidence.campaign import as_data
    from console.experiments import library

    found = run_async(from_disk(_all))
    if as_json:
        emit_json([as_data(told) for told in found])
        return OK
    table(
        [
            (t.campaign.id, t.campaign.state.value, _progress(t), t.campaign.mode, clean(t.campaign.title, 60))
            for t in found
        ],
        ("campaign", "state", "runs", "mode", "title"),
    )
    click.echo(f"in the library: {', '.join(p.stem for p in library.campaign_files())}")
    return OK


def _progress(told: Told) -> str:
    return f"{sum(told.result(i) is not None for i in told.latest)} of {len(told.latest)}"


async def _all(db: Database) -> list[Told]:
    from console.evidence.campaign import gathered
    from console.storage import campaigns

    found = [await gathered(db, c.id) for c in reversed(await campaigns.stored(db))]
    return [told for told in found if told is not None]


@campaign.command()
@click.argument("campaign_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(campaign_id: str, as_json: bool) -> int:
    """Show a campaign (its id, or the beginning of it): every run, its state and why. Exits as the campaign would."""
    from console.evidence.campaign import as_data, exit_code

    told = _found(campaign_id)
    if as_json:
        emit_json(as_data(told))
        return exit_code(told)
    c = told.campaign
    began = datetime.datetime.fromtimestamp(c.began_wall, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    click.echo(f"{c.id}  {clean(c.title, 100)}, {c.mode} {clean(c.project, 60)}, {began}")
    table(
        [_shown(told, i) for i in told.items], ("n", "experiment", "state", "result", "rollback", "took", "run", "why")
    )
    summary(told)
    return exit_code(told)


def _shown(told: Told, i: StoredItem) -> Sequence[object]:
    result = told.result(i)
    status = result.status.removeprefix("HYPOTHESIS_").removeprefix("EXPERIMENT_") if result else "-"
    took = f"{i.spent.time_s:.0f} s" if i.began_wall else "-"
    why = "" if status == "CONFIRMED" else i.reason.partition(": ")[2] if result else i.reason
    number = f"{i.seq + 1}" if not i.attempt else f"{i.seq + 1}.{i.attempt + 1}"
    rollback = result.rollback if result else "-"
    return number, i.label, i.state.value, status, rollback, took, i.run or "-", clean(why, 80) or "-"


@campaign.command()
@click.argument("campaign_id", metavar="ID")
def report(campaign_id: str) -> int:
    """Print the report of a campaign (Markdown): budget, matrix, trend against earlier runs, what was not run."""
    from console.evidence.campaign import report as text

    click.echo(text(_found(campaign_id)), nl=False)
    return OK


def _found(campaign_id: str) -> Told:
    from console.evidence.campaign import gathered

    told = run_async(from_disk(lambda db: gathered(db, campaign_id)))
    if told is None:
        raise Failure(f"no campaign {campaign_id!r}; `chaos-console experiment campaign list` has them", USAGE)
    return told
