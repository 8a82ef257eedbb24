"""`POST /containers/create`: containers that others bring, above all helpers in a target's network namespace."""

from __future__ import annotations

import re

from console.sim.physics.containers import Container, Endpoint, Limits
from console.sim.physics.engine import EngineError
from console.sim.physics.engine_calls import signal_number
from console.sim.physics.engine_limits import check_limits
from console.sim.physics.engine_network import addresses, mac_of
from console.sim.physics.helper import HelperProcess
from console.sim.physics.world import World

from .docker_body import decode, flag, integer, limits, strings, table, text

_BRIDGE = {"": "bridge", "default": "bridge"}  # what a request may call the engine's own network
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


def create(world: World, name: str, body: bytes) -> Container:
    """Make a container from a create request. Raises EngineError as the engine answers."""
    config = decode(body)
    host = table(config, "HostConfig", "ContainerConfigWrapper")
    name = _free_name(world, name)
    image = world.engine.image(text(config, "Image", "Config"))
    labels = {str(k): str(v) for k, v in table(config, "Labels", "Config").items()}
    made = Limits()
    changes = {k: v for k, v in limits(host, "HostConfig").items() if v}
    for field, value in changes.items():
        setattr(made, field, value)
    container = world.create(name, image, labels, made)
    try:
        check_limits(container, {k: v for k, v in changes.items() if k != "memory_swap"}, world.spec.host_cores)
    except EngineError:
        world.engine.containers.pop(container.id)
        raise
    container.command = strings(config, "Cmd", "Config")
    container.entrypoint = strings(config, "Entrypoint", "Config")
    container.env = strings(config, "Env", "Config")
    container.hostname = text(config, "Hostname", "Config") or container.id[:12]
    container.cap_add = strings(host, "CapAdd", "HostConfig")
    container.binds = strings(host, "Binds", "HostConfig")
    container.volumes = _volumes(container.binds)
    container.volumes_from = _volumes_from(world, strings(host, "VolumesFrom", "HostConfig"))
    container.cgroup_parent = text(host, "CgroupParent", "HostConfig")
    container.auto_remove = flag(host, "AutoRemove", "HostConfig")
    stop = text(config, "StopSignal", "Config")
    container.stop_signal = signal_number(stop) if stop else 15
    container.stop_grace = float(integer(config, "StopTimeout", "Config") or 10)
    networking = table(config, "NetworkingConfig", "ContainerConfigWrapper")
    _place(
        world, container, text(host, "NetworkMode", "HostConfig"), table(networking, "EndpointsConfig", "Networking")
    )
    return container


def _volumes(binds: tuple[str, ...]) -> dict[str, str]:
    """Where named volumes are mounted -> their names; folders of the host are not among them."""
    parts = [bind.split(":") for bind in binds]
    return {p[1]: p[0] for p in parts if len(p) >= 2 and not p[0].startswith("/")}


def _volumes_from(world: World, names: tuple[str, ...]) -> str:
    """The container whose volumes it mounts: the first named, without its mode."""
    return world.engine.container(names[0].split(":", 1)[0]).id if names else ""


def _free_name(world: World, name: str) -> str:
    name = name.removeprefix("/")
    if not name:
        return f"quiet_{world.engine.new_id()[:8]}"
    if not NAME.fullmatch(name):
        raise EngineError(400, f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
    for other in world.engine.containers.values():
        if other.name == name:
            raise EngineError(
                409,
                f'Conflict. The container name "/{name}" is already in use by container "{other.id}". '
                "You have to remove (or rename) that container to be able to reuse that name.",
            )
    return name


def _place(world: World, container: Container, mode: str, endpoints: dict[str, object]) -> None:
    """Settle its network mode: a namespace shared with another container, a network, or none."""
    if mode.startswith("container:"):
        container.network_mode = mode
        try:
            target = world.engine.container(mode.removeprefix("container:"))
        except EngineError:
            return  # the engine complains at the start
        container.network_mode = f"container:{target.id}"
        container.shares_netns_of = target.shares_netns_of or target.id
        container.hostname = target.hostname
        return
    container.network_mode = mode or "default"
    if mode in ("host", "none"):
        return
    wishes = {_BRIDGE.get(name, name): wish for name, wish in endpoints.items()} or {_BRIDGE.get(mode, mode): None}
    for name, wish in wishes.items():
        aliases = strings(wish, "Aliases", "EndpointSettings") if isinstance(wish, dict) else ()
        network = world.engine.networks.get(name)
        reserved = _address(world, name, network.subnet if network else "")
        container.endpoints[name] = Endpoint(name, aliases, world.engine.new_id(), reserved, mac=mac_of(reserved))


def _address(world: World, network: str, subnet: str) -> str:
    taken = {e.reserved for c in world.engine.containers.values() for e in c.endpoints.values() if e.network == network}
    return next(a for a in addresses(subnet or "172.17.0") if a not in taken)


def why_not(world: World, container: Container) -> EngineError | None:
    """What stands in the way of a start, as the engine words it."""
    mode = container.network_mode
    if mode.startswith("container:"):
        ref = mode.removeprefix("container:")
        target = world.engine.containers.get(container.shares_netns_of or ref)
        if target is None:
            return EngineError(404, f"No such container: {ref}")
        if not target.alive:
            return EngineError(409, f"cannot join network of a non running container: {target.id}")
    for name in container.endpoints:
        if name not in world.engine.networks:
            return EngineError(404, f"network {name} not found")
    if isinstance(container.process, HelperProcess) and (reason := container.process.check()):
        return EngineError(400, reason)
    return None
