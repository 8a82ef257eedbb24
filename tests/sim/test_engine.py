"""The engine's calls: states, exit codes, and the order of events measured on a real engine 20.10.24."""

from __future__ import annotations

import pytest

from console.sim.physics.engine import EngineError
from console.sim.physics.engine_calls import signal_number

from .worlds import actions, ended, heard, later, lived


def test_kill_is_kill_die_and_leaving_the_network() -> None:
    """Exit code 137, no restart, name and address gone."""
    world = lived()
    events, store = heard(world), world.container("tikv1")
    ended(world, world.calls.kill(store))
    assert actions(events) == ["container kill 9", "container die 137", "network disconnect"]
    assert (store.status, store.exit_code, store.pid, store.oom_killed) == ("exited", 137, 0, False)
    assert store.address == ""
    assert world.fabric.resolve(world.container("pd0"), "tikv1") is None


def test_stop_waits_for_the_leaders_and_ends_with_zero() -> None:
    """SIGTERM, die 0, network, stop; no SIGKILL."""
    world = lived()
    events = heard(world)
    ended(world, world.calls.stop(world.container("tikv1")))
    assert actions(events) == ["container kill 15", "container die 0", "network disconnect", "container stop"]


def test_stop_loses_patience() -> None:
    """A process that ignores SIGTERM is killed when the grace is over."""
    world = lived()
    node = world.stores[4]
    world.pd.schedule.delay("evict-stopping-store-scheduler", 600)  # its leaders stay, and so does it
    events = heard(world)
    took = ended(world, world.calls.stop(node.container, grace=3))
    assert actions(events) == [
        "container kill 15",
        "container kill 9",
        "container die 137",
        "network disconnect",
        "container stop",
    ]
    assert 3.0 < took < 4.0


def test_restart_is_stop_and_start_and_says_so() -> None:
    """Network left and joined again between."""
    world = lived()
    events, store = heard(world), world.container("tikv1")
    before = store.started_at
    ended(world, world.calls.restart(store))
    assert actions(events) == [
        "container kill 15",
        "container die 0",
        "network disconnect",
        "container stop",
        "network connect",
        "container start",
        "container restart",
    ]
    assert store.started_at is not None
    assert before is not None
    assert store.started_at > before


def test_restart_of_a_stopped_container_only_starts_it() -> None:
    """As the real engine: connect, start, restart."""
    world = lived()
    store = world.container("tikv1")
    ended(world, world.calls.stop(store))
    events = heard(world)
    ended(world, world.calls.restart(store))
    assert actions(events) == ["network connect", "container start", "container restart"]


def test_pause_and_unpause() -> None:
    """One event each; refused where it makes no sense, with the real codes (unpause: 500)."""
    world = lived()
    store, events = world.container("tikv1"), heard(world)
    ended(world, world.calls.pause(store))
    assert store.status == "paused"
    with pytest.raises(EngineError, match="already paused") as refused:
        world.calls.pause(store)
    assert refused.value.status == 409
    ended(world, world.calls.unpause(store))
    with pytest.raises(EngineError, match="is not paused") as refused:
        world.calls.unpause(store)
    assert refused.value.status == 500
    assert actions(events) == ["container pause", "container unpause"]


def test_a_paused_container_is_thawed_to_be_stopped_but_not_to_be_killed() -> None:
    """kill, unpause, die on stop; kill, die on kill."""
    world = lived()
    store = world.container("tikv1")
    ended(world, world.calls.pause(store))
    events = heard(world)
    ended(world, world.calls.stop(store))
    assert actions(events)[:3] == ["container kill 15", "container unpause", "container die 0"]
    ended(world, world.calls.start(store))
    later(world, 5)
    ended(world, world.calls.pause(store))
    events = heard(world)
    ended(world, world.calls.kill(store))
    assert actions(events) == ["container kill 9", "container die 137", "network disconnect"]


def test_a_disconnect_of_a_running_container_is_told_twice() -> None:
    """And a connect without aliases leaves the service without its name."""
    world = lived()
    network, store = world.network("tikvlab_chaos"), world.container("tikv1")
    address, events = store.address, heard(world)
    ended(world, world.nets.disconnect(network, store))
    assert actions(events) == ["network disconnect"] * 2
    with pytest.raises(EngineError, match="is not connected to network"):
        world.nets.disconnect(network, store)
    ended(world, world.nets.connect(network, store))
    assert store.address == address
    asker = world.container("pd0")
    assert world.fabric.resolve(asker, "tikv1") is None
    assert world.fabric.resolve(asker, store.name) is store
    with pytest.raises(EngineError, match="already exists in network") as refused:
        world.nets.connect(network, store)
    assert refused.value.status == 403


def test_a_network_left_while_stopped_is_left_quietly() -> None:
    """One event; a start without a network has none to tell of."""
    world = lived()
    network, store = world.network("tikvlab_chaos"), world.container("tikv1")
    ended(world, world.calls.kill(store))
    events = heard(world)
    ended(world, world.nets.disconnect(network, store))
    ended(world, world.calls.start(store))
    assert actions(events) == ["network disconnect", "container start"]


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"memory": 5 << 20}, 400, "Minimum memory limit allowed is 6MB"),
        ({"memory": 300 << 20, "memory_swap": 200 << 20}, 400, "Minimum memoryswap limit"),
        ({"memory": 8 << 30}, 409, "update the memoryswap at the same time"),
        ({"cpu_quota": 500}, 400, "CPU cfs quota can not be less than 1ms"),
        ({"nano_cpus": 99_000_000_000}, 400, "Range of CPUs is from 0.01"),
        ({"nano_cpus": 500_000_000, "cpu_quota": 50_000}, 400, "cannot both be set"),
        ({"restart_policy": "sometimes"}, 400, "invalid restart policy"),
    ],
)
def test_limits_are_checked_as_the_real_engine_does(changes: dict[str, int | str], status: int, text: str) -> None:
    """Words and codes."""
    world = lived(1)
    with pytest.raises(EngineError, match=text) as refused:
        world.calls.update(world.container("tikv0"), changes)
    assert refused.value.status == status


def test_a_quota_is_refused_where_cpus_are_set() -> None:
    """Compose `cpus:` is NanoCpus, and the engine will not have a quota beside it."""
    world = lived(1, store_cores=1.5)
    with pytest.raises(EngineError, match="NanoCPUs has already been set") as refused:
        world.calls.update(world.container("tikv0"), {"cpu_quota": 10_000})
    assert refused.value.status == 409


def test_restart_policy_brings_a_crashed_process_back_with_growing_waits() -> None:
    """Not one that was killed by hand."""
    world = lived()
    store = world.container("tikv1")
    ended(world, world.calls.update(store, {"restart_policy": "always"}))
    world.crash(store)
    assert store.status == "exited"
    later(world, 2)
    assert (store.status, store.restart_count) == ("running", 1)
    ended(world, world.calls.kill(store))
    later(world, 30)
    assert store.status == "exited"


def test_on_failure_gives_up_after_its_tries() -> None:
    """RestartCount stays at the maximum."""
    world = lived()
    store = world.container("tikv1")
    ended(world, world.calls.update(store, {"restart_policy": "on-failure", "restart_max": 2}))
    for _ in range(4):
        if store.alive:
            world.crash(store, code=1)
        later(world, 3)
    assert (store.status, store.restart_count, store.exit_code) == ("exited", 2, 1)


def test_names_ids_and_prefixes_find_a_container() -> None:
    """And what does not exist is 404 in the engine's words."""
    world = lived(1)
    store = world.container("tikv1")
    assert world.engine.container(store.id) is store
    assert world.engine.container(store.id[:12]) is store
    assert world.engine.container(f"/{store.name}") is store
    with pytest.raises(EngineError, match="No such container: nobody") as refused:
        world.engine.container("nobody")
    assert refused.value.status == 404


def test_signals_are_read_as_the_engine_reads_them() -> None:
    """Numbers, names with and without SIG."""
    assert [signal_number(x) for x in ("", "9", "KILL", "SIGTERM", "usr1")] == [9, 9, 9, 15, 10]
    with pytest.raises(EngineError, match="Invalid signal: FOO"):
        signal_number("FOO")
