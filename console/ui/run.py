"""Running the app from first paint to exit code: signals, a terminal that goes away, crashes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO, cast

from console.ui.ending import CRASHED, terminal_gone, terminals

if TYPE_CHECKING:
    from console.ui.app import ConsoleApp

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HANGUP = 128 + signal.SIGHUP
LOOK_EVERY_S = 2.0


class Forgiving:
    """The terminal as a file that never raises: what cannot be written is dropped, and the loss is told.

    Textual writes from a thread with a short queue. Were that thread to die of a closed terminal, the next few
    frames would fill the queue and stop the event loop, and with it the revert.
    """

    def __init__(self, file: TextIO, lost: Callable[[], None]) -> None:
        self._file = file
        self._lost = lost

    def write(self, text: str) -> int:
        """Write, or drop."""
        try:
            return self._file.write(text)
        except (OSError, ValueError):
            self._lost()
            return len(text)

    def flush(self) -> None:
        """Flush, or drop."""
        try:
            self._file.flush()
        except (OSError, ValueError):
            self._lost()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def run_app(app: ConsoleApp, *, mouse: bool = True) -> int:
    """Run until the operator leaves; returns the exit code.

    Whatever ends the run, the session is closed (and so everything reverted) before this returns, within the
    app's deadline: 0 after a clean quit, 4 where a rollback was not complete, 128 + n after a signal, 129 where
    the terminal went away, 1 after a crash.
    """
    for name in ("COLUMNS", "LINES"):  # exported, they would beat the real size of the terminal
        os.environ.pop(name, None)
    ttys = terminals()
    try:
        code = asyncio.run(_run(app, mouse, ttys))
    except OSError:
        if not terminal_gone(ttys):
            raise
        code = app.ending.code or HANGUP
    if terminal_gone(ttys):
        _let_go(ttys)
    for line in (*app.ending.farewell(), app.crash):
        if line:
            sys.stderr.write(f"{line}\n")
    return code


def _let_go(ttys: list[int]) -> None:
    """Point what led to a closed terminal to nowhere, or the interpreter ends with an error of its own."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in ttys:
        with contextlib.suppress(OSError):
            os.dup2(nowhere, fd)


@contextlib.contextmanager
def _forgiving(lost: Callable[[], None]) -> Iterator[None]:
    """While it lasts, errors of the terminal are told and not raised."""
    plain, own = sys.stderr, sys.__stderr__
    if own is None:
        yield
        return
    wrapped = cast(Any, Forgiving(own, lost))
    sys.stderr = sys.__stderr__ = wrapped  # type: ignore[misc]
    try:
        yield
    finally:
        sys.stderr, sys.__stderr__ = plain, own  # type: ignore[misc]


async def _run(app: ConsoleApp, mouse: bool, ttys: list[int]) -> int:
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, _on_signal, app, number)

    def lost() -> None:
        if terminal_gone(ttys):
            loop.call_soon_threadsafe(app.end, "the terminal went away", HANGUP)

    app.on_driver = lambda: _guard_resume(ttys)
    looking = loop.create_task(_look(app, ttys), name="terminal")
    try:
        with _forgiving(lost):
            await app.run_async(mouse=mouse)
    finally:
        looking.cancel()
        if terminal_gone(ttys):
            app.ending.code = app.ending.code or HANGUP
        await app.ending.begin("the console ended", CRASHED if app.crash else 0)
    return app.ending.exit_code(app.return_code)


def _guard_resume(ttys: list[int]) -> None:
    """A closing terminal sends SIGCONT after SIGHUP: that is no `fg`, there is nothing to draw on any more."""
    resume = signal.getsignal(signal.SIGCONT)

    def on_continue(number: int, frame: FrameType | None) -> None:
        if callable(resume) and not terminal_gone(ttys):
            resume(number, frame)

    signal.signal(signal.SIGCONT, on_continue)


def _on_signal(app: ConsoleApp, number: signal.Signals) -> None:
    app.end(signal.Signals(number).name, 128 + number)


async def _look(app: ConsoleApp, ttys: list[int]) -> None:
    """Where hang-ups are ignored and nothing is drawn a closed terminal is only seen by looking."""
    while ttys:
        await asyncio.sleep(LOOK_EVERY_S)
        if terminal_gone(ttys):
            app.end("the terminal went away", HANGUP)
            return
