"""Which state a door is in, from how the world reaches the process behind it (guides/diagnosis.md 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

from console.sim.physics.containers import Container
from console.sim.physics.fabric import Reach
from console.sim.physics.world import World

from .door import Door, Gate

# guides/diagnosis.md 3.2: an idle connection of a killed process gets its FIN after 27-40 ms; through the published
# port of a disconnected one after 386 ms.
KILLED_FIN_S = 0.03
CUT_FIN_S = 0.36


@dataclass(slots=True)
class Placed:
    """A door, the container behind it, and which of its two faces it is."""

    door: Door
    container: Container
    port: int
    published: bool


def gate_of(world: World, container: Container, port: int, published: bool) -> tuple[Gate, float]:
    """State of a door and how long its connections linger, in world seconds."""
    reach = world.fabric.from_host(container, port)
    if reach is Reach.GONE:
        return Gate.REFUSED, KILLED_FIN_S
    if published:
        return _PUBLISHED.get(reach, Gate.OPEN), CUT_FIN_S if reach is Reach.NO_NETWORK else 0.0
    return _DIRECT.get(reach, Gate.OPEN), 0.0


# Through the published port the engine's proxy accepts whatever becomes of the packets behind it; without an endpoint
# there is no proxy.
_PUBLISHED = {
    Reach.NO_NETWORK: Gate.REFUSED,
    Reach.LOST: Gate.FROZEN,
    Reach.SILENT: Gate.FROZEN,
    Reach.REFUSED: Gate.RESET,
}
_DIRECT = {
    Reach.NO_NETWORK: Gate.HOLE,
    Reach.LOST: Gate.HOLE,
    Reach.SILENT: Gate.FROZEN,
    Reach.REFUSED: Gate.REFUSED,
}


class Gates:
    """All doors of a simulator, turned after every change of the world."""

    def __init__(self, world: World, speed: float) -> None:
        self.world = world
        self.speed = speed
        self.placed: list[Placed] = []
        world.ground.refreshers.append(self.refresh)

    def add(self, door: Door, container: Container, port: int, published: bool) -> None:
        """Put a door under the world's rule."""
        placed = Placed(door, container, port, published)
        self.placed.append(placed)
        self._turn(placed)

    def refresh(self) -> None:
        """Look at every door."""
        for placed in self.placed:
            self._turn(placed)

    def _turn(self, placed: Placed) -> None:
        gate, linger = gate_of(self.world, placed.container, placed.port, placed.published)
        placed.door.turn(gate, linger / self.speed)

    def close(self) -> None:
        """Close every door and leave the world alone."""
        if self.refresh in self.world.ground.refreshers:
            self.world.ground.refreshers.remove(self.refresh)
        for placed in self.placed:
            placed.door.close()
        self.placed.clear()
