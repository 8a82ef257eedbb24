"""Leaders: lost, elected, handed over."""

from __future__ import annotations

from console.sim.physics.netns import Rule

from .worlds import ended, intervals, later, lived


def test_leaders_start_evenly_spread() -> None:
    """Pre-split, so that every store matters."""
    world = lived(1, stores=3, regions=12)
    assert [world.raft.leaders[s] for s in world.stores] == [4, 4, 4]
    assert not world.raft.unhealthy


def test_regions_of_a_dead_store_move_one_by_one() -> None:
    """Each after its own 8-20 s (guides/tikv.md 2.2, 7.4)."""
    world = lived(30, regions=30)
    moved: list[float] = []
    ended(world, world.calls.kill(world.container("tikv1")))
    fault = world.now
    world.raft.on_leader.append(lambda region, old: moved.append(world.now - fault) if old == 4 else None)
    later(world, 25)
    assert len(moved) == 10
    assert 7.5 <= min(moved) < max(moved) <= 20.0
    assert len({round(t, 2) for t in moved}) > 5
    assert world.raft.leaders[4] == 0


def test_a_short_pause_costs_no_leader() -> None:
    """Followers wait ten seconds."""
    world = lived()
    store = world.container("tikv1")
    ended(world, world.calls.pause(store))
    later(world, 5)
    ended(world, world.calls.unpause(store))
    later(world, 20)
    assert world.raft.leaders[4] == 4
    assert not world.raft.unhealthy


def test_an_idle_region_wakes_late_for_a_silent_leader() -> None:
    """Hibernation: keepalive 13 s, and only then the election timeout; at once for a broken connection."""

    def first_move(call: str) -> float:
        world = lived(30, regions=9)
        for region in world.raft.regions.values():
            region.weight = 0.0
        moved: list[float] = []
        world.raft.on_leader.append(lambda _r, _o: moved.append(world.now))
        ended(world, getattr(world.calls, call)(world.container("tikv1")))
        fault = world.now
        later(world, 40)
        return min(moved) - fault

    assert first_move("pause") > 22.5
    assert 9.5 < first_move("kill") < 21


def test_two_of_three_lost_is_no_leader_at_all() -> None:
    """The survivor steps down; operations fail after their 40 s; all comes back with the stores."""
    world = lived(30)
    for name in ("tikv0", "tikv2"):
        world.calls.kill(world.container(name))
    later(world, 35)
    assert all(r.leader == 0 for r in world.raft.regions.values())
    assert [n for _, n in intervals(world)][-5:] == [0] * 5
    for name in ("tikv0", "tikv2"):
        world.calls.start(world.container(name))
    later(world, 40)
    assert not world.raft.unhealthy


def test_a_partitioned_minority_leader_is_replaced() -> None:
    """Cut from its peers only: PD hears it, its leaders flee, its peers go pending (guides/tikv.md 5.1 row 12)."""
    world = lived(30)
    store = world.container("tikv1")
    for other in ("tikv0", "tikv2"):
        store.netns.add(Rule("in", "drop", peer=world.container(other).address, port=20160))
    later(world, 25)
    meta = world.pd.stores.metas[4]
    assert world.raft.leaders[4] == 0
    assert world.pd.stores.state_name(meta) == "Up"
    assert world.pd.stores.leader_counts[4] == 0
    assert len(world.pd.stores.check("pending-peer") or []) == 4


def test_grpc_paused_store_is_up_and_leads_nothing() -> None:
    """PUT /pause_grpc: process well, service dead (guides/tikv.md 5.1 row 8)."""
    world = lived(30)
    node = world.stores[4]
    with world.ground.change():
        node.grpc_paused = True
    assert node.listening(20180)
    assert not node.listening(20160)
    later(world, 30)
    assert world.raft.leaders[4] == 0
    assert world.pd.stores.state_name(world.pd.stores.metas[4]) == "Up"


def test_cut_from_pd_only_keeps_its_leaders() -> None:
    """Age grows, Disconnected, leader_count unchanged, throughput unchanged (guides/tikv.md 2.3)."""
    world = lived(30)
    store = world.container("tikv1")
    for name in world.pd.members:
        store.netns.add(Rule("out", "drop", peer=world.container(name).address))
    cut = world.now
    later(world, 21)
    assert world.pd.stores.state_name(world.pd.stores.metas[4]) == "Disconnected"
    assert world.pd.stores.leader_counts[4] == 4
    assert min(n for t, n in intervals(world) if t > cut) > 2000
    store.netns.clear()
    later(world, 11)
    assert world.pd.stores.state_name(world.pd.stores.metas[4]) == "Up"


def test_transfer_goes_only_to_a_peer_that_follows() -> None:
    """A leader is not handed to a store that is down."""
    world = lived(5)
    world.pd.schedule.delay("all", 600)
    region = next(iter(world.raft.led_by(4)))
    outcome: list[bool] = []
    world.raft.transfer(region, 5, outcome.append)
    later(world, 1)
    assert (region.leader, outcome) == (5, [True])
    ended(world, world.calls.kill(world.container("tikv0")))
    world.raft.transfer(region, 1, outcome.append)
    later(world, 1)
    assert (region.leader, outcome) == (5, [True, False])
