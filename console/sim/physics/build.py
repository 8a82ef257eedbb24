"""Puts a cluster into an empty world, running and balanced, as Compose would have left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .containers import Container, Endpoint, Image, Limits, Network
from .engine_network import addresses, mac_of
from .keys import boundaries
from .pd_member import PdMember
from .raft import Region
from .store import BEAT_S, StoreNode

if TYPE_CHECKING:
    from .world import World

PD_PORT, STATUS_PORT = 2379, 20180
# Published ports are numbers of the engine's books; the wire layer puts real ones in their place.
IMAGES = (
    ("pingcap/pd:v8.5.5", 214_000_000, ("/pd-server",)),
    ("pingcap/tikv:v8.5.5", 612_000_000, ("/tikv-server",)),
    ("pingcap/go-ycsb:latest", 97_000_000, ("/go-ycsb",)),
    ("busybox:1", 4_000_000, ()),
    ("chaos-console/nettools:1", 21_000_000, ("/usr/local/bin/chx",)),
)
FIRST_REGION = 1000  # as in recordings/pd-api-samples


def build(world: World) -> None:
    """Images, network, PD, stores, regions, load; then the first look at it all."""
    _images(world)
    network = _network(world)
    seats = iter(addresses(world.spec.subnet))
    _members(world, network, seats.__next__)
    _stores(world, network, seats.__next__)
    _regions(world)
    _load(world, network, seats.__next__)
    with world.ground.change():
        _crown(world)
        world.load.start_running()


def _images(world: World) -> None:
    for tag, size, entry in IMAGES:
        id_ = "sha256:" + world.engine.new_id()
        world.engine.images[id_] = Image(id_, tag, world.now - 86_400, size, entrypoint=entry)


def _network(world: World) -> Network:
    spec = world.spec
    for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null")):
        subnet, gateway = ("172.17.0", "172.17.0.1") if name == "bridge" else ("", "")
        world.engine.networks[name] = Network(world.engine.new_id(), name, driver, world.now, subnet, gateway)
    name = f"{spec.project}_chaos"
    labels = {
        "com.docker.compose.network": "chaos",
        "com.docker.compose.project": spec.project,
        "com.docker.compose.version": "2.29.0",
    }
    network = Network(
        world.engine.new_id(), name, "bridge", world.now, spec.subnet, f"{spec.subnet}.1", labels
    )  # fmt: skip
    world.engine.networks[name] = network
    return network


def _labels(world: World, service: str) -> dict[str, str]:
    return {
        "chaos-console.allow": "true",
        "com.docker.compose.config-hash": f"{world.ground.chance('ids').getrandbits(256):064x}",
        "com.docker.compose.container-number": "1",
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.project": world.spec.project,
        "com.docker.compose.service": service,
        "com.docker.compose.version": "2.29.0",
    }


def _run(world: World, network: Network, container: Container, service: str, address: str) -> None:
    """Give it its seat and state as if it had run since the world began."""
    endpoint = Endpoint(
        network.name, (container.name, service), world.engine.new_id(), address, address, mac_of(address)
    )
    container.endpoints[network.name] = endpoint
    container.network_mode = network.name
    network.members.add(container.id)
    container.status, container.started_at = "running", world.now
    container.pid = 2000 + 97 * len(world.engine.containers)


def _image(world: World, part: str) -> Image:
    return next(i for i in world.engine.images.values() if part in i.tag)


def _members(world: World, network: Network, seat: object) -> None:
    assert callable(seat)
    ids = world.ground.chance("pd-id")
    names = [f"pd{i}" for i in range(world.spec.members)]
    cluster = ",".join(f"{n}=http://{n}:2380" for n in names)
    for name in names:
        member = PdMember(world.ground, world.engine, name, ids.getrandbits(63) | 1 << 62)
        container = world.register(
            _container_name(world, name), _image(world, "/pd:"), _labels(world, name), Limits(), member, "pd"
        )
        container.command = (
            f"--name={name}", f"--data-dir=/data/{name}", "--client-urls=http://0.0.0.0:2379",
            f"--advertise-client-urls=http://{name}:2379", "--peer-urls=http://0.0.0.0:2380",
            f"--advertise-peer-urls=http://{name}:2380", f"--initial-cluster={cluster}",
        )  # fmt: skip
        container.ports[PD_PORT] = 0
        _volume(world, container, name)
        container.stop_grace = 30.0
        member.container = container
        member.on_stop = world.pd.stop_of
        world.pd.members[name] = member
        _run(world, network, container, name, seat())


def _stores(world: World, network: Network, seat: object) -> None:
    assert callable(seat)
    spec = world.spec
    endpoints = ",".join(f"pd{i}:2379" for i in range(spec.members))
    phases = world.ground.chance("phases")
    for i in range(spec.stores):
        name, id_ = f"tikv{i}", 1 if i == 0 else i + 3  # 1, 4, 5, ...: PD hands out ids 2 and 3 to the first region
        node = StoreNode(world.ground, world.engine, id_, name)
        limits = Limits(
            memory=spec.store_memory, memory_swap=2 * spec.store_memory, nano_cpus=int(spec.store_cores * 1e9)
        )
        container = world.register(
            _container_name(world, name), _image(world, "/tikv:"), _labels(world, name), limits, node, "store"
        )
        container.command = (
            "--addr=0.0.0.0:20160", f"--advertise-addr={name}:20160", "--status-addr=0.0.0.0:20180",
            f"--advertise-status-addr={name}:20180", "--data-dir=/data", f"--pd-endpoints={endpoints}",
        )  # fmt: skip
        container.ports[STATUS_PORT] = 0
        _volume(world, container, name)
        container.stop_grace = 30.0
        node.on_join.append(lambda joined: world.inspections.forget(joined.id, world.now))
        node.container, node.pd, node.raft = container, world.pd, world.raft
        world.stores[id_] = node
        _run(world, network, container, name, seat())
        node.start_joined(phases.uniform(0.0, BEAT_S))
        meta = world.pd.stores.join(node)
        meta.last_beat = meta.persisted_beat = world.now
        world.pd.stores.measure(meta, node)


def _regions(world: World) -> None:
    spec, ids = world.spec, sorted(world.stores)
    cuts = boundaries(spec.records, spec.regions)
    peers_each = min(spec.replicas, len(ids))
    for i in range(spec.regions):
        chosen = [ids[(i + k) % len(ids)] for k in range(peers_each)]
        region = Region(
            FIRST_REGION + i,
            cuts[i - 1] if i else b"",
            cuts[i] if i < len(cuts) else b"",
            {store: 100_000 + 10 * i + k for k, store in enumerate(chosen)},
        )
        region.weight = 1.0 / spec.regions
        region.version = spec.regions + 1
        region.keys = max(1, spec.records // spec.regions)
        world.raft.add(region, chosen[0] if spec.balanced else ids[0] if ids[0] in chosen else chosen[0])
        world.pd.stores.add(region)


def _load(world: World, network: Network, seat: object) -> None:
    assert callable(seat)
    process = world.load
    name = "ycsb"
    container = world.register(
        _container_name(world, name), _image(world, "go-ycsb"), _labels(world, name), Limits(), process, "load"
    )
    pd = ",".join(f"pd{i}:2379" for i in range(world.spec.members))
    container.command = (
        "run", "tikv", "-P", "/workloads/workloada", "-p", f"tikv.pd={pd}", "-p", f"tikv.type={world.spec.mode}",
        "-p", f"threadcount={world.spec.threads}", "-p", "measurement.interval=1",
    )  # fmt: skip
    process.container = container
    _run(world, network, container, name, seat())


def _volume(world: World, container: Container, service: str) -> None:
    """A volume of its own for its data, as Compose mounts it."""
    name = f"{world.spec.project}_{service}"
    container.volumes["/data"], container.binds = name, (f"{name}:/data:rw",)


def _container_name(world: World, service: str) -> str:
    return world.spec.separator.join((world.spec.project, service, "1"))


def _crown(world: World) -> None:
    """A PD leader from the beginning."""
    for member in world.pd.members.values():
        member.start_serving()
    first = world.ground.chance("pd").choice(sorted(world.pd.members))
    world.pd.elections.install(world.pd.members[first])
