"""Sample parts: a catalogue, stores, members, probes, intervals, a whole cluster; all deterministic."""

from __future__ import annotations

import math
from dataclasses import replace

from console.model.cluster import (
    Cluster,
    Container,
    Interval,
    Member,
    PdStore,
    Probe,
    Regions,
    SourceHealth,
    Stats,
    Store,
    Workload,
)
from console.model.fault import (
    Availability,
    Fault,
    Param,
    TargetKind,
)
from console.model.names import Role
from console.model.observation import Reach
from console.model.view import (
    FaultEntry,
)

WALL = 1_763_640_000.0
NOW = 300.0
FAULT_AT = 288.0
HOSTILE = "\x1b[31mtikv[bold]9\x1b]0;pwned\x07[/] 🧨漢字\u202e"
_BOTH = (TargetKind.STORE, TargetKind.PD)
_NETEM = "no sch_netem in this kernel"


def _kind(
    kind: str,
    family: str,
    title: str,
    mechanism: str,
    targets: tuple[TargetKind, ...] = _BOTH,
    why: str = "",
    params: tuple[Param, ...] = (),
) -> FaultEntry:
    fault = Fault(
        kind,
        family,
        title,
        mechanism,
        f"{title}: throughput falls, the probe hears it first",
        f"help for {kind}",
        targets,
        params,
    )
    return FaultEntry(fault, Availability(not why, why, "load the module on the host" if why else ""))


DELAY = Param("delay", 100, 1, 2000, "ms", "added to every packet")
JITTER = Param("jitter", 10, 0, 500, "ms", "spread of the delay")
SHARE = Param("share", 10, 1, 100, "%", "of one core")
CATALOGUE = (
    _kind("kill", "process", "Kill", "docker kill (SIGKILL)"),
    _kind("stop", "process", "Stop", "docker stop (SIGTERM, then SIGKILL after 10 s)"),
    _kind("pause", "process", "Pause", "cgroup freezer: the process stops, its sockets stay open"),
    _kind("restart", "process", "Restart", "docker restart"),
    _kind("crash-loop", "process", "Crash loop", "killed again a second after each start"),
    _kind("partition", "network", "Partition", "disconnected from every network of the project"),
    _kind(
        "isolate-pd",
        "network",
        "Isolate from PD",
        "DROP to and from PD in the target's network namespace",
        (TargetKind.STORE,),
    ),
    _kind("latency", "network", "Latency", "tc netem delay in the target's network namespace", params=(DELAY, JITTER)),
    _kind("loss", "network", "Loss", "tc netem loss", why=_NETEM),
    _kind("reorder", "network", "Reorder", "tc netem reorder", why=_NETEM),
    _kind("cpu", "resource", "CPU quota", "cgroup CPU quota of the container", params=(SHARE,)),
    _kind("memory", "resource", "Memory limit", "cgroup memory limit below what the process uses"),
    _kind("disk-slow", "resource", "Disk throttle", "block I/O limit", why="the data is on overlayfs: no block device"),
    _kind(
        "leader-transfer", "control plane", "PD leader transfer", "POST /pd/api/v1/leader/transfer", (TargetKind.PD,)
    ),
    _kind("eviction", "control plane", "Leader eviction", "evict-leader-scheduler on the store", (TargetKind.STORE,)),
    _kind("client-paused", "workload", "Client paused", "docker pause of go-ycsb", (TargetKind.LOAD,)),
)


# the cluster


def probe(reach: Reach = Reach.OK, since: float = 2.0, rtt: float | None = 0.6) -> Probe:
    return Probe(reach, since, NOW, NOW if reach is Reach.OK else since, rtt if reach is Reach.OK else None, 0.6)


def stats(n: int) -> Stats:
    return Stats(NOW, mem=(610 + 37 * n) << 20, mem_limit=2 << 30, cpu_pct=21.0 + 9 * n, throttled_pct=0.0)


def container(
    service: str, state: str = "running", since: float = 2.0, code: int | None = None, n: int = 0
) -> Container:
    role = Role.PD if service.startswith("pd") else Role.LOAD if "ycsb" in service else Role.STORE
    return Container(
        f"tikvlab-{service}-1",
        service,
        role,
        state,
        since,
        f"{n:012x}",
        code,
        networks=("tikvlab_default",),
        started=1,
        stats=stats(n) if state == "running" else None,
    )


def store(
    name: str,
    n: int,
    state: str = "Up",
    beat: float = 4.0,
    reach: Reach = Reach.OK,
    since: float = 2.0,
    leaders: int = 12,
) -> Store:
    pd = PdStore(
        (1, 4, 5, 8)[n] if n < 4 else 10 + n, f"{name}:20160", state, None, leaders, 36, 1, NOW, NOW - beat - n
    )
    return Store(name, pd, status=probe(reach, since), tcp=probe(reach, since))


def member(
    name: str,
    names: tuple[str, ...],
    leader: str = "pd0",
    reach: Reach = Reach.OK,
    since: float = 2.0,
    sick: tuple[str, ...] = (),
) -> Member:
    probes = {"ping": probe(reach, since), "members": probe(reach, since), "health": probe(reach, since)}
    return Member(name, probes, leader, leader, 7, 2.0, {n: n not in sick for n in names})


def intervals(
    until: float = NOW, level: float = 9800.0, dip_from: float | None = None, dip: float = 0.0, seconds: int = 120
) -> tuple[Interval, ...]:
    out = []
    for t in range(int(until) - seconds, int(until)):
        ops = level * (1 + 0.09 * math.sin(t / 5) + 0.05 * math.sin(t * 2.3))
        if dip_from is not None and t >= dip_from:
            ops = dip
        out.append(Interval(float(t) + 0.8, 1.0, int(ops), float(int(ops)), 816.0 if ops else None, 0, 3120))
    return tuple(out)


def workload(**kwargs: float | None) -> Workload:
    found = intervals(**kwargs)  # type: ignore[arg-type]
    return Workload(found, total_count=1_000_000, total_takes=110.0, last_line=found[-1].t, last_summary=found[-1].t)


def sources(at: float = NOW, **late: float) -> dict[str, SourceHealth]:
    names = ("docker", "docker events", "pd0", "pd1", "pd2", "probes", "ycsb")
    return {
        n: SourceHealth(
            n,
            n not in late,
            at - late.get(n, 0.0),
            at,
            at - late.get(n, 0.4),
            "connection refused" if n in late else "",
            1.0,
        )
        for n in names
    }


def cluster(stores: int = 3) -> Cluster:
    """Healthy: three members, `stores` stores, a client under way."""
    members = ("pd0", "pd1", "pd2")
    names = [f"tikv{n}" for n in range(stores)]
    services = [*members, *names, "ycsb"]
    return Cluster(
        t=NOW,
        stores={n: store(n, i) for i, n in enumerate(names)},
        members={n: member(n, members) for n in members},
        containers={n: container(n, n=i) for i, n in enumerate(services)},
        regions=Regions(
            36 * stores // 3,
            dict.fromkeys(("miss-peer", "down-peer", "pending-peer", "extra-peer", "offline-peer"), 0),
            NOW,
        ),
        workload=workload(),
        sources=sources(),
        leader="pd0",
        leader_since=2.0,
    )


def killed(state: str = "Up", beat: float = 12.0, at: float = NOW) -> Cluster:
    """tikv1 dead since `FAULT_AT`; PD may not have noticed."""
    base = replace(cluster(), t=at, sources=sources(at))
    return replace(
        base,
        stores={
            **base.stores,
            "tikv1": store("tikv1", 1, state, beat, Reach.REFUSED, FAULT_AT + 0.5, 0 if state != "Up" else 12),
        },
        containers={**base.containers, "tikv1": container("tikv1", "exited", FAULT_AT + 0.3, 137)},
        regions=replace(base.regions, counts={**base.regions.counts, "down-peer": 0 if state == "Up" else 36}),
        workload=workload(until=at, dip_from=FAULT_AT, dip=6100.0),
    )
