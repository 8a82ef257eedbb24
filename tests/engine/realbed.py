"""A cluster of stand-ins on a real engine: images without a registry, everything labelled, everything taken away."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from console.faults.catalogue import KINDS
from console.faults.helper import IMAGE, LAB_LABEL
from tests.faults.bed import LOAD, MEMBERS, SERVICES, STORES, Bed

from . import images

MARK = "chaos-console.test"  # label of everything made here; its value is the test session
MEMORY = "64m"
NETEM = ("qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms")
_NETWORK = [n for n, k in KINDS.items() if k.spec.family == "network" and n != "partition"]
BY_HELPER = (*_NETWORK, "cpu-stress", "disk-full", "disk-slow")


class RealBed(Bed):
    """Three PD members, three stores and a load generator, as containers of a project of its own."""

    kind = "real"
    params = {**Bed.params, "memory": {"megabytes": 48}}

    def __init__(self, docker_host: str) -> None:
        self.docker_host = docker_host
        self.token = uuid.uuid4().hex[:8]
        self.project = f"cctest{self.token}"
        self.fixed_address = f"172.31.{int(self.token[:2], 16)}.9"  # two clusters side by side do not share a subnet
        self.image = f"{self.project}:1"
        self.network = f"{self.project}_chaos"
        self._made = ""  # the helper's image, where it was made here
        self._extra: list[tuple[str, ...]] = []  # docker commands that take away what a test added

    # -- up and down ---------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Images, network, volumes."""
        self._import(images.pack_standins, self.image)
        self._nettools()
        self.docker_now("network", "create", "--label", f"{MARK}={self.token}", self.network)
        for service in (*MEMBERS, *STORES):
            self.docker_now("volume", "create", "--label", f"{MARK}={self.token}", self.volume(service))

    def _import(self, pack: Callable[[IO[bytes]], None], tag: str, *changes: str) -> None:
        with tempfile.TemporaryFile() as image:
            pack(image)
            image.seek(0)
            words = [w for c in (f"LABEL {MARK}={self.token}", *changes) for w in ("--change", c)]
            self.docker_now("import", *words, "-", tag, stdin=image)

    def _nettools(self) -> None:
        """The helper's image, where it is not there; and which kinds cannot work here, by docker's own word."""
        # Two workers that import it at once would leave the first one's image without a name.
        with (Path(tempfile.gettempdir()) / "chaos-console-test-images.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if IMAGE not in self.docker_now("images", "--format", "{{.Repository}}:{{.Tag}}").split():
                if lacking := images.missing():
                    self.cannot = dict.fromkeys(BY_HELPER, f"no {IMAGE} and no {lacking} to make one")
                    return
                entry = ('ENTRYPOINT ["/usr/local/bin/chx"]', f"ENV PATH={images.PATH}")
                self._import(images.pack_nettools, IMAGE, *entry)
                self._made = IMAGE
        tried = self.docker_now(
            "run", "--rm", "--memory", MEMORY, "--label", f"{MARK}={self.token}", "--network", "none", "--cap-add",
            "NET_ADMIN", "--entrypoint", "tc", IMAGE, *NETEM, code=None,
        )  # fmt: skip
        if tried.strip():
            self.cannot = dict.fromkeys(("duplicate", "corrupt"), f"no netem: {tried.strip()[:100]}")
        if "cgroupfs" not in self.docker_now("info", "--format", "{{.CgroupDriver}}"):
            self.cannot |= dict.fromkeys(("cpu-stress", "disk-slow"), "control groups are not the engine's to manage")

    def volume(self, service: str) -> str:
        """Where a service keeps its data."""
        return f"{self.project}_{service}"

    def run(
        self, service: str, command: Sequence[str], *, publish: Sequence[int] = (), env: Sequence[str] = (),
        labels: Sequence[str] = (), allow: bool = True,
    ) -> None:  # fmt: skip
        """Start one container: an interpreter on one script of the stand-ins."""
        marks = (
            f"{MARK}={self.token}", f"com.docker.compose.project={self.project}",
            f"com.docker.compose.service={service}", *(["chaos-console.allow=true"] if allow else []), *labels,
        )  # fmt: skip
        words = ["run", "-d", "--name", self.name(service), "--memory", MEMORY, "--network", self.network]
        words += ["--network-alias", service, "--dns-opt", "timeout:1", "--dns-opt", "attempts:1"]
        words += [w for mark in marks for w in ("--label", mark)] + [w for e in env for w in ("--env", e)]
        words += [w for port in publish for w in ("--publish", f"127.0.0.1::{port}")]
        words += ["--volume", f"{self.volume(service)}:/data"] if service in (*MEMBERS, *STORES) else []
        self.docker_now(*words, self.image, images.interpreter(), "-SEBu", *command)

    def create(self, service: str, *env: str) -> None:
        """The container of one service."""
        if service in MEMBERS:
            self.run(service, ["/standin/pd.py", service, ",".join(MEMBERS)], publish=[2379], env=env)
        elif service in STORES:
            number = str(STORES.index(service) + 1)
            command = ["/standin/store.py", service, number, ",".join(MEMBERS)]
            self.run(service, command, publish=[20180], env=env)
        else:
            self.run(service, ["/standin/go-ycsb.py", ",".join(MEMBERS)], env=env)

    async def up(self, services: Sequence[str] = SERVICES) -> None:
        """The whole cluster, well."""
        await asyncio.gather(*(asyncio.to_thread(self.create, s) for s in services))

    def close(self) -> None:
        """Take away all that carries this session's label."""
        found = self.docker_now("ps", "-aq", "--filter", f"label={MARK}={self.token}").split()
        if found:
            self.docker_now("rm", "-f", "-v", *found)
        networks = self.docker_now("network", "ls", "-q", "--filter", f"label={MARK}={self.token}").split()
        if networks:
            self.docker_now("network", "rm", *networks, code=None)
        volumes = self.docker_now("volume", "ls", "-q", "--filter", f"label={MARK}={self.token}").split()
        if volumes:
            self.docker_now("volume", "rm", *volumes, code=None)
        for image in (self.image, self._made):
            if image:
                self.docker_now("image", "rm", image, code=None)

    def leftovers(self) -> set[str]:
        """What still carries this session's mark, and helpers that were at work in its cluster."""
        mark = f"label={MARK}={self.token}"
        found = self.docker_now("ps", "-a", "--filter", mark, "--format", "container {{.Names}}")
        found += self.docker_now("network", "ls", "--filter", mark, "--format", "network {{.Name}}")
        helpers = '{{.Names}} {{.Label "' + LAB_LABEL + '"}}'
        shown = self.docker_now("ps", "-a", "--filter", f"label={LAB_LABEL}", "--format", helpers)
        found += "".join(f"container {line}\n" for line in shown.splitlines() if line.endswith(f"/{self.project}"))
        found += self.docker_now("volume", "ls", "--filter", mark, "--format", "volume {{.Name}}")
        found += self.docker_now("images", "--filter", mark, "--format", "image {{.Repository}}:{{.Tag}}")
        return set(found.splitlines())

    # -- between tests -------------------------------------------------------------------------------------------------

    async def heal(self) -> None:
        """Whatever a test left, the next one finds every container as it was made, and PD content with all stores."""
        while self._extra:
            await self.docker(*self._extra.pop(), code=None)
        await asyncio.gather(*(self._heal(s) for s in SERVICES))
        await self.until(self.well, "a cluster that is well")

    async def _heal(self, service: str) -> None:
        shown = await self.docker("inspect", self.name(service), code=None)
        try:
            (raw,) = json.loads(shown)
        except (ValueError, TypeError):
            raw = None
        ends = raw["NetworkSettings"]["Networks"] if raw else {}
        plain = raw is not None and not any(e.startswith("STANDIN_") for e in raw["Config"]["Env"] or ())
        plain = plain and raw["HostConfig"]["Memory"] == int(MEMORY[:-1]) << 20
        if not plain or service not in (ends.get(self.network, {}).get("Aliases") or ()):
            await self.docker("rm", "-f", self.name(service), code=None)
            await asyncio.to_thread(self.create, service)
            return
        if raw["State"]["Paused"]:
            await self.docker("unpause", self.name(service))
        elif not raw["State"]["Running"]:
            await self.docker("start", self.name(service))

    async def well(self) -> bool:
        """Every port answers, one member leads, and it calls every store Up."""
        answers = await asyncio.gather(*(self.curl(s) for s in SERVICES if s != LOAD))
        if set(answers) != {200}:
            return False
        ports = (await self.inspect(MEMBERS[0]))["NetworkSettings"]["Ports"]["2379/tcp"]
        shown = await asyncio.to_thread(_get, f"http://127.0.0.1:{ports[0]['HostPort']}/pd/api/v1/stores")
        stores = shown.get("stores", []) if isinstance(shown, dict) else []
        return len(stores) == len(STORES) and all(s["store"]["state_name"] == "Up" for s in stores)

    # -- looking from outside ------------------------------------------------------------------------------------------

    async def traces(self, service: str, raw: Any = None) -> list[str]:
        """By the host's own tools, in the container's network namespace."""
        pid = (raw or await self.inspect(service))["State"]["Pid"]
        return await asyncio.to_thread(_in_namespace, int(pid)) if pid else []

    async def files(self, service: str, raw: Any = None) -> list[str]:
        """By the host's own eyes, else by the container's own interpreter."""
        raw = raw or await self.inspect(service)
        place = next((m["Source"] for m in raw["Mounts"] if m["Destination"] == "/data"), "")
        if os.access(place, os.R_OK):
            names = os.listdir(place)
        else:
            code = "import os; print('\\n'.join(os.listdir('/data')))"
            names = (await self.docker("exec", raw["Id"], images.interpreter(), "-SEBc", code)).split()
        return sorted(n for n in names if n.startswith(".chaos"))

    async def throttle(self, service: str, raw: Any = None) -> str:
        """By the host's own files."""
        id_ = (raw or await self.inspect(service))["Id"]
        group = Path("/sys/fs/cgroup")
        places = (group / "blkio/docker" / id_ / "blkio.throttle.write_bps_device", group / "docker" / id_ / "io.max")
        return "".join(p.read_text() for p in places if p.exists()).strip()

    # -- misbehaviour --------------------------------------------------------------------------------------------------

    async def recreate(self, service: str) -> None:
        """Remove it and make it anew."""
        await self.again(service)

    async def stubborn(self, service: str) -> None:
        """Anew, deaf to SIGTERM."""
        await self.again(service, "STANDIN_STUBBORN=1")
        await self.until(self.well, "a cluster that is well")

    async def brief(self, service: str) -> None:
        """Anew, and its second start will not last."""
        await self.again(service, "STANDIN_BRIEF=2")
        await self.until(self.well, "a cluster that is well")

    async def guest(self, service: str, labels: Mapping[str, str]) -> None:
        """It idles; the next healing takes it away."""
        marks = [f"{k}={v}" for k, v in labels.items()]
        await asyncio.to_thread(self.run, service, ["-c", "import signal; signal.pause()"], labels=marks, allow=False)
        self._extra.append(("rm", "-f", self.name(service)))

    async def second_network(self) -> str:
        """With a subnet of its own, so that a container may ask for an address."""
        name = f"{self.project}_another"
        marks = ["--label", f"{MARK}={self.token}"]
        await self.docker(
            "network", "create", *marks, "--subnet", f"{self.fixed_address.rpartition('.')[0]}.0/24", name
        )
        self._extra.append(("network", "rm", name))
        return name

    async def lose_network(self, name: str) -> None:
        """Removed; nothing may be attached."""
        await self.docker("network", "rm", name)

    async def again(self, service: str, *env: str) -> None:
        """Anew, with these in its environment; healing makes it plain again."""
        await self.docker("rm", "-f", self.name(service))
        await asyncio.to_thread(self.create, service, *env)


def _in_namespace(pid: int) -> list[str]:
    """Our marks in the rules and queueing disciplines there. Empty where this machine may not look."""
    if os.geteuid() or not shutil.which("nsenter"):
        return []
    lines = []
    for tool in (["iptables-save"], ["tc", "qdisc", "show"]):
        if found := shutil.which(tool[0], path=f"{os.environ.get('PATH', '')}:{images.PATH}"):
            words = ["nsenter", "-t", str(pid), "-n", found, *tool[1:]]
            said = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20).stdout
            lines += [line for line in said.splitlines() if "CHX-" in line or "chx:" in line or " c4a5:" in line]
    return sorted(lines)


def _get(url: str) -> object:
    import urllib.request

    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return None
