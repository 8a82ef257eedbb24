"""How each kind of fault is seen by somebody who has docker, curl and the host's own tools, and nothing of ours."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from .bed import LOAD, MEMBERS, STORES, Bed


@dataclass(frozen=True)
class Sight:
    """What was injected where, and how things were before. `since`: the engine's time then."""

    bed: Bed
    target: str
    injection: str
    before: dict[str, Any]
    told: dict[str, Any]
    since: float
    params: dict[str, float]

    async def state(self) -> dict[str, Any]:
        """`State` of its inspect."""
        found: dict[str, Any] = (await self.bed.inspect(self.target))["State"]
        return found

    async def dropped(self, side: str) -> set[str]:
        """Peers whose packets the chain of this injection drops, `all` for everybody's."""
        rules = "\n".join(await self.bed.traces(self.target))
        found = re.findall(rf"-A CHX-{self.injection}-{side}(?: -[sd] ([0-9.]+)/32)? -j DROP", rules)
        return {peer or "all" for peer in found}

    async def others(self, group: tuple[str, ...]) -> set[str]:
        """Addresses of a group without the target."""
        return {await self.bed.address(s) for s in group if s != self.target}


async def _kill(s: Sight) -> bool:
    state = await s.state()
    return bool(state["Status"] == "exited" and state["ExitCode"] == 137)


async def _stop(s: Sight) -> bool:
    state = await s.state()
    return bool(state["Status"] == "exited" and state["ExitCode"] in (0, 143))


async def _pause(s: Sight) -> bool:
    state = await s.state()
    return bool(state["Paused"]) and (s.target == LOAD or await s.bed.curl(s.target) == "silent")


async def _restart(s: Sight) -> bool:
    state = await s.state()
    return bool(state["Running"] and state["StartedAt"] != s.before["State"]["StartedAt"])


async def _crash_loop(s: Sight) -> bool:
    deaths = [c for c in await s.bed.changes(s.since) if c == f"die {s.bed.name(s.target)}"]
    return len(deaths) == s.params["times"] and await _kill(s)


async def _partition(s: Sight) -> bool:
    raw = await s.bed.inspect(s.target)
    return not raw["NetworkSettings"]["Networks"] and bool(raw["State"]["Running"])


def _cut_from(groups: Callable[[Sight], tuple[str, ...]], sides: str = "IO") -> Callable[[Sight], Awaitable[bool]]:
    async def look(s: Sight) -> bool:
        wanted = await s.others(groups(s))
        found = {side: await s.dropped(side) for side in "IO"}
        return bool(wanted) and all(found[side] == (wanted if side in sides else set()) for side in "IO")

    return look


def _peers(s: Sight) -> tuple[str, ...]:
    return STORES if s.target in STORES else MEMBERS


def _ruled(pattern: str) -> Callable[[Sight], Awaitable[bool]]:
    async def look(s: Sight) -> bool:
        return re.search(pattern.replace("ID", s.injection), "\n".join(await s.bed.traces(s.target))) is not None

    return look


async def _late(s: Sight) -> bool:
    """By a rule or a queueing discipline, and, where time is real, by the clock."""
    if not await _ruled(r"-A CHX-ID-O .*NFQUEUE|netem c4a5:")(s):
        return False
    if s.bed.kind == "sim":
        return True
    began = time.monotonic()
    return await s.bed.curl(s.target, 5) == 200 and time.monotonic() - began >= s.params["delay"] / 1000


async def _flapping(s: Sight) -> bool:
    async def cut() -> bool:
        return await s.dropped("I") == {"all"}

    async def whole() -> bool:
        return await s.dropped("I") == set()

    for turn in (cut, whole, cut):
        await s.bed.until(turn, turn.__name__)
    return True


async def _cpu(s: Sight) -> bool:
    host = (await s.bed.inspect(s.target))["HostConfig"]
    return host["NanoCpus"] == 10**8 or host["CpuQuota"] == 10_000


async def _cpu_stress(s: Sight) -> bool:
    (helper,) = await s.bed.helpers(s.injection)
    shown = await s.bed.docker("inspect", "--format", "{{.State.Running}} {{.HostConfig.CgroupParent}}", helper)
    return shown.split() == ["true", f"/docker/{s.before['Id']}"]


async def _memory(s: Sight) -> bool:
    return bool((await s.bed.inspect(s.target))["HostConfig"]["Memory"] == int(s.params["megabytes"]) << 20)


async def _disk_full(s: Sight) -> bool:
    return await s.bed.files(s.target) == [f".chaos-console-fill-{s.injection}"]


async def _disk_slow(s: Sight) -> bool:
    return str(int(s.params["kilobytes"]) * 1024) in await s.bed.throttle(s.target)


async def _leader_transfer(s: Sight) -> bool:
    return bool((await s.bed.told())["leader"] != s.told["leader"])


async def _eviction(s: Sight) -> bool:
    told = await s.bed.told()
    here = "evict-leader-scheduler" in told["schedulers"] and "evict-leader-scheduler" not in s.told["schedulers"]
    return here and str(await s.bed.number(s.target)) in told["evicted"]["store-id-ranges"]


async def _scheduling_stopped(s: Sight) -> bool:
    told = await s.bed.told()
    return told["schedule"] == s.told["schedule"] and any(
        "leader-schedule-limit" in line and line.endswith(" 0") for line in told["in force"]
    )


async def _store_limit(s: Sight) -> bool:
    rates = (await s.bed.told())["rates"][str(await s.bed.number(s.target))]
    return set(rates.values()) == {s.params["rate"]}


async def _second_client(s: Sight) -> bool:
    (helper,) = await s.bed.helpers(s.injection)
    shown = await s.bed.docker("inspect", "--format", "{{.State.Running}} {{.Config.Image}} {{json .Args}}", helper)
    image = s.before["Config"]["Image"]
    wanted = (f"threadcount={s.params['threads']:g}", f"target={s.params.get('rate', 0):g}")
    return shown.startswith(f"true {image} ") and all(re.search(rf"\b{w}\b", shown) for w in wanted)


FEEL: dict[str, Callable[[Sight], Awaitable[bool]]] = {
    "kill": _kill,
    "stop": _stop,
    "pause": _pause,
    "client-paused": _pause,
    "restart": _restart,
    "rolling-restart": _restart,
    "quorum-loss": _pause,
    "crash-loop": _crash_loop,
    "partition": _partition,
    "isolate-pd": _cut_from(lambda _: MEMBERS),
    "isolate-peers": _cut_from(_peers),
    "isolate-clients": _cut_from(lambda _: (LOAD,)),
    "one-way": _cut_from(_peers, "I"),
    "loss": _ruled(r"-A CHX-ID-I .*--probability 0\.(3|29999).* -j DROP"),
    "latency": _late,
    "reorder": _late,
    "duplicate": _ruled("netem c4a5:"),
    "corrupt": _ruled("netem c4a5:"),
    "bandwidth": _ruled("tbf c4a5:"),
    "dns": _ruled(r"-A CHX-ID-O .*127\.0\.0\.11/32.* -j DROP"),
    "flapping": _flapping,
    "cpu": _cpu,
    "cpu-stress": _cpu_stress,
    "memory": _memory,
    "disk-slow": _disk_slow,
    "disk-full": _disk_full,
    "leader-transfer": _leader_transfer,
    "eviction": _eviction,
    "scheduling-stopped": _scheduling_stopped,
    "store-limit": _store_limit,
    "overload": _second_client,
    "hot-keys": _second_client,
}
