"""Control-plane faults: what PD is told to do. Each is read back, and each goes back to exactly what it was."""

from __future__ import annotations

from typing import ClassVar

from console.faults import pdctl
from console.faults.kind import Check, FaultKind, NotFelt, Order, Undo, base_undo
from console.faults.lab import Lab
from console.model.fault import Availability, Fault, Param, TargetKind
from console.model.names import Role
from console.observe.engine import ContainerFacts, EngineError

_EVICT = "evict-leader-scheduler"
# Limits that stop the balancing of leaders and regions and the repair of replicas (guides/tikv.md 1.3: ttlSecond).
_LIMITS = ("leader-schedule-limit", "region-schedule-limit", "replica-schedule-limit", "hot-region-schedule-limit")


class _Control(FaultKind):
    """Needs a PD that can be reached from here."""

    async def preflight(self, lab: Lab) -> Availability:
        reach = [c for c in await lab.containers() if c.role is Role.PD and c.url("2379/tcp")]
        if reach:
            return Availability(True)
        return Availability(False, "no PD member publishes its port 2379 where this console can reach it")


class LeaderTransfer(_Control):
    """PD's leadership moves to another member; on revert it moves back."""

    spec: ClassVar[Fault] = Fault(
        kind="leader-transfer",
        family="control plane",
        title="PD leader transfer",
        mechanism="POST /leader/transfer/{member}",
        signature="a new leader within a second; every store reads Disconnected for a moment; clients feel nothing",
        help="Orderly, and everything depends on it being so. The leadership goes back on revert.",
        targets=(TargetKind.PD,),
        failure_type="error",
        takes_away=False,
    )

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        now = await pdctl.leader(lab)
        if now != target.service:
            raise EngineError(f"{target.service} does not lead PD, {now} does; aim at pd-leader")
        others = [o.service for o in order.others if o.role is Role.PD and o.running and o.service != now]
        if not others:
            raise EngineError("there is no other PD member to lead")
        return {**base_undo(target), "from": now, "to": sorted(others)[0]}

    async def apply(self, lab: Lab, undo: Undo) -> None:
        await pdctl.ask(lab, "POST", f"/leader/transfer/{undo['to']}", {})

    async def felt(self, lab: Lab, undo: Undo) -> str:
        try:
            now = await pdctl.leader(lab)
        except EngineError as error:
            raise NotFelt(str(error)) from error
        if now == undo["from"]:
            raise NotFelt(f"{now} still leads PD")
        return f"{now} leads PD"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        if await pdctl.leader(lab) != undo["from"]:
            await pdctl.ask(lab, "POST", f"/leader/transfer/{undo['from']}", {})

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        try:
            now = await pdctl.leader(lab)
        except EngineError as error:
            return [Check(False, str(error), settled=False)]
        return [Check(now == undo["from"], f"{now} leads PD", settled=now == undo["from"])]

    def undoing(self, undo: Undo) -> str:
        return f"POST /leader/transfer/{undo['from']}"


class Eviction(_Control):
    """All region leaders are driven from one store."""

    spec: ClassVar[Fault] = Fault(
        kind="eviction",
        family="control plane",
        title="Leader eviction",
        mechanism=f"POST /schedulers {_EVICT}",
        signature="a scheduler in the list, the store's leader count to zero in seconds, its process well",
        help="What a rolling restart does first; the scheduler is removed on revert.",
        targets=(TargetKind.STORE,),
        failure_type="resource",
        takes_away=False,
    )

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        del order
        number = await pdctl.store_id(lab, target.service)
        if number in await _evicted(lab):
            raise EngineError(f"the leaders of {target.service} are being evicted already, by somebody else")
        return {**base_undo(target), "store": number}

    async def apply(self, lab: Lab, undo: Undo) -> None:
        await pdctl.ask(lab, "POST", "/schedulers", {"name": _EVICT, "store_id": undo["store"]})

    async def felt(self, lab: Lab, undo: Undo) -> str:
        if undo["store"] not in await _evicted(lab):
            raise NotFelt("PD lists no eviction of this store")
        return f"PD evicts the leaders of store {undo['store']} ({undo['service']})"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        if undo["store"] in await _evicted(lab):
            try:
                await pdctl.ask(lab, "DELETE", f"/schedulers/{_EVICT}-{undo['store']}")
            except EngineError as error:
                if not error.missing:
                    raise

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        gone = undo["store"] not in await _evicted(lab)
        said = "is evicted no more" if gone else "is still being evicted"
        return [Check(gone, f"store {undo['store']} ({undo['service']}) {said}", settled=gone)]

    def undoing(self, undo: Undo) -> str:
        return f"DELETE /schedulers/{_EVICT}-{undo['store']}"


async def _evicted(lab: Lab) -> set[int]:
    """Stores whose leaders are being evicted; the scheduler's own list, empty where it does not run."""
    names = await pdctl.ask(lab, "GET", "/schedulers")
    if not isinstance(names, list) or _EVICT not in names:
        return set()
    try:
        config = await pdctl.ask(lab, "GET", f"/scheduler-config/{_EVICT}/list")
    except EngineError as error:
        if error.missing:
            return set()
        raise
    ranges = config.get("store-id-ranges") if isinstance(config, dict) else None
    return {int(k) for k in ranges} if isinstance(ranges, dict) else set()


class SchedulingStopped(_Control):
    """PD schedules nothing; it forgets that by itself when the time is up."""

    spec: ClassVar[Fault] = Fault(
        kind="scheduling-stopped",
        family="control plane",
        title="Scheduling stopped",
        mechanism="POST /config?ttlSecond=... with every schedule limit 0",
        signature="no operators while scores differ; nothing else until something must be repaired",
        help="PD holds the zero limits only until they expire; on revert they are taken away at once.",
        targets=(TargetKind.PD,),
        failure_type="resource",
        takes_away=False,
    )

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        before = await pdctl.ask(lab, "GET", "/config/schedule")
        kept = {k: before[k] for k in _LIMITS if isinstance(before, dict) and k in before}
        return {**base_undo(target), "limits": kept, "seconds": int(order.duration_s) + 10}

    async def apply(self, lab: Lab, undo: Undo) -> None:
        zero = {f"schedule.{k}": 0 for k in undo["limits"]}
        await pdctl.ask(lab, "POST", f"/config?ttlSecond={undo['seconds']}", zero)

    async def felt(self, lab: Lab, undo: Undo) -> str:
        # The persisted configuration does not show a value with a time to live: that PD took it is what can be known.
        await pdctl.ask(lab, "GET", "/config/schedule")
        return f"PD accepted {len(undo['limits'])} limits of 0 for {undo['seconds']} s"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        await pdctl.ask(lab, "POST", "/config?ttlSecond=0", {f"schedule.{k}": v for k, v in undo["limits"].items()})

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        now = await pdctl.ask(lab, "GET", "/config/schedule")
        wrong = [k for k, v in undo["limits"].items() if not isinstance(now, dict) or now.get(k) != v]
        said = (
            f"{wrong[0]} is not as before" if wrong else "PD's schedule limits are as before, the temporary ones gone"
        )
        return [Check(not wrong, said, settled=not wrong)]

    def undoing(self, undo: Undo) -> str:
        return f"POST /config?ttlSecond=0 takes {len(undo['limits'])} temporary limits away"


class StoreLimit(_Control):
    """A store may be given and relieved of almost nothing."""

    spec: ClassVar[Fault] = Fault(
        kind="store-limit",
        family="control plane",
        title="Store limit",
        mechanism="POST /store/{id}/limit",
        signature="replica moves to and from this store crawl; nothing else",
        help="Rates go back to exactly what they were.",
        targets=(TargetKind.STORE,),
        params=(Param("rate", 0.1, 0.01, 1000, "peers/min", "for adding and for removing"),),
        failure_type="resource",
        takes_away=False,
    )

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        number = await pdctl.store_id(lab, target.service)
        limits = await pdctl.ask(lab, "GET", "/stores/limit")
        before = limits.get(str(number)) if isinstance(limits, dict) else None
        if not isinstance(before, dict) or not before:
            raise EngineError(f"PD gives no limits for store {number}, so they could not be put back")
        return {**base_undo(target), "store": number, "before": before, "rate": order.params["rate"]}

    async def apply(self, lab: Lab, undo: Undo) -> None:
        for kind in undo["before"]:
            await pdctl.ask(lab, "POST", f"/store/{undo['store']}/limit", {"type": kind, "rate": undo["rate"]})

    async def _now(self, lab: Lab, undo: Undo) -> dict[str, float]:
        limits = await pdctl.ask(lab, "GET", "/stores/limit")
        now = limits.get(str(undo["store"])) if isinstance(limits, dict) else None
        return now if isinstance(now, dict) else {}

    async def felt(self, lab: Lab, undo: Undo) -> str:
        now = await self._now(lab, undo)
        if any(abs(now.get(k, -1) - undo["rate"]) > 1e-6 for k in undo["before"]):
            raise NotFelt(f"PD's limits for store {undo['store']} are {now}")
        return f"store {undo['store']} may move {undo['rate']:g} peers a minute"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        for kind, rate in undo["before"].items():
            await pdctl.ask(lab, "POST", f"/store/{undo['store']}/limit", {"type": kind, "rate": rate})

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        now = await self._now(lab, undo)
        wrong = [k for k, v in undo["before"].items() if abs(now.get(k, -1) - v) > 1e-6]
        said = "limits are not as before" if wrong else "limits are as before"
        return [Check(not wrong, f"store {undo['store']}: {said}", settled=not wrong)]

    def undoing(self, undo: Undo) -> str:
        return f"POST /store/{undo['store']}/limit with {undo['before']}"


CONTROL: tuple[FaultKind, ...] = (LeaderTransfer(), Eviction(), SchedulingStopped(), StoreLimit())
