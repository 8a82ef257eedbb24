"""Composite faults: several targets as one experiment, all at once or one after the other."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

from console.faults.kind import NotFelt, Undo, must_exist, running_checks
from console.faults.lab import Lab
from console.model.fault import Fault, Param, TargetKind

from .process import Pause, Restart

_NODES = (TargetKind.STORE, TargetKind.PD)
BACK_S = 60.0  # the next one is not touched before this one is well again


class QuorumLoss(Pause):
    """So many PD members frozen that no majority is left."""

    spec: ClassVar[Fault] = Fault(
        kind="quorum-loss",
        family="composite",
        title="PD quorum loss",
        mechanism="docker pause on a majority of the PD members at once",
        signature="PD answers nothing that needs a leader; reads and writes stop at the next timestamp",
        help="Target: majority. Needs --allow-quorum-loss and a blast radius that large.",
        targets=(TargetKind.PD,),
        majority=True,
        default_duration_s=60,
    )


class RollingRestart(Restart):
    """One after the other, each only when the one before is well again: what a careful operator does."""

    spec: ClassVar[Fault] = Fault(
        kind="rolling-restart",
        family="composite",
        title="Rolling restart",
        mechanism="docker restart of each target in turn, the next when PD calls the last one Up",
        signature="one short gap after another, in order; leaders move away and back; nothing stays down",
        help="Target: all (of its kind), or a share. The kill switch ends it after the one under way.",
        targets=_NODES,
        params=(Param("grace", 10, 0, 60, "s", "time until SIGKILL, each"),),
        one_by_one=True,
        default_duration_s=600,
    )

    async def felt(self, lab: Lab, undo: Undo) -> str:
        said = await super().felt(lab, undo)
        deadline = time.monotonic() + BACK_S
        while True:
            checks = await running_checks(lab, undo)
            if all(c.ok for c in checks):
                return said
            if time.monotonic() > deadline:
                now = await must_exist(lab, undo)
                raise NotFelt(f"{now.service} is not well again: {next(c.said for c in checks if not c.ok)}")
            await asyncio.sleep(0.3)


COMPOSITE = (QuorumLoss(), RollingRestart())
