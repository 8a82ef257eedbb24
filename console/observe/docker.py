"""The Docker engine as a source: events as they happen, containers and statistics by polling."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from console.model.observation import DOCKER, Observation

from .clock import Clock
from .directory import Directory
from .engine import ContainerFacts, Engine, EngineError, facts
from .engine.client import PROJECT, SERVICE
from .source import Emit, Health, every, supervised

LIST_S = 2.0
STATS_S = 2.0
OURS = "chaos-console.injection"  # helper containers of injections: the injector's doing, not the cluster's state
_SHOWN_LABELS = ("com.docker.compose.service", "chaos-console.allow", "chaos-console.environment")


class DockerSource:
    """All that the engine shows of one Compose project."""

    def __init__(self, engine: Engine, project: str, directory: Directory, clock: Clock, emit: Emit) -> None:
        self._engine, self._project, self._directory = engine, project, directory
        self._clock, self._emit = clock, emit
        self._health = Health("docker", emit, clock, LIST_S)
        self._events = Health("docker events", emit, clock, LIST_S)
        self._look = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(supervised("docker", self._health, self._listing))
            group.create_task(supervised("docker events", self._events, self._follow))
            group.create_task(
                supervised("docker stats", self._health, lambda: every(self._clock, STATS_S, self._stats))
            )

    async def _listing(self) -> None:
        while True:
            await self._list()
            self._look.clear()
            try:
                async with asyncio.timeout(self._clock.real(LIST_S)):
                    await self._look.wait()
                await self._clock.sleep(0.1)  # a kill is several events: one look for all of them
            except TimeoutError:
                continue

    async def _list(self) -> None:
        listed = await self._engine.containers({PROJECT: self._project, SERVICE: None})
        answers = await asyncio.gather(*(self._inspect(str(c["Id"])) for c in listed))
        found = [f for f in answers if f is not None and OURS not in f.labels]
        self._directory.learn(found)
        self._emit(Observation(self._clock.now(), DOCKER, "containers", [row(f) for f in found]))
        self._health.ok()

    async def _inspect(self, container: str) -> ContainerFacts | None:
        try:
            return facts(await self._engine.inspect(container), self._engine.where)
        except EngineError as error:
            if error.missing:
                return None  # gone between list and inspect
            raise

    async def _follow(self) -> None:
        self._events.ok()
        async for event in self._engine.events({}):
            if self._ours(event):
                self._emit(Observation(self._clock.now(), DOCKER, "event", _kept(event)))
                self._look.set()
            self._events.ok()
        raise EngineError("the event stream ended")

    def _ours(self, event: Mapping[str, Any]) -> bool:
        attributes = _map(_map(event.get("Actor")).get("Attributes"))
        if event.get("Type") == "network":
            known = {f.id for f in self._directory.containers.values()}
            return str(attributes.get("container", "")) in known
        action = str(event.get("Action", ""))
        return attributes.get(PROJECT) == self._project and OURS not in attributes and not action.startswith("exec_")

    async def _stats(self) -> None:
        running = [f for f in self._directory.containers.values() if f.running]
        await asyncio.gather(*(self._one(f) for f in running))

    async def _one(self, container: ContainerFacts) -> None:
        try:
            sample = await self._engine.stats(container.id)
        except EngineError as error:
            if error.missing or error.status == 409:
                return
            raise
        self._emit(Observation(self._clock.now(), DOCKER, f"stats/{container.name}", reduce_stats(sample)))


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _kept(event: Mapping[str, Any]) -> dict[str, Any]:
    return {k: event[k] for k in ("Type", "Action", "Actor", "time", "timeNano") if k in event}


def row(f: ContainerFacts) -> dict[str, Any]:
    """One container as a flight record holds it."""
    return {
        "name": f.name,
        "state": f.state,
        "networks": sorted(f.networks),
        "id": f.id,
        "service": f.service,
        "image": f.image,
        "exit_code": f.exit_code,
        "oom": f.oom,
        "started_at": f.started_at,
        "limits": dict(f.limits),
        "labels": {k: v for k, v in f.labels.items() if k in _SHOWN_LABELS},
    }


def reduce_stats(sample: Mapping[str, Any]) -> dict[str, int]:
    """An engine's statistics as the flight record's counters; a stopped container's are all zero."""
    cpu, memory = _map(sample.get("cpu_stats")), _map(sample.get("memory_stats"))
    throttling = _map(cpu.get("throttling_data"))
    networks = [_map(n) for n in _map(sample.get("networks")).values()]
    return {
        "cpu_total_ns": int(_map(cpu.get("cpu_usage")).get("total_usage") or 0),
        "throttled_ns": int(throttling.get("throttled_time") or 0),
        "throttled_periods": int(throttling.get("throttled_periods") or 0),
        "mem": int(memory.get("usage") or 0),
        "mem_limit": int(memory.get("limit") or 0),
        "rx_bytes": sum(int(n.get("rx_bytes") or 0) for n in networks),
        "tx_bytes": sum(int(n.get("tx_bytes") or 0) for n in networks),
        "pids": int(_map(sample.get("pids_stats")).get("current") or 0),
    }
