"""Feed: when there is a new picture to draw, and which; asked four times a second, quiet while nothing changes."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from console.model.intents import SessionApi
from console.model.view import View

NO_NEWS_S = 3.0  # probes run twice a second: this long without any observation is worth a word


class Picture(NamedTuple):
    """A view as of now, and for how many seconds nothing new has come (0: something has)."""

    view: View
    quiet: int


class Feed:
    """Asks a session for a view when its version rose, and lets ages grow once a second in between."""

    def __init__(self, session: SessionApi) -> None:
        self._session = session
        self._version: int | None = None
        self._base: View | None = None
        self._fresh = 0.0  # session clock when the newest view was taken
        self._second = 0

    def poll(self) -> Picture | None:
        """The picture to draw now, or None where the one on screen is still right."""
        now = self._session.now()
        version = self._session.version
        if version != self._version or self._base is None:
            self._version = version
            self._base = self._session.view()
            self._fresh = now
            self._second = int(now)
            return Picture(self._base, 0)
        if int(now) == self._second or not _ages(self._base):
            return None
        self._second = int(now)
        passed = max(0.0, now - self._base.now)
        silent = now - self._fresh
        aged = replace(self._base, now=self._base.now + passed, wall=self._base.wall + passed)
        return Picture(aged, int(silent) if silent >= NO_NEWS_S else 0)


def _ages(view: View) -> bool:
    """Whether time passes in this picture."""
    return not view.starting and (view.playback is None or view.playback.playing)
