"""Foreign load: what others ask of a store is in the store's own numbers too."""

from __future__ import annotations

import pytest

from console.observe.tikv_metrics import reduce_metrics
from console.sim.physics.world import World
from console.sim.wire.tikv_metrics import tikv_metrics

from .worlds import ended, later, lived, ops_between


def answered(world: World) -> float:
    """Requests that all stores have answered, by their own /metrics."""
    return sum(reduce_metrics(tikv_metrics(world, node))["grpc_n"] for node in world.stores.values())


def test_a_store_counts_whom_it_answers() -> None:
    """3,000 operations/s of the cluster's own client, and of a guest as many as its target says; the last one wins."""
    world = lived(30, noise=0.0)
    alone = answered(world)
    later(world, 10)
    assert (answered(world) - alone) / 10 == pytest.approx(3000, rel=0.02)
    guest = world.create("guest", world.engine.image("pingcap/go-ycsb"), {}, type(world.container("tikv0").limits)())
    guest.command = ("run", "tikv", "-p", "threadcount=128", "-p", "target=0", "-p", "target=4000")
    ended(world, world.calls.start(guest))
    later(world, 1)
    before = answered(world)
    later(world, 10)
    assert (answered(world) - before) / 10 == pytest.approx(7000, rel=0.02)
    assert ops_between(world, world.now - 3, world.now) == pytest.approx(3000, rel=0.05)
