"""What the engine's sources would show of a simulated world: events, containers, statistics, the client's log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.model.names import Role
from console.model.observation import DOCKER
from console.observe.docker import LIST_S, STATS_S, reduce_stats, row
from console.observe.engine import ContainerFacts, Endpoint, facts
from console.observe.ycsb import Thinner
from console.sim.physics.containers import Container
from console.sim.physics.engine_events import EngineEvent
from console.sim.physics.log import Line
from console.sim.physics.world import World
from console.sim.wire.docker_stats import stats_view
from console.sim.wire.docker_views import inspect_view

from .stall import Stalls

Emit = Callable[[str, str, Any], None]
LOOK_AFTER_S = 0.1
RECORDER_LOOK_S = 0.9  # recordings/: the containers are listed so long after an event
EVENT_S = (0.002, 0.02)  # from the engine to us
LINE_S = (0.003, 0.03)
_WHERE = Endpoint("unix:///var/run/docker.sock", "simulated")


class EngineView:
    """`full`: as a session's own sources; else as the recorder's."""

    def __init__(self, world: World, emit: Emit, stalls: Stalls, *, full: bool) -> None:
        self.world, self._emit, self._stalls, self._full = world, emit, stalls, full
        self._began = world.now
        self._noise = world.ground.chance("observer")
        self._thinner = Thinner()
        self._rows: tuple[int, list[ContainerFacts]] = (-1, [])

    def start(self) -> None:
        """Follow everything from now on."""
        self.world.engine.bus.listeners.append(self._event)
        self.world.load.container.log.listeners.append(self._line)
        self._listing()
        self.world.ground.after(self._noise.uniform(0, STATS_S), self._stats)
        for line in list(self.world.load.container.log)[-30:]:
            self._take(line)

    # -- events and containers ---------------------------------------------------------------------------------------

    def _ours(self, c: Container) -> bool:
        return c.labels.get("com.docker.compose.project") == self.world.spec.project

    def _event(self, event: EngineEvent) -> None:
        if event.kind not in ("container", "network") or event.action.startswith("exec_"):
            return
        about = event.attributes.get("container") if event.kind == "network" else event.attributes.get("name")
        if not any(self._ours(c) and about in (c.id, c.name) for c in self.world.engine.containers.values()):
            return
        data = {
            "Type": event.kind,
            "Action": event.action,
            "Actor": {"ID": event.actor, "Attributes": dict(event.attributes)},
            "timeNano": self.world.ground.wall_ns(),
        }
        self._later(self._noise.uniform(*EVENT_S), lambda: self._emit(DOCKER, "event", data))
        self.world.ground.after(LOOK_AFTER_S if self._full else RECORDER_LOOK_S, self._list)

    def _listing(self) -> None:
        if self._full or not self._rows[1]:
            self._list()
            self.world.ground.after(LIST_S, self._listing)

    def _found(self) -> list[ContainerFacts]:
        """Inspected anew only after a change of the world."""
        version = self.world.ground.version
        if self._rows[0] != version:
            ours = [c for c in self.world.engine.containers.values() if self._ours(c)]
            self._rows = (version, [facts(inspect_view(self.world, c), _WHERE) for c in ours])
        return self._rows[1]

    def _list(self) -> None:
        rows = [row(f) for f in self._found()]
        if not self._full:
            rows = [{k: r[k] for k in ("name", "state", "networks")} for r in rows]
        self._later(0.0, lambda: self._emit(DOCKER, "containers", rows))

    # -- statistics and lines ----------------------------------------------------------------------------------------

    def _stats(self) -> None:
        self.world.ground.after(STATS_S, self._stats)
        self.world.settle()
        for container in self.world.engine.containers.values():
            if container.alive and self._ours(container):
                sample = reduce_stats(stats_view(self.world, container, None))
                self._emit(DOCKER, f"stats/{container.name}", sample)

    def _line(self, line: Line) -> None:
        self._later(self._noise.uniform(*LINE_S), lambda: self._take(line))

    def _take(self, line: Line) -> None:
        for obs in self._thinner.take(self.world.now - self._began, line.text):
            self._emit(obs.src, obs.kind, obs.data)

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        """After `delay`, and not while the observer stands still."""
        held = self._stalls.left(self.world.now - self._began)
        if delay + held <= 0:
            action()
        else:
            self.world.ground.after(delay + held, action)


def load_service(world: World) -> str:
    """The Compose service of the load generator."""
    return next((c.service for c in world.engine.containers.values() if c.process is world.load), Role.LOAD.value)
