"""The simulated world: containers, network, PD, stores, load, put together and advanced."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .chx import chx
from .chx_rules import throttle_of
from .client_pd import ClientPd
from .client_routes import Routes
from .commands import Program, standard
from .containers import Container, Image, Limits, Network
from .engine import Engine
from .engine_calls import EngineCalls
from .engine_network import EngineNetworks
from .execs import Execs
from .fabric import Fabric
from .ground import Ground
from .helper import HelperProcess
from .load import LoadProcess
from .netns import Netns
from .numbers import Inspections
from .pd import PdCluster
from .pd_member import PdMember
from .raft import Raft
from .service import Services
from .spec import ClusterSpec
from .store import StoreNode
from .usage import Usage
from .workload import Workload


class World:
    """A whole cluster. Same spec and same commands at the same times: the same world, event for event.

    `advance(to)` moves time; everything else is a command or a question about now.
    """

    def __init__(self, spec: ClusterSpec | None = None) -> None:
        self.spec = spec or ClusterSpec()
        self.ground = Ground(self.spec)
        self.engine = Engine(self.ground)
        self.calls = EngineCalls(self.engine)
        self.nets = EngineNetworks(self.engine)
        self.fabric = Fabric(self.engine)
        self.stores: dict[int, StoreNode] = {}
        self.raft = Raft(self.ground, self.fabric, self.stores)
        self.pd = PdCluster(self.ground, self.engine, self.fabric, self.raft)
        self.usages: dict[str, Usage] = {}
        self.programs: dict[str, Program] = {**standard(), "chx": chx}
        self.files: dict[str, dict[str, int]] = {}  # volume or container id -> path -> bytes
        self.records: dict[str, dict[str, str]] = {}  # written by hand through the store protocol
        self.control_files: dict[str, str] = {}  # what was written to control groups last
        self.execs = Execs(self)
        self.load = LoadProcess(self.ground, self.engine)
        self.routes = Routes(self.ground, self.raft, self.fabric, lambda: self.load.container, self.load.say)
        self.workload = Workload(
            self.ground,
            self.raft,
            self.routes,
            Services(self.spec, self.fabric, self.raft),
            ClientPd(self.ground, self.pd, lambda: self.load.container, self.load.say),
            self.usages,
            lambda: self.load.container,
            self.load.say,
        )
        self.load.workload, self.load.pd = self.workload, self.pd
        self.inspections = Inspections()
        self.ground.settlers.append(self.workload.settle)
        self.ground.refreshers += [
            self.fabric.refresh,
            self._follow_containers,
            self.pd.elections.refresh,
            self.pd.stores.note_absence,
            self.raft.refresh,
            self.workload.refresh,
            self._watch_memory,
            lambda: self.inspections.refresh(self.raft, self.now),
        ]
        from .build import build

        build(self)

    # -- time ------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Seconds since the world began."""
        return self.ground.now

    def advance(self, to: float) -> None:
        """Live until `to` (seconds since the world began); a time past is now."""
        self.ground.timeline.advance(to)

    def next_at(self) -> float | None:
        """When something happens next by itself."""
        return self.ground.timeline.next_at()

    def settle(self) -> None:
        """Bring lazily kept counters up to now, before reading them."""
        self.workload.settle()

    # -- finding things ----------------------------------------------------------------------------------------------

    def container(self, ref: str) -> Container:
        """By id, prefix, name, or Compose service. Raises EngineError 404."""
        for container in self.engine.containers.values():
            if container.service == ref and "com.docker.compose.service" in container.labels:
                return container
        return self.engine.container(ref)

    def store_of(self, container: Container) -> StoreNode | None:
        """The store that runs in a container (or whose volumes a helper shares), or None."""
        owner = self.engine.containers.get(container.volumes_from or container.shares_netns_of, container)
        if isinstance(owner.process, StoreNode):
            return owner.process
        shared = set(container.volumes.values())
        return next((n for n in self.stores.values() if shared & set(n.container.volumes.values())), None)

    def member_of(self, container: Container) -> PdMember | None:
        """The PD member that runs in a container, or None."""
        return container.process if isinstance(container.process, PdMember) else None

    # -- making containers -------------------------------------------------------------------------------------------

    def create(
        self, name: str, image: Image, labels: Mapping[str, str], limits: Limits, kind: str = "other"
    ) -> Container:
        """A container that runs one of the known programs; not started. The caller fills in the rest."""
        helper = HelperProcess(self)
        container = self.register(name, image, dict(labels), limits, helper, kind)
        helper.container = container
        self.engine.emit(container, "create")
        return container

    def register(
        self, name: str, image: Image, labels: dict[str, str], limits: Limits,
        process: StoreNode | PdMember | LoadProcess | HelperProcess, kind: str,
    ) -> Container:  # fmt: skip
        """Enter a container into the engine's books."""
        container = Container(
            id=self.engine.new_id(),
            name=name,
            image=image,
            created=self.now,
            labels=labels,
            process=process,
            netns=Netns(self.ground.changed),
            limits=limits,
        )
        container.hostname = container.id[:12]
        self.engine.containers[container.id] = container
        self.usages[container.id] = Usage(self.ground, container, kind)
        return container

    def network(self, name: str) -> Network:
        """By name or id. Raises EngineError 404."""
        return self.engine.network(name)

    # -- files -----------------------------------------------------------------------------------------------------

    def _place_of(self, container: Container, path: str) -> tuple[str, str]:
        """The volume a path of a container lies on and its place there; its own layer where it lies on none."""
        owner = self.engine.containers.get(container.volumes_from, container)
        for place, volume in owner.volumes.items():
            if path.startswith(f"{place}/"):
                return volume, path.removeprefix(place)
        return owner.id, path

    def put_file(self, container: Container, path: str, size: int) -> None:
        """A file of so many bytes on the container's disk."""
        disk, path = self._place_of(container, path)
        files, node = self.files.setdefault(disk, {}), self.store_of(container)
        if node is not None:
            node.set_disk(filler=node.disk.filler + size - files.get(path, 0))
        files[path] = size

    def has_file(self, container: Container, path: str) -> bool:
        """Whether it is there."""
        disk, path = self._place_of(container, path)
        return path in self.files.get(disk, {})

    def list_files(self, container: Container, folder: str) -> list[str]:
        """Names of what was put into a folder, sorted."""
        disk, inner = self._place_of(container, f"{folder.rstrip('/')}/")
        return sorted(p.removeprefix(inner) for p in self.files.get(disk, {}) if p.startswith(inner))

    def drop_file(self, container: Container, path: str) -> bool:
        """Remove it; False where it is not there."""
        disk, path = self._place_of(container, path)
        files, node = self.files.get(disk, {}), self.store_of(container)
        size = files.pop(path, None)
        if size is not None and node is not None:
            node.set_disk(filler=max(0, node.disk.filler - size))
        return size is not None

    # -- processor and control groups ------------------------------------------------------------------------------

    def burn(self, container: Container, workers: int) -> Callable[[], None]:
        """Busy loops in the control group of the container's target; returns how to end them."""
        parent = next((c for c in self.engine.containers.values() if c.id in container.cgroup_parent), container)
        usage = self.usages.get(parent.id)
        if usage is None:
            return lambda: None
        with self.ground.change():
            usage.burners += workers

        def end() -> None:
            nonlocal workers
            with self.ground.change():
                usage.burners = max(0, usage.burners - workers)
            workers = 0

        return end

    def control_group(self, file: str, text: str) -> None:
        """A write to a control group's file; only the disk throttle of a store has an effect."""
        found = throttle_of(file, text)
        none = found is not None and found[1] == float("inf")
        self.control_files[file] = "" if none else text
        node = next((n for n in self.stores.values() if found and n.container.id.startswith(found[0])), None)
        if found is not None and node is not None:
            node.set_disk(write_rate=found[1])

    # -- faults that have no engine call -----------------------------------------------------------------------------

    def crash(self, container: Container, code: int = 137, oom: bool = False) -> None:
        """The process dies by itself, or by a kill from the host: no `kill` event, and the restart policy applies."""
        self.engine.end(container, code, oom)

    # -- following ---------------------------------------------------------------------------------------------------

    def _follow_containers(self) -> None:
        for id_ in [i for i in self.usages if i not in self.engine.containers]:
            del self.usages[id_]
            self.files.pop(id_, None)
        for file in list(self.control_files):  # a control group goes with its process
            owner = next((c for c in self.engine.containers.values() if c.id in file), None)
            if owner is None or not owner.alive:
                del self.control_files[file]
                if owner is not None and isinstance(owner.process, StoreNode):
                    owner.process.set_disk(write_rate=float("inf"))
        for usage in self.usages.values():
            usage.refresh()

    def _watch_memory(self) -> None:
        for usage in self.usages.values():
            if usage.container.limits.memory > 0:
                usage.watch_oom(self._oom_killer(usage.container))

    def _oom_killer(self, container: Container) -> Callable[[], None]:
        def kill() -> None:
            usage = self.usages.get(container.id)
            wait = usage.seconds_to_oom() if usage else None
            if wait is None:
                return
            if wait > 0.1 or not container.awake:
                self.ground.after(max(0.5, wait), kill)
            else:
                self.engine.end(container, 137, oom=True)

        return kill
