"""Carrying out a campaign from the command line: its session, what it says meanwhile, how it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from console.model.campaign import Campaign
from console.model.text import clean

from .common import NOT_RUN, REFUSED, Failure, emit_json, observed, opened, run_async

if TYPE_CHECKING:
    from console.evidence.campaign import Told
    from console.model.experiment import Run
    from console.session.campaigning import Telling
    from console.session.core import Session
    from console.session.opening import Options
    from console.storage import Database
    from console.storage.campaigns import StoredItem


def carried_out(wanted: Options, planned: Campaign | None, campaign_id: str, quiet: bool) -> int:
    """A new campaign (`planned`), or what is left of one (`campaign_id`), to its exit code."""
    from console.evidence.campaign import as_data, exit_code

    told = run_async(_carry_out(wanted, planned, campaign_id, quiet))
    if quiet:
        emit_json(as_data(told))
    else:
        summary(told)
    return exit_code(told)


async def _carry_out(wanted: Options, planned: Campaign | None, campaign_id: str, quiet: bool) -> Told:
    from console.evidence.campaign import gathered
    from console.session.campaigning import Campaigner, CampaignError, begin
    from console.storage import Database, StorageError, campaigns

    session = await opened(wanted)
    db: Database | None = None
    try:
        actor = session.parts.actor
        if actor is None or actor.policy.read_only:
            raise Failure(f"READ_ONLY: {session.parts.no_actor or (actor.policy.read_only if actor else '')}", REFUSED)
        db = await Database.open(wanted.home / "console.db")
        if planned is not None:
            campaign_id = await begin(db, session, planned, wanted)
        found = await campaigns.one(db, campaign_id)
        if found is not None and found.mode == "LIVE" and found.lab != actor.lab.id:
            raise Failure(f"campaign {found.id} runs on another cluster than this one ({found.lab})", REFUSED)
        if not quiet:
            click.echo(f"campaign {campaign_id}")
        await observed(session)  # the first run is not to be refused for what nobody has looked at yet
        await Campaigner(session, db, wanted.home, campaign_id, _telling(session, quiet)).run()
        told = await gathered(db, campaign_id)
        assert told is not None, "its row was written before it ran"
        return told
    except asyncio.CancelledError:
        click.echo(f"interrupted: `chaos-console experiment campaign resume {campaign_id}` goes on", err=True)
        raise
    except CampaignError as error:
        raise Failure(str(error), REFUSED) from error
    except StorageError as error:
        raise Failure(f"the campaign could not be written down: {error}", NOT_RUN) from error
    finally:
        await session.close("the campaign has ended")
        if db is not None:
            await db.close()


def _telling(session: Session, quiet: bool) -> Telling:
    from console.session.campaigning import Telling

    if quiet:
        return Telling()

    def begins(item: StoredItem, of: int) -> None:
        again = f", attempt {item.attempt + 1}" if item.attempt else ""
        click.echo(f"== {item.seq + 1} of {of}: {clean(item.label, 200)}{again}")

    def step(what: str, said: str) -> None:
        click.echo(f"{session.now():8.1f}  {what:<14} {clean(said, 500)}")

    def ended(run: Run) -> None:
        click.echo(f"          {run.status.value}, rollback {run.rollback.value}: {clean(run.why, 400)}")

    return Telling(begins, step, ended, lambda text: click.echo(clean(text, 500)))


def summary(told: Told) -> None:
    """How it stands and what it cost."""
    from console.evidence.campaign import spending

    state = told.campaign.state.value
    click.echo(f"{state}: {clean(told.campaign.reason, 400)}" if told.campaign.reason else state)
    for s in spending(told):
        limit = "no limit" if s.allowed is None else f"{s.allowed:g} {s.unit} allowed, {s.share}"
        click.echo(f"  {s.what:<13} {s.spent:g} {s.unit}, {limit}")
    click.echo(f"report: chaos-console experiment campaign report {told.campaign.id}")
