"""TiKV status ports: one short request every quarter second, and one idle connection that tells a death at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from console.model.observation import Observation

from . import probe
from .clock import Clock
from .reach import DIRECT_S, Reach
from .source import Emit, Health, every, supervised
from .tikv_metrics import StoreMetricsSource

STATUS = "/status"
PROBE_S = 0.25
DEADLINE_S = 0.5


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
        self._url, self._clock, self._emit, self._health = url, clock, emit, health
        self._reach = Reach(name, STATUS, url, own, clock, emit)
        self._metrics = StoreMetricsSource(name, url, clock, emit)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(supervised(self.name, self._health, lambda: every(self._clock, PROBE_S, self._status)))
            group.create_task(supervised(self.name, self._health, self._reach.idle))
            direct = self._reach.direct
            group.create_task(supervised(self.name, self._health, lambda: every(self._clock, DIRECT_S, direct)))
            group.create_task(supervised(f"{self.name} metrics", self._metrics.health, self._metrics.run))

    async def _status(self) -> None:
        url = self._url()
        if url is None:
            return
        answer = await probe.get(url, STATUS, self._clock.real(DEADLINE_S))
        self._health.ok()  # an answer of any kind, or none: the probe itself works
        self._emit(Observation(self._clock.now(), self.name, "status", answer))
