"""`exec`: a second program in a running container, and what the engine says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .commands import NoSuchProgram, Result, run
from .containers import Container
from .engine import EngineError
from .timeline import Op

if TYPE_CHECKING:
    from .world import World

MAX_KEPT = 500
START_S = 0.04  # measured on a real engine: output 40 ms after the start


@dataclass(slots=True)
class Exec:
    """One exec instance. `code` is None until it ended."""

    id: str
    container: Container
    argv: tuple[str, ...]
    stdout: bool
    stderr: bool
    tty: bool = False
    running: bool = False
    started: bool = False
    code: int | None = None
    pid: int = 0


class Execs:
    """All exec instances; the oldest ended ones are forgotten."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._all: dict[str, Exec] = {}

    def create(self, container: Container, argv: tuple[str, ...], stdout: bool, stderr: bool, tty: bool) -> Exec:
        """`POST /containers/x/exec`. Raises EngineError as the engine does."""
        if not container.alive:
            raise EngineError(409, f"Container {container.id} is not running")
        if container.status == "paused":
            raise EngineError(409, f"Container {container.name} is paused, unpause the container before exec")
        if not argv:
            raise EngineError(400, "No exec command specified")
        one = Exec(self.world.engine.new_id(), container, argv, stdout, stderr, tty)
        if len(self._all) >= MAX_KEPT:
            for id_ in [i for i, e in self._all.items() if not e.running][: MAX_KEPT // 2]:
                del self._all[id_]
        self._all[one.id] = one
        self._emit(one, f"exec_create: {' '.join(argv)}")
        return one

    def get(self, id_: str) -> Exec:
        """Raises EngineError 404."""
        one = self._all.get(id_)
        if one is None:
            raise EngineError(404, f"No such exec instance: {id_}")
        return one

    def start(self, one: Exec, write: Callable[[int, str], None]) -> Op:
        """Run it; `write(stream, text)` gets its output. The op ends with its exit code.

        Raises EngineError 400 where the program does not exist, after the same events as the real engine.
        """
        if one.started:
            raise EngineError(409, f"Error: Exec command {one.id} has already run")
        if not one.container.alive:
            raise EngineError(409, f"Container {one.container.id} is not running")
        one.started = True
        self._emit(one, f"exec_start: {' '.join(one.argv)}")
        try:
            result = run(self.world, one.container, one.argv)
        except NoSuchProgram:
            one.code = 126
            raise EngineError(
                400,
                "OCI runtime exec failed: exec failed: unable to start container process: "
                f'exec: "{one.argv[0]}": executable file not found in $PATH: unknown',
            ) from None
        one.running, one.pid = True, one.container.pid + 11
        op = Op()
        exit_op = self.world.engine.exit_of(one.container)
        exit_op.then(lambda: self._end(one, 137, op))
        self.world.ground.after(START_S, lambda: self._output(one, result, write))
        if result.runs_s is not None:
            self.world.ground.after(START_S + result.runs_s, lambda: self._end(one, result.code, op))
        op.then(lambda: self.world.engine.unwatch(one.container, exit_op))
        return op

    def _output(self, one: Exec, result: Result, write: Callable[[int, str], None]) -> None:
        if one.stdout and result.out:
            write(1, result.out)
        if one.stderr and result.err:
            write(2, result.err)

    def _end(self, one: Exec, code: int, op: Op) -> None:
        if not one.running:
            return
        one.running, one.code = False, code
        self._emit(one, "exec_die", exitCode=str(code))
        op.finish(code)

    def _emit(self, one: Exec, action: str, **more: str) -> None:
        self.world.engine.emit(one.container, action, execID=one.id, **more)
