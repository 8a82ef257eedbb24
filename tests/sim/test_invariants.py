"""What must hold whatever is done to the cluster, and that the same doings give the same world."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.sim.physics.engine import EngineError
from console.sim.physics.netns import Rule
from console.sim.physics.spec import ClusterSpec
from console.sim.physics.world import World

from .worlds import intervals, later

SERVICES = ("pd0", "pd1", "pd2", "tikv0", "tikv1", "tikv2", "ycsb")
NET = "tikvlab_chaos"


def _drop(world: World, name: str) -> None:
    world.container(name).netns.add(Rule("in", "drop", comment="test"))


def _connect(world: World, name: str) -> None:
    world.nets.connect(world.network(NET), world.container(name), (name,))


DOINGS: dict[str, Callable[[World, str], object]] = {
    "kill": lambda w, s: w.calls.kill(w.container(s)),
    "stop": lambda w, s: w.calls.stop(w.container(s), grace=5),
    "start": lambda w, s: w.calls.start(w.container(s)),
    "restart": lambda w, s: w.calls.restart(w.container(s)),
    "pause": lambda w, s: w.calls.pause(w.container(s)),
    "unpause": lambda w, s: w.calls.unpause(w.container(s)),
    "cut": lambda w, s: w.nets.disconnect(w.network(NET), w.container(s)),
    "join": _connect,
    "drop": _drop,
    "undrop": lambda w, s: w.container(s).netns.clear(),
    "crash": lambda w, s: w.crash(w.container(s), 1),
    "quota": lambda w, s: w.calls.update(w.container(s), {"cpu_quota": 20_000}),
    "resign": lambda w, _s: w.pd.elections.hand_over(),
    "evict": lambda w, _s: w.pd.schedule.evict(4),
}
steps = st.lists(
    st.tuples(st.sampled_from(sorted(DOINGS)), st.sampled_from(SERVICES), st.floats(0.0, 15.0)), max_size=14
)


def live(world: World, doings: list[tuple[str, str, float]], check: Callable[[World], None] = lambda _: None) -> None:
    """Do all of it; what the engine refuses is refused."""
    for what, whom, wait in doings:
        with contextlib.suppress(EngineError):
            DOINGS[what](world, whom)
        later(world, wait)
        check(world)


def check(world: World) -> None:
    """Truths of every moment."""
    for region in world.raft.regions.values():
        assert region.leader == 0 or region.leader in region.peers
        assert not region.healthy or world.raft.commits(region, region.leader)
        assert region.healthy == (region.id not in world.raft.unhealthy)
        assert region.reported == 0 or region.reported in region.peers
    led = [r.leader for r in world.raft.regions.values() if r.leader]
    for store in world.stores:
        assert world.raft.leaders[store] == led.count(store)
        assert world.pd.stores.leader_counts[store] == sum(r.reported == store for r in world.raft.regions.values())
    for container in world.engine.containers.values():
        assert (container.pid > 0) == container.alive
        # a container about to start has its address already
        assert bool(container.address) == bool(container.endpoints) or not container.alive
        assert container.status in ("running", "paused", "exited", "restarting")
    leading = world.pd.leading
    assert leading is None or leading.container.awake
    assert 0 <= world.routes.blind <= 1.000001
    for _, count in intervals(world)[-3:]:
        assert count <= 40_000


def put_back(world: World) -> None:
    """Undo everything."""
    later(world, 8)
    world.pd.schedule.unevict(4)
    for name in SERVICES:
        container = world.container(name)
        container.netns.clear()
        for action in ("unpause", "join", "start"):
            with contextlib.suppress(EngineError):
                DOINGS[action](world, name)
            later(world, 0.5)
        world.calls.update(container, {"cpu_quota": -1})
    later(world, 1)


@settings(max_examples=60)
@given(steps, st.integers(0, 1000), st.sampled_from([None, 2000]))
def test_every_cluster_heals_when_all_is_put_back(
    doings: list[tuple[str, str, float]], seed: int, target: int | None
) -> None:
    """Truths hold all the time; two minutes after the last revert the cluster is as it was."""
    world = World(ClusterSpec(seed=seed, target=target))
    world.advance(20)
    live(world, doings, check)
    put_back(world)
    later(world, 150)
    check(world)
    assert not world.raft.unhealthy
    assert not world.routes.lost
    assert world.pd.leading is not None
    assert {world.pd.stores.state_name(m) for m in world.pd.stores.metas.values()} == {"Up"}
    assert sorted(world.raft.leaders[s] for s in world.stores) in ([4, 4, 4], [3, 4, 5])
    assert not world.pd.stores.check("pending-peer")
    assert min(n for _, n in intervals(world)[-5:]) > 500
    assert all(not t.region for t in (world.workload.threads.threads if world.workload.threads else []))


@settings(max_examples=15)
@given(steps, st.integers(0, 1000))
def test_same_seed_and_doings_same_world(doings: list[tuple[str, str, float]], seed: int) -> None:
    """Event for event and line for line, however often somebody looks in between."""

    def story(look: bool) -> list[str]:
        world = World(ClusterSpec(seed=seed))
        world.advance(10)
        live(world, doings, (lambda w: [w.settle() for _ in range(3)] and None) if look else lambda _: None)
        later(world, 20)
        events = [f"{e.at_ns} {e.kind} {e.action} {dict(e.attributes)}" for e in world.engine.bus.past()]
        # a look splits sums of floats: the last digit of a rate may differ, nothing else
        text = [re.sub(r"(OPS|Avg\(us\)|\d+th\(us\)): [\d.]+", "", x.text) for x in world.load.container.log]
        return events + text

    quiet = story(look=False)
    assert story(look=False) == quiet
    assert story(look=True) == quiet


def test_another_seed_is_another_story() -> None:
    """Noise, phases, ids."""
    a, b = World(ClusterSpec(seed=1)), World(ClusterSpec(seed=2))
    a.advance(60)
    b.advance(60)
    assert [n for _, n in intervals(a)] != [n for _, n in intervals(b)]
    assert a.pd.id != b.pd.id
    assert set(a.engine.containers) != set(b.engine.containers)


@pytest.mark.parametrize(
    ("bad", "named"),
    [({"members": 0}, "members"), ({"stores": 0}, "stores"), ({"regions": 0}, "regions"), ({"threads": 0}, "threads"),
     ({"target": -1}, "target"), ({"read_share": 2.0}, "read_share"), ({"noise": -1.0}, "noise"),
     ({"replicas": 0}, "replicas")],
)  # fmt: skip
def test_an_impossible_cluster_is_refused_by_name(bad: dict[str, float], named: str) -> None:
    """One clear reason."""
    with pytest.raises(ValueError, match=named):
        ClusterSpec(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(("members", "stores", "regions"), [(1, 1, 1), (5, 7, 40), (3, 60, 600)])
def test_other_sizes_live_too(members: int, stores: int, regions: int) -> None:
    """From one of each to many."""
    world = World(ClusterSpec(members=members, stores=stores, regions=regions))
    world.advance(40)
    check(world)
    assert {world.pd.stores.state_name(m) for m in world.pd.stores.metas.values()} == {"Up"}
    assert min(n for _, n in intervals(world)[5:]) > 1500
