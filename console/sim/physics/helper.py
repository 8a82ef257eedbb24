"""A container made by somebody: runs one of the known programs as its PID 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .commands import NoSuchProgram, Result, run
from .containers import Container
from .guests import Guest, parse

if TYPE_CHECKING:
    from .world import World


class HelperProcess:
    """The `Process` of a created container. PID 1 ignores every signal it has no handler for, as in Linux."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.container: Container
        self._turn = 0
        self._result = Result()
        self._frozen: Guest | None = None

    def argv(self) -> tuple[str, ...]:
        """Entry point and command."""
        image = self.container.image
        entry = self.container.entrypoint or image.entrypoint
        return entry + (self.container.command or image.command)

    def check(self) -> str:
        """Empty, or why it cannot start, as the engine words it."""
        argv = self.argv()
        if argv and argv[0].rsplit("/", 1)[-1] in self.world.programs:
            return ""
        name = argv[0] if argv else ""
        return (
            "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container "
            f'process: exec: "{name}": executable file not found in $PATH: unknown'
        )

    def start(self) -> None:
        """Run it; it ends by itself where the program does."""
        self._turn += 1
        turn = self._turn
        try:
            result = run(self.world, self.container, self.argv())
        except NoSuchProgram:
            result = Result(code=127)
        guest = parse(self.argv()) if self.argv()[0].endswith("go-ycsb") else None
        if guest is not None:
            self.world.workload.guests.present[self.container.id] = guest
        self._result = result
        self._say(result.out, 1)
        self._say(result.err, 2)
        if result.runs_s is not None:
            self.world.ground.after(result.runs_s + 0.02, lambda: self._finish(turn))

    def _say(self, text: str, stream: int = 1) -> None:
        for line in text.splitlines():
            self.container.log.write(self.world.ground.wall_ns(), line, stream)

    def _finish(self, turn: int) -> None:
        if turn != self._turn:
            return
        if not self.container.awake:  # a frozen process gets to its end when it is thawed
            self.world.ground.after(0.1, lambda: self._finish(turn))
            return
        if self._result.finish is not None:
            self._say(self._result.finish())
        self._end(turn, self._result.code)

    def _end(self, turn: int, code: int) -> None:
        if turn == self._turn:
            self.world.engine.end(self.container, code)

    def signal(self, number: int) -> None:
        """Ignored, but by programs that handle it: SIGTERM and SIGINT, and go-ycsb's usual ones."""
        if self._result.term is not None and number in (2, 15):
            turn = self._turn
            self._result.term()
            self.world.ground.after(0.05, lambda: self._end(turn, 0))
        if self.container.id in self.world.workload.guests.present and number in (1, 2, 3, 15):
            turn = self._turn
            self.world.ground.after(0.1, lambda: self._end(turn, 0))

    def died(self) -> None:
        """Gone, and its load with it."""
        self._turn += 1
        self.world.workload.guests.present.pop(self.container.id, None)
        if self._result.gone is not None:
            self._result.gone()
        self._result = Result()

    def frozen(self, paused: bool) -> None:
        """A frozen load asks for nothing."""
        guests = self.world.workload.guests.present
        if paused:
            self._frozen = guests.pop(self.container.id, None)
        elif self._frozen is not None:
            guests[self.container.id] = self._frozen
            self._frozen = None

    def listening(self, _port: int, /) -> bool:
        """Nobody listens."""
        return False
