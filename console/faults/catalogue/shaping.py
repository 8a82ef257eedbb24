"""Network faults inside the target's namespace, through a helper container: cut, lose, delay, narrow, flap."""

from __future__ import annotations

from typing import ClassVar

from console.faults import helper
from console.faults.kind import Check, FaultKind, Order, Undo, base_undo, running_checks
from console.faults.lab import Lab
from console.model.fault import Availability, Fault, Param, TargetKind
from console.model.names import Role
from console.observe.engine import ContainerFacts, EngineError

_NODES = (TargetKind.STORE, TargetKind.PD)
_DIRECTIONS = ("in", "out", "both")
_DIRECTION = Param("direction", 2, 0, 2, "", "0 into the target, 1 out of it, 2 both")


class Shaped(FaultKind):
    """Kinds whose whole effect is in one network namespace. Subclasses say the words for `chx hold`."""

    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("iptables",), ("comment",))

    async def preflight(self, lab: Lab) -> Availability:
        return await helper.preflight(lab, *self.needs)

    async def words(self, lab: Lab, target: ContainerFacts, order: Order) -> list[str]:
        """The fault and its arguments, as `chx hold` takes them."""
        raise NotImplementedError

    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        words = await self.words(lab, target, order)
        seconds = int(order.duration_s + helper.SLACK_S)
        return {**base_undo(target), "id": order.id, "words": words, "seconds": seconds}

    async def apply(self, lab: Lab, undo: Undo) -> None:
        command = ("hold", undo["id"], str(undo["seconds"]), *undo["words"])
        await helper.hold(lab, undo, helper.Spec(join=undo["container"], command=command))

    async def felt(self, lab: Lab, undo: Undo) -> str:
        return await helper.must_be_there(lab, undo, f"{self.spec.title.lower()} is in")

    async def revert(self, lab: Lab, undo: Undo) -> None:
        await helper.release(lab, undo)

    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        checks = await helper.verify(lab, undo)
        if not all(c.ok for c in checks):
            return checks
        return [*checks, *await running_checks(lab, undo)]

    def undoing(self, undo: Undo) -> str:
        return (
            f"chx undo {undo['id']} in the namespace of {undo['name']} removes chain CHX-{undo['id']} and qdisc c4a5:"
        )


def _direction(order: Order) -> str:
    return _DIRECTIONS[int(order.params["direction"])]


def addresses(target: ContainerFacts, others: tuple[ContainerFacts, ...]) -> str:
    """Addresses of others on the networks the target is on, comma separated. Raises EngineError where there is none."""
    found = [
        str(endpoint["IPAddress"])
        for other in others
        if other.id != target.id
        for network, endpoint in other.networks.items()
        if network in target.networks and endpoint.get("IPAddress")
    ]
    if not found:
        raise EngineError(f"nobody to cut {target.service} off from: no such container has an address on its networks")
    return ",".join(sorted(set(found)))


class _Isolate(Shaped):
    """Cut off from one group of containers, by their addresses, both ways."""

    def group(self, target: ContainerFacts, order: Order) -> tuple[ContainerFacts, ...]:
        """Whom to cut off from."""
        raise NotImplementedError

    async def words(self, lab: Lab, target: ContainerFacts, order: Order) -> list[str]:
        del lab
        return ["drop", "both", addresses(target, self.group(target, order))]


class IsolatePd(_Isolate):
    """The store serves on and PD hears nothing of it."""

    spec: ClassVar[Fault] = Fault(
        kind="isolate-pd",
        family="network",
        title="Isolate from PD",
        mechanism="iptables DROP to and from every PD address, in the target's namespace",
        signature="data path and leaders stay; heartbeats age past 10.5 s; PD says Disconnected after 20 s",
        help="A store loses PD and nothing else.",
        targets=(TargetKind.STORE,),
        failure_type="error",
    )

    def group(self, target: ContainerFacts, order: Order) -> tuple[ContainerFacts, ...]:
        del target
        return tuple(o for o in order.others if o.role is Role.PD)


class IsolatePeers(_Isolate):
    """Cut off from its own kind: stores from stores, PD from PD."""

    spec: ClassVar[Fault] = Fault(
        kind="isolate-peers",
        family="network",
        title="Isolate from peers",
        mechanism="iptables DROP to and from the other stores (or PD members), in the target's namespace",
        signature="status port fine and heartbeats fresh, while its leaders step down after 10-20 s",
        help="Raft loses one voter; PD and clients still reach it.",
        targets=_NODES,
        failure_type="error",
    )

    def group(self, target: ContainerFacts, order: Order) -> tuple[ContainerFacts, ...]:
        return tuple(o for o in order.others if o.role is target.role)


class IsolateClients(_Isolate):
    """Only the client cannot reach it."""

    spec: ClassVar[Fault] = Fault(
        kind="isolate-clients",
        family="network",
        title="Isolate from clients",
        mechanism="iptables DROP to and from the load generator, in the target's namespace",
        signature="the cluster is green and only the client is red, for one address",
        help="The store is well for everybody but the client.",
        targets=_NODES,
        failure_type="error",
        takes_away=False,
    )

    def group(self, target: ContainerFacts, order: Order) -> tuple[ContainerFacts, ...]:
        del target
        return tuple(o for o in order.others if o.role is Role.LOAD)


class OneWay(Shaped):
    """One direction of every link to its peers is dead; TCP needs both."""

    spec: ClassVar[Fault] = Fault(
        kind="one-way",
        family="network",
        title="One-way cut",
        mechanism="iptables DROP of one direction between the target and its peers",
        signature="two sides complain of each other and are fine with everybody else",
        help="Packets of its peers come in and none go out, or the other way round.",
        targets=_NODES,
        params=(Param("direction", 0, 0, 1, "", "0 nothing comes in, 1 nothing goes out"),),
        failure_type="error",
    )

    async def words(self, lab: Lab, target: ContainerFacts, order: Order) -> list[str]:
        del lab
        peers = tuple(o for o in order.others if o.role is target.role)
        return ["drop", _direction(order), addresses(target, peers)]


class Loss(Shaped):
    """A share of packets vanishes."""

    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("iptables",), ("statistic",))
    spec: ClassVar[Fault] = Fault(
        kind="loss",
        family="network",
        title="Packet loss",
        mechanism="iptables statistic match, DROP of a random share",
        signature="connect times in steps of 1 and 3 s, retransmits; throughput ragged and far down; nothing is down",
        help="TCP survives, and waits.",
        targets=_NODES,
        params=(Param("percent", 30, 1, 95, "%", "share of packets dropped"), _DIRECTION),
        failure_type="latency",
        takes_away=False,
    )

    async def words(self, lab: Lab, target: ContainerFacts, order: Order) -> list[str]:
        del lab, target
        return ["loss", _direction(order), f"{order.params['percent']:g}"]


class Latency(Shaped):
    """Every packet out of the target waits."""

    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("netem", "nfqueue"), ("netem", "python"))
    spec: ClassVar[Fault] = Fault(
        kind="latency",
        family="network",
        title="Latency",
        mechanism="netem where the kernel has it, else NFQUEUE and a delayer (about 2,000 packets/s at most)",
        signature="every round trip longer by the same; no loss; throughput down with 1/RTT",
        help="Packets leave late, with jitter; the delayer dies with its container.",
        targets=_NODES,
        params=(
            Param("delay", 50, 1, 2000, "ms", "added to every packet out"),
            Param("jitter", 5, 0, 1000, "ms", "more or less by up to so much"),
        ),
        failure_type="latency",
        takes_away=False,
    )

    async def words(self, lab: Lab, target: ContainerFacts, order: Order) -> list[str]:
        del target
        delay, jitter = order.params["delay"], order.params["jitter"]
        if await _netem(lab):
            return ["netem", "delay", f"{delay:g}ms", f"{jitter:g}ms"]
        return ["delay", f"{delay:g}", f"{jitter:g}", "0"]


class Reorder(Shaped):
    """Some packets overtake the rest."""

    needs: ClassVar[tuple[tuple[str, ...], ...]] = Latency.needs
    spec: ClassVar[Fault] = Fault(
        kind="reorder",
        family="network",
        title="Reordering",
        mechanism="netem reorder where the kernel has it, else the NFQUEUE delayer letting some packets pass",
        signature="spurious retransmits and a long tail; no loss",
        help="A share of packets is not delayed and arrives before its time.",
        targets=_NODES,
        params=(
            Param("percent", 25, 1, 90, "%", "share that overtakes"),
            Param("delay", 20, 1, 500, "ms", "how late the others are"),
        ),
        failure_type="latency",
        takes_away=False,
    )

    async def words(self, lab: Lab, target: ContainerFacts, order: Order) -> list[str]:
        del target
        percent, delay = order.params["percent"], order.params["delay"]
        if await _netem(lab):
            return ["netem", "delay", f"{delay:g}ms", "reorder", f"{percent:g}%", "50%"]
        return ["delay", f"{delay:g}", "0", f"{percent:g}"]


class _NetemOnly(Shaped):
    """What only the kernel's own emulator can do."""

    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("netem",),)
    word: ClassVar[str]

    async def words(self, lab: Lab, target: ContainerFacts, order: Order) -> list[str]:
        del lab, target
        return ["netem", self.word, f"{order.params['percent']:g}%"]


class Duplicate(_NetemOnly):
    """Packets come twice."""

    word: ClassVar[str] = "duplicate"
    spec: ClassVar[Fault] = Fault(
        kind="duplicate",
        family="network",
        title="Duplication",
        mechanism="tc netem duplicate",
        signature="duplicate acknowledgements; throughput barely moves",
        help="A share of packets is sent twice.",
        targets=_NODES,
        params=(Param("percent", 20, 1, 90, "%", "share sent twice"),),
        failure_type="error",
        takes_away=False,
    )


class Corrupt(_NetemOnly):
    """A bit is flipped; TCP's checksum finds most."""

    word: ClassVar[str] = "corrupt"
    spec: ClassVar[Fault] = Fault(
        kind="corrupt",
        family="network",
        title="Corruption",
        mechanism="tc netem corrupt",
        signature="looks like loss: what fails its checksum is dropped and sent again",
        help="A random bit of a share of packets is flipped.",
        targets=_NODES,
        params=(Param("percent", 5, 0.1, 50, "%", "share corrupted"),),
        failure_type="error",
        takes_away=False,
    )


class Bandwidth(Shaped):
    """The way out is narrow."""

    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("tbf",),)
    spec: ClassVar[Fault] = Fault(
        kind="bandwidth",
        family="network",
        title="Bandwidth cap",
        mechanism="tc tbf at the target's interface, on the way out",
        signature="bytes out flat at the cap; throughput lower and strikingly even",
        help="A token bucket of our own handle; a foreign root qdisc is refused, never replaced.",
        targets=_NODES,
        params=(Param("rate", 1000, 32, 1_000_000, "kbit/s", "bytes out at most"),),
        failure_type="latency",
        takes_away=False,
    )

    async def words(self, lab: Lab, target: ContainerFacts, order: Order) -> list[str]:
        del lab, target
        return ["rate", f"{int(order.params['rate'])}"]


class DnsFailure(Shaped):
    """Names do not resolve; open connections live on."""

    spec: ClassVar[Fault] = Fault(
        kind="dns",
        family="network",
        title="DNS failure",
        mechanism="iptables DROP to the engine's resolver and to port 53",
        signature="nothing until something must connect anew: then 'no such host'",
        help="Silent until a reconnect.",
        targets=(TargetKind.STORE, TargetKind.PD, TargetKind.LOAD),
        failure_type="error",
        takes_away=False,
    )

    async def words(self, lab: Lab, target: ContainerFacts, order: Order) -> list[str]:
        del lab, target, order
        return ["dns"]


class Flapping(Shaped):
    """Cut and whole in turn, faster than PD's patience."""

    spec: ClassVar[Fault] = Fault(
        kind="flapping",
        family="network",
        title="Flapping",
        mechanism="iptables DROP of everything, on and off in turn, by the helper",
        signature="the same store lost and back again and again; PD may never say Disconnected",
        help="Ends with the injection; the helper stops the alternation and removes its chain.",
        targets=_NODES,
        params=(
            Param("on", 5, 1, 60, "s", "cut for so long"),
            Param("off", 5, 1, 60, "s", "whole for so long"),
        ),
        failure_type="error",
    )

    async def words(self, lab: Lab, target: ContainerFacts, order: Order) -> list[str]:
        del lab, target
        return ["flap", f"{int(order.params['on'])}", f"{int(order.params['off'])}"]


async def _netem(lab: Lab) -> bool:
    able = await helper.abilities(lab)
    return isinstance(able, dict) and able.get("netem") == ""


SHAPING: tuple[Shaped, ...] = (
    IsolatePd(),
    IsolatePeers(),
    IsolateClients(),
    OneWay(),
    Loss(),
    Latency(),
    Reorder(),
    Duplicate(),
    Corrupt(),
    Bandwidth(),
    DnsFailure(),
    Flapping(),
)
