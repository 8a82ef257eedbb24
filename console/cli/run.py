"""`chaos-console [run]`: the console itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from .common import USAGE, Failure, cluster_options, options

if TYPE_CHECKING:
    from console.model.intents import SessionApi


@click.command()
@cluster_options
@click.option("--read-only", is_flag=True, help="Every view and no fault.")
@click.option("--theme", metavar="NAME", help="Theme to begin with.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
def run(read_only: bool, theme: str | None, no_mouse: bool, **given: Any) -> int:
    """Open the console."""
    need_terminal()
    wanted = options(**given, read_only=read_only)

    async def connect() -> SessionApi:
        from console.session.opening import open_session

        session = await open_session(wanted)
        await session.start()
        return session

    return show(connect, wanted.settings, theme=theme, no_mouse=no_mouse, read_only=read_only)


def need_terminal() -> None:
    """The console is a full screen; without a terminal there is nothing to show it on."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Failure("the console needs a terminal; `status`, `inject`, `revert` and `replay --json` do not", USAGE)


def show(connect: Any, settings: Any, *, theme: str | None, no_mouse: bool, read_only: bool) -> int:
    """Run the screen; returns the exit code."""
    from console.session.settings import state_dir
    from console.ui.app import ConsoleApp
    from console.ui.run import run_app

    app = ConsoleApp(
        connect,
        theme=theme or remembered_theme() or settings.screen.theme,
        read_only=read_only,
        screenshot_dir=state_dir() / "screenshots",
        on_theme=remember_theme,
        keymap=settings.screen.keys,
    )
    return run_app(app, mouse=settings.screen.mouse and not no_mouse)


def remembered_theme() -> str | None:
    """The theme chosen last time, if any."""
    from console.session.settings import state_dir

    try:
        return (state_dir() / "theme").read_text().strip() or None
    except OSError:
        return None


def remember_theme(name: str) -> None:
    """Keep the chosen theme for the next start; a state directory that cannot be written is no failure."""
    from console.session.settings import state_dir

    try:
        state_dir().mkdir(parents=True, exist_ok=True, mode=0o700)
        (state_dir() / "theme").write_text(name + "\n")
    except OSError:
        return
