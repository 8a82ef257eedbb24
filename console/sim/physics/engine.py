"""The container engine: what exists, and the life of a container's process. Timed API calls are in `engine_calls`."""

from __future__ import annotations

from collections.abc import Callable

from .containers import Container, Image, Network
from .engine_events import EngineEvent, EventBus
from .ground import Ground
from .timeline import Op

SIGKILL = 9
SIGTERM = 15
# Measured on a 20.10.24 engine beside this project: after a die, the network disconnect event comes 40-100 ms later,
# and a restart by policy 60-170 ms after that, doubling from 100 ms.
LEAVE_NETWORK_S = (0.05, 0.1)
RESTART_BACKOFF_S = 0.1
RESTART_BACKOFF_MAX_S = 60.0
RESTART_BACKOFF_RESET_S = 10.0  # a container that ran this long starts again with the shortest back-off


class EngineError(Exception):
    """What the engine answers instead: HTTP status and message, as the real one words it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Engine:
    """Registry of containers, networks and images, and what happens when a process starts or ends."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.bus = EventBus()
        self.containers: dict[str, Container] = {}
        self.networks: dict[str, Network] = {}
        self.images: dict[str, Image] = {}
        self._exits: dict[str, list[Op]] = {}
        self._gone: dict[str, Op] = {}
        self._backoff: dict[str, float] = {}
        self._pid = 4000
        self.removed: list[Callable[[Container], None]] = []

    # -- names -----------------------------------------------------------------------------------------------------

    def new_id(self) -> str:
        """64 hexadecimal digits, from the seed."""
        return f"{self.ground.chance('ids').getrandbits(256):064x}"

    def container(self, ref: str) -> Container:
        """By id, unique prefix of the id, or name. Raises EngineError 404 (400 where a prefix is ambiguous)."""
        ref = ref.removeprefix("/")
        if ref in self.containers:
            return self.containers[ref]
        for container in self.containers.values():
            if container.name == ref:
                return container
        found = [c for c in self.containers.values() if ref and c.id.startswith(ref)]
        if len(found) > 1:
            raise EngineError(400, f"Multiple IDs found with provided prefix: {ref}")
        if not found:
            raise EngineError(404, f"No such container: {ref}")
        return found[0]

    def network(self, ref: str) -> Network:
        """By name, id or prefix of the id. Raises EngineError 404."""
        for network in self.networks.values():
            if ref in (network.name, network.id):
                return network
        found = [n for n in self.networks.values() if ref and n.id.startswith(ref)]
        if len(found) != 1:
            raise EngineError(404, f"network {ref} not found")
        return found[0]

    def image(self, ref: str) -> Image:
        """By tag, id or prefix of the id. Raises EngineError 404."""
        wanted = ref if ":" in ref.rsplit("/", 1)[-1] else f"{ref}:latest"
        for image in self.images.values():
            if ref == image.id or wanted == image.tag or image.id.removeprefix("sha256:").startswith(ref):
                return image
        raise EngineError(404, f"No such image: {wanted}")

    # -- events ----------------------------------------------------------------------------------------------------

    def emit(self, container: Container, action: str, **attributes: str) -> None:
        """A container event with its labels, image and name, as the engine sends it."""
        actor = {**container.labels, "image": container.image.tag, "name": container.name, **attributes}
        event = EngineEvent("container", action, container.id, dict(sorted(actor.items())), self.ground.wall_ns())
        self.bus.publish(event)

    def emit_network(self, network: Network, container: Container, action: str) -> None:
        """A network event: the container's id is an attribute, its name is not."""
        attributes = {"container": container.id, "name": network.name, "type": network.driver}
        self.bus.publish(EngineEvent("network", action, network.id, attributes, self.ground.wall_ns()))

    # -- the life of a process ---------------------------------------------------------------------------------------

    def exit_of(self, container: Container) -> Op:
        """Ends with the exit code when the container's present process is gone; at once where there is none."""
        op = Op()
        if container.alive:
            self._exits.setdefault(container.id, []).append(op)
        else:
            op.finish(container.exit_code)
        return op

    def unwatch(self, container: Container, op: Op) -> None:
        """Whoever asked with `exit_of` does not care any more."""
        waiting = self._exits.get(container.id, [])
        if op in waiting:
            waiting.remove(op)

    def bring_up(self, container: Container) -> None:
        """The process starts now (no events). The caller attached the networks."""
        self._pid += 37
        with self.ground.change():
            container.status, container.pid = "running", self._pid
            container.started_at, container.exit_code, container.oom_killed = self.ground.now, 0, False
            container.error = ""
            container.process.start()

    def end(self, container: Container, code: int, oom: bool = False) -> None:
        """The process is gone now: state, `die` event, network left, waiters told, restart policy asked."""
        if not container.alive:
            return
        with self.ground.change():
            if oom:
                self.emit(container, "oom")
            container.status, container.pid, container.exit_code = "exited", 0, code
            container.oom_killed, container.finished_at = oom, self.ground.now
            container.process.died()
            left = self._vacate(container)
            if not container.shares_netns_of:
                container.netns.clear()
        self.emit(container, "die", exitCode=str(code))
        gone = self._gone[container.id] = Op()
        for op in self._exits.pop(container.id, []):
            op.finish(code)
        delay = self.ground.chance("engine").uniform(*LEAVE_NETWORK_S) if left else 0.005
        self.ground.after(delay, lambda: self._settled(container, left, gone))

    def _settled(self, container: Container, left: list[Network], gone: Op) -> None:
        """The sandbox is gone too; whoever waits for a complete stop goes on."""
        for network in left:
            self.emit_network(network, container, "disconnect")
        if self._gone.get(container.id) is gone:
            del self._gone[container.id]
        gone.finish(container.exit_code)
        if self._wants_restart(container):
            self._restart_later(container)
        elif container.auto_remove and not container.alive:
            self.ground.after(0.01, lambda: self.remove(container))

    def gone(self, container: Container) -> Op:
        """Ends when a container that died has left its networks; at once where nothing is under way."""
        op = self._gone.get(container.id)
        if op is None:
            op = Op()
            op.finish(container.exit_code)
        return op

    def _vacate(self, container: Container) -> list[Network]:
        left = []
        for name, endpoint in container.endpoints.items():
            network = self.networks.get(name)
            if network is not None and endpoint.address:
                left.append(network)
                network.members.discard(container.id)
            endpoint.address = ""
        return left

    def attach(self, container: Container) -> list[Network]:
        """Give the container its addresses on all its networks; returns them."""
        joined = []
        for name, endpoint in container.endpoints.items():
            network = self.networks.get(name)
            if network is None:
                raise EngineError(404, f"network {name} not found")
            endpoint.address = endpoint.reserved
            network.members.add(container.id)
            container.attached_at = self.ground.now
            joined.append(network)
        return joined

    def remove(self, container: Container) -> None:
        """Forget a container that does not run."""
        if self.containers.pop(container.id, None) is None:
            return
        if container.restart_timer:
            container.restart_timer.cancel()
        self._backoff.pop(container.id, None)
        self.emit(container, "destroy")
        for listener in self.removed:
            listener(container)

    # -- restart policy ----------------------------------------------------------------------------------------------

    def _wants_restart(self, container: Container) -> bool:
        policy, limits = container.limits.restart_policy, container.limits
        if container.stopped_by_hand or policy in ("no", ""):
            return False
        if policy == "on-failure":
            tries_left = limits.restart_max == 0 or container.restart_count < limits.restart_max
            return container.exit_code != 0 and tries_left
        return policy in ("always", "unless-stopped")

    def _restart_later(self, container: Container) -> None:
        ran = self.ground.now - (container.started_at or 0.0)
        last = 0.0 if ran > RESTART_BACKOFF_RESET_S else self._backoff.get(container.id, 0.0)
        wait = min(RESTART_BACKOFF_MAX_S, last * 2 or RESTART_BACKOFF_S)
        self._backoff[container.id] = wait
        container.status = "restarting"
        container.restart_timer = self.ground.after(wait + LEAVE_NETWORK_S[1], lambda: self._restart_now(container))

    def _restart_now(self, container: Container) -> None:
        if container.status != "restarting":
            return
        container.restart_count += 1
        networks = self.attach(container)
        for network in networks:
            self.emit_network(network, container, "connect")
        self.bring_up(container)
        self.emit(container, "start")
