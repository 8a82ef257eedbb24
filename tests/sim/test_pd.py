"""PD: its leader, what it knows of stores, what it does about them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.sim.physics.netns import Rule
from console.sim.physics.pd_config import ConfigError, PdConfig, duration_s, go_duration
from console.sim.physics.pd_stores import NodeState, StoreState
from console.sim.physics.world import World

from .worlds import ended, later, lived


def _leader(world: World) -> str:
    assert world.pd.elections.leader
    return world.pd.elections.leader


def _others(world: World) -> list[str]:
    return [n for n in world.pd.members if n != world.pd.elections.leader]


# -- elections -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "low", "high"), [("kill", 3.2, 3.7), ("pause", 3.6, 4.1)])
def test_etcd_elects_long_before_pd(call: str, low: float, high: float) -> None:
    """raftTerm +3.3 s (killed), +3.9 s (frozen); the PD leader some eight seconds later."""
    world = lived()
    old, term = _leader(world), world.pd.elections.term
    ended(world, getattr(world.calls, call)(world.container(old)))
    fault = world.now - 0.25
    while world.pd.elections.term == term:
        later(world, 0.05)
    assert low - 0.3 <= world.now - fault <= high + 0.3
    survivors = [world.pd.members[n] for n in world.pd.members if n != old]
    assert {m.leader for m in survivors} == {old}
    later(world, 10)
    assert {m.leader for m in survivors} == {_leader(world)} != {old}


def test_after_a_thaw_two_claim_to_lead_for_a_moment() -> None:
    """At most 0.2 s (guides/tikv.md 2.3)."""
    world = lived()
    old = world.pd.members[_leader(world)]
    ended(world, world.calls.pause(old.container))
    later(world, 20)
    assert _leader(world) != old.name
    ended(world, world.calls.unpause(old.container))
    later(world, 0.25)
    assert old.leader == _leader(world) != old.name


def test_a_short_pause_changes_nothing() -> None:
    """Two seconds: same leader, same term."""
    world = lived()
    old, term = _leader(world), world.pd.elections.term
    ended(world, world.calls.pause(world.container(old)))
    later(world, 2)
    ended(world, world.calls.unpause(world.container(old)))
    later(world, 15)
    assert (_leader(world), world.pd.elections.term) == (old, term)


def test_resign_and_transfer() -> None:
    """Half a second; a transfer goes where it was told; nobody to take it is refused."""
    world = lived()
    old = _leader(world)
    assert world.pd.elections.hand_over()
    assert world.pd.leading is None
    later(world, 0.7)
    assert _leader(world) != old
    assert world.pd.elections.hand_over(old)
    later(world, 0.7)
    assert _leader(world) == old
    for name in _others(world):
        ended(world, world.calls.kill(world.container(name)))
    assert not world.pd.elections.hand_over()


def test_without_quorum_there_is_no_leader_and_no_beat() -> None:
    """The survivor forgets its leader; stores turn Disconnected; all heals when one is back."""
    world = lived(30)
    survivor = world.pd.members[_leader(world)]
    for name in _others(world):
        world.calls.kill(world.container(name))
    later(world, 6)
    assert survivor.leader is None
    later(world, 25)
    assert world.pd.leading is None
    assert {world.pd.stores.state_name(m) for m in world.pd.stores.metas.values()} == {"Disconnected"}
    back = next(n for n in world.pd.members if not world.container(n).alive)
    ended(world, world.calls.start(world.container(back)))
    later(world, 20)
    assert world.pd.leading is not None
    assert {world.pd.stores.state_name(m) for m in world.pd.stores.metas.values()} == {"Up"}


def test_a_leader_cut_from_its_peers_steps_down_and_others_elect() -> None:
    """Port 2380 only: its /health stays green, two views of the leader (guides/tikv.md 5.2 row 37)."""
    world = lived(30)
    old = world.pd.members[_leader(world)]
    for name in _others(world):
        old.container.netns.add(Rule("in", "drop", peer=world.container(name).address, port=2380))
    later(world, 6)
    assert old.leader is None
    later(world, 8)
    assert _leader(world) != old.name
    old.container.netns.clear()
    later(world, 1)
    assert old.leader == _leader(world)


# -- stores ----------------------------------------------------------------------------------------------------------


def test_beats_come_every_ten_seconds_each_store_in_its_own_phase() -> None:
    """And the age never passes ten."""
    world = lived(60)
    beats: dict[int, set[float]] = {s: set() for s in world.stores}
    for _ in range(400):
        later(world, 0.1)
        for meta in world.pd.stores.metas.values():
            assert meta.last_beat is not None
            beats[meta.id].add(round(meta.last_beat, 2))
            assert world.pd.stores.age(meta) <= 10.01
    for times in beats.values():
        ordered = sorted(times)
        assert {round(b - a, 1) for a, b in itertools.pairwise(ordered)} == {10.0}
    assert len({round(min(t) % 10, 1) for t in beats.values()}) == 3


def test_a_small_down_time_makes_healthy_stores_blink() -> None:
    """max-store-down-time 5 s: Up and Down, never Disconnected (guides/tikv.md 5.3 row 44)."""
    world = lived(30)
    world.pd.config.edit({"schedule.max-store-down-time": "5s"})
    seen = set()
    for _ in range(100):
        later(world, 0.2)
        seen |= {world.pd.stores.state_name(m) for m in world.pd.stores.metas.values()}
    assert seen == {"Up", "Down"}


def test_a_dead_store_is_down_only_after_thirty_minutes() -> None:
    """And its peers are down peers after ten; nothing is missing with three stores."""
    world = lived(30)
    ended(world, world.calls.kill(world.container("tikv1")))
    later(world, 590)
    assert not world.pd.stores.check("down-peer")
    later(world, 30)
    assert len(world.pd.stores.check("down-peer") or []) == 12
    assert world.pd.stores.state_name(world.pd.stores.metas[4]) == "Disconnected"
    later(world, 1200)
    assert world.pd.stores.state_name(world.pd.stores.metas[4]) == "Down"
    assert not world.pd.stores.check("miss-peer")
    assert world.pd.repair.no_place > 0


# -- scheduling ------------------------------------------------------------------------------------------------------


def test_eviction_empties_a_store_in_seconds_and_its_removal_fills_it() -> None:
    """evict-leader-scheduler (guides/tikv.md 5.3 row 42)."""
    world = lived(30)
    world.pd.schedule.evict(4)
    later(world, 5)
    assert world.raft.leaders[4] == 0
    assert world.pd.schedule.unevict(4)
    assert "evict-leader-scheduler" not in world.pd.schedule.schedulers
    later(world, 15)
    assert world.raft.leaders[4] == 4


def test_leaders_come_back_to_a_returned_store() -> None:
    """balance-leader."""
    world = lived(30)
    ended(world, world.calls.kill(world.container("tikv1")))
    later(world, 40)
    ended(world, world.calls.start(world.container("tikv1")))
    later(world, 30)
    assert [world.raft.leaders[s] for s in world.stores] == [4, 4, 4]


@pytest.mark.parametrize("how", ["limit", "ttl", "pause", "halt"])
def test_scheduling_can_be_stopped(how: str) -> None:
    """By a limit of 0, for a time or for good, by a pause, by the halt switch."""
    world = lived(30)
    if how == "limit":
        world.pd.config.edit({"schedule.leader-schedule-limit": 0})
    elif how == "ttl":
        world.pd.config.edit_for({"schedule.leader-schedule-limit": 0}, 60, world.now)
        assert world.pd.config.parts["schedule"]["leader-schedule-limit"] == 4
    elif how == "pause":
        world.pd.schedule.delay("all", 60)
    else:
        world.pd.config.edit({"schedule.halt-scheduling": True})
    world.pd.schedule.evict(4)
    if how == "pause":
        world.pd.schedule.delay("evict-leader-scheduler", 60)
    later(world, 20)
    assert world.raft.leaders[4] == 4
    later(world, 60)
    assert world.raft.leaders[4] == (0 if how in ("ttl", "pause") else 4)


def test_a_slow_disk_is_scored_reported_and_evicted() -> None:
    """21 s of slowness to a score above 80; eviction at 100 of exactly one store (guides/tikv.md 2.5)."""
    world = lived(30)
    node = world.stores[4]
    node.set_disk(delay_s=0.4)
    later(world, 17)
    assert node.slow.value < 80
    later(world, 6)
    assert node.slow.value >= 80
    later(world, 15)
    assert world.pd.stores.metas[4].slow_score == 100
    assert world.raft.leaders[4] == 0
    node.set_disk(delay_s=0.0)
    later(world, 400)
    assert node.slow.value == 1


def test_four_stores_repair_a_lost_one() -> None:
    """Down peers and max-store-down-time both passed: every region has its three peers elsewhere."""
    world = lived(30, stores=4, regions=8)
    world.pd.config.edit({"schedule.max-store-down-time": "1m"})
    ended(world, world.calls.kill(world.container("tikv1")))
    later(world, 590)
    assert world.pd.stores.region_counts[4] > 0
    later(world, 120)
    assert world.pd.stores.region_counts[4] == 0
    assert all(len(r.peers) == 3 and 4 not in r.peers for r in world.raft.regions.values())


def test_a_store_can_be_taken_out() -> None:
    """Offline, then Tombstone when it has no region left."""
    world = lived(30, stores=4, regions=8)
    meta = world.pd.stores.metas[4]
    with world.ground.change():
        meta.state, meta.node_state = StoreState.OFFLINE, NodeState.REMOVING
    assert world.pd.stores.check("offline-peer")
    later(world, 60)
    assert meta.state is StoreState.TOMBSTONE
    assert world.pd.stores.state_name(meta) == "Tombstone"


# -- configuration ---------------------------------------------------------------------------------------------------


def test_configuration_takes_every_way_of_writing_and_keeps_types() -> None:
    """Dotted, bare, nested; switches are strings; durations as Go prints them."""
    config = PdConfig(3)
    config.edit({"schedule.max-store-down-time": "1m", "leader-schedule-limit": 8})
    config.edit({"schedule": {"enable-make-up-replica": False}, "replication.max-replicas": 5})
    part = config.parts["schedule"]
    assert (part["max-store-down-time"], part["leader-schedule-limit"]) == ("1m0s", 8)
    assert part["enable-make-up-replica"] == "false"
    assert config.down_after_s == 60
    assert config.parts["replication"]["max-replicas"] == 5


@pytest.mark.parametrize(
    "changes",
    [
        {"nonsense": 1},
        {"schedule.nonsense": 1},
        {"schedule": 3},
        {"schedule.leader-schedule-limit": "many"},
        {"schedule.max-store-down-time": "soon"},
        {"schedule.enable-make-up-replica": "perhaps"},
        {"schedule.leader-schedule-limit": 1, "other.thing": 2},
    ],
)
def test_bad_configuration_changes_nothing(changes: dict[str, object]) -> None:
    """All or nothing."""
    config = PdConfig(3)
    before = repr(config.parts)
    with pytest.raises(ConfigError):
        config.edit(changes)
    assert repr(config.parts) == before


def test_only_limits_may_be_set_for_a_time() -> None:
    """ttlSecond."""
    with pytest.raises(ConfigError, match="unsupported ttl config"):
        PdConfig(3).edit_for({"schedule.max-store-down-time": "1m"}, 10, 0)


@given(st.integers(0, 10**7))
def test_durations_survive_the_round_trip(seconds: int) -> None:
    """Go's text and back."""
    assert duration_s(go_duration(seconds)) == seconds
