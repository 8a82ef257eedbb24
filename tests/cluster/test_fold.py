"""The fold: pure, total, indifferent to the order PD lists its stores in."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.cluster import fold, replay
from console.model.cluster import Cluster, Workload
from console.model.observation import Answer, Observation, Reach
from console.observe.record import read
from tests.conftest import RECORDS


def obs(t: float, src: str, kind: str, data: Any) -> Observation:
    return Observation(t, src, kind, data)


def store(id_: int, name: str, beat: float, state: str = "Up", leaders: int = 4) -> dict[str, Any]:
    return {
        "id": id_,
        "addr": f"{name}:20160",
        "state": state,
        "last_heartbeat": int(beat * 1e9),
        "leaders": leaders,
        "regions": 12,
        "slow_score": 1,
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
kinds = st.sampled_from(
    [
        "stores",
        "members",
        "health",
        "leader",
        "etcd",
        "ping",
        "check/down-peer",
        "regions",
        "operators",
        "schedulers",
        "config/schedule",
        "status",
        "tcp",
        "metrics",
        "event",
        "containers",
        "stats/x_tikv0_1",
        "line",
        "suppressed",
        "tick",
        "source/docker",
        "check",
        "stats",
        "nonsense",
    ]
)
sources = st.sampled_from(["pd0", "tikv0", "docker", "ycsb", "console", "lab", "", "x"])


@settings(max_examples=400)
@given(st.lists(st.tuples(st.floats(0, 1000), sources, kinds, json_values), max_size=12))
def test_any_observation_folds(rows: list[tuple[float, str, str, Any]]) -> None:
    cluster = replay([obs(*row) for row in rows])
    assert cluster.t == max([0.0, *(t for t, src, *_ in rows if src != "lab")])


def test_what_the_injector_did_changes_nothing() -> None:
    before = replay([obs(1, "tikv0", "status", {"status": 200, "body": ""})])
    assert fold(before, obs(2, "lab", "inject", "docker kill x_tikv0_1")) is before


def test_pd_lists_stores_in_random_order() -> None:
    rows = [store(1, "tikv0", 100), store(4, "tikv1", 101), store(5, "tikv2", 102)]
    answers = []
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        answers.append(replay([obs(1, "pd0", "stores", {"status": 200, "body": list(rows)})]).stores)
    assert all(a == answers[0] for a in answers)


def test_store_is_joined_by_address() -> None:
    cluster = replay(
        [
            obs(1, "pd0", "stores", {"status": 200, "body": [store(4, "tikv1", 100)]}),
            obs(2, "tikv1", "status", {"status": 200, "body": "", "rtt_ms": 1.0}),
        ]
    )
    assert cluster.stores["tikv1"].pd is not None
    assert cluster.stores["tikv1"].pd.id == 4
    assert cluster.stores["tikv1"].status.reach is Reach.OK


def test_a_bad_row_spoils_nothing_else() -> None:
    body = [store(1, "tikv0", 100), {"id": "four"}, None, {"addr": 3}, store(5, "tikv2", 100)]
    assert set(replay([obs(1, "pd0", "stores", {"status": 200, "body": body})]).stores) == {"tikv0", "tikv2"}


@pytest.mark.parametrize(
    ("data", "reach"),
    [
        ({"status": 200, "body": ""}, Reach.OK),
        ({"status": 500, "body": "[PD:apiutil:ErrRedirect]redirect failed"}, Reach.ERROR),
        ({"error": "ConnectError", "msg": "All connection attempts failed"}, Reach.REFUSED),
        ({"error": "ConnectError", "msg": "[Errno 113] No route to host"}, Reach.UNREACHABLE),
        ({"error": "ConnectTimeout", "msg": ""}, Reach.UNREACHABLE),
        ({"error": "ReadTimeout", "msg": ""}, Reach.SILENT),
        ({"error": "RemoteProtocolError", "msg": "Server disconnected"}, Reach.RESET),
        ({"error": "BadAnswer", "msg": "x"}, Reach.UNKNOWN),
        ("text", Reach.UNKNOWN),
        ({}, Reach.UNKNOWN),
        (None, Reach.UNKNOWN),
    ],
)
def test_each_end_of_a_request_is_its_own(data: Any, reach: Reach) -> None:
    assert Answer.of(data).reach is reach


def test_a_silence_began_when_the_question_was_put() -> None:
    cluster = replay(
        [
            obs(10, "tikv0", "status", {"status": 200, "body": ""}),
            obs(12.4, "tikv0", "status", {"error": "ReadTimeout", "msg": ""}),
        ]
    )
    assert cluster.stores["tikv0"].status.down_since == pytest.approx(10.4)
    timed = replay([obs(12.4, "tikv0", "status", {"error": "ReadTimeout", "msg": "", "rtt_ms": 500})])
    assert timed.stores["tikv0"].status.down_since == pytest.approx(11.9)


def test_an_election_does_not_erase_the_leader() -> None:
    cluster = replay(
        [
            obs(1, "pd0", "members", {"status": 200, "body": {"leader": "pd0", "etcd_leader": "pd0", "n": 3}}),
            obs(2, "pd1", "members", {"status": 200, "body": {"leader": None, "etcd_leader": None, "n": 3}}),
            obs(3, "pd1", "members", {"status": 503, "body": "no leader"}),
        ]
    )
    assert cluster.leader == "pd0"
    assert cluster.leader_changed is None
    after = fold(cluster, obs(9, "pd1", "members", {"status": 200, "body": {"leader": "pd2", "n": 3}}))
    assert (after.leader, after.previous_leader, after.leader_changed) == ("pd2", "pd0", 9)


def test_a_resumed_leader_does_not_take_the_title_back() -> None:
    cluster = replay(
        [
            obs(1, "pd1", "leader", {"status": 200, "body": {"name": "pd2"}}),
            obs(1, "pd2", "leader", {"status": 200, "body": {"name": "pd2"}}),
            obs(2, "pd0", "leader", {"status": 200, "body": {"name": "pd0"}}),
        ]
    )
    assert cluster.leader == "pd2"


SUMMARY = (
    "TOTAL  - Takes(s): {takes}, Count: {count}, OPS: 1.0, Avg(us): {avg}, Min(us): 1, Max(us): 9, 50th(us): 1, "
    "90th(us): 1, 95th(us): 1, 99th(us): 77, 99.9th(us): 1, 99.99th(us): 1"
)


def line(t: float, takes: float, count: int, avg: int = 1000) -> Observation:
    return obs(t, "ycsb", "line", SUMMARY.format(takes=takes, count=count, avg=avg))


def test_throughput_is_of_the_last_interval() -> None:
    load = replay([line(1, 100.0, 100_000), line(2, 101.0, 100_300)]).workload
    assert [round(i.ops) for i in load.intervals] == [300]
    assert load.intervals[0].p99_us == 77


def test_the_same_count_is_zero_and_no_line_is_nothing() -> None:
    load = replay([line(1, 1.0, 500), line(2, 2.0, 500), line(3, 3.0, 500)]).workload
    assert [i.ops for i in load.intervals] == [0.0, 0.0]


def test_interval_latency_comes_from_the_differences() -> None:
    load = replay([line(1, 1.0, 1000, 1000), line(2, 2.0, 2000, 1500)]).workload
    assert load.intervals[0].mean_us == pytest.approx(2000)


def long_run(hours: float, ops: int, mean_us: float, then: Sequence[tuple[int, float]]) -> Workload:
    """A client that has run for hours, a minute of it seen, then intervals of one second as given (ops, mean)."""
    begun = 3600 * hours
    count, spent = int(begun * ops), begun * ops * mean_us
    lines, t = [], 0.0
    for n, mean in [*[(ops, mean_us)] * 60, *then]:
        count, spent, t = count + n, spent + n * mean, t + 1.0
        lines.append(line(t, begun + t, count, round(spent / count)))
    return replay(lines).workload


@pytest.mark.parametrize("hours", [0.2, 1, 7])
def test_a_long_run_keeps_its_latency(hours: float) -> None:
    """Avg is rounded to 1 us of the whole run: what one interval cannot tell, several can."""
    last = long_run(hours, 3000, 880.4, []).intervals[-1]
    assert last.mean_us == pytest.approx(880.4, abs=500)


def test_a_latency_that_rises_late_in_a_long_run_is_seen() -> None:
    load = long_run(1, 3000, 900, [(160, 50_000)] * 12)
    assert load.intervals[-1].mean_us == pytest.approx(50_000, rel=0.25)


def test_counters_that_go_back_are_a_new_run() -> None:
    load = replay([line(1, 9.0, 9000), line(2, 1.0, 100), line(3, 2.0, 200)]).workload
    assert load.run == 1
    assert [round(i.ops) for i in load.intervals] == [100]


def test_errors_are_of_the_interval() -> None:
    error = (
        "READ_ERROR - Takes(s): 0.4, Count: {n}, OPS: 4.5, Avg(us): 1, Min(us): 1, Max(us): 1, 50th(us): 1, 99th(us): 1"
    )
    load = replay(
        [
            obs(1, "ycsb", "line", error.format(n=2)), line(1, 1.0, 10),
            obs(2, "ycsb", "line", error.format(n=5)), line(2, 2.0, 20),
        ]
    ).workload  # fmt: skip
    assert load.intervals[-1].errors == 3


def test_client_log_names_the_store() -> None:
    text = (
        '[2026/11/20 12:35:39.747 +00:00] [INFO] [region_cache.go:2524] ["[health check] check health error"] '
        '[store=tikv2:20160] [error="... dial tcp 172.23.0.5:20160: connect: connection refused"]'
    )
    complaints = replay([obs(1, "ycsb", "line", text)]).workload.complaints
    assert set(complaints) == {("tikv2", "refused")}
    answered = text.replace("connect: connection refused", "code = Unimplemented unknown service grpc.health.v1.Health")
    assert not replay([obs(1, "ycsb", "line", text), obs(2, "ycsb", "line", answered)]).workload.complaints


def test_a_dying_container_leaving_its_network_is_no_cut() -> None:
    listed = [{"name": "p-tikv0-1", "state": "running", "networks": ["lab"], "id": "abcdef0123456789"}]

    def event(kind: str, action: str, **attributes: str) -> dict[str, Any]:
        return {"Type": kind, "Action": action, "Actor": {"Attributes": attributes}}

    gone = event("network", "disconnect", container="abcdef0123456789", name="lab")
    die = event("container", "die", name="p-tikv0-1", exitCode="137")
    seen = [obs(1, "docker", "containers", listed)]
    assert replay([*seen, obs(2, "docker", "event", gone)]).containers["tikv0"].networks == ()
    after = replay([*seen, obs(2, "docker", "event", die), obs(3, "docker", "event", gone)]).containers["tikv0"]
    assert (after.state, after.exit_code, after.networks) == ("exited", 137, ("lab",))


def test_statistics_become_rates() -> None:
    seen = [obs(0, "docker", "containers", [{"name": "p_tikv0_1", "state": "running", "networks": ["n"]}])]
    sample = {"cpu_total_ns": 10**9, "throttled_ns": 0, "mem": 5, "tx_bytes": 1000}
    later = {"cpu_total_ns": 2 * 10**9, "throttled_ns": 10**9, "mem": 6, "tx_bytes": 5000}
    kind = "stats/p_tikv0_1"
    stats = replay([*seen, obs(1, "docker", kind, sample), obs(3, "docker", kind, later)]).containers["tikv0"].stats
    assert stats is not None
    assert (stats.cpu_pct, stats.throttled_pct, stats.tx_rate) == (50.0, 50.0, 2000.0)


@pytest.mark.parametrize("name", sorted(p.name for p in RECORDS.glob("*.jsonl.gz")))
def test_recorded_flights_fold_to_a_whole_cluster(name: str) -> None:
    cluster = replay(read(RECORDS / name).observations, Cluster(sparse=True))
    assert set(cluster.stores) == {"tikv0", "tikv1", "tikv2"}
    assert set(cluster.members) == {"pd0", "pd1", "pd2"}
    assert len(cluster.workload.intervals) > 50
    ages = [cluster.t - s.pd.beat_at for s in cluster.stores.values() if s.pd and s.pd.beat_at is not None]
    assert all(-0.5 <= a <= 12 for a in ages), "a well cluster's heartbeats are young at the end of every flight"
