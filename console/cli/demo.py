"""`chaos-console demo`: the guided demo, on the screen or as plain lines."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from console.model.text import clean

from .common import USAGE, Failure, cluster_options, opened, options, run_async

if TYPE_CHECKING:
    from console.model.intents import SessionApi
    from console.model.view import Chapter


@click.command()
@click.option("--scenario", default="store-kill", metavar="NAME", help="What is broken; --list names all.")
@click.option("--list", "listing", is_flag=True, help="List the scenarios.")
@click.option("--auto", is_flag=True, help="Go on by itself.")
@click.option("--plain", is_flag=True, help="Plain lines even on a terminal.")
@cluster_options
def demo(scenario: str, listing: bool, auto: bool, plain: bool, **given: Any) -> int:
    """Health, load, fault, detection, diagnosis, revert, report: a chapter each."""
    from console.session.demo import SCENARIOS

    if listing:
        for s in SCENARIOS.values():
            click.echo(f"{s.name:<18} {s.said}")
        return 0
    if scenario not in SCENARIOS:
        raise Failure(f"there is no scenario {scenario!r} (there are: {', '.join(SCENARIOS)})", USAGE)
    on_screen = not plain and sys.stdin.isatty() and sys.stderr.isatty()
    if not on_screen and not auto:
        raise Failure("without a terminal the demo needs --auto", USAGE)
    wanted = options(**given)
    if on_screen:
        return _on_screen(wanted, scenario, auto)
    return run_async(_plain(wanted, scenario))


async def _plain(wanted: Any, scenario: str) -> int:
    from console.session.demo import SCENARIOS, Demo

    session = await opened(wanted)
    shown = [0]

    def say(chapter: Chapter, line: str) -> None:
        if chapter.number != shown[0]:
            shown[0] = chapter.number
            click.echo(f"[{chapter.number}/{chapter.total}] {chapter.title}: {chapter.caption}")
        if line:
            click.echo(f"      {clean(line, 1000)}")

    try:
        click.echo(f"{session.parts.mode.value} cluster {session.parts.project}")
        return await Demo(session, SCENARIOS[scenario], auto=True, say=say).run()
    finally:
        await session.close("the demo has ended")


def _on_screen(wanted: Any, scenario: str, auto: bool) -> int:
    from .run import show

    code = [0]

    async def connect() -> SessionApi:
        from console.session.demo import SCENARIOS, Demo

        session = await opened(wanted)
        play = Demo(session, SCENARIOS[scenario], auto=auto, say=lambda _, line: session.note(line) if line else None)

        async def run() -> None:
            code[0] = await play.run()

        session.attach("demo", run())
        await asyncio.sleep(0)
        return session

    shown = show(connect, wanted.settings, theme=None, no_mouse=False, read_only=False)
    return shown or code[0]
