"""The load generator: what it prints, how it collapses, how it comes back."""

from __future__ import annotations

import re
import statistics

import pytest

from console.sim.physics.histogram import Histogram, hdr_high
from console.sim.physics.keys import boundaries, key_of
from console.sim.physics.netns import Rule
from console.sim.physics.ycsb_text import summary

from .worlds import ended, intervals, later, lived, ops_between, p99, said

LINE = re.compile(
    r"^(READ|UPDATE|TOTAL|READ_ERROR|UPDATE_ERROR)\s*- Takes\(s\): \d+\.\d, Count: \d+, OPS: \d+\.\d, Avg\(us\): \d+, "
    r"Min\(us\): \d+, Max\(us\): \d+, 50th\(us\): \d+, 90th\(us\): \d+, 95th\(us\): \d+, 99th\(us\): \d+, "
    r"99\.9th\(us\): \d+, 99\.99th\(us\): \d+$"
)


# -- text ------------------------------------------------------------------------------------------------------------


def test_lines_are_those_of_go_ycsb() -> None:
    """Header, properties, then one cumulative line an operation, sorted, each second."""
    world = lived(20.5, target=3000)
    text = said(world, "ycsb")
    assert text[0].startswith("Using request distribution 'uniform' a keyrange of [0 20000]")
    assert "***************** properties *****************" in text
    assert '"target"="3000"' in text
    results = text[text.index("**********************************************") + 1 :]
    assert len(results) == 60
    assert all(LINE.match(line) for line in results), results
    assert [line.split()[0] for line in results[:3]] == ["READ", "TOTAL", "UPDATE"]
    assert results[0].startswith("READ   - Takes(s): 1.0, Count: 1")


def test_columns_are_cumulative_for_ever() -> None:
    """Counts only grow, Max never falls, OPS sinks slowly in a standstill (guides/tikv.md 0.1)."""
    world = lived(60)
    ended(world, world.calls.pause(world.container("tikv1")))
    later(world, 12)
    totals = [re.findall(r"[\d.]+", x) for x in said(world, "ycsb") if x.startswith("TOTAL")]
    counts = [int(t[1]) for t in totals]
    assert counts == sorted(counts)
    assert counts[-1] == counts[-5]
    rates = [float(t[2]) for t in totals[-9:]]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 2000


def test_keys_cluster_as_the_guide_says() -> None:
    """FNV-1a hardly moves the top digits: records 0..999 are all user628... (guides/tikv.md 0.3)."""
    assert all(key_of(i).startswith("usertable:user628") for i in range(1000))
    cuts = boundaries(20_000, 12)
    assert len(cuts) == 11
    assert cuts == sorted(set(cuts))
    assert all(c.startswith(b"usertable:user6") for c in cuts)
    assert len(boundaries(10, 400)) == 399
    assert boundaries(100, 1) == []


@pytest.mark.parametrize(
    ("us", "seen"), [(1726, 1726), (2205, 2205), (3718, 3719), (86600, 86655), (30031000, 30031871)]
)
def test_percentiles_are_hdr_steps(us: int, seen: int) -> None:
    """Values of the recordings are reachable: 86655, 3719, 30031871."""
    assert hdr_high(us) == seen


def test_histogram_gives_back_what_it_was_given() -> None:
    """Median, mean and tails of a log-normal; single values; merged counts."""
    from random import Random

    histogram = Histogram()
    histogram.add(1_000_000, 700, 0.75, Random(1))
    p50, p90, p99_, p999 = histogram.percentiles([50, 90, 99, 99.9])
    assert p50 == pytest.approx(700, rel=0.03)
    assert p90 == pytest.approx(700 * 2.615, rel=0.04)
    assert p99_ == pytest.approx(700 * 5.73, rel=0.05)
    assert p50 < p90 < p99_ < p999 <= histogram.largest * 1.001
    assert histogram.total_us / histogram.count == pytest.approx(700 * 1.325, rel=0.02)
    histogram.add_one(40_000_000)
    assert hdr_high(histogram.largest) >= 40_000_000
    assert histogram.percentiles([100])[0] >= 39_000_000
    both = histogram.merged(histogram)
    assert both.count == 2 * histogram.count
    assert LINE.match(summary("TOTAL", 12.3, histogram))


# -- steady state ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_is_that_of_the_recordings(seed: int) -> None:
    """Coefficient of variation of the 1 s counts: 15-27 % at full speed, 1-6 % with a target (guides/tikv.md 7.6)."""
    full = [n for _, n in intervals(lived(400, seed=seed, target=None))]
    aimed = [n for _, n in intervals(lived(400, seed=seed, target=300))]
    assert 0.14 <= statistics.pstdev(full) / statistics.mean(full) <= 0.27
    assert 6000 <= statistics.mean(full) <= 11000
    assert 0.005 <= statistics.pstdev(aimed) / statistics.mean(aimed) <= 0.06
    assert statistics.mean(aimed) == pytest.approx(300, abs=1)


def test_without_noise_every_second_is_the_same() -> None:
    """noise=0."""
    counts = [n for _, n in intervals(lived(60, noise=0.0))]
    assert max(counts) - min(counts) <= 20  # an interval is late by up to 3 ms


def test_more_threads_do_not_make_a_faster_cluster() -> None:
    """Overload: throughput flat, latency in proportion (guides/tikv.md 5.4 row 49)."""
    calm, hot = lived(60, target=None, threads=8, noise=0.0), lived(60, target=None, threads=400, noise=0.0)
    a, b = ops_between(calm, 20, 60), ops_between(hot, 20, 60)
    assert a < b < 1.7 * a
    assert p99(hot) > 15 * p99(calm)


# -- faults ----------------------------------------------------------------------------------------------------------


def test_one_dead_store_of_three_stops_everything() -> None:
    """A closed loop: all threads end up waiting on the dead third (guides/tikv.md 0.2)."""
    world = lived(30)
    ended(world, world.calls.kill(world.container("tikv1")))
    fault = world.now
    later(world, 30)
    assert ops_between(world, fault + 2, fault + 8) == 0


def test_the_backlog_is_repaid_after_a_standstill() -> None:
    """With a target it overshoots until the schedule is met again (guides/tikv.md 0.2)."""
    world = lived(30, target=2000)
    began = sum(n for _, n in intervals(world))
    ended(world, world.calls.kill(world.container("tikv1")))
    later(world, 70)
    counts = [n for _, n in intervals(world)]
    assert max(counts) > 4000
    assert counts[-5:] == pytest.approx([2000] * 5, rel=0.2)
    assert sum(counts) - began == pytest.approx(2000 * 70.4, rel=0.02)


def test_a_store_that_only_follows_is_not_missed() -> None:
    """One region, one leader: killing another store shows nothing (guides/tikv.md 0.3)."""
    world = lived(30, regions=1)
    fault = world.now
    ended(world, world.calls.kill(world.container("tikv2")))
    later(world, 20)
    assert min(n for t, n in intervals(world) if t > fault) > 2000


def test_errors_come_after_forty_seconds_and_updates_pretend() -> None:
    """First READ_ERROR at +40.3..41 s; updates that waited as long count as done (guides/tikv.md 0.4, 4.4)."""
    world = lived(30)
    fault = world.now
    for name in ("tikv0", "tikv2"):
        world.calls.kill(world.container(name))
    later(world, 60)
    errors = [line for line in world.load.container.log if line.text.startswith("READ_ERROR")]
    assert errors
    first = errors[0].at_ns / 1e9 - world.spec.epoch - fault
    assert 40.3 <= first <= 42.3
    assert "Takes(s): 0." in errors[0].text
    text = said(world, "ycsb", fault)
    assert any("maxSleep 40000ms is exceeded" in x and "region ID" in x for x in text)
    assert any(x.startswith("operation err:") for x in text)
    maximum = [int(m[1]) for x in text if x.startswith("UPDATE") and (m := re.search(r"Max\(us\): (\d+)", x))]
    assert maximum[-1] > 40_000_000


def test_the_client_names_a_refused_store_at_once_and_a_silent_one_after_fourteen_seconds() -> None:
    """And says when it is back (guides/tikv.md 0.5)."""
    world = lived(30)
    fault = world.now
    ended(world, world.calls.kill(world.container("tikv1")))
    later(world, 10)
    text = said(world, "ycsb", fault)
    assert any("check health error" in x and "[store=tikv1:20160]" in x and "connection refused" in x for x in text)
    assert any("need be refill" in x and "connection reset by peer" in x for x in text)
    assert any("no such host" in x for x in text)
    ended(world, world.calls.start(world.container("tikv1")))
    later(world, 6)
    assert any('store became reachable"] [storeID=4]' in x for x in said(world, "ycsb", fault))
    fault = world.now
    ended(world, world.calls.pause(world.container("tikv2")))
    world.advance(fault + 13.9)
    assert not [x for x in said(world, "ycsb", fault) if "tikv2" in x]
    later(world, 1.5)
    text = [x for x in said(world, "ycsb", fault) if "tikv2" in x]
    assert any("DeadlineExceeded" in x for x in text)
    assert any("keepalive ping failed" in x for x in text)


def test_a_paused_client_says_nothing_and_then_catches_up() -> None:
    """No line is not a line with nothing new (guides/tikv.md 5.4 row 50)."""
    world = lived(30, target=1000)
    client = world.container("ycsb")
    ended(world, world.calls.pause(client))
    fault = world.now
    later(world, 20)
    assert not said(world, "ycsb", fault + 0.1)
    ended(world, world.calls.unpause(client))
    later(world, 1.5)
    assert said(world, "ycsb", fault + 19)
    later(world, 20)
    assert ops_between(world, world.now - 5, world.now) == pytest.approx(1000, rel=0.2)


def test_a_restarted_client_counts_from_zero() -> None:
    """And prints its properties again; without PD it only complains."""
    world = lived(30)
    ended(world, world.calls.stop(world.container("ycsb")))
    text = said(world, "ycsb")
    assert any(x.startswith("Got signal [terminated]") for x in text)
    assert any(x.startswith("Run finished, takes 30.") for x in text)
    assert world.container("ycsb").exit_code == 0
    for name in world.pd.members:
        world.calls.kill(world.container(name))
    later(world, 2)
    restarted = world.now
    ended(world, world.calls.start(world.container("ycsb")))
    later(world, 5)
    assert any("failed to get cluster id" in x for x in said(world, "ycsb", restarted))
    for name in world.pd.members:
        world.calls.start(world.container(name))
    later(world, 20)
    totals = [x for x in said(world, "ycsb", restarted) if x.startswith("TOTAL")]
    assert float(re.findall(r"Takes\(s\): ([\d.]+)", totals[-1])[0]) < 20


def test_a_starved_store_throttles_the_load_as_recorded() -> None:
    """10 % of one core under the store that leads everything: 7,700 to 2,850 ops/s (recordings/cpu_quota_leader)."""
    world = lived(30, target=None, noise=0.0, regions=1)
    before = ops_between(world, 10, 30)
    store = world.container("tikv0")
    ended(world, world.calls.update(store, {"cpu_quota": 10_000, "cpu_period": 100_000}))
    later(world, 30)
    during = ops_between(world, world.now - 20, world.now)
    assert 0.63 * 0.75 <= 1 - during / before <= 0.8
    assert during == pytest.approx(2850, rel=0.25)
    meters = world.usages[store.id].meters
    assert meters["throttled"].rate == pytest.approx(10, abs=0.1)
    ended(world, world.calls.update(store, {"cpu_quota": -1}))
    later(world, 10)
    assert ops_between(world, world.now - 5, world.now) == pytest.approx(before, rel=0.05)
    assert meters["throttled"].rate == 0


@pytest.mark.parametrize(
    ("rule", "low", "high"),
    [
        (Rule("in", "drop", probability=0.3), 0.01, 0.06),  # guides/tikv.md 4.4: -98 %
        (Rule("out", "limit", rate=125_000), 0.2, 0.6),  # 1 Mbit/s: -50 %
        (Rule("out", "delay", delay_s=0.01), 0.03, 0.2),
        (Rule("in", "drop", probability=0.01), 0.3, 0.9),
    ],
)
def test_a_bad_network_slows_the_leader_as_measured(rule: Rule, low: float, high: float) -> None:
    """Loss, bandwidth, latency on the store that leads everything; nothing is down."""
    world = lived(30, target=None, noise=0.0, regions=1)
    before = ops_between(world, 10, 30)
    world.container("tikv0").netns.add(rule)
    later(world, 20)
    assert low <= ops_between(world, world.now - 10, world.now) / before <= high
    assert not world.raft.unhealthy
    assert world.pd.stores.state_name(world.pd.stores.metas[1]) == "Up"


def test_a_hot_key_is_one_region_and_one_store() -> None:
    """Weights are the request distribution."""
    world = lived(30, target=None, noise=0.0)
    hot = next(iter(world.raft.led_by(4)))
    for region in world.raft.regions.values():
        region.weight = 0.9 if region is hot else 0.1 / 11
    world.routes.weigh()
    later(world, 5)
    served = world.workload.served
    assert served[4] > 0.9 * sum(served.values())


def test_a_foreign_load_takes_its_share_and_leaves() -> None:
    """Overload by a second go-ycsb: everybody slower, nothing down; a hot key shows on one store."""
    world = lived(30, noise=0.0)
    image = world.engine.image("pingcap/go-ycsb")

    def guest(*arguments: str) -> object:
        container = world.create("guest", image, {}, type(world.container("tikv0").limits)())
        container.command = ("run", "tikv", *arguments)
        ended(world, world.calls.start(container))
        return container

    loud = guest("-p", "threadcount=128")
    later(world, 10)
    assert ops_between(world, world.now - 5, world.now) < 1500
    assert p99(world) > 0
    ended(world, world.calls.stop(loud))  # type: ignore[arg-type]
    assert loud.exit_code == 0  # type: ignore[attr-defined]
    later(world, 30)
    assert ops_between(world, world.now - 3, world.now) == pytest.approx(3000, rel=0.05)
    world.engine.remove(loud)  # type: ignore[arg-type]
    guest("--threads", "8", "--target", "4000", "-p", "recordcount=1")
    later(world, 5)
    served = world.workload.served
    assert max(served.values()) > 3 * min(served.values())
