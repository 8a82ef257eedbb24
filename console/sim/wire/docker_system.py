"""What the engine says of itself: ping, version, info, events."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from console.sim.physics.ground import rfc3339
from console.sim.physics.world import World

from .docker_call import HEADERS, Call, Part, Route, ok
from .docker_events import stream_events, timestamp_ns
from .docker_filters import parse_filters

API = "1.41"
MIN_API = "1.12"
ENGINE = "20.10.24"
KERNEL = "6.1.0-simulated"
BUILT = "2023-04-04T18:21:03.000000000+00:00"


def version() -> dict[str, Any]:
    """`GET /version`."""
    return {
        "Platform": {"Name": "Chaos Console simulated cluster"},
        "Components": [
            {
                "Name": "Engine",
                "Version": ENGINE,
                "Details": {
                    "ApiVersion": API,
                    "Arch": "amd64",
                    "BuildTime": BUILT,
                    "Experimental": "false",
                    "GitCommit": "simulated",
                    "GoVersion": "go1.19.8",
                    "KernelVersion": KERNEL,
                    "MinAPIVersion": MIN_API,
                    "Os": "linux",
                },
            }
        ],
        "Version": ENGINE,
        "ApiVersion": API,
        "MinAPIVersion": MIN_API,
        "GitCommit": "simulated",
        "GoVersion": "go1.19.8",
        "Os": "linux",
        "Arch": "amd64",
        "KernelVersion": KERNEL,
        "BuildTime": BUILT,
    }


def info(world: World) -> dict[str, Any]:
    """`GET /info`."""
    containers = list(world.engine.containers.values())
    running = sum(c.awake for c in containers)
    paused = sum(c.status == "paused" for c in containers)
    flags = (
        "MemoryLimit",
        "SwapLimit",
        "KernelMemory",
        "KernelMemoryTCP",
        "CpuCfsPeriod",
        "CpuCfsQuota",
        "CPUShares",
        "CPUSet",
        "PidsLimit",
        "IPv4Forwarding",
        "BridgeNfIptables",
        "BridgeNfIp6tables",
        "OomKillDisable",
    )
    return {
        "ID": "SIMU:LATE:DCLU:STER:SIMU:LATE:DCLU:STER:SIMU:LATE:DCLU:STER",
        "Containers": len(containers),
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": len(containers) - running - paused,
        "Images": len(world.engine.images),
        "Driver": "overlay2",
        "DriverStatus": [["Backing Filesystem", "extfs"]],
        "Plugins": {"Volume": ["local"], "Network": ["bridge", "host", "null"], "Authorization": None,
                    "Log": ["json-file"]},
        **dict.fromkeys(flags, True),
        "Debug": False,
        "NFd": 27,
        "NGoroutines": 39,
        "SystemTime": rfc3339(world.ground.wall()),
        "LoggingDriver": "json-file",
        "CgroupDriver": "cgroupfs",
        "CgroupVersion": "1",
        "NEventsListener": len(world.engine.bus.listeners),
        "KernelVersion": KERNEL,
        "OperatingSystem": "Chaos Console simulated cluster",
        "OSVersion": "1",
        "OSType": "linux",
        "Architecture": "x86_64",
        "IndexServerAddress": "https://index.docker.io/v1/",
        "RegistryConfig": {"InsecureRegistryCIDRs": ["127.0.0.0/8"], "IndexConfigs": {}, "Mirrors": []},
        "NCPU": world.spec.host_cores,
        "MemTotal": world.spec.host_memory,
        "GenericResources": None,
        "DockerRootDir": "/var/lib/docker",
        "HttpProxy": "",
        "HttpsProxy": "",
        "NoProxy": "",
        "Name": f"sim-{world.spec.project}",
        "Labels": [],
        "ExperimentalBuild": False,
        "ServerVersion": ENGINE,
        "Runtimes": {"runc": {"path": "runc"}},
        "DefaultRuntime": "runc",
        "Swarm": {"NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": False, "Error": "",
                  "RemoteManagers": None},
        "LiveRestoreEnabled": False,
        "Isolation": "",
        "InitBinary": "docker-init",
        "ContainerdCommit": {"ID": "", "Expected": ""},
        "RuncCommit": {"ID": "", "Expected": ""},
        "InitCommit": {"ID": "", "Expected": ""},
        "SecurityOptions": ["name=seccomp,profile=default"],
        "Warnings": None,
    }  # fmt: skip


class SystemApi(Part):
    """`/_ping`, `/version`, `/info`, `/events`."""

    def routes(self) -> list[Route]:
        """What it answers."""
        return [
            ("GET", r"/_ping", self.ping),
            ("HEAD", r"/_ping", self.ping),
            ("GET", r"/version", self.version),
            ("GET", r"/info", self.info),
            ("GET", r"/events", self.events),
        ]

    async def ping(self, call: Call) -> web.Response:
        """`/_ping`."""
        headers = {**HEADERS, "Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache"}
        return web.Response(text="OK" if call.asked.method == "GET" else "", headers=headers)

    async def version(self, _call: Call) -> web.Response:
        """`/version`."""
        return ok(version())

    async def info(self, _call: Call) -> web.Response:
        """`/info`."""
        return ok(info(self.world))

    async def events(self, call: Call) -> web.StreamResponse:
        """`/events`."""
        filters = parse_filters(call.asked.one("filters"))
        since, until = timestamp_ns(call.asked.one("since")), timestamp_ns(call.asked.one("until"))
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "application/json"})
        await response.prepare(call.request)
        await stream_events(self.world, self.clock, response, since, until, filters)
        return response
