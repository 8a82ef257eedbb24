"""Running the app from first paint to exit code: signals, a terminal that goes away, crashes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

from console.ui.ending import CRASHED, terminal_gone, terminals

if TYPE_CHECKING:
    from console.ui.app import ConsoleApp

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_EVERY_S = 2.0


def run_app(app: ConsoleApp, *, mouse: bool = True) -> int:
    """Run until the operator leaves; returns the exit code.

    Whatever ends the run, the session is closed (and so everything reverted) before this returns, within the
    app's deadline: 0 after a clean quit, 4 where a rollback was not complete, 128 + n after a signal, 129 where
    the terminal went away, 1 after a crash.
    """
    for name in ("COLUMNS", "LINES"):  # exported, they would beat the real size of the terminal
        os.environ.pop(name, None)
    try:
        code = asyncio.run(_run(app, mouse))
    except OSError:  # the terminal went away while its last lines were written
        code = app.ending.code or CRASHED
    with contextlib.suppress(OSError):
        for line in (*app.ending.farewell(), app.crash):
            if line:
                sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    return code


async def _run(app: ConsoleApp, mouse: bool) -> int:
    loop = asyncio.get_running_loop()
    ttys = terminals()
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, _on_signal, app, number)
    looking = loop.create_task(_look(app, ttys), name="terminal")
    try:
        await app.run_async(mouse=mouse)
    finally:
        looking.cancel()
        if terminal_gone(ttys):
            app.ending.code = app.ending.code or 128 + signal.SIGHUP
        await app.ending.begin("the console ended")
    return app.ending.exit_code(app.return_code)


def _on_signal(app: ConsoleApp, number: signal.Signals) -> None:
    if not app.ending.begun or not app.ending.code:
        app.end(signal.Signals(number).name, 128 + number)


async def _look(app: ConsoleApp, ttys: list[int]) -> None:
    """Where hang-ups are ignored a closed terminal is only seen by looking."""
    while ttys:
        await asyncio.sleep(LOOK_EVERY_S)
        if terminal_gone(ttys):
            app.end("the terminal went away", 128 + signal.SIGHUP)
            return
