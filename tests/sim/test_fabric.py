"""Reaching each other: networks, names, rules in namespaces."""

from __future__ import annotations

import pytest

from console.sim.physics.fabric import Reach
from console.sim.physics.netns import Rule
from console.sim.physics.world import World
from console.sim.wire.door import Gate
from console.sim.wire.gates import gate_of

from .worlds import ended, later, lived


def _reach(world: World, a: str, b: str, port: int = 20160) -> Reach:
    return world.fabric.reach(world.container(a), world.container(b), port)


def test_everybody_reaches_everybody_in_a_healthy_cluster() -> None:
    """Clients to stores, stores to PD."""
    world = lived(1)
    assert _reach(world, "ycsb", "tikv0") is Reach.OK
    assert _reach(world, "tikv0", "pd1", 2379) is Reach.OK
    assert _reach(world, "tikv0", "pd1", 9999) is Reach.REFUSED


@pytest.mark.parametrize(
    ("act", "inside", "published", "direct"),
    [
        ("kill", Reach.GONE, Gate.REFUSED, Gate.REFUSED),
        ("pause", Reach.SILENT, Gate.FROZEN, Gate.FROZEN),
        ("disconnect", Reach.NO_NETWORK, Gate.REFUSED, Gate.HOLE),
        ("drop", Reach.LOST, Gate.FROZEN, Gate.HOLE),
        ("reject", Reach.REFUSED, Gate.RESET, Gate.REFUSED),
    ],
)
def test_each_fault_looks_as_measured(act: str, inside: Reach, published: Gate, direct: Gate) -> None:
    """The table of guides/diagnosis.md 3.2, but for a killed container's own address (refused here at once)."""
    world = lived(1)
    store = world.container("tikv1")
    if act == "kill":
        ended(world, world.calls.kill(store))
    elif act == "pause":
        ended(world, world.calls.pause(store))
    elif act == "disconnect":
        ended(world, world.nets.disconnect(world.network("tikvlab_chaos"), store))
    else:
        store.netns.add(Rule("in", "drop" if act == "drop" else "reject"))
    assert _reach(world, "ycsb", "tikv1") is inside
    assert gate_of(world, store, 20180, published=True)[0] is published
    assert gate_of(world, store, 20180, published=False)[0] is direct


def test_a_rule_can_cut_one_peer_and_one_port() -> None:
    """Store to PD only; the rest of the store's links live."""
    world = lived(1)
    store = world.container("tikv1")
    for name in world.pd.members:
        store.netns.add(Rule("out", "drop", peer=world.container(name).address, port=2379))
    assert _reach(world, "tikv1", "pd0", 2379) is Reach.LOST
    assert _reach(world, "ycsb", "tikv1") is Reach.OK
    assert _reach(world, "tikv0", "tikv1") is Reach.OK
    assert gate_of(world, store, 20180, published=True)[0] is Gate.OPEN


def test_one_way_lost_is_both_ways_lost() -> None:
    """TCP needs the acknowledgements (guides/tikv.md 5.1 row 14)."""
    world = lived(1)
    a, b = world.container("tikv0"), world.container("tikv1")
    b.netns.add(Rule("in", "drop", peer=a.address))
    assert not world.fabric.both_ways(a, b, 20160)
    assert world.fabric.both_ways(b, world.container("tikv2"), 20160)


def test_removing_the_rule_heals() -> None:
    """Exactly the rule that was added."""
    world = lived(1)
    store = world.container("tikv1")
    rule = Rule("in", "drop", comment="ours")
    store.netns.add(rule)
    assert not store.netns.remove(Rule("in", "drop"))
    assert store.netns.remove(rule)
    assert _reach(world, "ycsb", "tikv1") is Reach.OK


def test_broken_dns_is_silent_until_somebody_must_dial() -> None:
    """guides/tikv.md 5.4 row 52: open connections go on."""
    world = lived(5)
    client = world.container("ycsb")
    client.netns.add(Rule("out", "drop", peer="127.0.0.11", port=53))
    later(world, 5)
    assert _reach(world, "ycsb", "tikv1") is Reach.OK
    ended(world, world.calls.restart(world.container("tikv1")))
    later(world, 10)
    assert _reach(world, "ycsb", "tikv1") is Reach.NO_NAME
    assert _reach(world, "ycsb", "tikv0") is Reach.OK
    client.netns.clear()
    assert _reach(world, "ycsb", "tikv1") is Reach.OK


def test_a_helper_lives_in_its_targets_namespace() -> None:
    """What it adds to the namespace acts on the target."""
    world = lived(1)
    target = world.container("tikv1")
    helper = world.create("helper", next(iter(world.engine.images.values())), {}, target.limits)
    helper.shares_netns_of = target.id
    world.fabric.netns(helper).add(Rule("in", "drop"))
    assert _reach(world, "ycsb", "tikv1") is Reach.LOST


def test_paths_add_up() -> None:
    """Delays add, losses multiply, the narrowest rate counts."""
    world = lived(1)
    client, store = world.container("ycsb"), world.container("tikv1")
    client.netns.add(Rule("out", "delay", delay_s=0.01))
    store.netns.add(Rule("out", "delay", delay_s=0.02, jitter_s=0.005))
    store.netns.add(Rule("in", "drop", probability=0.5))
    store.netns.add(Rule("out", "drop", probability=0.2))
    store.netns.add(Rule("out", "limit", rate=1000.0))
    store.netns.add(Rule("out", "limit", rate=500.0))
    path = world.fabric.path(client, store, 20160)
    assert path.up
    assert path.delay == pytest.approx(0.03)
    assert path.loss == pytest.approx(0.6)
    assert (path.rate_in, path.rate_out) == (500.0, float("inf"))
