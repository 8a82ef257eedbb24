"""The engine's calls on networks: connect and disconnect a container."""

from __future__ import annotations

from .containers import Container, Endpoint, Network
from .engine import Engine, EngineError
from .timeline import Op

# Measured on a real 20.10.24 engine: disconnect 0.1 s, connect 0.05 s; 0.7 s on the busy one of recordings/.
_SHARED = "container sharing network namespace with another container or host cannot be connected to any other network"
CUT_S = (0.03, 0.15)  # request to cut
CUT_EVENT_S = (0.08, 0.15)  # cut to the two events
CUT_RETURN_S = (0.01, 0.4)
JOIN_S = (0.03, 0.09)


class EngineNetworks:
    """Timed network calls."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.ground = engine.ground

    def _draw(self, limits: tuple[float, float]) -> float:
        return self.ground.chance("engine").uniform(*limits)

    def disconnect(self, network: Network, container: Container) -> Op:
        """Take the interface away. Raises EngineError where the container is not on that network.

        A running container's disconnect sends the event twice, as the real engine does.
        """
        if network.name not in container.endpoints:
            raise EngineError(500, f"container {container.id} is not connected to network {network.name}")
        op = Op()

        def cut() -> None:
            was_up = bool(container.endpoints[network.name].address) if network.name in container.endpoints else False
            with self.ground.change():
                container.endpoints.pop(network.name, None)
                network.members.discard(container.id)
            self.ground.after(self._draw(CUT_EVENT_S), lambda: told(was_up))

        def told(was_up: bool) -> None:
            self.engine.emit_network(network, container, "disconnect")
            if was_up:
                self.engine.emit_network(network, container, "disconnect")
            self.ground.after(self._draw(CUT_RETURN_S), op.finish)

        self.ground.after(self._draw(CUT_S), cut)
        return op

    def connect(self, network: Network, container: Container, aliases: tuple[str, ...] = (), address: str = "") -> Op:
        """Put it on the network. Without `aliases` only its own name and short id resolve: the service name is lost."""
        if network.name in container.endpoints:
            raise EngineError(403, f"endpoint with name {container.name} already exists in network {network.name}")
        if container.shares_netns_of:
            raise EngineError(400, _SHARED)
        if address:
            self._check_address(network, address)
        op = Op()

        def join() -> None:
            reserved = address or self._lowest_free(network)
            endpoint = Endpoint(
                network.name, aliases, self.engine.new_id(), reserved, mac=mac_of(reserved), asked_address=address
            )
            with self.ground.change():
                container.endpoints[network.name] = endpoint
                if container.alive:
                    endpoint.address = reserved
                    network.members.add(container.id)
                    container.attached_at = self.ground.now
            if container.alive:
                self.engine.emit_network(network, container, "connect")
            op.finish()

        self.ground.after(self._draw(JOIN_S), join)
        return op

    def _check_address(self, network: Network, address: str) -> None:
        """Raises EngineError as the engine words it."""
        if not address.startswith(f"{network.subnet}."):
            raise EngineError(
                400, "invalid config for network: invalid endpoint settings: no configured subnet contains the address"
            )
        if address in self._taken(network):
            raise EngineError(403, "Address already in use")

    def _taken(self, network: Network) -> set[str]:
        seats = (e for c in self.engine.containers.values() for e in c.endpoints.values())
        return {e.reserved for e in seats if e.network == network.name} | {network.gateway}

    def _lowest_free(self, network: Network) -> str:
        """The lowest address nobody holds or is promised; a lone gap is what the container left behind."""
        taken = self._taken(network)
        return next(a for a in addresses(network.subnet) if a not in taken)


def addresses(subnet: str) -> list[str]:
    """Container addresses of `a.b.c` and the following /24s, in order: .2 upwards (.1 is the gateway)."""
    a, b, c = (int(x) for x in subnet.split(".")[:3])
    return [f"{a}.{b}.{min(255, c + i // 250)}.{2 + i % 250}" for i in range(250 * max(1, min(10, 255 - c)))]


def mac_of(address: str) -> str:
    """The MAC address a bridge network gives to an IPv4 address."""
    return "02:42:" + ":".join(f"{int(x):02x}" for x in address.split("."))
