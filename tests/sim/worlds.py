"""Small helpers for tests of the physics."""

from __future__ import annotations

import re
from typing import Any

from console.sim.physics.engine_events import EngineEvent
from console.sim.physics.spec import ClusterSpec
from console.sim.physics.timeline import Op
from console.sim.physics.world import World

_SUMMARY = re.compile(
    r"(\S+)\s*- Takes\(s\): ([\d.]+), Count: (\d+), OPS: ([\d.]+), Avg\(us\): (\d+), .*99th\(us\): (\d+)"
)


def lived(seconds: float = 30.0, **spec: Any) -> World:
    """A world that has run for a while."""
    world = World(ClusterSpec(**spec))
    world.advance(seconds)
    return world


def later(world: World, seconds: float) -> World:
    """Let time pass."""
    world.advance(world.now + seconds)
    return world


def ended(world: World, op: Op | None, within: float = 60.0) -> float:
    """Advance until the call has returned; how long it took."""
    began = world.now
    assert op is not None
    while not op.done:
        assert world.now < began + within, "the call did not return"
        world.advance(world.now + 0.01)
    return world.now - began


def heard(world: World) -> list[EngineEvent]:
    """A list that fills with the engine's events from now on."""
    events: list[EngineEvent] = []
    world.engine.bus.listeners.append(events.append)
    return events


def actions(events: list[EngineEvent]) -> list[str]:
    """`container kill 9`, `network disconnect`, ..."""
    out = []
    for e in events:
        extra = e.attributes.get("signal") or e.attributes.get("exitCode")
        out.append(f"{e.kind} {e.action}" + (f" {extra}" if extra else ""))
    return out


def intervals(world: World, op: str = "TOTAL") -> list[tuple[float, int]]:
    """(moment, operations since the line before) of go-ycsb's lines."""
    out, before = [], None
    for line in world.load.container.log:
        match = _SUMMARY.match(line.text)
        if match and match[1] == op:
            if before is not None:
                out.append((line.at_ns / 1e9 - world.spec.epoch, int(match[3]) - before))
            before = int(match[3])
    return out


def ops_between(world: World, start: float, end: float) -> float:
    """Mean operations/s of the intervals that ended in a stretch of the world's time."""
    found = [n for t, n in intervals(world) if start < t <= end]
    assert found, "no lines in that stretch"
    return sum(found) / len(found)


def p99(world: World) -> int:
    """go-ycsb's last cumulative 99th percentile, us."""
    last = [m for line in world.load.container.log if (m := _SUMMARY.match(line.text)) and m[1] == "TOTAL"]
    return int(last[-1][6])


def said(world: World, service: str, since: float = 0.0) -> list[str]:
    """What a container wrote since a moment."""
    return [x.text for x in world.container(service).log if x.at_ns / 1e9 - world.spec.epoch >= since]
