"""Ending: every way out of the console goes through one close of the session, with a deadline.

Quit, signals, a vanished terminal and a crash all call `begin`; the session is closed once, whoever asks first.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Sequence
from typing import Final

from console.model.fault import Outcome, Revert
from console.model.intents import SessionApi
from console.model.text import clean, redact

INCOMPLETE: Final = 4  # exit code: a rollback was PARTIAL or FAILED
CRASHED: Final = 1
LAST_RESORT_S: Final = 5.0  # for a writer stuck on a dead terminal, once the session is closed


class Ending:
    """Closes the session and remembers how that went."""

    def __init__(self, deadline_s: float = 30.0) -> None:
        self.deadline_s = deadline_s
        self.session: SessionApi | None = None
        self.results: tuple[Revert, ...] = ()
        self.error = ""
        self.code = 0
        self.reason = ""
        self._closing: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """True once somebody asked to leave."""
        return self._closing is not None

    @property
    def whole(self) -> bool:
        """True when everything came back and the session closed."""
        return not self.error and all(r.outcome is Outcome.COMPLETE for r in self.results)

    def begin(self, reason: str, code: int = 0) -> asyncio.Task[None]:
        """Close the session; a second call waits for the first."""
        self.code = self.code or code
        if self._closing is None:
            self.reason = reason
            self._closing = asyncio.get_running_loop().create_task(self._close(reason), name="close session")
        return self._closing

    async def _close(self, reason: str) -> None:
        if self.session is None:
            return
        work = asyncio.ensure_future(self.session.close(reason))
        done, _ = await asyncio.wait({work}, timeout=self.deadline_s)
        if not done:
            self.error = f"the session did not close within {self.deadline_s:g} s; the watchdog reverts what is left"
        elif (error := work.exception()) is not None:
            self.error = redact(clean(f"closing the session failed: {type(error).__name__}: {error}", 300))
        else:
            self.results = work.result()

    def exit_code(self, app_code: int | None) -> int:
        """The code of the process: signals and crashes first, then a rollback that was not whole."""
        if self.code:
            return self.code
        if app_code:
            return app_code
        return 0 if self.whole else INCOMPLETE

    def farewell(self) -> list[str]:
        """What is said on the terminal once it is ours no more."""
        out = [f"{r.outcome.value} {r.kind} on {r.component}: {r.detail}" for r in self.results]
        return [clean(text, 300) for text in out + ([self.error] if self.error else [])]

    def insist(self) -> None:
        """Leave even if something hangs: the session is closed by now, only the terminal can be stuck."""
        timer = threading.Timer(LAST_RESORT_S, os._exit, [self.code or CRASHED])
        timer.daemon = True
        timer.start()


def terminal_gone(descriptors: Sequence[int]) -> bool:
    """Whether a terminal that was there has been closed."""
    return any(not os.isatty(fd) for fd in descriptors)


def terminals() -> list[int]:
    """The standard streams that are terminals now."""
    found = []
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        if stream is not None and stream.isatty():
            found.append(stream.fileno())
    return found
