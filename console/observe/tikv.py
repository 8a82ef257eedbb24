"""TiKV status ports: one short request every quarter second, and one idle connection that tells a death at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from console.model.observation import Observation

from . import probe
from .clock import Clock
from .source import Emit, Health, every, supervised
from .tikv_metrics import StoreMetricsSource

PROBE_S = 0.25
DEADLINE_S = 0.5
REOPEN_S = 0.5
DIRECT_S = 0.5


class StoreProbe:
    """The probes of one store."""

    def __init__(
        self,
        name: str,
        url: Callable[[], str | None],
        own: Callable[[], str | None],
        clock: Clock,
        emit: Emit,
        health: Health,
    ) -> None:
        self.name = name
        self._own, self._reached = own, False
        self._url, self._clock, self._emit, self._health = url, clock, emit, health
        self._metrics = StoreMetricsSource(name, url, clock, emit)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(supervised(self.name, self._health, lambda: every(self._clock, PROBE_S, self._status)))
            group.create_task(supervised(self.name, self._health, self._idle))
            group.create_task(supervised(self.name, self._health, lambda: every(self._clock, DIRECT_S, self._direct)))
            group.create_task(supervised(f"{self.name} metrics", self._metrics.health, self._metrics.run))

    async def _status(self) -> None:
        url = self._url()
        if url is None:
            return
        answer = await probe.get(url, "/status", self._clock.real(DEADLINE_S))
        self._health.ok()  # an answer of any kind, or none: the probe itself works
        self._emit(Observation(self._clock.now(), self.name, "status", answer))

    async def _direct(self) -> None:
        """At the container's own address, past the engine's proxy, which accepts for whoever is behind it. Told only
        where it could be reached once: elsewhere than on the engine's own Linux it never can."""
        url = self._own()
        if url is None:
            return
        answer = await probe.get(url, "/status", self._clock.real(DEADLINE_S))
        self._reached = self._reached or "status" in answer
        if self._reached:
            self._emit(Observation(self._clock.now(), self.name, "direct", answer))

    async def _idle(self) -> None:
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
            answer = await probe.get(url, "/status", self._clock.real(DEADLINE_S))
            closed = {"error": "RemoteProtocolError", "msg": "idle connection closed", "rtt_ms": answer["rtt_ms"]}
            self._emit(Observation(self._clock.now(), self.name, "tcp", answer if "status" in answer else closed))
            await self._clock.sleep(REOPEN_S)
