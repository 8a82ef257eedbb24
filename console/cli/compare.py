"""`experiment compare`: two runs side by side."""

from __future__ import annotations

import dataclasses

import click

from .common import OK, USAGE, Failure, emit_json, run_async
from .disk import from_disk


@click.command()
@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def compare(first: str, second: str, as_json: bool) -> int:
    """Print two runs side by side (Markdown): results, times, behaviour, criteria, and what differs."""
    from console.evidence.compare import markdown
    from console.session.reports import Reports

    found = run_async(from_disk(lambda db: Reports(db).compare(first, second)))
    if isinstance(found, str):
        raise Failure(f"{found}; `chaos-console experiment runs` lists them", USAGE)
    if as_json:
        emit_json(dataclasses.asdict(found))
    else:
        click.echo(markdown(found), nl=False)
    return OK
