"""One PD member: its process, from boot to exit, and what it believes about the others."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from .containers import Container
from .engine import Engine
from .ground import Ground
from .log import log_line

CLIENT_PORT = 2379
PEER_PORT = 2380
BOOT_S = (0.25, 0.6)  # recordings/kill_pd_leader: healthy again 0.2-0.5 s after the start event
NOT_STARTED_S = (0.0, 0.4)  # guides/tikv.md 1.2: 500 "server not started" for 0-1 s around a start
ORDERLY_EXIT_S = (0.2, 0.5)


class Life(StrEnum):
    """How far a member's process is."""

    DOWN = "down"  # nobody listens
    STARTING = "starting"  # answers 500
    SERVING = "serving"


class PdMember:
    """One member and what it believes. It is the `Process` of its container."""

    def __init__(self, ground: Ground, engine: Engine, name: str, member_id: int) -> None:
        self.ground = ground
        self.engine = engine
        self.name = name
        self.member_id = member_id
        self.container: Container
        self.life = Life.DOWN
        self.started_wall = 0
        self.leader: str | None = None  # who it thinks is PD leader
        self.etcd_leader: str | None = None
        self.term = 0
        self.cached = True  # it knows the regions
        self.on_stop: Callable[[PdMember], None] = lambda _: None
        self.turn = 0

    @property
    def serving(self) -> bool:
        """Its process takes part."""
        return self.life is Life.SERVING and self.container.awake

    def listening(self, port: int, /) -> bool:
        """Client and peer port."""
        return port in (CLIENT_PORT, PEER_PORT) and self.life is not Life.DOWN

    def start(self) -> None:
        """The process begins with an empty mind."""
        self.turn += 1
        turn = self.turn
        self.life, self.cached = Life.DOWN, False
        self.leader = self.etcd_leader = None
        self.say("INFO", 'versioninfo.go:89] ["Welcome to Placement Driver (PD)"')
        chance = self.ground.chance("pd")
        boot = chance.uniform(*BOOT_S)
        self.ground.after(boot, lambda: self._step(turn, Life.STARTING))
        self.ground.after(boot + chance.uniform(*NOT_STARTED_S), lambda: self._step(turn, Life.SERVING))

    def start_serving(self) -> None:
        """As if it had run before the world began."""
        self.turn += 1
        self.life = Life.SERVING
        self.started_wall = int(self.ground.wall())
        self.say("INFO", 'versioninfo.go:89] ["Welcome to Placement Driver (PD)"')

    def _step(self, turn: int, life: Life) -> None:
        if turn != self.turn:
            return
        if not self.container.awake:
            self.ground.after(0.1, lambda: self._step(turn, life))
            return
        with self.ground.change():
            self.life = life
            self.started_wall = int(self.ground.wall())

    def signal(self, number: int) -> None:
        """SIGHUP, SIGINT, SIGTERM, SIGQUIT: an orderly stop; a leader hands over first."""
        if number in (1, 2, 3, 15):
            turn = self.turn
            self.on_stop(self)
            wait = self.ground.chance("pd").uniform(*ORDERLY_EXIT_S)
            self.ground.after(wait, lambda: self.engine.end(self.container, 0) if turn == self.turn else None)

    def died(self) -> None:
        """The process is gone."""
        self.turn += 1
        self.life = Life.DOWN
        self.leader = self.etcd_leader = None

    def frozen(self, paused: bool) -> None:
        """Nothing of its own: what others make of it follows from `awake`."""

    def say(self, level: str, text: str) -> None:
        """One line of PD's own log."""
        self.container.log.write(self.ground.wall_ns(), log_line(self.ground.wall(), level, text), stream=2)
