"""Resource faults: less CPU, less memory, a slow or a full disk; limits go back to the exact values before."""

from __future__ import annotations

from typing import ClassVar

from console.faults import helper
from console.faults.kind import Check, FaultKind, Gone, NotFelt, Order, Undo, base_undo, must_exist, running_checks
from console.faults.lab import HELPER, Lab
from console.model.fault import Availability, Fault, Param, TargetKind
from console.observe.engine import ContainerFacts, EngineError

_NODES = (TargetKind.STORE, TargetKind.PD)
NANO = 1_000_000_000
PERIOD_US = 100_000  # the kernel's default; never set by us, so never to be put back
MARGIN_MB = 2048  # of the engine's disk that a fill must leave free
MIB = 1 << 20


class CpuQuota(FaultKind):
    """The container may use a fraction of one core."""

    spec: ClassVar[Fault] = Fault(
        kind="cpu",
        family="resource",
        title="CPU quota",
        mechanism="docker update: CPU quota of the container",
        signature="throttling counters rise, CPU flat at the quota, throughput far down; nothing is down",
        help="Starvation: everything still answers, late.",
        targets=_NODES,
        params=(Param("percent", 10, 1, 400, "% of a core", "what it may use"),),
        failure_type="resource",
        takes_away=False,
    )

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        del lab
        share = order.params["percent"] / 100
        if target.limits.get("NanoCpus"):  # the engine takes either of the two, and whichever was set first
            wanted, before = {"NanoCpus": int(share * NANO)}, {"NanoCpus": target.limits["NanoCpus"]}
        else:
            period = target.limits.get("CpuPeriod") or PERIOD_US
            wanted, before = {"CpuQuota": int(share * period)}, {"CpuQuota": target.limits.get("CpuQuota") or -1}
        return {**base_undo(target), "wanted": wanted, "before": before}

    async def apply(self, lab: Lab, undo: Undo) -> None:
        await lab.engine.update(undo["container"], undo["wanted"])

    async def felt(self, lab: Lab, undo: Undo) -> str:
        now = await must_exist(lab, undo)
        for name, value in undo["wanted"].items():
            if now.limits.get(name) != value:
                raise NotFelt(f"{name} is {now.limits.get(name)}")
        return f"{now.service} may use {_cores(undo['wanted'], now)}"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        await must_exist(lab, undo)
        await lab.engine.update(undo["container"], undo["before"])

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        now = await must_exist(lab, undo)
        for name, value in undo["before"].items():
            # An engine writes -1 where it had written nothing: both are no quota.
            if (now.limits.get(name) or -1) != value:
                return [Check(False, f"{now.service}: {name} is {now.limits.get(name)}, not {value}", settled=False)]
        checks = [Check(True, f"{now.service} has its CPU limit as before: {_cores(undo['before'], now)}")]
        return checks if not now.running else [*checks, *await running_checks(lab, undo)]

    def undoing(self, undo: Undo) -> str:
        return f"docker update back to {undo['before']}"


def _cores(limits: dict[str, int], target: ContainerFacts) -> str:
    if "NanoCpus" in limits:
        return f"{limits['NanoCpus'] / NANO:g} of a core"
    quota = limits["CpuQuota"]
    return "all cores" if quota <= 0 else f"{quota / (target.limits.get('CpuPeriod') or PERIOD_US):g} of a core"


class MemoryLimit(FaultKind):
    """The limit falls below what the process needs; the kernel may kill it, and then it is started again."""

    spec: ClassVar[Fault] = Fault(
        kind="memory",
        family="resource",
        title="Memory limit",
        mechanism="docker update: memory limit of the container",
        signature="memory at the limit, then an out-of-memory kill: exit code 137 with OOMKilled",
        help="Only for a container that has a limit: an engine cannot take one away again once it was set.",
        targets=_NODES,
        params=(Param("megabytes", 128, 16, 65536, "MB", "the limit while it lasts"),),
        failure_type="resource",
    )

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        del lab
        before = target.limits.get("Memory", 0)
        if before <= 0:
            raise EngineError(
                f"{target.service} has no memory limit, and an engine cannot take one away once it is set"
            )
        wanted = int(order.params["megabytes"]) * MIB
        if wanted >= before:
            raise EngineError(f"{target.service} is limited to {before // MIB} MB already; ask for less")
        swap = target.limits.get("MemorySwap", 0) or before
        return {**base_undo(target), "wanted": wanted, "before": {"Memory": before, "MemorySwap": swap}}

    async def apply(self, lab: Lab, undo: Undo) -> None:
        await lab.engine.update(undo["container"], {"Memory": undo["wanted"], "MemorySwap": undo["wanted"]})

    async def felt(self, lab: Lab, undo: Undo) -> str:
        now = await must_exist(lab, undo)
        if now.limits.get("Memory") != undo["wanted"]:
            raise NotFelt(f"the memory limit is {now.limits.get('Memory', 0) // MIB} MB")
        return f"{now.service} is limited to {undo['wanted'] // MIB} MB"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        now = await must_exist(lab, undo)
        # Raising needs swap first: the engine refuses a memory limit above the memory-and-swap limit.
        await lab.engine.update(undo["container"], undo["before"])
        if not now.running:
            await lab.engine.start(now.id)

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        now = await must_exist(lab, undo)
        wrong = [k for k, v in undo["before"].items() if now.limits.get(k) != v]
        if wrong:
            return [Check(False, f"{now.service}: {wrong[0]} is {now.limits.get(wrong[0])}", settled=False)]
        said = f"{now.service} has its memory limit as before: {undo['before']['Memory'] // MIB} MB"
        return [Check(True, said), *await running_checks(lab, undo)]

    def undoing(self, undo: Undo) -> str:
        return f"docker update back to {undo['before']['Memory'] // MIB} MB, and a start where it was killed"


class _ByHelper(FaultKind):
    """Kinds that live in a helper container and end with it."""

    async def preflight(self, lab: Lab) -> Availability:
        return await helper.preflight(lab)

    def spec_of(self, undo: Undo) -> helper.Spec:
        """How the helper runs."""
        raise NotImplementedError

    async def apply(self, lab: Lab, undo: Undo) -> None:
        await helper.hold(lab, undo, self.spec_of(undo))

    async def _gone(self, lab: Lab, undo: Undo) -> list[Check]:
        listed = await lab.engine.containers({HELPER: undo["id"]})
        said = "a helper is still there" if listed else "no helper of this injection is left"
        return [Check(not listed, said, settled=not listed)]


class CpuStress(_ByHelper):
    """Busy loops inside the container's own CPU share."""

    spec: ClassVar[Fault] = Fault(
        kind="cpu-stress",
        family="resource",
        title="CPU stress",
        mechanism="busy loops in a helper that runs in the target's control group",
        signature="the node's CPU at its ceiling; its work slow; throttling only where it has a quota",
        help="Somebody else eats the node's CPU; the loops end with their helper.",
        targets=_NODES,
        params=(Param("workers", 2, 1, 64, "loops", "busy loops"),),
        failure_type="resource",
        takes_away=False,
    )

    async def preflight(self, lab: Lab) -> Availability:
        able = await helper.preflight(lab)
        if not able.ok:
            return able
        driver = (await lab.engine.info()).get("CgroupDriver")
        if driver != "cgroupfs":
            return Availability(False, f"the engine's control groups are managed by {driver}; a helper cannot join one")
        return able

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        del lab
        words = ["burn", f"{int(order.params['workers'])}"]
        return {**base_undo(target), "id": order.id, "words": words, "seconds": int(order.duration_s + helper.SLACK_S)}

    def spec_of(self, undo: Undo) -> helper.Spec:
        command = ("hold", undo["id"], str(undo["seconds"]), *undo["words"])
        return helper.Spec(join="", command=command, cgroup_parent=f"/docker/{undo['container']}")

    async def felt(self, lab: Lab, undo: Undo) -> str:
        if not await lab.engine.containers({HELPER: undo["id"]}):
            raise NotFelt("no helper is running")
        return f"{undo['words'][1]} busy loops in the control group of {undo['service']}"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        await lab.engine.remove(helper.name_of(undo["id"]))

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        checks = await self._gone(lab, undo)
        return checks if not all(c.ok for c in checks) else [*checks, *await running_checks(lab, undo)]

    def undoing(self, undo: Undo) -> str:
        return f"removing {helper.name_of(undo['id'])}"


class DiskFill(_ByHelper):
    """One file of ours on the target's volume."""

    spec: ClassVar[Fault] = Fault(
        kind="disk-full",
        family="resource",
        title="Disk fill",
        mechanism="one file on the target's data volume, written by a helper that mounts it",
        signature="available space near zero; writes fail, reads are fine",
        help=f"Refused where the engine's disk would keep less than {MARGIN_MB} MB; exactly that file is removed.",
        targets=_NODES,
        params=(Param("megabytes", 1024, 1, 1_000_000, "MB", "size of the file"),),
        failure_type="resource",
        takes_away=False,
    )

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        volume = await _data_volume(lab, target)
        size = int(order.params["megabytes"])
        undo: Undo = {**base_undo(target), "id": order.id, "volume": volume, "megabytes": size}
        undo["seconds"] = int(order.duration_s + helper.SLACK_S)
        if order.id != "preview":
            free = await _free_mb(lab, undo)
            if free - size < MARGIN_MB:
                raise EngineError(f"{size} MB would leave {free - size} MB free; at least {MARGIN_MB} MB must stay")
        return undo

    def spec_of(self, undo: Undo) -> helper.Spec:
        file = f"/fill/.chaos-console-fill-{undo['id']}"
        command = ("hold", undo["id"], str(undo["seconds"]), "fill", file, str(undo["megabytes"]))
        return helper.Spec(join="", command=command, capabilities=(), binds=(f"{undo['volume']}:/fill",))

    async def _look(self, lab: Lab, undo: Undo) -> list[str]:
        spec = helper.Spec(join="", command=(), capabilities=(), binds=(f"{undo['volume']}:/fill",))
        output = await helper.once(lab, undo, ("show", undo["id"]), spec)
        return [line for line in output.splitlines() if line.startswith("file")]

    async def felt(self, lab: Lab, undo: Undo) -> str:
        if not await self._look(lab, undo):
            raise NotFelt("the file is not there")
        return f"{undo['megabytes']} MB on the volume of {undo['service']}"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        spec = helper.Spec(join="", command=(), capabilities=(), binds=(f"{undo['volume']}:/fill",))
        await lab.engine.remove(helper.name_of(undo["id"]))
        await helper.once(lab, undo, ("undo", undo["id"]), spec)

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        if not undo.get("seen_clean"):
            if found := await self._look(lab, undo):
                return [Check(False, f"still there: {found[0]}", settled=False)]
            undo["seen_clean"] = True
        return [Check(True, f"our file is gone from the volume of {undo['service']}"), *await running_checks(lab, undo)]

    def undoing(self, undo: Undo) -> str:
        return f"rm .chaos-console-fill-{undo['id']} on volume {undo['volume']}"


async def _data_volume(lab: Lab, target: ContainerFacts) -> str:
    """The volume behind the target's data. Raises EngineError where its data lies in its own layer."""
    volume = await helper.data_volume(lab, target)
    if volume is None:
        raise EngineError(
            f"{target.service} has no data volume; its layer is the engine's own disk, which is not filled"
        )
    return volume


async def _free_mb(lab: Lab, undo: Undo) -> int:
    spec = helper.Spec(join="", command=(), capabilities=(), binds=(f"{undo['volume']}:/fill:ro",))
    output = await helper.once(lab, undo, ("free", "/fill"), spec)
    try:
        return int(output.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise EngineError(f"the free space of the volume could not be read: {output.strip()[:80]}") from error


class DiskThrottle(_ByHelper):
    """Writes to the data device are slowed down in the target's control group."""

    spec: ClassVar[Fault] = Fault(
        kind="disk-slow",
        family="resource",
        title="Disk throttle",
        mechanism="write bandwidth limit in the target's block I/O control group, set through a helper",
        signature="append and commit slow, slow score doubling every 3 s, other stores well; PD still says Up",
        help="Direct and synchronous writes are slowed; the limit goes on revert, or with the helper at its end.",
        targets=_NODES,
        params=(Param("kilobytes", 512, 1, 1_000_000, "kB/s", "write rate at most"),),
        failure_type="resource",
        takes_away=False,
    )

    async def preflight(self, lab: Lab) -> Availability:
        able = await helper.preflight(lab)
        if not able.ok:
            return able
        info = await lab.engine.info()
        if info.get("CgroupDriver") != "cgroupfs":
            return Availability(False, f"control groups are managed by {info.get('CgroupDriver')}, not by the engine")
        output = await helper.once(lab, {"id": "probeio"}, ("cgroup",), _CGROUP)
        if "io ok" not in output:
            return Availability(False, f"the engine's kernel has no block I/O throttle: {output.strip()[:100]}")
        return able

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        volume = await _data_volume(lab, target)
        undo: Undo = {
            **base_undo(target),
            "id": order.id,
            "volume": volume,
            "rate": int(order.params["kilobytes"] * 1024),
        }
        undo["seconds"] = int(order.duration_s + helper.SLACK_S)
        spec = helper.Spec(join="", command=(), capabilities=(), binds=(f"{volume}:/fill:ro", *_CGROUP.binds))
        said = await helper.once(lab, undo, ("device", "/fill", f"/docker/{target.id}"), spec)
        words = said.strip().splitlines()[-1].split("\t") if said.strip() else []
        if len(words) != 3:
            raise EngineError(
                f"the data of {target.service} lies on no device that can be throttled: {said.strip()[:100]}"
            )
        undo["file"], undo["device"], undo["none"] = words
        return undo

    def spec_of(self, undo: Undo) -> helper.Spec:
        write = ("write", undo["file"], f"{undo['device']}{undo['rate']}", f"{undo['device']}{undo['none']}")
        command = ("hold", undo["id"], str(undo["seconds"]), *write)
        return helper.Spec(join="", command=command, capabilities=(), binds=_CGROUP.binds)

    async def _now(self, lab: Lab, undo: Undo) -> str:
        return await helper.once(lab, undo, ("read", undo["file"]), _CGROUP)

    def _limited(self, undo: Undo, text: str) -> bool:
        device, rate = undo["device"].split(" ")[0], str(undo["rate"])
        return any(line.startswith(device) and rate in line for line in text.splitlines())

    async def felt(self, lab: Lab, undo: Undo) -> str:
        if not self._limited(undo, await self._now(lab, undo)):
            raise NotFelt("the control group shows no such limit")
        return f"{undo['service']} writes at most {undo['rate'] // 1024} kB/s to {undo['device'].split(' ')[0]}"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        now = await must_exist(lab, undo)
        await lab.engine.remove(helper.name_of(undo["id"]))
        if now.started_at != undo["started_at"] or not now.running:
            raise Gone(f"the control group of {undo['name']} went with its process")
        await helper.once(lab, undo, ("off", undo["file"], f"{undo['device']}{undo['none']}"), _CGROUP)

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        if not undo.get("seen_clean"):
            if self._limited(undo, await self._now(lab, undo)):
                return [Check(False, "the limit is still in the control group", settled=False)]
            undo["seen_clean"] = True
        return [Check(True, f"no write limit on {undo['service']}"), *await running_checks(lab, undo)]

    def undoing(self, undo: Undo) -> str:
        return f"{undo['device']}{undo['none']} into {undo['file']}"


_CGROUP = helper.Spec(join="", command=(), capabilities=(), binds=("/sys/fs/cgroup:/cgroup:rw",))
RESOURCE: tuple[FaultKind, ...] = (CpuQuota(), CpuStress(), MemoryLimit(), DiskThrottle(), DiskFill())
