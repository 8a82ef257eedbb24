"""The simulated observer against the contract: kinds, fields, cadence, order, and what it must not disturb."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

from console.cluster import replay
from console.detect import data_plane
from console.evaluate.observer import SimObserver, Style
from console.model.observation import Answer, Observation, Reach
from console.sim.physics.spec import ClusterSpec
from console.sim.physics.world import World


def watched(seconds: float, style: Style = "session", **spec: Any) -> tuple[World, SimObserver, list[Observation]]:
    world = World(ClusterSpec(**spec))
    world.advance(20)
    seen: list[Observation] = []
    observer = SimObserver(world, seen.append, style=style)
    world.advance(world.now + seconds)
    return world, observer, seen


def kinds(seen: list[Observation]) -> Counter[str]:
    return Counter(o.kind.split("/")[0] for o in seen)


def test_a_session_sees_every_kind_at_the_sources_cadence() -> None:
    _, _, seen = watched(20)
    count = kinds(seen)
    assert count["ping"] == count["status"]
    assert 74 * 3 <= count["status"] <= 80 * 3
    assert 9 * 3 <= count["stores"] <= 10 * 3
    assert {"leader", "etcd", "members", "health", "check", "regions", "operators", "schedulers", "config"} <= set(
        count
    )
    assert {"metrics", "containers", "stats", "line", "tick", "source"} <= set(count)


def test_time_never_goes_back_and_everything_folds() -> None:
    _, _, seen = watched(12)
    assert all(a.t <= b.t for a, b in pairwise(seen))
    cluster = replay(seen)
    assert set(cluster.stores) == {"tikv0", "tikv1", "tikv2"}
    assert cluster.leader in cluster.members
    assert all(s.pd is not None and s.pd.state == "Up" and s.metrics is not None for s in cluster.stores.values())
    assert len(cluster.workload.intervals) > 8


def test_the_recorder_writes_fewer_kinds_no_round_trips_and_nothing_twice() -> None:
    _, _, seen = watched(20, "recorder")
    assert not {"ping", "tick", "source", "metrics", "tcp", "leader"} & set(kinds(seen))
    last: dict[tuple[str, str], Any] = {}
    for o in seen:
        if o.kind != "line" and not o.kind.startswith("stats/"):
            assert last.get((o.src, o.kind)) != o.data
            last[(o.src, o.kind)] = o.data
        assert not (isinstance(o.data, dict) and "rtt_ms" in o.data)


def test_looking_does_not_change_the_world() -> None:
    world, _, _ = watched(30, seed=5)
    alone = World(ClusterSpec(seed=5))
    alone.advance(20)
    alone.advance(alone.now + 30)
    assert [x.text for x in world.load.container.log] == [x.text for x in alone.load.container.log]
    assert world.raft.leaders == alone.raft.leaders


def test_the_same_seed_is_the_same_flight() -> None:
    assert watched(10, seed=7)[2] == watched(10, seed=7)[2]


def reaches(seen: list[Observation], src: str, kind: str, since: float) -> set[Reach]:
    return {Answer.of(o.data).reach for o in seen if (o.src, o.kind) == (src, kind) and o.t > since}


def test_each_death_shows_as_a_socket_would_show_it() -> None:
    world, observer, seen = watched(8)
    world.calls.kill(world.container("tikv0"))
    world.calls.pause(world.container("tikv1"))
    world.nets.disconnect(world.network(f"{world.spec.project}_chaos"), world.container("tikv2"))
    since = observer.t + 1.0
    world.advance(world.now + 4)
    assert reaches(seen, "tikv0", "status", since) == {Reach.REFUSED}
    assert reaches(seen, "tikv1", "status", since) == {Reach.SILENT}
    assert reaches(seen, "tikv2", "status", since) == {Reach.REFUSED}, "the published port goes with the network"
    closed = {o.src for o in seen if o.kind == "tcp"}
    assert closed == {"tikv0", "tikv2"}


def test_an_observer_that_stands_still_takes_in_everything_late() -> None:
    world, observer, seen = watched(5)
    observer.stalls.force(observer.t, 3.0)
    began = observer.t
    world.advance(world.now + 4)
    during = [o for o in seen if began < o.t < began + 3.0]
    assert during == []
    lags = [o.data["lag_ms"] for o in seen if o.kind == "tick" and o.t >= began + 3.0]
    assert max(lags) > 2000


def test_the_data_plane_keeps_only_what_it_may() -> None:
    _, _, seen = watched(6)
    kept = [k for o in seen if (k := data_plane(o)) is not None and k.src == "docker"]
    assert kept
    assert all(o.kind in ("event", "containers") for o in kept)
