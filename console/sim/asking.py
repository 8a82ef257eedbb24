"""Questions put to the simulated cluster without sockets, in its own time: each ends as a socket would have shown it.

A question is a coroutine that waits on the world's timeline. Nothing here draws from the physics' chance, so a world
that is asked is the same world.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any, cast

from aiohttp import web

from .physics.containers import Container
from .physics.fabric import wire_sample
from .physics.pd_member import CLIENT_PORT, PdMember
from .physics.store import STATUS_PORT, StoreNode
from .physics.world import World
from .wire.clock import SimClock
from .wire.door import Gate
from .wire.gates import gate_of
from .wire.http import Answer, Asked
from .wire.pd_server import PdPort
from .wire.tikv_server import StatusPort

LOOK_S = 0.05
USUAL_S = 0.0008  # a round trip through the published port, connect and answer (guides/diagnosis.md 3.2)
SPREAD = 0.35
# A shared machine: now and then a request is late for no reason of the cluster's.
HICCUP_SHARE = 4e-4
HICCUP_S = 0.03
SYN_AGAIN_S = 1.0


class _Wait:
    """Awaited: the driver resumes the coroutine after so many world seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __await__(self) -> Generator[_Wait, None, None]:
        yield self


class WorldClock(SimClock):
    """Stands in for the served clock: sleeping is waiting on the timeline, and it is always now."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.speed = 1.0

    def sync(self) -> float:
        """The world is where it is."""
        return self.world.now

    def poke(self) -> None:
        """Nobody sleeps past anything."""

    async def sleep(self, seconds: float) -> None:
        """Wait on the world's timeline."""
        await _Wait(max(0.0, seconds))


Outcome = dict[str, Any]
Ended = Callable[[Outcome], None]


class Errand:
    """One question under way. `ended` gets its answer, or the error of the phase it was in at the deadline."""

    def __init__(self, world: World, work: Coroutine[Any, Any, Outcome], deadline_s: float, ended: Ended) -> None:
        self._world, self._work, self._ended = world, work, ended
        self._began = world.now
        self.phase = "ConnectTimeout"
        self._over = world.ground.after(deadline_s, self._late)

    def begin(self) -> None:
        """Run to the first wait."""
        self._step()

    def _step(self) -> None:
        try:
            wait = cast(_Wait, self._work.send(None))
        except StopIteration as end:
            self._end(cast(Outcome, end.value))
        else:
            self._next = self._world.ground.after(wait.seconds, self._step)

    def _late(self) -> None:
        self._next.cancel()
        self._work.close()
        self._end({"error": self.phase, "msg": ""})

    def _end(self, outcome: Outcome) -> None:
        self._over.cancel()
        outcome["rtt_ms"] = round((self._world.now - self._began) * 1000, 2)
        self._ended(outcome)


class _Transport:
    """The caller hangs up by closing the coroutine, never by its transport."""

    @staticmethod
    def is_closing() -> bool:
        return False


class _Request:
    transport = _Transport()


_REQUEST = cast(web.BaseRequest, _Request())


class Asker:
    """Puts questions to members and stores. `published`: through the engine's proxy, else at their own addresses."""

    def __init__(self, world: World, published: bool = True) -> None:
        self.world, self.published = world, published
        self.clock = WorldClock(world)
        self.chance = world.ground.chance("asker")
        self._members: dict[str, PdPort] = {}
        self._stores: dict[str, StatusPort] = {}

    def member(self, member: PdMember, asked: Asked, deadline_s: float, ended: Ended) -> None:
        """Ask one PD member."""
        port = self._members.setdefault(member.name, PdPort(self.world, self.clock, member))

        async def answer() -> Answer:
            return await port.answer(asked, _REQUEST)

        self._ask(member.container, CLIENT_PORT, answer, lambda: 0.0, deadline_s, ended)

    def store(self, node: StoreNode, asked: Asked, deadline_s: float, ended: Ended) -> None:
        """Ask one store's status port."""
        port = self._stores.setdefault(node.name, StatusPort(self.world, self.clock, node))

        async def answer() -> Answer:
            return port.answer(asked)

        self._ask(node.container, STATUS_PORT, answer, port.starved, deadline_s, ended)

    def _ask(
        self,
        container: Container,
        port: int,
        answer: Callable[[], Coroutine[Any, Any, Answer]],
        starved: Callable[[], float],
        deadline_s: float,
        ended: Ended,
    ) -> None:
        holder: list[Errand] = []

        def phase(name: str) -> None:
            holder[0].phase = name

        work = self._through(container, port, answer, starved, phase)
        holder.append(Errand(self.world, work, deadline_s, ended))
        holder[0].begin()

    async def _through(
        self,
        container: Container,
        port: int,
        answer: Callable[[], Coroutine[Any, Any, Answer]],
        starved: Callable[[], float],
        phase: Callable[[str], None],
    ) -> Outcome:
        """Connect, ask, be answered; each step at the mercy of the gate."""
        await self.clock.sleep(self._usual() / 2)
        gate = self._gate(container, port)
        if gate is Gate.REFUSED:
            return {"error": "ConnectError", "msg": "Connection refused"}
        if gate is Gate.RESET:
            return _hung_up()
        while gate is Gate.HOLE:  # the SYN is lost; the next one goes out a second later
            await self.clock.sleep(SYN_AGAIN_S)
            gate = self._gate(container, port)
        phase("ReadTimeout")
        if not await self._open(container, port):
            return _hung_up()
        path = self.world.fabric.path(None, container, port)
        await self.clock.sleep(self._usual() / 2 + wire_sample(path, self.chance) + starved())
        got = await answer()
        if not await self._open(container, port):
            return _hung_up()
        return {"status": got.status, "body": got.body}

    async def _open(self, container: Container, port: int) -> bool:
        """Wait while nobody reads; False where the connection was ended instead."""
        while (gate := self._gate(container, port)) is not Gate.OPEN:
            if gate in (Gate.REFUSED, Gate.RESET):
                return False
            await self.clock.sleep(LOOK_S)
        return True

    def _gate(self, container: Container, port: int) -> Gate:
        return gate_of(self.world, container, port, self.published)[0]

    def _usual(self) -> float:
        if self.world.spec.noise <= 0:
            return USUAL_S
        late = self.chance.expovariate(1 / HICCUP_S) if self.chance.random() < HICCUP_SHARE else 0.0
        return USUAL_S * self.chance.lognormvariate(0.0, SPREAD) + late


def _hung_up() -> Outcome:
    return {"error": "RemoteProtocolError", "msg": "Server disconnected without sending a response."}
