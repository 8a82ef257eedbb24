"""`chx` in helper containers: the fault helper's words, marks and answers in the simulated kernel."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import docker as sdk
import pytest

from console.sim.physics.chx_rules import throttle_of
from console.sim.physics.containers import Container
from console.sim.physics.fabric import Reach
from console.sim.physics.world import World
from console.sim.server import SimServer

from .wires import until
from .worlds import ended, intervals, later, lived, ops_between, said

IMAGE = "chaos-console/nettools:1"


def helper(world: World, target: str, *words: str, name: str = "h") -> Container:
    """Start `chx words...` in the namespace of a service."""
    limits = type(world.container("tikv0").limits)()
    container = world.create(name, world.engine.image(IMAGE), {}, limits)
    container.command = words
    container.shares_netns_of = container.volumes_from = world.container(target).id
    ended(world, world.calls.start(container))
    return container


def lines(world: World, container: Container, *words: str) -> list[str]:
    """Output of `chx words...` executed in a helper."""
    out: list[str] = []
    one = world.execs.create(container, ("chx", *words), True, True, False)
    ended(world, world.execs.start(one, lambda _s, text: out.append(text)))
    return "".join(out).splitlines()


def _reach(world: World, a: str, b: str) -> Reach:
    return world.fabric.reach(world.container(a), world.container(b), 20160)


def test_a_drop_from_some_is_applied_shown_and_undone() -> None:
    """Marked, so that exactly it can be removed."""
    world = lived(5)
    address = world.container("tikv0").address
    holder = helper(world, "tikv1", "hold", "abc123", "300", "drop", "both", address)
    assert said(world, "h") == ["applied"]
    assert _reach(world, "tikv0", "tikv1") is Reach.LOST
    assert _reach(world, "tikv2", "tikv1") is Reach.OK
    shown = lines(world, holder, "show", "abc123")
    assert any("CHX-abc123-I" in x and address in x and "DROP" in x for x in shown)
    assert any('--comment "chx:abc123"' in x for x in shown)
    assert lines(world, holder, "marks") == ["abc123"]
    assert lines(world, holder, "show", "other1") == []
    assert lines(world, holder, "undo", "other1") == []
    assert _reach(world, "tikv0", "tikv1") is Reach.LOST
    lines(world, holder, "undo", "abc123")
    assert lines(world, holder, "show", "abc123") == []
    assert _reach(world, "tikv0", "tikv1") is Reach.OK


@pytest.mark.parametrize("how", ["time", "term", "kill"])
def test_a_holder_undoes_itself_unless_it_is_killed(how: str) -> None:
    """Its time is up, or it is told; SIGKILL leaves the rules, and a sweep finds them."""
    world = lived(5)
    holder = helper(world, "tikv1", "hold", "abc123", "20", "drop", "both", "all")
    assert _reach(world, "tikv0", "tikv1") is Reach.LOST
    if how == "time":
        later(world, 21)
        assert said(world, "h") == ["applied", "undone"]
    else:
        ended(world, world.calls.stop(holder) if how == "term" else world.calls.kill(holder))
    assert holder.exit_code == (137 if how == "kill" else 0)
    assert (_reach(world, "tikv0", "tikv1") is Reach.OK) == (how != "kill")
    sweeper = helper(world, "tikv1", "sweep", name="sweeper")
    later(world, 1)
    assert (sweeper.status, sweeper.exit_code) == ("exited", 0)
    assert _reach(world, "tikv0", "tikv1") is Reach.OK


@pytest.mark.parametrize(
    ("words", "low", "high"),
    [
        (("loss", "in", "30"), 0.0, 0.06),
        (("rate", "1000"), 0.2, 0.6),
        (("netem", "delay", "10ms", "2ms"), 0.03, 0.2),
        (("delay", "10", "2", "0"), 0.03, 0.2),
        (("netem", "delay", "10ms", "reorder", "25%", "50%"), 0.0, 0.2),
        (("netem", "corrupt", "5%"), 0.1, 0.7),
        (("netem", "duplicate", "5%"), 0.8, 1.01),
    ],
)
def test_shaping_slows_the_load(words: tuple[str, ...], low: float, high: float) -> None:
    """Each in its measure, and gone when it is undone."""
    world = lived(30, target=None, noise=0.0, regions=1)
    before = ops_between(world, 10, 30)
    holder = helper(world, "tikv0", "hold", "abc123", "300", *words)
    later(world, 20)
    assert low <= ops_between(world, world.now - 10, world.now) / before <= high
    assert lines(world, holder, "show", "abc123")
    lines(world, holder, "undo", "abc123")
    later(world, 10)
    assert ops_between(world, world.now - 5, world.now) == pytest.approx(before, rel=0.05)
    assert lines(world, holder, "show", "abc123") == []


def test_a_delayer_dies_with_its_process() -> None:
    """The kernel lets packets pass when nobody listens to the queue; the chain stays to be swept."""
    world = lived(30, target=None, noise=0.0, regions=1)
    before = ops_between(world, 10, 30)
    holder = helper(world, "tikv0", "hold", "abc123", "300", "delay", "20", "0", "0")
    ended(world, world.calls.kill(holder))
    later(world, 10)
    assert ops_between(world, world.now - 5, world.now) == pytest.approx(before, rel=0.05)


def test_flapping_cuts_and_heals_in_turns() -> None:
    """PD may never say Disconnected (guides/tikv.md 5.1 row 15)."""
    world = lived(30)
    helper(world, "tikv1", "hold", "abc123", "60", "flap", "5", "5")
    seen = []
    for _ in range(58):
        later(world, 1)
        seen.append(_reach(world, "tikv0", "tikv1") is Reach.OK)
    turns = sum(a != b for a, b in itertools.pairwise(seen))
    assert 8 <= turns <= 13
    later(world, 5)
    assert _reach(world, "tikv0", "tikv1") is Reach.OK


def test_dns_is_felt_at_the_next_dial() -> None:
    """Silent until a reconnect."""
    world = lived(30)
    helper(world, "ycsb", "hold", "abc123", "300", "dns")
    later(world, 10)
    assert min(n for t, n in intervals(world) if t > 31) > 1000
    ended(world, world.calls.restart(world.container("tikv1")))
    later(world, 8)
    assert _reach(world, "ycsb", "tikv1") is Reach.NO_NAME


def test_disk_and_processor_of_the_target() -> None:
    """fill takes its disk, write throttles it, burn shares its cores; all end."""
    world = lived(5)
    node = world.stores[4]
    free = node.disk.available
    filler = helper(world, "tikv1", "hold", "abc123", "300", "fill", "/fill/.chaos-console-fill-abc123", "5000")
    assert node.disk.available == free - (5000 << 20)
    assert lines(world, filler, "show", "abc123") == ["file /fill/.chaos-console-fill-abc123"]
    lines(world, filler, "undo", "abc123")
    assert node.disk.available == free
    file = f"/cg/docker/{node.container.id}/blkio.throttle.write_bps_device"
    assert throttle_of(file, "254:0 1048576") == (node.container.id, 1048576.0)
    assert throttle_of(file, "254:0 0") == (node.container.id, float("inf"))
    assert throttle_of("/cg/cpu.shares", "2") is None
    helper(world, "tikv1", "hold", "def456", "300", "write", file, "254:0 1048576", "254:0 0", name="w")
    assert node.disk.write_rate == 1048576
    helper(world, "tikv1", "off", file, "254:0 0", name="o")
    assert node.disk.write_rate == float("inf")
    ended(world, world.calls.update(node.container, {"cpu_quota": 50_000}))
    burner = world.create("b", world.engine.image(IMAGE), {}, type(node.container.limits)())
    burner.command, burner.cgroup_parent = ("hold", "fed789", "20", "burn", "4"), f"/docker/{node.container.id}"
    ended(world, world.calls.start(burner))
    cpu = world.usages[node.container.id].meters["cpu"]
    before = cpu.value(world.now)
    later(world, 10)
    assert (cpu.value(world.now) - before) / 10 >= 0.5
    later(world, 15)
    assert world.usages[node.container.id].burners == 0


@pytest.mark.parametrize(
    "words",
    [(), ("dance",), ("hold", "abc123"), ("hold", "abc123", "x", "dns"), ("hold", "abc123", "5", "nonsense"),
     ("hold", "abc123", "5", "drop", "up", "all"), ("hold", "abc123", "5", "loss", "in", "much"),
     ("hold", "abc123", "5", "netem", "sing", "1"), ("undo",), ("show",), ("off", "file")],
)  # fmt: skip
def test_wrong_words_end_with_one_and_a_reason(words: tuple[str, ...]) -> None:
    """And leave nothing."""
    world = lived(2)
    holder = helper(world, "tikv1", *words)
    later(world, 1)
    assert (holder.status, holder.exit_code) == ("exited", 1)
    assert said(world, "h")[0].startswith("chx: ")
    assert not len(world.container("tikv1").netns)
    assert not world.container("tikv1").netns.chains


def test_rules_end_with_the_targets_process() -> None:
    """A new process has a new namespace."""
    world = lived(5)
    helper(world, "tikv1", "hold", "abc123", "300", "drop", "both", "all")
    ended(world, world.calls.kill(world.container("tikv1")))
    ended(world, world.calls.start(world.container("tikv1")))
    later(world, 6)
    assert _reach(world, "tikv0", "tikv1") is Reach.OK


def test_the_whole_way_through_the_engine(simulator: Callable[..., SimServer]) -> None:
    """As the console does it: create in the target's namespace, start, read `applied`, show, undo, remove."""
    server = simulator()
    client: Any = sdk.DockerClient(base_url=server.addresses.docker_host, version="1.41", timeout=20)
    try:
        target = client.containers.get("tikvlab-tikv1-1")
        holder = client.containers.create(
            IMAGE,
            ["hold", "abc123", "300", "drop", "both", "all"],
            name="chaos-console-hold-abc123",
            network_mode=f"container:{target.id}",
            cap_add=["NET_ADMIN"],
            mem_limit="96m",
            volumes_from=[target.id],
        )
        holder.start()
        until(lambda: b"applied" in holder.logs(), "applied")
        code, output = holder.exec_run(["chx", "show", "abc123"])
        assert code == 0
        assert b"CHX-abc123-I" in output
        assert server.call(lambda w: _reach(w, "tikv0", "tikv1")) is Reach.LOST
        assert holder.exec_run(["chx", "undo", "abc123"])[0] == 0
        assert server.call(lambda w: _reach(w, "tikv0", "tikv1")) is Reach.OK
        holder.remove(force=True)
        probe = client.containers.run(IMAGE, ["probe"], network_mode="none", remove=True)
        assert b"iptables ok" in probe
    finally:
        client.close()


def test_what_disk_faults_ask_before_and_after() -> None:
    """Free space, the control group's file, what is in it; a file on a volume is there for all who mount it."""
    world = lived(5)
    asker = helper(world, "tikv1", "hold", "other1", "300", "burn", "1", name="asker")
    target = world.container("tikv1")
    file = f"/cgroup/blkio/docker/{target.id}/blkio.throttle.write_bps_device"
    assert int(lines(world, asker, "free", "/fill")[0]) == world.stores[4].disk.available >> 20
    assert lines(world, asker, "cgroup") == ["io ok v1"]
    assert lines(world, asker, "device", "/fill", f"/docker/{target.id}") == [f"{file}\t8:16 \t0"]
    helper(world, "tikv1", "hold", "abc123", "300", "write", file, "8:16 524288", "8:16 0", name="w")
    assert lines(world, asker, "read", file) == ["8:16 524288"]
    lines(world, asker, "off", file, "8:16 0")
    assert lines(world, asker, "read", file) == []
    helper(world, "tikv1", "hold", "def456", "300", "write", file, "8:16 524288", "8:16 0", name="again")
    ended(world, world.calls.kill(target))
    assert file not in world.control_files, "a control group goes with its process"
    assert world.stores[4].disk.write_rate == float("inf")
    world.put_file(world.container("tikv2"), "/data/big", 1 << 20)
    mounting = helper(world, "tikv2", "marks", name="mounting")
    mounting.volumes_from, mounting.shares_netns_of = "", ""
    mounting.volumes = {"/fill": world.container("tikv2").volumes["/data"]}
    assert world.has_file(mounting, "/fill/big")
    assert world.list_files(mounting, "/fill") == ["big"]
