"""The go-ycsb process: start-up lines, one block of results a second, the end on a signal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import client_text
from .containers import Container
from .engine import Engine
from .ground import Ground
from .log import log_line
from .ycsb_text import block, distribution, finished, header

if TYPE_CHECKING:
    from .pd import PdCluster
    from .workload import Workload

INTERVAL_S = 1.0
START_S = (0.15, 0.4)
CLUSTER_ID_TRIES = 100  # guides/tikv.md 4.4: a line each second, more than 100 s, then "create db tikv failed"
EXIT_S = (0.05, 0.2)
# recordings/: an interval is now and then late by tens of milliseconds.
LATE_SHARE, LATE_S = 0.08, (0.01, 0.11)


class LoadProcess:
    """The `Process` of the load generator's container."""

    def __init__(self, ground: Ground, engine: Engine) -> None:
        self.ground = ground
        self.engine = engine
        self.container: Container
        self.workload: Workload
        self.pd: PdCluster
        self.wanted = True  # False: the container exists, the run is not started
        self._turn = 0
        self._began = 0.0
        self._ticks = 0
        self._missed = False

    def listening(self, _port: int, /) -> bool:
        """Nothing to ask it."""
        return False

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The process begins; the run starts when PD is found."""
        self._turn += 1
        turn = self._turn
        self.print(distribution(self.ground.spec))
        self.ground.after(self.ground.chance("load").uniform(*START_S), lambda: self._find_pd(turn, 0))

    def start_running(self) -> None:
        """As if started the moment the world begins."""
        self._turn += 1
        self.print(distribution(self.ground.spec))
        self._begin(self._turn)

    def _find_pd(self, turn: int, tries: int) -> None:
        if turn != self._turn:
            return
        if self.container.awake and self.pd.leader_for(self.container) is not None:
            with self.ground.change():
                self._begin(turn)
            return
        if tries >= CLUSTER_ID_TRIES:
            self.print("create db tikv failed [PD:client:ErrClientGetLeader]get leader from all members failed")
            self.engine.end(self.container, 1)
            return
        if self.container.awake:
            self.say(client_text.no_cluster_id())
        self.ground.after(1.0, lambda: self._find_pd(turn, tries + 1))

    def _begin(self, turn: int) -> None:
        names = [f"{name}:2379" for name in sorted(self.pd.members)]
        self.say(f'[INFO] [client.go:392] ["[pd] create pd client with endpoints"] [pd-address="[{",".join(names)}]"]')
        self.workload.routes.reset()
        self.workload.routes.refresh()
        self.workload.pd.begin()
        self.say(f'[INFO] [base_client.go:105] ["[pd] init cluster id"] [cluster-id={self.pd.id}]')
        for line in header(self.ground.spec, names):
            self.print(line)
        self.workload.begin()
        self._began, self._ticks, self._missed = self.ground.now, 0, False
        self._schedule(turn)

    def died(self) -> None:
        """The process is gone."""
        self._turn += 1
        self.workload.end()

    def signal(self, number: int) -> None:
        """SIGINT, SIGTERM, SIGHUP, SIGQUIT: results once more, then exit 0."""
        if number not in (1, 2, 3, 15):
            return
        name = {1: "hangup", 2: "interrupt", 3: "quit", 15: "terminated"}[number]
        turn = self._turn
        self.print("")
        self.print(f"Got signal [{name}] to exit.")
        self.ground.after(self.ground.chance("load").uniform(*EXIT_S), lambda: self._leave(turn))

    def _leave(self, turn: int) -> None:
        if turn != self._turn:
            return
        run = self.workload.flush()
        if run is not None:
            for _ in range(min(8, self.ground.spec.threads) // 2):
                self.print("operation err: context canceled")
            for line in finished(self.ground.now - self._began):
                self.print(line)
            for line in block(self.ground.now, run.seen, run.first):
                self.print(line)
        self.engine.end(self.container, 0)

    def frozen(self, paused: bool) -> None:
        """After a pause the runtime's ticker fires at once if it missed a beat."""
        if not paused and self._missed:
            self._missed = False
            turn = self._turn
            self.ground.after(0.005, lambda: self._print_block() if turn == self._turn else None)

    # -- results ---------------------------------------------------------------------------------------------------

    def _schedule(self, turn: int) -> None:
        self._ticks += 1
        chance = self.ground.chance("load")
        late = chance.uniform(0.0, 0.003)
        if self.ground.spec.noise > 0 and chance.random() < LATE_SHARE:
            late += chance.uniform(*LATE_S)
        self.ground.timeline.at(self._began + self._ticks * INTERVAL_S + late, lambda: self._tick(turn))

    def _tick(self, turn: int) -> None:
        if turn != self._turn:
            return
        self._schedule(turn)
        if self.container.awake:
            self._print_block()
        else:
            self._missed = True
        self.workload.second()

    def _print_block(self) -> None:
        run = self.workload.flush()
        if run is None or not self.container.awake:
            return
        for line in block(self.ground.now, run.seen, run.first):
            self.print(line)

    def print(self, text: str) -> None:
        """One line of standard output."""
        self.container.log.write(self.ground.wall_ns(), text)

    def say(self, text: str) -> None:
        """One line of client-go's log; a frozen client writes none. `text` begins `[LEVEL] [file] ...`."""
        if self.container.awake:
            level, _, rest = text[1:].partition("] [")
            if rest:
                text = log_line(self.ground.wall(), level, rest[:-1])
            self.container.log.write(self.ground.wall_ns(), text)
