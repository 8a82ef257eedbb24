"""Faults that are a series: crash-loop kills its target again as soon as it stands."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

from console.faults.kind import Order, Undo, base_undo
from console.faults.lab import Lab
from console.model.fault import Fault, Param, TargetKind
from console.observe.engine import ContainerFacts, EngineError

from .process import Kill

UP_S = 1.0


class CrashLoop(Kill):
    """Killed, started and killed again, a fixed number of times within the call; left running at the end."""

    series: ClassVar[bool] = True
    spec: ClassVar[Fault] = Fault(
        kind="crash-loop",
        family="process",
        title="Crash loop",
        mechanism="docker kill and docker start in turn",
        signature="several deaths with code 137 within a minute; PD flickers or stays Disconnected",
        help="The target dies and comes back, again and again; it is left dead at the end and started on revert.",
        targets=(TargetKind.STORE, TargetKind.PD),
        params=(
            Param("times", 4, 2, 20, "deaths", "how often it dies"),
            Param("every", 4, 1, 30, "s", "from one death to the next"),
        ),
        failure_type="crash",
    )

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        del lab
        times, every = int(order.params["times"]), order.params["every"]
        if times * every > order.duration_s:
            raise EngineError(f"{times} deaths every {every:g} s do not fit into {order.duration_s:g} s")
        return {**base_undo(target), "params": dict(order.params)}

    async def apply(self, lab: Lab, undo: Undo) -> None:
        times, every = int(undo["params"]["times"]), float(undo["params"]["every"])
        for number in range(times):
            began = time.monotonic()
            await lab.engine.kill(undo["container"], "SIGKILL")
            if number == times - 1:
                return
            await asyncio.sleep(0.3)
            await lab.engine.start(undo["container"])
            await asyncio.sleep(max(UP_S, every - (time.monotonic() - began)))
