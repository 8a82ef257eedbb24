"""Stage hands: every staged act as calls on a simulated world, and how it is undone.

The words handed to the fault helper are those of the fault kinds; kinds that are an engine call make that call. An act
is a function of the world, its targets and a severity (0 mild, 1 full) that returns how to undo it. One table; adding
an act is its function and a line there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from console.sim.physics.chx import chx
from console.sim.physics.containers import Container
from console.sim.physics.guests import Guest
from console.sim.physics.netns import Rule
from console.sim.physics.pd_member import PdMember
from console.sim.physics.spec import GIB
from console.sim.physics.store import StoreNode
from console.sim.physics.world import World

Undo = Callable[[], None]
Act = Callable[[World, Sequence[Container], float], Undo]
HOLD_S = "600"


class Unstageable(Exception):
    """The act cannot be done in this world; the message says why."""


def _nothing() -> None:
    return None


def _all(undos: Sequence[Undo]) -> Undo:
    def undo() -> None:
        for one in undos:
            one()

    return undo


def _start(world: World, target: Container) -> Undo:
    return lambda: None if target.alive else _ignore(world.calls.start(target))


def _ignore(_op: object) -> None:
    return None


# -- processes -----------------------------------------------------------------------------------------------------


def kill(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """`docker kill`."""
    for target in targets:
        world.calls.kill(target)
    return _all([_start(world, t) for t in targets])


def crash(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """The process dies by itself: a `die` and no `kill` before it."""
    for target in targets:
        world.crash(target, 137)
    return _all([_start(world, t) for t in targets])


def stop(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """`docker stop` with enough grace."""
    for target in targets:
        world.calls.stop(target, 30.0)
    return _all([_start(world, t) for t in targets])


def pause(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """`docker pause`."""
    for target in targets:
        world.calls.pause(target)

    def undo() -> None:
        for target in targets:
            if target.status == "paused":
                world.calls.unpause(target)

    return undo


def restart(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """`docker restart`, over when it was done."""
    for target in targets:
        world.calls.restart(target, 30.0)
    return _nothing


def crash_loop(world: World, targets: Sequence[Container], severity: float) -> Undo:
    """Killed and started in turn, as the kind does; started again at the end."""
    times, every = (5, 4.0) if severity >= 1 else (4, 8.0)
    for target in targets:
        for n in range(times):
            world.ground.after(n * every, lambda t=target: _ignore(world.calls.kill(t)) if t.alive else None)  # type: ignore[misc]
            if n < times - 1:
                world.ground.after(n * every + 0.5, _start(world, target))
    return _all([_start(world, t) for t in targets])


def rolling(world: World, targets: Sequence[Container], severity: float) -> Undo:
    """One after the other is restarted in an orderly way, each given time to come back."""
    for n, target in enumerate(targets):
        world.ground.after(n * (18.0 + 12.0 * severity), lambda t=target: _ignore(world.calls.restart(t, 30.0)))  # type: ignore[misc]
    return _nothing


# -- network ---------------------------------------------------------------------------------------------------------


def partition(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """`docker network disconnect`, and `connect` with the aliases it had."""
    kept = [(t, name, e.aliases) for t in targets for name, e in t.endpoints.items()]
    for target, name, _ in kept:
        world.nets.disconnect(world.network(name), target)

    def undo() -> None:
        for target, name, aliases in kept:
            if name not in target.endpoints:
                world.nets.connect(world.network(name), target, aliases)

    return undo


def _held(world: World, target: Container, words: Sequence[str]) -> Undo:
    """The fault helper's program, run in the target's namespace."""
    result = chx(world, target, ["chx", "hold", f"e{target.id[:8]}", HOLD_S, *words])
    if result.code or result.finish is None:
        raise Unstageable(result.err.strip() or "the helper refused")
    finish = result.finish
    return lambda: _ignore(finish())


def _shaped(words: Callable[[World, Container, float], Sequence[str]]) -> Act:
    def act(world: World, targets: Sequence[Container], severity: float) -> Undo:
        return _all([_held(world, t, words(world, t, severity)) for t in targets])

    return act


def _addresses(world: World, wanted: Callable[[Container], bool]) -> str:
    found = sorted({c.address for c in world.engine.containers.values() if c.address and wanted(c)})
    if not found:
        raise Unstageable("nobody to cut it off from")
    return ",".join(found)


def _pd(_target: Container, other: Container) -> bool:
    return isinstance(other.process, PdMember)


def _kin(target: Container, other: Container) -> bool:
    return type(other.process) is type(target.process) and other is not target


def _cut(sides: str, whom: Callable[[Container, Container], bool]) -> Act:
    return _shaped(lambda w, t, _s: ["drop", sides, _addresses(w, lambda c: whom(t, c))])


def isolate_clients(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """The load generator loses them."""
    return _all(
        [_held(world, t, ["drop", "both", _addresses(world, lambda c: c.process is world.load)]) for t in targets]
    )


def one_way(world: World, targets: Sequence[Container], severity: float) -> Undo:
    """Nothing of its peers comes in, or nothing to them goes out."""
    side = "in" if severity >= 1 else "out"
    return _cut(side, _kin)(world, targets, severity)


def dns(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """The resolver is lost; what is open stays open."""
    return _all([_held(world, t, ["dns"]) for t in targets])


# -- resources -------------------------------------------------------------------------------------------------------


def cpu(world: World, targets: Sequence[Container], severity: float) -> Undo:
    """A CPU quota: 10 % of a core, or a fifth."""
    quota = 10_000 if severity >= 1 else 20_000
    for target in targets:
        world.calls.update(target, {"cpu_quota": quota, "cpu_period": 100_000})

    def undo() -> None:
        for target in targets:
            world.calls.update(target, {"cpu_quota": -1})

    return undo


def memory(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """A limit below what is in use: the kernel kills."""
    before = [(t, t.limits.memory) for t in targets]
    for target in targets:
        limit = max(16 << 20, world.usages[target.id].memory() * 8 // 10)
        world.calls.update(target, {"memory": limit, "memory_swap": limit})

    def undo() -> None:
        for target, limit in before:
            world.calls.update(target, {"memory": limit or 4 * GIB, "memory_swap": limit or 4 * GIB})
            world.ground.after(0.5, _start(world, target))

    return undo


def memory_tight(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """A limit just above what will ever be in use: slow, and nothing is killed."""
    before = [(t, t.limits.memory) for t in targets]
    for target in targets:
        world.calls.update(target, {"memory": 620 << 20, "memory_swap": 620 << 20})

    def undo() -> None:
        for target, limit in before:
            world.calls.update(target, {"memory": limit or 4 * GIB, "memory_swap": limit or 4 * GIB})

    return undo


def _nodes(world: World, targets: Sequence[Container]) -> list[StoreNode]:
    nodes = [n for t in targets if (n := world.store_of(t)) is not None]
    if not nodes:
        raise Unstageable("no store among the targets")
    return nodes


def _disk(**changes: float | bool) -> Act:
    def act(world: World, targets: Sequence[Container], _severity: float) -> Undo:
        nodes = _nodes(world, targets)
        before = [(n, {k: getattr(n.disk, k) for k in changes}) for n in nodes]
        for node in nodes:
            node.set_disk(**changes)

        def undo() -> None:
            for node, old in before:
                node.set_disk(**old)

        return undo

    return act


def disk_slow(world: World, targets: Sequence[Container], severity: float) -> Undo:
    """Every synced write waits."""
    return _disk(delay_s=0.15 if severity >= 1 else 0.03)(world, targets, severity)


def disk_full(world: World, targets: Sequence[Container], severity: float) -> Undo:
    """Nothing is left on its volume."""
    nodes = _nodes(world, targets)
    before = [(n, n.disk.filler) for n in nodes]
    for node in nodes:
        node.set_disk(filler=node.disk.filler + node.disk.available)
    del severity

    def undo() -> None:
        for node, filler in before:
            node.set_disk(filler=filler, full=False)

    return undo


# -- control plane and load ------------------------------------------------------------------------------------------


def leader_transfer(world: World, _targets: Sequence[Container], _severity: float) -> Undo:
    """PD leadership is handed over."""
    if not world.pd.elections.hand_over():
        raise Unstageable("no PD member can take the leadership")
    return _nothing


def eviction(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """An evict-leader scheduler for each."""
    nodes = _nodes(world, targets)
    for node in nodes:
        world.pd.schedule.evict(node.id)

    def undo() -> None:
        for node in nodes:
            world.pd.schedule.unevict(node.id)

    return undo


_LIMITS = ("leader-schedule-limit", "region-schedule-limit", "replica-schedule-limit", "merge-schedule-limit")


def scheduling_stopped(world: World, _targets: Sequence[Container], severity: float) -> Undo:
    """All schedule limits 0 in the configuration; mild: with a time to live, which no configuration shows."""
    part = world.pd.config.parts["schedule"]
    before = {f"schedule.{k}": part[k] for k in _LIMITS if k in part}
    zero: dict[str, object] = dict.fromkeys(before, 0)
    if severity >= 1:
        world.pd.config.edit(zero)
    else:
        world.pd.config.edit_for(zero, 600.0, world.now)
    world.ground.changed()

    def undo() -> None:
        world.pd.config.edit(before)
        world.ground.changed()

    return undo


def _guest(threads: int, hot: bool) -> Act:
    def act(world: World, _targets: Sequence[Container], severity: float) -> Undo:
        wanted = threads if severity >= 1 else threads // 2
        world.workload.guests.present["evaluation"] = Guest(wanted, 0.0, hot)
        world.ground.changed()

        def undo() -> None:
            world.workload.guests.present.pop("evaluation", None)
            world.ground.changed()

        return undo

    return act


def load_step(world: World, _targets: Sequence[Container], severity: float) -> Undo:
    """Somebody else's load comes and goes, well within what the cluster can do: nothing is wrong."""
    world.workload.guests.present["evaluation"] = Guest(64, 1500.0 + 1500.0 * severity, False)
    world.ground.changed()

    def undo() -> None:
        world.workload.guests.present.pop("evaluation", None)
        world.ground.changed()

    return undo


def sham(world: World, targets: Sequence[Container], _severity: float) -> Undo:
    """All the motions and no effect: rules come and go in a namespace of nobody's, a limit is set to what it was."""
    with world.ground.change():
        rule = Rule("in", "drop", peer="192.0.2.1", comment="chx:sham")
        for target in targets:
            target.netns.add(rule)

    def undo() -> None:
        for target in targets:
            target.netns.remove(rule)

    return undo


def nothing(_world: World, _targets: Sequence[Container], _severity: float) -> Undo:
    """A no-op."""
    return _nothing


ACTS: dict[str, Act] = {
    "kill": kill,
    "crash": crash,
    "stop": stop,
    "pause": pause,
    "restart": restart,
    "crash-loop": crash_loop,
    "rolling": rolling,
    "partition": partition,
    "cut": _shaped(lambda _w, _t, _s: ["drop", "both", "all"]),
    "isolate-pd": _cut("both", _pd),
    "isolate-peers": _cut("both", _kin),
    "isolate-clients": isolate_clients,
    "one-way": one_way,
    "loss": _shaped(lambda _w, _t, s: ["loss", "both", "30" if s >= 1 else "10"]),
    "latency": _shaped(lambda _w, _t, s: ["netem", "delay", *(("50ms", "5ms") if s >= 1 else ("15ms", "2ms"))]),
    "bandwidth": _shaped(lambda _w, _t, s: ["rate", "256" if s >= 1 else "512"]),
    "flapping": _shaped(lambda _w, _t, s: ["flap", "4" if s >= 1 else "6", "6"]),
    "dns": dns,
    "cpu": cpu,
    "memory": memory,
    "disk-slow": disk_slow,
    "disk-full": disk_full,
    "memory-tight": memory_tight,
    "disk-hang": _disk(hung=True),
    "leader-transfer": leader_transfer,
    "eviction": eviction,
    "scheduling-stopped": scheduling_stopped,
    "overload": _guest(128, hot=False),
    "hot-keys": _guest(64, hot=True),
    "load-step": load_step,
    "sham": sham,
    "nothing": nothing,
}
