"""CPU, memory, disk: counters and what happens at the limits."""

from __future__ import annotations

from .worlds import actions, ended, heard, intervals, later, lived, ops_between

MIB = 1 << 20


def test_counters_grow_at_the_rate_of_the_work() -> None:
    """And start anew with the process."""
    world = lived(30, noise=0.0)
    store = world.container("tikv1")
    cpu = world.usages[store.id].meters["cpu"]
    before = cpu.value(world.now)
    later(world, 10)
    world.settle()
    busy = (cpu.value(world.now) - before) / 10
    assert 0.05 < busy < 0.12
    ended(world, world.calls.restart(store))
    assert cpu.value(world.now) < 0.1
    ended(world, world.calls.pause(store))
    stopped = cpu.value(world.now)
    later(world, 5)
    world.settle()
    assert cpu.value(world.now) == stopped


def test_memory_below_what_is_used_is_an_oom_kill() -> None:
    """oom, die 137, OOMKilled."""
    world = lived(60)
    store, events = world.container("tikv1"), heard(world)
    assert world.usages[store.id].memory() > 250 * MIB
    ended(world, world.calls.update(store, {"memory": 200 * MIB, "memory_swap": 200 * MIB}))
    later(world, 3)
    assert actions(events)[:3] == ["container update", "container oom", "container die 137"]
    assert (store.status, store.oom_killed, store.exit_code) == ("exited", True, 137)


def test_memory_that_is_reached_later_kills_later() -> None:
    """Under a restart policy it loops (guides/tikv.md 5.1 row 4)."""
    world = lived(10)
    store = world.container("tikv1")
    ended(world, world.calls.update(store, {"memory": 330 * MIB, "memory_swap": 330 * MIB, "restart_policy": "always"}))
    later(world, 5)
    assert store.status == "running"
    later(world, 200)
    assert store.restart_count >= 1


def test_enough_memory_is_never_touched() -> None:
    """The default limit."""
    world = lived(1000)
    assert all(c.status == "running" for c in world.engine.containers.values())
    assert 400 * MIB < world.usages[world.container("tikv0").id].memory() < 700 * MIB


def test_a_full_disk_stops_writes_within_a_minute_and_spares_reads() -> None:
    """AlmostFull refuses writes; the closed loop stands still; freeing it brings it back (guides/tikv.md 3.4)."""
    world = lived(30)
    node = world.stores[4]
    node.set_disk(filler=node.disk.available - (1 << 30))
    later(world, 61)
    assert node.disk.full
    fault = world.now
    later(world, 5)
    assert ops_between(world, fault + 2, world.now) < 100
    assert world.raft.leaders[4] == 4
    node.set_disk(filler=0)
    later(world, 75)
    assert ops_between(world, world.now - 5, world.now) > 2000
    assert any("disk usage Normal->AlmostFull" in x.text for x in node.container.log)


def test_a_slow_disk_slows_writes_of_its_leaders_only_a_little_cluster_stays_up() -> None:
    """Row 23: append grows, heartbeats continue."""
    world = lived(30, target=None, noise=0.0)
    before = ops_between(world, 10, 30)
    world.stores[4].set_disk(delay_s=0.05)
    later(world, 10)
    during = ops_between(world, world.now - 5, world.now)
    assert during < 0.3 * before
    assert world.stores[4].numbers.append.sum / world.stores[4].numbers.append.total > 0.002
    assert all(world.pd.stores.state_name(m) == "Up" for m in world.pd.stores.metas.values())


def test_read_only_load_does_not_mind_a_full_disk() -> None:
    """No write, no wait."""
    world = lived(30, read_share=1.0)
    node = world.stores[4]
    node.set_disk(filler=node.disk.available)
    later(world, 70)
    assert min(n for t, n in intervals(world) if t > 95) > 2000


def test_fallocate_in_the_container_fills_its_disk() -> None:
    """And rm gives it back; more than there is fails."""
    world = lived(5)
    node = world.stores[4]
    free = node.disk.available
    one = world.execs.create(node.container, ("fallocate", "-l", "10G", "/data/fill"), True, True, False)
    assert ended(world, world.execs.start(one, lambda _s, _t: None)) < 1
    assert node.disk.available == free - (10 << 30)
    two = world.execs.create(node.container, ("fallocate", "-l", "1T", "/data/more"), True, True, False)
    said: list[str] = []
    op = world.execs.start(two, lambda _s, t: said.append(t))
    ended(world, op)
    assert op.value == 1
    assert "No space left" in said[0]
    three = world.execs.create(node.container, ("rm", "-f", "/data/fill"), True, True, False)
    ended(world, world.execs.start(three, lambda _s, _t: None))
    assert node.disk.available == free
