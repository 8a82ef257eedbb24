"""Network faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from console.faults.kind import Check, FaultKind, NotFelt, Order, Undo, base_undo, must_exist, running_checks
from console.faults.lab import Lab
from console.model.fault import Fault, TargetKind
from console.observe.engine import ContainerFacts, EngineError


class Partition(FaultKind):
    """The container leaves all its networks and comes back under the names it had."""

    spec: ClassVar[Fault] = Fault(
        kind="partition",
        family="network",
        title="Partition (from all)",
        mechanism="docker network disconnect, from every network it is on",
        signature="alive and unreachable for everybody; its name is gone; PD says so after 10-20 s",
        help="The container loses its networks; on revert it is attached again with its aliases and addresses.",
        targets=(TargetKind.STORE, TargetKind.PD),
        failure_type="error",
    )

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        del lab, order
        return {**base_undo(target), "networks": {name: _kept(target, n) for name, n in target.networks.items()}}

    async def apply(self, lab: Lab, undo: Undo) -> None:
        for network in undo["networks"]:
            await lab.engine.disconnect(network, undo["container"])

    async def felt(self, lab: Lab, undo: Undo) -> str:
        now = await must_exist(lab, undo)
        still = sorted(set(now.networks) & set(undo["networks"]))
        if still:
            raise NotFelt(f"{now.service} is still on {', '.join(still)}")
        return f"{now.service} is on no network"

    async def revert(self, lab: Lab, undo: Undo) -> None:
        now = await must_exist(lab, undo)
        failed: EngineError | None = None
        for name, how in undo["networks"].items():
            present = now.networks.get(name)
            if present is not None and not _lacking(present, how):
                continue
            try:
                if present is not None:  # attached again by hand without its alias: nobody finds it by name
                    await lab.engine.disconnect(name, now.id)
                await lab.engine.connect(name, now.id, **_arguments(how))
            except EngineError as error:
                if "already exists" not in str(error):
                    failed = error  # a network that is gone does not keep it from the others
        if failed is not None:
            raise failed

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        now = await must_exist(lab, undo)
        checks = []
        for name, how in undo["networks"].items():
            present = now.networks.get(name)
            lacking = _lacking(present, how) if present is not None else ["the network itself"]
            said = f"lacks {', '.join(lacking)} on {name}" if lacking else f"is on {name} with its aliases"
            checks.append(Check(not lacking, f"{now.service} {said}", settled=not lacking))
        if now.started_at != undo["started_at"] and not now.running:
            return [*checks, Check(True, f"{now.service} is {now.said}, by somebody else")]
        return [*checks, *await running_checks(lab, undo)]

    def undoing(self, undo: Undo) -> str:
        return "; ".join(
            f"docker network connect {' '.join('--alias ' + a for a in how['aliases'])} {name} {undo['name']}"
            for name, how in undo["networks"].items()
        )


def _kept(target: ContainerFacts, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """What identifies the container on a network. The engine adds its short id to the aliases by itself."""
    aliases = [a for a in endpoint.get("Aliases") or () if a and not target.id.startswith(a)]
    ipam = endpoint.get("IPAMConfig") or {}
    return {
        "aliases": aliases,
        "links": list(endpoint.get("Links") or ()),
        "ipv4": ipam.get("IPv4Address") or None,
        "ipv6": ipam.get("IPv6Address") or None,
        "driver_opt": endpoint.get("DriverOpts") or None,
    }


def _arguments(how: Mapping[str, Any]) -> dict[str, Any]:
    given = {
        "aliases": how["aliases"],
        "ipv4_address": how["ipv4"],
        "ipv6_address": how["ipv6"],
        "driver_opt": how["driver_opt"],
        "links": [tuple(link.split(":", 1)) for link in how["links"]] or None,
    }
    return {k: v for k, v in given.items() if v}


def _lacking(present: Mapping[str, Any], how: Mapping[str, Any]) -> list[str]:
    have = set(present.get("Aliases") or ())
    lacking = [f"alias {a}" for a in how["aliases"] if a not in have]
    address = (present.get("IPAMConfig") or {}).get("IPv4Address") or present.get("IPAddress")
    if how["ipv4"] and address != how["ipv4"]:
        lacking.append(f"address {how['ipv4']}")
    return lacking
