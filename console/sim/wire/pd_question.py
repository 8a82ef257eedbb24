"""One question to PD's leader, on its way to a handler."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from console.sim.physics.pd_member import PdMember
from console.sim.physics.world import World

from .http import Answer, Asked


class Question:
    """One question to the leader: the world, who was asked, the request, the pieces of its path."""

    def __init__(self, world: World, member: PdMember, asked: Asked, part: tuple[str, ...], chance: Random) -> None:
        self.world = world
        self.member = member
        self.asked = asked
        self.part = part
        self.chance = chance


Route = Callable[[Question], Answer]
