"""Workload faults that add load: a second client beside the first, of the same image, with more of everything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from console.faults.helper import LAB_LABEL, name_of
from console.faults.kind import Check, FaultKind, NotFelt, Order, Undo, base_undo
from console.faults.lab import HELPER, Lab
from console.model.fault import Fault, Param, TargetKind
from console.observe.engine import ContainerFacts, EngineError

MEMORY = 512 << 20


class _SecondClient(FaultKind):
    """A copy of the load generator with other properties; it is removed on revert."""

    def properties(self, order: Order) -> list[str]:
        """go-ycsb properties that differ; the last one given wins."""
        raise NotImplementedError

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        inspected = await lab.engine.inspect(target.id)
        config = inspected.get("Config") or {}
        entry, command = list(config.get("Entrypoint") or []), list(config.get("Cmd") or [])
        if not target.networks:
            raise EngineError(f"{target.service} is on no network")
        return {
            **base_undo(target),
            "id": order.id,
            "image": config.get("Image") or inspected.get("Image"),
            "entrypoint": entry,
            "command": with_properties(entry, command, self.properties(order)),
            "env": list(config.get("Env") or []),
            "network": sorted(target.networks)[0],
        }

    async def apply(self, lab: Lab, undo: Undo) -> None:
        name = name_of(undo["id"], "load")
        body: dict[str, Any] = {
            "Entrypoint": undo["entrypoint"],
            "Env": undo["env"],
            "Labels": {HELPER: undo["id"], LAB_LABEL: lab.id},
            "HostConfig": {
                "NetworkMode": undo["network"],
                "Memory": MEMORY,
                "MemorySwap": MEMORY,
                "RestartPolicy": {"Name": "no"},
                "LogConfig": {"Type": "json-file", "Config": {"max-size": "256k", "max-file": "1"}},
            },
        }
        await lab.engine.create(name, undo["image"], undo["command"], body)
        await lab.engine.start(name)

    async def felt(self, lab: Lab, undo: Undo) -> str:
        state = (await lab.engine.inspect(name_of(undo["id"], "load"))).get("State", {})
        if not state.get("Running"):
            raise NotFelt(f"the second client ended with code {state.get('ExitCode')}")
        return "a second client is at work"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        await lab.engine.remove(name_of(undo["id"], "load"))

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        listed = await lab.engine.containers({HELPER: undo["id"]})
        said = "the second client is still there" if listed else "the second client is gone"
        return [Check(not listed, said, settled=not listed)]

    def undoing(self, undo: Undo) -> str:
        return f"docker rm -f {name_of(undo['id'], 'load')}"


def with_properties(entry: Sequence[str], command: Sequence[str], properties: Sequence[str]) -> list[str]:
    """A go-ycsb command with properties added. Raises EngineError for a command that is not one.

    `sh -c "... exec go-ycsb run ..."` gets them at the end of its text, an argument list as further arguments.
    """
    words = [*entry, *command]
    flags = [word for p in properties for word in ("-p", p)]
    if len(words) >= 3 and words[0].rsplit("/", 1)[-1] in ("sh", "bash", "ash") and "-c" in words[:-1]:
        if not command or "go-ycsb" not in command[-1]:
            raise EngineError("the load generator's command is not a go-ycsb one")
        last = command[-1].rsplit(";", 1)[-1].strip()  # the run alone: the records are loaded already
        return [*command[:-1], f"{last} {' '.join(flags)}"]
    if not any("go-ycsb" in word for word in words):
        raise EngineError("the load generator's command is not a go-ycsb one")
    return [*command, *flags]


class Overload(_SecondClient):
    """Many more threads, unthrottled or at a rate."""

    spec: ClassVar[Fault] = Fault(
        kind="overload",
        family="workload",
        title="Overload",
        mechanism="a second go-ycsb of the same image with many threads, and no target unless a rate is given",
        signature="offered load up, latency with it, CPU high on every store alike; no store is at fault",
        help="A second client is started beside the first and removed on revert.",
        targets=(TargetKind.LOAD,),
        params=(
            Param("threads", 128, 1, 2048, "threads", "of the second client"),
            Param(
                "rate", 0, 0, 1_000_000, "ops/s", "of the second client, all threads together; 0: as fast as it goes"
            ),
        ),
        failure_type="resource",
        takes_away=False,
    )

    def properties(self, order: Order) -> list[str]:
        return [f"threadcount={int(order.params['threads'])}", f"target={math.ceil(order.params['rate'])}"]


class HotKeys(_SecondClient):
    """Nearly everything goes to a handful of records."""

    spec: ClassVar[Fault] = Fault(
        kind="hot-keys",
        family="workload",
        title="Hot keys",
        mechanism="a second go-ycsb whose requests go to a thousandth of the records",
        signature="one store far busier than the rest, one region on top of PD's query list; stops with the client",
        help="A second client hammers a few keys; removed on revert.",
        targets=(TargetKind.LOAD,),
        params=(Param("threads", 64, 1, 2048, "threads", "of the second client"),),
        failure_type="resource",
        takes_away=False,
    )

    def properties(self, order: Order) -> list[str]:
        hot = ["requestdistribution=hotspot", "hotspotdatafraction=0.001", "hotspotopnfraction=0.99"]
        return [f"threadcount={int(order.params['threads'])}", "target=0", *hot]


CLIENT: tuple[FaultKind, ...] = (Overload(), HotKeys())
