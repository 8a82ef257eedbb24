"""Containers, networks and images as the Engine API 1.41 shows them (shapes of a real 20.10.24 engine)."""

from __future__ import annotations

import hashlib
from typing import Any

from console.sim.physics.containers import Container, Endpoint, Image, Network
from console.sim.physics.ground import rfc3339
from console.sim.physics.world import World

from .docker_hostconfig import host_config
from .docker_text import command_text, moment, status_text

Json = dict[str, Any]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def state_view(world: World, c: Container) -> Json:
    """`State` of an inspect. A restarting container counts as running, as in the real engine."""
    return {
        "Status": c.status,
        "Running": c.alive or c.status == "restarting",
        "Paused": c.status == "paused",
        "Restarting": c.status == "restarting",
        "OOMKilled": c.oom_killed,
        "Dead": False,
        "Pid": c.pid,
        "ExitCode": c.exit_code,
        "Error": c.error,
        "StartedAt": moment(world.ground, c.started_at),
        "FinishedAt": moment(world.ground, c.finished_at),
    }


def _endpoint(world: World, c: Container, e: Endpoint, listed: bool) -> Json:
    network = world.engine.networks.get(e.network)
    up = bool(e.address)
    return {
        "IPAMConfig": None if e.asked_address is None else {"IPv4Address": e.asked_address} if e.asked_address else {},
        "Links": None,
        "Aliases": None if listed else list(dict.fromkeys([*e.aliases, c.id[:12]])),
        "NetworkID": network.id if network else "",
        "EndpointID": e.endpoint_id if up else "",
        "Gateway": network.gateway if up and network else "",
        "IPAddress": e.address,
        "IPPrefixLen": 24 if up else 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "MacAddress": e.mac if up else "",
        "DriverOpts": None,
    }


def _published(c: Container) -> Json:
    """`NetworkSettings.Ports`: nothing while it does not run; bindings go with the last network."""
    if not c.alive or not c.address:
        return {}
    return {f"{inner}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(outer)}] for inner, outer in c.ports.items()}


def _mounts(c: Container) -> list[Json]:
    """Named volumes."""
    return [_mount(name, place, "ro" not in _mode(c, place)) for place, name in sorted(c.volumes.items())]


def _mode(c: Container, place: str) -> list[str]:
    return next((b.split(":")[2].split(",") for b in c.binds if b.split(":")[1:2] == [place] and b.count(":") > 1), [])


def _mount(name: str, place: str, writable: bool) -> Json:
    """One element of `Mounts`."""
    return {
        "Type": "volume",
        "Name": name,
        "Source": f"/var/lib/docker/volumes/{name}/_data",
        "Destination": place,
        "Driver": "local",
        "Mode": "rw" if writable else "ro",
        "RW": writable,
        "Propagation": "",
    }


def volume_view(world: World, name: str) -> Json:
    """One volume of `GET /volumes`."""
    return {
        "CreatedAt": rfc3339(world.ground.wall(0.0)),
        "Driver": "local",
        "Labels": None,
        "Mountpoint": f"/var/lib/docker/volumes/{name}/_data",
        "Name": name,
        "Options": None,
        "Scope": "local",
    }


def _config(c: Container) -> Json:
    return {
        "Hostname": c.hostname,
        "Domainname": "",
        "User": "",
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        "ExposedPorts": {f"{port}/tcp": {} for port in c.ports} or None,
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "Env": list(c.env) or None,
        "Cmd": list(c.command or c.image.command) or None,
        "Image": c.image.tag,
        "Volumes": None,
        "WorkingDir": "",
        "Entrypoint": list(c.entrypoint or c.image.entrypoint) or None,
        "OnBuild": None,
        "Labels": dict(sorted(c.labels.items())),
    }


def inspect_view(world: World, c: Container) -> Json:
    """`GET /containers/x/json`."""
    words = [*(c.entrypoint or c.image.entrypoint), *(c.command or c.image.command)]
    place = f"/var/lib/docker/containers/{c.id}"
    sandbox = _digest(f"{c.id}{c.started_at}") if c.started_at is not None and not c.shares_netns_of else ""
    return {
        "Id": c.id,
        "Created": rfc3339(world.ground.wall(c.created)),
        "Path": words[0] if words else "",
        "Args": words[1:],
        "State": state_view(world, c),
        "Image": c.image.id,
        "ResolvConfPath": f"{place}/resolv.conf",
        "HostnamePath": f"{place}/hostname",
        "HostsPath": f"{place}/hosts",
        "LogPath": f"{place}/{c.id}-json.log",
        "Name": f"/{c.name}",
        "RestartCount": c.restart_count,
        "Driver": "overlay2",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": None,
        "HostConfig": host_config(c),
        "GraphDriver": {"Data": {}, "Name": "overlay2"},
        "Mounts": _mounts(c),
        "Config": _config(c),
        "NetworkSettings": {
            "Bridge": "",
            "SandboxID": sandbox,
            "HairpinMode": False,
            "LinkLocalIPv6Address": "",
            "LinkLocalIPv6PrefixLen": 0,
            "Ports": _published(c),
            "SandboxKey": f"/var/run/docker/netns/{sandbox[:12]}" if sandbox else "",
            "SecondaryIPAddresses": None,
            "SecondaryIPv6Addresses": None,
            "EndpointID": "",
            "Gateway": "",
            "GlobalIPv6Address": "",
            "GlobalIPv6PrefixLen": 0,
            "IPAddress": "",
            "IPPrefixLen": 0,
            "IPv6Gateway": "",
            "MacAddress": "",
            "Networks": {name: _endpoint(world, c, e, listed=False) for name, e in sorted(c.endpoints.items())},
        },
    }


def list_view(world: World, c: Container) -> Json:
    """One element of `GET /containers/json`."""
    up = c.alive and bool(c.address)
    ports = [
        {"IP": "127.0.0.1", "PrivatePort": inner, "PublicPort": outer, "Type": "tcp"}
        for inner, outer in c.ports.items()
    ]
    return {
        "Id": c.id,
        "Names": [f"/{c.name}"],
        "Image": c.image.tag,
        "ImageID": c.image.id,
        "Command": command_text(c),
        "Created": int(world.ground.wall(c.created)),
        "Ports": ports if up else [],
        "Labels": dict(sorted(c.labels.items())),
        "State": c.status,
        "Status": status_text(world.ground, c),
        "HostConfig": {"NetworkMode": c.network_mode},
        "NetworkSettings": {
            "Networks": {name: _endpoint(world, c, e, listed=True) for name, e in sorted(c.endpoints.items())}
        },
        "Mounts": _mounts(c),
    }


def network_view(world: World, n: Network, detailed: bool) -> Json:
    """`GET /networks/x`; the list leaves out who is in it."""
    members = {}
    for id_ in sorted(n.members) if detailed else ():
        c = world.engine.containers.get(id_)
        if c is not None and n.name in c.endpoints:
            e = c.endpoints[n.name]
            members[c.id] = {
                "Name": c.name,
                "EndpointID": e.endpoint_id,
                "MacAddress": e.mac,
                "IPv4Address": f"{e.address}/24",
                "IPv6Address": "",
            }
    config = [{"Subnet": f"{n.subnet}.0/24", "Gateway": n.gateway}] if n.subnet else []
    return {
        "Name": n.name,
        "Id": n.id,
        "Created": rfc3339(world.ground.wall(n.created)),
        "Scope": "local",
        "Driver": n.driver,
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": {} if n.subnet else None, "Config": config},
        "Internal": False,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": members,
        "Options": {},
        "Labels": n.labels,
    }


def image_row(world: World, i: Image) -> Json:
    """One element of `GET /images/json`."""
    return {
        "Containers": -1,
        "Created": int(world.ground.wall(i.created)),
        "Id": i.id,
        "Labels": i.labels or None,
        "ParentId": "",
        "RepoDigests": None,
        "RepoTags": [i.tag],
        "SharedSize": -1,
        "Size": i.size,
        "VirtualSize": i.size,
    }


def image_view(world: World, i: Image) -> Json:
    """`GET /images/x/json`."""
    config = {
        "Hostname": "",
        "User": "",
        "Env": None,
        "Cmd": list(i.command) or None,
        "Entrypoint": list(i.entrypoint) or None,
        "Labels": i.labels or None,
    }
    return {
        "Id": i.id,
        "RepoTags": [i.tag],
        "RepoDigests": [],
        "Parent": "",
        "Comment": "",
        "Created": rfc3339(world.ground.wall(i.created)),
        "Container": "",
        "ContainerConfig": config,
        "DockerVersion": "20.10.24",
        "Author": "",
        "Config": config,
        "Architecture": "amd64",
        "Os": "linux",
        "Size": i.size,
        "VirtualSize": i.size,
        "GraphDriver": {"Data": {}, "Name": "overlay2"},
        "RootFS": {"Type": "layers", "Layers": [f"sha256:{_digest(i.id)}"]},
        "Metadata": {"LastTagTime": rfc3339(world.ground.wall(i.created))},
    }
