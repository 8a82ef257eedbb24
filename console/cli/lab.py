"""`up` and `down`: the lab in Docker, by Compose."""

from __future__ import annotations

import asyncio
import time

import click

from console.model.text import clean

from .common import NOT_RUN, OK, UNREACHABLE, Failure, opened, options, run_async


@click.command()
@click.option("--project", default="chaos-console", show_default=True, help="Compose project name.")
@click.option("--profile", multiple=True, metavar="NAME", help="Compose profile, such as observability.")
@click.option("--timeout", type=click.FloatRange(10, 1800), default=240.0, help="Seconds to wait for health.")
def up(project: str, profile: tuple[str, ...], timeout: float) -> int:
    """Start the lab and wait until it is well."""
    return run_async(_up(project, profile, timeout))


async def _up(project: str, profiles: tuple[str, ...], seconds: float) -> int:
    from console.session.compose import ComposeError, compose

    chosen = [word for p in profiles for word in ("--profile", p)]
    try:
        async for line in compose(project, *chosen, "up", "-d"):
            click.echo(f"  {clean(line, 200)}")
    except ComposeError as error:
        raise Failure(str(error), UNREACHABLE) from error
    return await _wait(project, seconds)


async def _wait(project: str, seconds: float) -> int:
    session = await opened(options(project=project, read_only=True, record=False))
    began = time.monotonic()
    said = ""
    try:
        while time.monotonic() - began < seconds:
            cluster = session.view().cluster
            up_now = [n for n, s in cluster.stores.items() if s.pd is not None and s.pd.state == "Up"]
            stores = sum(c.role.value == "store" for c in cluster.containers.values())
            now = f"PD leader {cluster.leader or '-'}, stores up {len(up_now)} of {stores}"
            if now != said:
                said = now
                click.echo(f"  {time.monotonic() - began:5.1f} s  {now}")
            if cluster.leader and stores and len(up_now) == stores:
                click.echo("the lab is well; `chaos-console` opens on it")
                return OK
            await asyncio.sleep(0.5)
    finally:
        await session.close("the lab is up")
    raise Failure(f"the lab is not well after {seconds:.0f} s: {said}", NOT_RUN)


@click.command()
@click.option("--project", default="chaos-console", show_default=True, help="Compose project name.")
@click.option("--volumes", is_flag=True, help="Remove the data too.")
def down(project: str, volumes: bool) -> int:
    """Put back what is injected, then stop and remove the lab."""
    return run_async(_down(project, volumes))


async def _down(project: str, volumes: bool) -> int:
    from console.session.compose import ComposeError, compose
    from console.session.putting_back import put_back

    results, _ = await put_back(None, project=project, disarm=False)
    for r in results:
        click.echo(f"  {r.kind} on {r.component}: {r.outcome.value}")
    try:
        async for line in compose(project, "down", *(["-v"] if volumes else [])):
            click.echo(f"  {clean(line, 200)}")
    except ComposeError as error:
        raise Failure(str(error), UNREACHABLE) from error
    return OK
