"""`nettools`: build the image that network, disk and stress faults run in, on the engine they will run on."""

from __future__ import annotations

import click

from console.model.text import clean

from .common import NOT_RUN, OK, UNREACHABLE, Failure, run_async


@click.command()
@click.option("--docker-host", metavar="URL", help="Engine to build on instead of the docker CLI's.")
def nettools(docker_host: str | None) -> int:
    """Build the fault helper's image (a few megabytes; its base image must be had, or be there)."""
    return run_async(_build(docker_host))


async def _build(host: str | None) -> int:
    from pathlib import Path

    import console.faults
    from console.faults.helper import IMAGE
    from console.observe.engine import Engine, EngineError, endpoint

    folder = Path(console.faults.__file__).parent / "nettools"
    try:
        engine = Engine(endpoint(host))
    except EngineError as error:
        raise Failure(str(error), UNREACHABLE) from error
    try:
        await engine.version()
        await engine.build(str(folder), IMAGE, lambda line: click.echo(clean(line, 300)))
    except EngineError as error:
        raise Failure(str(error), UNREACHABLE if error.away else NOT_RUN) from error
    finally:
        await engine.close()
    click.echo(f"{IMAGE} is on {engine.where.url}")
    return OK
