"""One TiKV store: its process from boot to exit, its beat to PD, its own numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .containers import Container
from .disk import CHECK_S, Disk, SlowScore
from .ground import Ground
from .log import log_line
from .meter import Meters
from .numbers import GRID_S, Numbers
from .raft import STORE_PORT

if TYPE_CHECKING:
    from .engine import Engine
    from .pd import PdCluster
    from .raft import Raft

STATUS_PORT = 20180
BEAT_S = 10.0  # guides/tikv.md 2.2: store heartbeat
BOOT_S = (2.0, 4.0)  # guides/tikv.md 6.2: joined 2-5 s after PD is ready
JOIN_RETRY_S = 0.3  # guides/tikv.md 2.2: PD client retry, unlimited
# A beat that found no PD is tried again for a while (pd_client retries with every reconnect), then waits for its turn:
# recordings/kill_pd_leader, where stores were back within 1 s of the new leader.
BEAT_RETRY_S = 0.4
BEAT_PATIENCE_S = 6.0
GRACEFUL_S = 20.0  # guides/tikv.md 2.2: server.graceful-shutdown-timeout
EXIT_S = (0.15, 0.4)
SIGHUP, SIGINT, SIGTERM = 1, 2, 15


class StoreNode:
    """State of one store. It is the `Process` of its container."""

    def __init__(self, ground: Ground, engine: Engine, id: int, name: str) -> None:  # noqa: A002 - PD's word
        self.ground = ground
        self.engine = engine
        self.id = id
        self.name = name
        self.address = f"{name}:{STORE_PORT}"
        self.status_address = f"{name}:{STATUS_PORT}"
        self.container: Container
        self.pd: PdCluster
        self.raft: Raft
        self.joined = False
        self.stopping = False
        self.grpc_paused = False
        self.started_wall = 0
        self.disk = Disk(ground.spec.store_disk)
        self.slow = SlowScore(ground, self.disk, self.beat_now)
        self.meters = Meters()
        self.numbers = Numbers()
        self.pd_failures = 0
        self._life = 0
        self._next_beat = 0.0
        self.on_join: list[Callable[[StoreNode], None]] = []

    # -- questions -------------------------------------------------------------------------------------------------

    @property
    def serving(self) -> bool:
        """Part of the cluster and getting CPU, its gRPC port open."""
        return self.joined and not self.grpc_paused and self.container.awake

    @property
    def plain(self) -> bool:
        """Nothing about it is out of the ordinary, so its links need not be looked at."""
        container = self.container
        return (
            self.serving
            and not len(container.netns)
            and any(e.address and self.name in e.aliases for e in container.endpoints.values())
        )

    def listening(self, port: int, /) -> bool:
        """Both ports open when the store has joined; the gRPC port can be closed by itself (3.1)."""
        if port == STATUS_PORT:
            return self.joined
        return port == STORE_PORT and self.joined and not self.grpc_paused

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The process begins: it opens its ports only after it has joined PD."""
        self._life += 1
        life, now = self._life, self.ground.now
        self.joined = self.stopping = self.grpc_paused = False
        self.slow.reset()
        self.meters.reset(now)
        self.numbers.reset()
        self.pd_failures = 0
        boot = self.ground.chance("store").uniform(*BOOT_S)
        self.ground.after(boot, lambda: self._join(life))

    def start_joined(self, phase: float) -> None:
        """As if it had run before the world began; its next beat is at `phase`."""
        self._life += 1
        life = self._life
        self.joined = True
        self.started_wall = int(self.ground.wall())
        self.ground.after(phase, lambda: self._flush(life))
        self._welcome()
        self._schedule_beat(life, phase)
        self.ground.after(CHECK_S * phase / BEAT_S, lambda: self._check_disk(life))

    def _join(self, life: int) -> None:
        if life != self._life:
            return
        if not self.container.awake or self.pd.leader_for(self.container) is None:
            self.ground.after(JOIN_RETRY_S, lambda: self._join(life))
            return
        with self.ground.change():
            self.joined = True
            self.started_wall = int(self.ground.wall())
        self._welcome()
        self.pd.store_joined(self)
        for hook in self.on_join:
            hook(self)
        # TiKV beats at once when it starts (its test store_heartbeat_after_start), then on its own period.
        self._schedule_beat(life, 0.05)
        self._check_disk(life)
        self._flush(life)

    def _flush(self, life: int) -> None:
        """Gauges are written on a grid of their own, begun with the process."""
        if life != self._life:
            return
        self.ground.after(GRID_S, lambda: self._flush(life))
        if self.container.awake:
            self.numbers.flush(self, self.raft)

    def _welcome(self) -> None:
        self.say("INFO", 'lib.rs:93] ["Welcome to TiKV"')
        self.say("INFO", f'server.rs:412] ["TiKV is ready to serve"] [store_id={self.id}')

    def signal(self, number: int) -> None:
        """SIGTERM: leaders are moved away first; SIGINT, SIGHUP: an orderly stop at once; others are ignored."""
        if number == SIGTERM and self.joined and not self.stopping:
            self.stopping = True
            self.say("INFO", 'signal_handler.rs:20] ["receive signal Terminated, shutting down"')
            self.beat_now()
            self._drain(self._life, self.ground.now + GRACEFUL_S)
        elif number in (SIGTERM, SIGINT, SIGHUP) and not self.stopping:
            self._exit_soon(self._life)

    def _drain(self, life: int, deadline: float) -> None:
        if life != self._life or not self.container.alive:
            return
        if not self.container.awake:
            self.ground.after(0.1, lambda: self._drain(life, deadline))
        elif self.raft.leaders[self.id] <= 0 or self.ground.now >= deadline:
            self._exit_soon(life)
        else:
            self.ground.after(0.1, lambda: self._drain(life, deadline))

    def _exit_soon(self, life: int) -> None:
        def leave() -> None:
            if life == self._life:
                self.engine.end(self.container, 0)

        self.ground.after(self.ground.chance("store").uniform(*EXIT_S), leave)

    def died(self) -> None:
        """The process is gone: ports closed, counters end."""
        self._life += 1
        self.joined = self.stopping = self.grpc_paused = False
        self.meters.stop(self.ground.now)

    def frozen(self, paused: bool) -> None:
        """A thawed store catches up with the beat it missed."""
        if not paused and self.joined and self._next_beat <= self.ground.now:
            self._schedule_beat(self._life, self.ground.chance("store").uniform(0.05, 0.5))

    # -- the beat --------------------------------------------------------------------------------------------------

    def _schedule_beat(self, life: int, wait: float) -> None:
        self._next_beat = when = self.ground.now + wait
        self.ground.timeline.at(when, lambda: self._beat(life, when))

    def _beat(self, life: int, due: float) -> None:
        if life != self._life or due != self._next_beat or not self.container.awake:
            return
        if self._reported():
            self._schedule_beat(life, BEAT_S)
        elif self.ground.now - due < BEAT_PATIENCE_S:
            self._retry_beat(life, due)
        else:
            self._schedule_beat(life, BEAT_S - (self.ground.now - due))

    def _retry_beat(self, life: int, due: float) -> None:
        def again() -> None:
            if life != self._life or due != self._next_beat or not self.container.awake:
                return
            if self._reported():
                self._schedule_beat(life, max(0.1, due + BEAT_S - self.ground.now))
            elif self.ground.now - due < BEAT_PATIENCE_S:
                self._retry_beat(life, due)
            else:
                self._schedule_beat(life, max(0.1, due + BEAT_S - self.ground.now))

        self.ground.after(BEAT_RETRY_S, again)

    def _reported(self) -> bool:
        ok = self.pd.store_heartbeat(self)
        self.pd_failures += not ok
        return ok

    def beat_now(self) -> None:
        """Report out of turn."""
        if self.container.awake and self.joined:
            self.pd.store_heartbeat(self)

    # -- disk ------------------------------------------------------------------------------------------------------

    def _check_disk(self, life: int) -> None:
        if life != self._life:
            return
        self.ground.after(CHECK_S, lambda: self._check_disk(life))
        full = self.disk.available < max(1, self.disk.reserve)
        if full != self.disk.full and self.container.awake:
            with self.ground.change():
                self.disk.full = full
            states = ("Normal", "AlmostFull") if full else ("AlmostFull", "Normal")
            self.say("WARN", f'server.rs:1550] ["disk usage {states[0]}->{states[1]}"')

    def set_disk(self, **changes: float | int | bool) -> None:
        """Change the disk's state (`Disk` fields), for faults that have no engine call."""
        with self.ground.change():
            for name, value in changes.items():
                setattr(self.disk, name, value)
        self.slow.look()

    # -- log -------------------------------------------------------------------------------------------------------

    def say(self, level: str, text: str) -> None:
        """One line of TiKV's own log."""
        self.container.log.write(self.ground.wall_ns(), log_line(self.ground.wall(), level, text), stream=2)
