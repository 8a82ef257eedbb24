"""The engine's calls on a container's process: kill, stop, start, restart, pause, unpause, update, remove.

Each returns an `Op` that ends when the API call would return, and emits events in the order measured on a real
20.10.24 engine: kill, die, network disconnect, [stop,] network connect, start, [restart]. Durations are between
those of that idle engine and those of the busy one in recordings/ (there a call returned 0.2-0.7 s after its effect).
"""

from __future__ import annotations

import signal as signals

from .containers import Container
from .engine import SIGKILL, Engine, EngineError
from .engine_limits import check_limits
from .timeline import Action, Op

HEARD_S = (0.02, 0.09)  # request to effect
DIE_S = (0.012, 0.035)  # effect to die event
RETURN_S = (0.1, 0.35)  # last event to return of the call
START_S = (0.15, 0.26)  # network connect to start event
FREEZE_S = (0.015, 0.12)
UPDATE_S = (0.02, 0.3)


def signal_number(text: str) -> int:
    """`9`, `KILL`, `SIGKILL` or empty (SIGKILL). Raises EngineError 400 as the engine words it."""
    if not text:
        return SIGKILL
    if text.isdigit() and 0 < int(text) < 65:
        return int(text)
    name = text.upper() if text.upper().startswith("SIG") else f"SIG{text.upper()}"
    try:
        return int(signals.Signals[name])
    except KeyError:
        raise EngineError(400, f"Invalid signal: {text}") from None


class EngineCalls:
    """Timed calls; all validation happens at once and raises EngineError."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.ground = engine.ground

    def _draw(self, limits: tuple[float, float]) -> float:
        return self.ground.chance("engine").uniform(*limits)

    def _after(self, limits: tuple[float, float], action: Action) -> None:
        self.ground.after(self._draw(limits), action)

    def _return(self, op: Op, value: int = 0) -> None:
        self._after(RETURN_S, lambda: op.finish(value))

    # -- kill ------------------------------------------------------------------------------------------------------

    def kill(self, container: Container, number: int = SIGKILL) -> Op:
        """`POST /containers/x/kill`. A container killed by hand is not restarted by its policy."""
        if not container.alive:
            message = f"Cannot kill container: {container.name}: Container {container.id} is not running"
            raise EngineError(409, message)
        op = Op()
        self._after(HEARD_S, lambda: self._deliver(container, number, op))
        return op

    def _deliver(self, container: Container, number: int, op: Op) -> None:
        if number == SIGKILL or number == container.stop_signal:
            container.stopped_by_hand = True
        self.engine.emit(container, "kill", signal=str(number))
        if number != SIGKILL:
            if container.awake:
                container.process.signal(number)
            op.finish()
            return
        exit_op = self.engine.exit_of(container)
        self._after(DIE_S, lambda: self.engine.end(container, 137))
        exit_op.then(lambda: self.engine.gone(container).then(lambda: self._return(op)))

    # -- stop ------------------------------------------------------------------------------------------------------

    def stop(self, container: Container, grace: float | None = None) -> Op | None:
        """`POST /containers/x/stop`; None where it does not run (304). Unpauses a paused one, as the engine does."""
        if container.status == "restarting" and container.restart_timer:
            container.restart_timer.cancel()
            container.status, container.stopped_by_hand = "exited", True
        if not container.alive:
            return None
        op = Op()
        self._after(HEARD_S, lambda: self._stop(container, grace, op))
        return op

    def _stop(self, container: Container, grace: float | None, op: Op) -> None:
        container.stopped_by_hand = True
        if not container.alive:
            op.finish()
            return
        number = container.stop_signal
        wait = container.stop_grace if grace is None else grace
        self.engine.emit(container, "kill", signal=str(number))
        exit_op = self.engine.exit_of(container)
        if container.status == "paused":
            self._thaw(container)
        if number == SIGKILL:
            self._after(DIE_S, lambda: self.engine.end(container, 137))
        else:
            container.process.signal(number)
        if wait >= 0:
            self.ground.after(max(wait, 0.01), lambda: self._lose_patience(container, exit_op))
        exit_op.then(lambda: self.engine.gone(container).then(lambda: self._stopped(container, op)))

    def _lose_patience(self, container: Container, exit_op: Op) -> None:
        if exit_op.done:
            return
        self.engine.emit(container, "kill", signal=str(SIGKILL))
        self._after(DIE_S, lambda: None if exit_op.done else self.engine.end(container, 137))

    def _stopped(self, container: Container, op: Op) -> None:
        self.engine.emit(container, "stop")
        op.finish()

    # -- start and restart ------------------------------------------------------------------------------------------

    def start(self, container: Container) -> Op | None:
        """`POST /containers/x/start`; None where it runs already (304)."""
        if container.status == "paused":
            raise EngineError(409, "cannot start a paused container, try unpause instead")
        if container.alive:
            return None
        if container.restart_timer:
            container.restart_timer.cancel()
        op = Op()
        self._after(HEARD_S, lambda: self._connect(container, op))
        return op

    def _connect(self, container: Container, op: Op) -> None:
        container.stopped_by_hand = False
        container.restart_count = 0
        for network in self.engine.attach(container):
            self.engine.emit_network(network, container, "connect")
        self._after(START_S, lambda: self._started(container, op))

    def _started(self, container: Container, op: Op) -> None:
        if not container.alive and container.id in self.engine.containers:
            self.engine.bring_up(container)
            self.engine.emit(container, "start")
        op.finish()

    def restart(self, container: Container, grace: float | None = None) -> Op:
        """`POST /containers/x/restart`: stop where it runs, start, and a `restart` event at the end."""
        op = Op()

        def again() -> None:
            started = self.start(container)
            if started is None:
                finish()
            else:
                started.then(finish)

        def finish() -> None:
            self.engine.emit(container, "restart")
            op.finish()

        stopped = self.stop(container, grace)
        if stopped is None:
            again()
        else:
            stopped.then(again)
        return op

    # -- pause -----------------------------------------------------------------------------------------------------

    def pause(self, container: Container) -> Op:
        """`POST /containers/x/pause`: the freezer stops every process in it; the kernel still accepts for it."""
        if not container.alive:
            raise EngineError(409, f"Container {container.id} is not running")
        if container.status == "paused":
            raise EngineError(409, f"Container {container.id} is already paused")
        op = Op()
        self._after(FREEZE_S, lambda: self._freeze(container, op))
        return op

    def _freeze(self, container: Container, op: Op) -> None:
        if container.awake:
            with self.ground.change():
                container.status = "paused"
                container.process.frozen(True)
            self.engine.emit(container, "pause")
        op.finish()

    def unpause(self, container: Container) -> Op:
        """`POST /containers/x/unpause`. The real engine answers 500, not 409, where it is not paused (measured)."""
        if container.status != "paused":
            raise EngineError(500, f"Container {container.id} is not paused")
        op = Op()

        def thaw() -> None:
            if container.status == "paused":
                self._thaw(container)
            op.finish()

        self._after(FREEZE_S, thaw)
        return op

    def _thaw(self, container: Container) -> None:
        with self.ground.change():
            container.status = "running"
            container.process.frozen(False)
        self.engine.emit(container, "unpause")

    # -- update and remove --------------------------------------------------------------------------------------------

    def update(self, container: Container, changes: dict[str, int | str]) -> Op:
        """`POST /containers/x/update` with fields of `Limits`; 0 leaves a limit as it is, as on the real engine."""
        changes = {name: value for name, value in changes.items() if value}
        check_limits(container, changes, self.ground.spec.host_cores)
        op = Op()

        def apply() -> None:
            with self.ground.change():
                for name, value in changes.items():
                    setattr(container.limits, name, value)
            self.engine.emit(container, "update")
            op.finish()

        self._after(UPDATE_S, apply)
        return op

    def remove(self, container: Container, force: bool = False) -> Op:
        """`DELETE /containers/x`."""
        op = Op()

        def forget() -> None:
            self.engine.remove(container)
            op.finish()

        if not container.alive and container.status != "restarting":
            self._after((0.005, 0.02), forget)
            return op
        if not force:
            advice = "Unpause and then stop" if container.status == "paused" else "Stop"
            raise EngineError(
                409,
                f"You cannot remove a {container.status} container {container.id}. "
                f"{advice} the container before attempting removal or force remove",
            )
        container.auto_remove = False
        if container.status == "restarting":
            self._after((0.005, 0.02), forget)
        else:
            self.kill(container).then(forget)
        return op
