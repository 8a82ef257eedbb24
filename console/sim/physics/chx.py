"""`chx`, the fault helper's program, as the simulated kernel runs it: same words, same marks, same answers.

The real one is a shell script around iptables and tc; here its words become rules of the namespace it runs in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .chx_rules import QDISC, RULES, SIDES, Bad, mark, number
from .commands import Result
from .containers import Container
from .netns import Netns, Rule

if TYPE_CHECKING:
    from .world import World

ABILITIES = ("iptables", "statistic", "comment", "nfqueue", "python", "tbf", "netem")
FILL = "/fill/.chaos-console-fill-"


def chx(world: World, container: Container, argv: Sequence[str]) -> Result:
    """The program. `argv[1]` is the command."""
    words = list(argv[1:])
    try:
        if not words:
            raise Bad("say what: hold, undo, show, sweep, marks, probe")
        command = _COMMANDS.get(words[0])
        if command is None:
            raise Bad(f"no command {words[0]}")
        return command(world, container, words[1:])
    except Bad as bad:
        return Result(code=1, err=f"chx: {bad}\n")


# -- commands -------------------------------------------------------------------------------------------------------


def _hold(world: World, container: Container, words: Sequence[str]) -> Result:
    if len(words) < 3:
        raise Bad("hold ID SECONDS FAULT ARGS")
    id_, seconds, fault, args = words[0], number(words[1]), words[2], list(words[3:])
    netns = world.fabric.netns(container)
    _undo_all(world, container, netns, id_)
    holder = _apply(world, container, netns, id_, fault, args)

    def finish() -> str:
        holder()
        _undo_all(world, container, netns, id_)
        if fault == "write":
            world.control_group(args[0], args[2])
        return "undone\n"

    def gone() -> None:
        holder()  # what lives in the process dies with it; rules stay where they are
        if fault == "delay":
            _take(netns, id_, keep_chains=True)

    def term() -> None:
        finish()

    return Result(out="applied\n", runs_s=seconds, finish=finish, term=term, gone=gone)


def _apply(
    world: World, container: Container, netns: Netns, id_: str, fault: str, args: list[str]
) -> Callable[[], None]:
    """Put the fault in; returns how to end what the process itself does."""
    if fault in RULES:
        least, build = RULES[fault]
        if len(args) < least:
            raise Bad(f"{fault} wants more")
        rules = [replace(r, comment=mark(id_)) for r in build(args)]
        if fault in QDISC:
            netns.qdisc = f"{QDISC[fault]} c4a5: dev eth0 root refcnt 2 {' '.join(args)}"
        else:
            netns.chains.add(id_)
        with world.ground.change():
            for rule in rules:
                netns.add(rule)
        return _nothing
    if fault == "flap" and len(args) >= 2:
        netns.chains.add(id_)
        return _Flap(world, netns, id_, number(args[0]), number(args[1])).stop
    if fault == "fill" and len(args) >= 2:
        _fill(world, container, id_, args)
        return _nothing
    if fault == "burn" and args:
        return world.burn(container, int(number(args[0])))
    if fault == "write" and len(args) >= 3:
        world.control_group(args[0], args[1])
        return _nothing
    raise Bad(f"no fault {fault}")


def _nothing() -> None:
    return None


class _Flap:
    """Cut and heal in turns until stopped."""

    def __init__(self, world: World, netns: Netns, id_: str, on: float, off: float) -> None:
        self.world = world
        self.netns = netns
        self.rules = [Rule(side, "drop", comment=mark(id_)) for side in SIDES["both"]]
        self.on, self.off = max(0.1, on), max(0.1, off)
        self._stopped = False
        self._turn(cut=True)

    def _turn(self, cut: bool) -> None:
        if self._stopped:
            return
        with self.world.ground.change():
            for rule in self.rules:
                if cut:
                    self.netns.add(rule)
                else:
                    self.netns.remove(rule)
        self.world.ground.after(self.on if cut else self.off, lambda: self._turn(not cut))

    def stop(self) -> None:
        """No more turns; what is in stays in until it is undone."""
        self._stopped = True


def _fill(world: World, container: Container, id_: str, args: list[str]) -> None:
    size = int(number(args[1])) << 20
    node = world.store_of(container)
    if node is not None and size > node.disk.available:
        raise Bad("fill")
    world.put_file(container, args[0] if args[0].startswith("/") else FILL + id_, size)


def _take(netns: Netns, id_: str, keep_chains: bool = False) -> None:
    for rule in [r for r in netns if r.comment == mark(id_)]:
        netns.remove(rule)
    if not keep_chains:
        netns.chains.discard(id_)


def _undo_all(world: World, container: Container, netns: Netns, id_: str) -> None:
    with world.ground.change():
        _take(netns, id_)
        if netns.qdisc:
            netns.qdisc = ""
            for rule in [r for r in netns if r.action in ("limit", "delay", "shake") and r.comment.startswith("chx:")]:
                netns.remove(rule)
        world.drop_file(container, FILL + id_)


def _undo(world: World, container: Container, words: Sequence[str]) -> Result:
    if not words:
        raise Bad("undo ID")
    _undo_all(world, container, world.fabric.netns(container), words[0])
    return Result(runs_s=0.05)


def _show(world: World, container: Container, words: Sequence[str]) -> Result:
    if not words:
        raise Bad("show ID")
    id_, netns = words[0], world.fabric.netns(container)
    lines = []
    if id_ in netns.chains:
        lines += [f"rule :CHX-{id_}-I - [0:0]", f"rule :CHX-{id_}-O - [0:0]"]
        for chain, side in (("INPUT", "I"), ("OUTPUT", "O")):
            lines.append(f'rule -A {chain} -m comment --comment "{mark(id_)}" -j CHX-{id_}-{side}')
        lines += [f"rule {_rule_text(id_, r)}" for r in netns if r.comment == mark(id_)]
    if netns.qdisc:
        lines.append(f"qdisc qdisc {netns.qdisc}")
    if world.has_file(container, FILL + id_):
        lines.append(f"file {FILL}{id_}")
    return Result(out="".join(f"{line}\n" for line in lines), runs_s=0.05)


def _rule_text(id_: str, rule: Rule) -> str:
    side, flag = ("I", "-s") if rule.direction == "in" else ("O", "-d")
    peer = f" {flag} {rule.peer}/32" if rule.peer else ""
    share = f" -m statistic --mode random --probability {rule.probability:.8f}" if rule.probability < 1 else ""
    jump = "NFQUEUE --queue-num 1000 --queue-bypass" if rule.action in ("delay", "shake") else "DROP"
    return f"-A CHX-{id_}-{side}{peer}{share} -j {jump}"


def _marks(world: World, container: Container, _words: Sequence[str]) -> Result:
    netns = world.fabric.netns(container)
    lines = [*sorted(netns.chains), *(["qdisc"] if netns.qdisc else [])]
    ours = FILL.removeprefix("/fill/")
    lines += [f"file {n.removeprefix(ours)}" for n in world.list_files(container, "/fill") if n.startswith(ours)]
    return Result(out="".join(f"{line}\n" for line in lines), runs_s=0.05)


def _sweep(world: World, container: Container, _words: Sequence[str]) -> Result:
    netns = world.fabric.netns(container)
    for id_ in [*netns.chains, "qdisc"]:
        _undo_all(world, container, netns, id_)
    return Result(runs_s=0.1)


def _free(world: World, container: Container, _words: Sequence[str]) -> Result:
    node = world.store_of(container)
    free = node.disk.available if node is not None else world.ground.spec.store_disk // 2
    return Result(out=f"{free >> 20}\n", runs_s=0.05)


def _cgroup(_world: World, _container: Container, _words: Sequence[str]) -> Result:
    return Result(out="io ok v1\n", runs_s=0.05)


def _device(_world: World, _container: Container, words: Sequence[str]) -> Result:
    if len(words) < 2:
        raise Bad("device PATH GROUP")
    return Result(out=f"/cgroup/blkio{words[1]}/blkio.throttle.write_bps_device\t8:16 \t0\n", runs_s=0.05)


def _read(world: World, _container: Container, words: Sequence[str]) -> Result:
    if not words:
        raise Bad("read FILE")
    text = world.control_files.get(words[0], "")
    return Result(out=f"{text}\n" if text else "", runs_s=0.05)


def _off(world: World, _container: Container, words: Sequence[str]) -> Result:
    if len(words) < 2:
        raise Bad("off FILE OFF")
    world.control_group(words[0], words[1])
    return Result(runs_s=0.05)


def _probe(_world: World, _container: Container, _words: Sequence[str]) -> Result:
    return Result(out="".join(f"{name} ok\n" for name in ABILITIES), runs_s=0.2)


_COMMANDS: dict[str, Callable[[World, Container, Sequence[str]], Result]] = {
    "hold": _hold,
    "undo": _undo,
    "show": _show,
    "marks": _marks,
    "sweep": _sweep,
    "off": _off,
    "free": _free,
    "cgroup": _cgroup,
    "device": _device,
    "read": _read,
    "probe": _probe,
}
