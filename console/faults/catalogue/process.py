"""Process faults: what the engine can do to a container's process."""

from __future__ import annotations

from typing import ClassVar

from console.faults.kind import Check, FaultKind, Gone, NotFelt, Order, Undo, base_undo, must_exist, running_checks
from console.faults.lab import Lab
from console.model.fault import Fault, Param, TargetKind
from console.observe.engine import ContainerFacts, EngineError

_NODES = (TargetKind.STORE, TargetKind.PD)


class _Down(FaultKind):
    """Kinds that end the process; putting back is starting the container."""

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        del lab
        return {**base_undo(target), "params": dict(order.params)}

    async def felt(self, lab: Lab, undo: Undo) -> str:
        now = await must_exist(lab, undo)
        if now.running and now.started_at == undo["started_at"]:
            raise NotFelt(f"{now.service} is still {now.said}")
        return f"{now.service} is {now.said}"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        now = await must_exist(lab, undo)
        if now.paused and now.started_at != undo["started_at"]:
            return  # started and frozen again by somebody else: not ours to undo
        if not now.running:
            await lab.engine.start(now.id)

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        return await running_checks(lab, undo)

    def undoing(self, undo: Undo) -> str:
        return f"docker start {undo['name']}"


class Kill(_Down):
    """SIGKILL: a crash, as sudden as it can be."""

    spec: ClassVar[Fault] = Fault(
        kind="kill",
        family="process",
        title="Kill",
        mechanism="docker kill (SIGKILL)",
        signature="exit code 137, refused at once; a dip only if it led; PD says so after 10-20 s",
        help="The process dies as in a crash; it is started again on revert.",
        targets=_NODES,
    )

    async def apply(self, lab: Lab, undo: Undo) -> None:
        await lab.engine.kill(undo["container"], "SIGKILL")


class Stop(_Down):
    """SIGTERM with a grace period: an orderly stop nobody announced."""

    spec: ClassVar[Fault] = Fault(
        kind="stop",
        family="process",
        title="Stop",
        mechanism="docker stop (SIGTERM, then SIGKILL after the grace)",
        signature="leaders leave first, then exit code 0 or 143; clients feel little or nothing",
        help="The process is asked to end and ends in order; it is started again on revert.",
        targets=_NODES,
        params=(Param("grace", 30, 0, 60, "s", "time until SIGKILL"),),
    )

    async def apply(self, lab: Lab, undo: Undo) -> None:
        await lab.engine.stop(undo["container"], int(undo["params"]["grace"]))


class Restart(FaultKind):
    """Stop and start in one: a deployment, or a crash with a restart policy."""

    momentary: ClassVar[bool] = True
    spec: ClassVar[Fault] = Fault(
        kind="restart",
        family="process",
        title="Restart",
        mechanism="docker restart",
        signature="gone and back within seconds under a new start time; PD may never notice",
        help="The process is stopped and started once; nothing stays to be put back.",
        targets=_NODES,
        params=(Param("grace", 10, 0, 60, "s", "time until SIGKILL"),),
        default_duration_s=60,
    )

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        del lab
        return {**base_undo(target), "params": dict(order.params)}

    async def apply(self, lab: Lab, undo: Undo) -> None:
        await lab.engine.restart(undo["container"], int(undo["params"]["grace"]))

    async def felt(self, lab: Lab, undo: Undo) -> str:
        now = await must_exist(lab, undo)
        if now.started_at == undo["started_at"]:
            raise NotFelt(f"{now.service} still has the start time {now.started_at[:19]}Z")
        return f"{now.service} has a new start time, {now.started_at[:19]}Z"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        now = await must_exist(lab, undo)
        if not now.running:  # the restart broke off between stop and start
            await lab.engine.start(now.id)

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        return await running_checks(lab, undo)

    def undoing(self, undo: Undo) -> str:
        return f"nothing stays; {undo['name']} is started if the restart breaks off halfway"


class Pause(FaultKind):
    """The freezer: sockets stay open, nobody answers. Worse than a kill for everyone who waits."""

    spec: ClassVar[Fault] = Fault(
        kind="pause",
        family="process",
        title="Pause",
        mechanism="docker pause (freezer)",
        signature="connections are accepted and never answered; throughput falls to zero within a second",
        help="All threads are frozen; sockets stay open. Resumed on revert.",
        targets=_NODES,
    )

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        del lab, order
        return base_undo(target)

    async def apply(self, lab: Lab, undo: Undo) -> None:
        await lab.engine.pause(undo["container"])

    async def felt(self, lab: Lab, undo: Undo) -> str:
        now = await must_exist(lab, undo)
        if not now.paused:
            raise NotFelt(f"{now.service} is {now.said}")
        return f"{now.service} is paused"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        now = await self._same(lab, undo)
        if now.paused:
            try:
                await lab.engine.unpause(now.id)
            except EngineError as error:
                if "not paused" not in str(error):
                    raise

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        await self._same(lab, undo)
        return await running_checks(lab, undo)

    async def _same(self, lab: Lab, undo: Undo) -> ContainerFacts:
        """The frozen process itself. Gone where it has since exited or been started anew by somebody else."""
        now = await must_exist(lab, undo)
        if now.started_at != undo["started_at"] and not now.paused:
            raise Gone(f"the process that was frozen in {undo['name']} is gone: the container was started anew")
        if not now.running:
            raise Gone(f"the process that was frozen in {undo['name']} is gone: {now.said}, by somebody else")
        return now

    def undoing(self, undo: Undo) -> str:
        return f"docker unpause {undo['name']}"
