"""`report`: what was run in a period, and what it found."""

from __future__ import annotations

import datetime

import click

from .common import OK, USAGE, Failure, run_async

DAY_S = 86400.0


@click.command()
@click.option("--from", "since", required=True, metavar="YYYY-MM-DD", help="First day (UTC).")
@click.option("--to", "until", required=True, metavar="YYYY-MM-DD", help="Last day (UTC), included.")
def report(since: str, until: str) -> int:
    """Print the period's report (Markdown); a period without a run has one too."""
    from console.evidence.period import period

    from .runs import stored_runs

    first, last = _day(since, "--from"), _day(until, "--to")
    if last < first:
        raise Failure(f"--to {until} is before --from {since}", USAGE)
    runs = run_async(stored_runs(first, last + DAY_S))
    click.echo(period(runs, first, last), nl=False)
    return OK


def _day(text: str, option: str) -> float:
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=datetime.UTC).timestamp()
    except ValueError as error:
        raise Failure(f"{option} {text!r}: expected a day as YYYY-MM-DD", USAGE) from error
