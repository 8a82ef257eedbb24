"""One process besides its published port: asked at its container's own address, and held by one idle connection.

The published port's proxy accepts for whoever is behind it: it turns a pause into a drop and a kill into a disconnect.
An idle connection ends within about 30 ms of a kill and stays silent at a disconnect, which tells the two apart.
"""

from __future__ import annotations

from collections.abc import Callable

from console.model.observation import Observation

from . import probe
from .clock import Clock
from .source import Emit

DEADLINE_S = 0.5
REOPEN_S = 0.5
DIRECT_S = 0.5  # apart
Url = Callable[[], str | None]


class Reach:
    """`url`, `own`: where it is published and where it lives, as known now; `path`: what is asked there."""

    def __init__(self, name: str, path: str, url: Url, own: Url, clock: Clock, emit: Emit) -> None:
        self._name, self._path, self._url, self._own = name, path, url, own
        self._clock, self._emit, self._reached = clock, emit, False

    async def direct(self) -> None:
        """At the container's own address. Told only where it could be reached once: elsewhere than on the engine's own
        Linux it never can."""
        url = self._own()
        if url is None:
            return
        answer = await probe.get(url, self._path, self._clock.real(DEADLINE_S))
        self._reached = self._reached or "status" in answer
        if self._reached:
            self._emit(Observation(self._clock.now(), self._name, "direct", answer))

    async def idle(self) -> None:
        """A server may close an idle connection for its own reasons: it counts only where no new one can be had."""
        while True:
            url = self._url()
            if url is None:
                await self._clock.sleep(REOPEN_S)
                continue
            try:
                await probe.closes(url, self._clock.real(DEADLINE_S))
            except (OSError, TimeoutError):
                await self._clock.sleep(REOPEN_S)
                continue
            answer = await probe.get(url, self._path, self._clock.real(DEADLINE_S))
            closed = {"error": "RemoteProtocolError", "msg": "idle connection closed", "rtt_ms": answer["rtt_ms"]}
            self._emit(Observation(self._clock.now(), self._name, "tcp", answer if "status" in answer else closed))
            await self._clock.sleep(REOPEN_S)
