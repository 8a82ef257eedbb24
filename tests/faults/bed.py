"""What a test of the fault engine stands on: a cluster behind an engine, and the real docker command line on it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from console.faults.helper import LAB_LABEL
from console.faults.lab import HELPER
from console.faults.rollback import Pace
from console.sim.physics.chx import chx
from console.sim.physics.containers import Network
from console.sim.server import SimServer

DOCKER = shutil.which("docker")
STORES, MEMBERS, LOAD = ("tikv0", "tikv1", "tikv2"), ("pd0", "pd1", "pd2"), "ycsb"
SERVICES = (*MEMBERS, *STORES, LOAD)
PORTS = {"pd": ("2379/tcp", "/pd/api/v1/ping"), "tikv": ("20180/tcp", "/status")}
DEADLINE_S = 20.0
_PROJECT = "com.docker.compose.project"
_LIMITS = (
    "CpuQuota", "CpuPeriod", "CpuShares", "NanoCpus", "Memory", "MemorySwap", "MemoryReservation", "BlkioWeight",
    "PidsLimit", "RestartPolicy",
)  # fmt: skip


class Bed:
    """One cluster behind one engine. Everything a test checks goes through `docker`, never through our own code."""

    kind = ""
    docker_host = ""
    project = ""
    fixed_address = "172.31.77.9"  # on the second network
    pace = Pace(undo_s=10, verify_s=15, stable_s=0.4, poll_s=0.05)
    params: Mapping[str, dict[str, float]] = {  # how a kind is asked for here, where not by its defaults
        "crash-loop": {"times": 2, "every": 1},
        "flapping": {"on": 1, "off": 1},
        "disk-full": {"megabytes": 5},
        "overload": {"threads": 2, "rate": 50},
        "hot-keys": {"threads": 2},
    }
    cannot: Mapping[str, str] = {}  # kinds that cannot work on this engine, and why

    def name(self, service: str) -> str:
        """The container of a service."""
        return f"{self.project}-{service}-1"

    # -- the docker command line -------------------------------------------------------------------------------------

    @property
    def env(self) -> dict[str, str]:
        """For the docker CLI: this engine, nobody's settings."""
        return {**os.environ, "DOCKER_HOST": self.docker_host, "DOCKER_CONFIG": "/nonexistent"}

    def docker_now(self, *words: str, code: int | None = 0, stdin: Any = None) -> str:
        """What the real docker CLI says; fails on another exit code than `code` (None: any)."""
        assert DOCKER is not None
        done = subprocess.run(
            [DOCKER, *words], env=self.env, capture_output=True, text=True, timeout=90, check=False, stdin=stdin
        )
        assert code in (None, done.returncode), f"docker {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    async def docker(self, *words: str, code: int | None = 0) -> str:
        """The same, without holding up the test's own loop."""
        return await asyncio.to_thread(self.docker_now, *words, code=code)

    async def inspect(self, service: str) -> dict[str, Any]:
        """`docker inspect` as it is."""
        found: list[dict[str, Any]] = json.loads(await self.docker("inspect", self.name(service)))
        return found[0]

    async def picture(self, service: str) -> dict[str, Any]:
        """`docker inspect` reduced to what a fault may change and a revert must bring back."""
        raw = await self.inspect(service)
        networks = {
            name: {
                "aliases": sorted(a for a in end["Aliases"] or () if not raw["Id"].startswith(a)),
                "links": end["Links"],
                "address": (end["IPAMConfig"] or {}).get("IPv4Address"),
            }
            for name, end in raw["NetworkSettings"]["Networks"].items()
        }
        return {
            "id": raw["Id"],
            "status": raw["State"]["Status"],
            "paused": raw["State"]["Paused"],
            "networks": networks,
            "published": sorted(k for k, v in raw["NetworkSettings"]["Ports"].items() if v),
            # An engine that was told of a quota and of none again says -1, where it had said 0: no quota.
            "limits": {k: 0 if (k, v) == ("CpuQuota", -1) else v for k, v in raw["HostConfig"].items() if k in _LIMITS},
            "labels": raw["Config"]["Labels"],
            "traces": await self.traces(service, raw),
            "files": await self.files(service, raw) if raw["State"]["Status"] == "running" and raw["Mounts"] else [],
            "throttle": await self.throttle(service, raw),
        }

    async def pictures(self) -> dict[str, dict[str, Any]]:
        """The pictures of all services."""
        found = await asyncio.gather(*(self.picture(s) for s in SERVICES))
        return dict(zip(SERVICES, found, strict=True))

    # -- what of a fault can be seen from outside --------------------------------------------------------------------

    async def traces(self, service: str, raw: Any = None) -> list[str]:
        """Lines of `iptables-save` and `tc qdisc` in the container's network namespace that carry our mark."""
        raise NotImplementedError

    async def files(self, service: str, raw: Any = None) -> list[str]:
        """Files of ours among its data."""
        raise NotImplementedError

    async def throttle(self, service: str, raw: Any = None) -> str:
        """What its control group says of the rate of writes; empty where there is no limit."""
        raise NotImplementedError

    async def helpers(self, injection: str = "") -> list[str]:
        """Containers of ours, whatever their state: of one injection, or of any into this cluster."""
        engine = (await self.docker("info", "--format", "{{.ID}}")).strip()
        mark = f"label={HELPER}={injection}" if injection else f"label={LAB_LABEL}={engine}/{self.project}"
        return (await self.docker("ps", "-a", "--filter", mark, "--format", "{{.Names}}")).split()

    async def address(self, service: str) -> str:
        """Its address on the cluster's network."""
        (end,) = (await self.inspect(service))["NetworkSettings"]["Networks"].values()
        return str(end["IPAddress"])

    async def pd(self, path: str, *members: str) -> Any:
        """What PD answers to a GET, whichever member is there: decoded, or the text; None for an error."""
        for member in members or MEMBERS:
            bound = (await self.inspect(member))["NetworkSettings"]["Ports"].get("2379/tcp")
            if bound:
                url = f"http://127.0.0.1:{bound[0]['HostPort']}{path}"
                found = await asyncio.to_thread(_get, url)
                if found is not None:
                    return found
        return None

    async def told(self) -> dict[str, Any]:
        """What PD was told, as its API shows it: the leader, schedulers, evictions, limits in force."""
        api = "/pd/api/v1"
        leader = await self.until(lambda: self.pd(f"{api}/leader"), "a PD leader")
        metrics = str(await self.pd("/metrics", leader["name"]))
        return {
            "leader": leader["name"],
            "schedulers": sorted(await self.pd(f"{api}/schedulers") or []),
            "evicted": await self.pd(f"{api}/scheduler-config/evict-leader-scheduler/list"),
            "schedule": await self.pd(f"{api}/config/schedule"),
            "in force": sorted(line for line in metrics.splitlines() if line.startswith("pd_config_status")),
            "rates": await self.pd(f"{api}/stores/limit"),
        }

    async def number(self, service: str) -> int:
        """PD's number of a store."""
        stores = (await self.pd("/pd/api/v1/stores"))["stores"]
        return next(int(s["store"]["id"]) for s in stores if s["store"]["address"].startswith(f"{service}:"))

    async def curl(self, service: str, seconds: float = 1.0) -> int | str:
        """What its health port answers from here: a status, or how it fails (`refused`, `silent`, `unpublished`)."""
        port, path = PORTS[service.rstrip("0123456789")]
        bound = (await self.inspect(service))["NetworkSettings"]["Ports"].get(port)
        if not bound:
            return "unpublished"
        return await asyncio.to_thread(_curl, f"http://127.0.0.1:{bound[0]['HostPort']}{path}", seconds)

    async def now(self) -> float:
        """The engine's own time, Unix seconds (a simulated one has its own)."""
        shown = (await self.docker("info", "--format", "{{.SystemTime}}")).strip()
        return datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", shown)).timestamp()

    async def changes(self, since: float) -> list[str]:
        """What was done to this cluster's containers and networks since then, by the engine's own events."""
        shown = await self.docker("events", f"--since={since:.6f}", f"--until={await self.now():.6f}",
                                  "--format", "{{json .}}")  # fmt: skip
        found = []
        for event in map(json.loads, shown.splitlines()):
            of = event["Actor"]["Attributes"]
            ours = of.get(_PROJECT) == self.project or str(of.get("name", "")).startswith(self.project)
            if ours and not event["Action"].startswith("exec_"):
                found.append(f"{event['Action']} {of.get('name')}")
        return found

    # -- patience ----------------------------------------------------------------------------------------------------

    async def until(self, look: Callable[[], Awaitable[Any]], what: str, seconds: float = DEADLINE_S) -> Any:
        """Wait for a truth and return it."""
        end = time.monotonic() + seconds
        while True:
            found = await look()
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not come within {seconds:g} s")
            await asyncio.sleep(0.1)

    async def becomes(self, service: str, status: str, seconds: float = DEADLINE_S) -> None:
        """Wait for `docker inspect` to say so."""

        async def look() -> bool:
            return bool((await self.inspect(service))["State"]["Status"] == status)

        await self.until(look, f"{service} {status}", seconds)

    # -- what an engine of its own kind must offer ---------------------------------------------------------------------

    async def recreate(self, service: str) -> None:
        """Remove the container and make one of the same name."""
        raise NotImplementedError

    async def stubborn(self, service: str) -> None:
        """Make it ignore SIGTERM."""
        raise NotImplementedError

    async def brief(self, service: str) -> None:
        """Make it end by itself, with code 1, a moment after every start from now on."""
        raise NotImplementedError

    async def guest(self, service: str, labels: Mapping[str, str]) -> None:
        """One more container of the project, with no label but Compose's and these."""
        raise NotImplementedError

    async def second_network(self) -> str:
        """One more network, with room for a fixed address 172.31.77.9; its name."""
        raise NotImplementedError

    async def lose_network(self, name: str) -> None:
        """That network is no more."""
        raise NotImplementedError


class SimBed(Bed):
    """The simulated cluster, in this process."""

    kind = "sim"
    params = {**Bed.params, "flapping": {"on": 10, "off": 10}}

    def __init__(self, speed: float = 10.0, **more: Any) -> None:
        self.server = SimServer(seed=3, speed=speed, warmup=30.0, **more)
        where = self.server.start()
        self.speed, self.docker_host, self.project = speed, where.docker_host, where.project

    async def traces(self, service: str, raw: Any = None) -> list[str]:
        """As the simulated kernel shows them."""

        def look(world: Any) -> list[str]:
            container = world.container(service)
            if not container.alive:
                return []
            netns = world.fabric.netns(container)
            shown = [chx(world, container, ("chx", "show", mark)).out for mark in (*netns.chains, "none")]
            lines = {line.split(" ", 1)[1] for text in shown for line in text.splitlines()}
            return sorted(line for line in lines if not line.startswith("/"))

        return list(await asyncio.to_thread(self.server.call, look))

    async def files(self, service: str, raw: Any = None) -> list[str]:
        """By `ls` inside."""
        return (await self.docker("exec", self.name(service), "ls", "-A", "/data")).split()

    async def throttle(self, service: str, raw: Any = None) -> str:
        """As the simulated kernel shows it."""

        def look(world: Any) -> str:
            id_ = world.container(service).id
            return "".join(text for file, text in world.control_files.items() if id_ in file)

        return str(await asyncio.to_thread(self.server.call, look))

    async def recreate(self, service: str) -> None:
        """The new one runs nothing of the cluster: it is only not the old one."""
        labels = (await self.inspect(service))["Config"]["Labels"]
        await self.docker("rm", "-f", self.name(service))
        given = [word for k, v in labels.items() for word in ("--label", f"{k}={v}")]
        await self.docker("run", "-d", "--name", self.name(service), *given, "--network", f"{self.project}_chaos",
                          "--network-alias", service, "chaos-console/nettools:1", "sleep", "600")  # fmt: skip

    async def stubborn(self, service: str) -> None:
        """Its process hears no signal but SIGKILL."""

        def deafen(world: Any) -> None:
            world.container(service).process.signal = lambda number: None

        await asyncio.to_thread(self.server.call, deafen)

    async def brief(self, service: str) -> None:
        """Every start is followed by a crash."""

        def weaken(world: Any) -> None:
            container = world.container(service)
            begin = container.process.start

            def start() -> None:
                begin()
                world.ground.after(0.6 * self.speed, lambda: world.crash(container, 1))

            container.process.start = start

        await asyncio.to_thread(self.server.call, weaken)

    async def guest(self, service: str, labels: Mapping[str, str]) -> None:
        """It sleeps."""
        marks = {_PROJECT: self.project, "com.docker.compose.service": service, **labels}
        given = [word for k, v in marks.items() for word in ("--label", f"{k}={v}")]
        await self.docker("run", "-d", "--name", self.name(service), *given, "chaos-console/nettools:1", "sleep", "600")

    async def second_network(self) -> str:
        """Made in the engine's books."""

        def add(world: Any) -> None:
            name = f"{self.project}_another"
            world.engine.networks[name] = Network(
                world.engine.new_id(), name, "bridge", world.now, "172.31.77", "172.31.77.1"
            )

        await asyncio.to_thread(self.server.call, add)
        return f"{self.project}_another"

    async def lose_network(self, name: str) -> None:
        """Struck out of the engine's books."""

        def strike(world: Any) -> None:
            world.engine.networks.pop(name)

        await asyncio.to_thread(self.server.call, strike)

    def close(self) -> None:
        """Every socket gone."""
        self.server.close()


def _curl(url: str, seconds: float) -> int | str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=seconds) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (TimeoutError, urllib.error.URLError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        return "silent" if isinstance(reason, TimeoutError) else "refused"


def _get(url: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def steps(database: Path, injection: str) -> list[str]:
    """The states an injection went through, from the file itself."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        return [r[0] for r in db.execute("SELECT state FROM steps WHERE injection=? ORDER BY seq", (injection,))]


def rows(database: Path) -> dict[str, str]:
    """Every injection and its state, from the file itself."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        return dict(db.execute("SELECT id, state FROM injections"))


def watchdog(database: Path) -> int | None:
    """The process on watch for this database, while it lives."""
    with contextlib.suppress(sqlite3.Error), sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        for (pid,) in db.execute("SELECT pid FROM leases WHERE name='watchdog'"):
            if str(database).encode() in _words(pid):
                return int(pid)
    return None


def dismiss(database: Path, number: int = signal.SIGKILL) -> bool:
    """End that process; False where there is none. (It would end by itself, some seconds later.)"""
    pid = watchdog(database)
    if pid is not None:
        os.kill(pid, number)
    return pid is not None


def _words(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
