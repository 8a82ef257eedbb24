"""What flights of an assembled cluster taught (docs/evaluation.md), each lesson as a short sparse stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from console.diagnose.watch import Judged, Watch
from console.model.observation import Observation
from tests.detect.builders import MEMBERS, STORES, Stream, event

GONE = {"error": "ConnectError", "msg": "Connection refused"}
HUNG = {"error": "ReadTimeout", "msg": ""}
REDIRECT = {"status": 500, "body": "[PD:apiutil:ErrRedirect]redirect failed\n"}
CLOSING = {"status": 500, "body": "[PD:server:ErrServerNotStarted]server not started\n"}


class Recorder:
    """Feeds a watch as a replay does: repeated answers left out, no pulse, no pings."""

    def __init__(self, *, blind: bool = False) -> None:
        self.watch = Watch(blind=blind, sparse=True)
        self._last: dict[tuple[str, str], Any] = {}

    def feed(self, stream: Iterable[Observation]) -> None:
        for obs in stream:
            if obs.src == "console" or obs.kind == "ping" or self._repeated(obs):
                continue
            self.watch.advance(obs.t)
            self.watch.feed(obs)

    def _repeated(self, obs: Observation) -> bool:
        if obs.kind in ("line", "event") or obs.kind.startswith("stats/"):
            return False
        known = self._last.get((obs.src, obs.kind))
        self._last[obs.src, obs.kind] = obs.data
        return known == obs.data

    @property
    def one(self) -> Judged:
        (judged,) = self.watch.judged
        return judged

    def said(self) -> tuple[str, str]:
        return self.one.diagnosis.fault, self.one.diagnosis.component


def started(*, blind: bool = False) -> tuple[Recorder, Stream]:
    recorder, stream = Recorder(blind=blind), Stream()
    recorder.feed(with_stats(stream.run(0, 40)))
    return recorder, stream


def with_stats(stream: Iterable[Observation]) -> Iterator[Observation]:
    """Every two seconds the engine's counters of stores that share the load."""
    return carried(stream, dict.fromkeys(STORES, 1.0), {})


def carried(
    stream: Iterable[Observation], share: dict[str, float], sent: dict[str, float], load: float = 1.0
) -> Iterator[Observation]:
    """The same with shares; `sent` keeps the counters from one call to the next, `load` is how much is served."""
    for obs in stream:
        yield obs
        if obs.src == "docker" and obs.kind == "containers" and obs.t % 2 == 0:
            for name in STORES:
                sent[name] = sent.get(name, 0.0) + 2e6 * share[name] * load
                data = {"cpu_total_ns": int(sent[name] * 300), "rx_bytes": 0, "tx_bytes": int(sent[name])}
                yield Observation(obs.t, "docker", f"stats/lab-{name}-1", data)


ONE_SERVES = {"tikv0": 0.002, "tikv1": 0.002, "tikv2": 1.0}


def pd_asked(stream: Stream, member: str, answer: Any) -> None:
    for kind in ("stores", "members", "health"):
        stream.broken[member, kind] = answer


def test_a_good_word_of_pd_is_old_once_another_member_waits() -> None:
    """The leader is frozen: its followers hang one after the other. No store failed, and no follower did."""
    recorder, stream = started()
    stream.states["pd0"] = "paused"
    recorder.feed([event(40.0, "pause", "pd0")])
    pd_asked(stream, "pd0", HUNG)
    pd_asked(stream, "pd1", HUNG)
    frozen = stream.broken | {("pd2", k): None for k in ("stores", "members", "health")}
    stream.broken = frozen
    recorder.feed(with_stats(stream.run(42, 56)))
    assert recorder.said() == ("pause", "pd0")


def test_what_is_told_of_the_old_leader_after_the_election_is_the_same_incident() -> None:
    recorder, stream = started(blind=True)
    for member in MEMBERS:
        pd_asked(stream, member, HUNG)
    recorder.feed(stream.run(42, 52))
    stream.leader = "pd1"
    for key in [k for k in stream.broken if k[0] != "pd0"]:
        del stream.broken[key]
    recorder.feed(stream.run(52, 70))
    assert recorder.said() == ("pause", "pd0")


def test_two_members_that_refuse_together_are_a_lost_majority_without_the_engine() -> None:
    recorder, stream = Recorder(), Stream()
    only_data = (o for o in stream.run(0, 40) if o.src != "docker")
    recorder.feed(only_data)
    pd_asked(stream, "pd0", GONE)
    pd_asked(stream, "pd1", GONE)
    pd_asked(stream, "pd2", REDIRECT)
    recorder.feed(o for o in stream.run(40, 60) if o.src != "docker")
    assert recorder.said() == ("quorum-loss", "pd")


def test_a_member_that_says_it_closes_was_asked_to() -> None:
    recorder, stream = Recorder(), Stream()
    recorder.feed(o for o in stream.run(0, 40) if o.src != "docker")
    pd_asked(stream, "pd2", CLOSING)
    recorder.feed(o for o in stream.run(40, 41.5) if o.src != "docker")
    pd_asked(stream, "pd2", GONE)
    recorder.feed(o for o in stream.run(41.5, 60) if o.src != "docker")
    assert recorder.said() == ("stop", "pd2")


def test_without_an_exit_code_a_kill_and_a_stop_look_alike_and_that_is_said() -> None:
    recorder, stream = Recorder(), Stream()
    recorder.feed(o for o in stream.run(0, 40) if o.src != "docker")
    stream.broken["tikv1", "status"] = GONE
    stream.stopped_beats["tikv1"] = 40.0
    recorder.feed(o for o in stream.run(40, 65) if o.src != "docker")
    ranked = recorder.one.diagnosis.hypotheses
    assert [h.fault for h in ranked[:2]] == ["kill", "stop"]
    assert ranked[0].confidence < 0.75


def test_the_first_exit_code_is_the_one_that_counts() -> None:
    """Stopped in order, and what starts afterwards dies of its own accord."""
    recorder, stream = started(blind=True)
    stream.states["tikv1"] = "exited"
    stream.broken["tikv1", "status"] = GONE
    recorder.feed([event(40.0, "die", "tikv1", exitCode="0")])
    recorder.feed(stream.run(40, 60))
    recorder.feed([event(60.0, "start", "tikv1"), event(60.2, "die", "tikv1", exitCode="1")])
    recorder.feed(stream.run(60.25, 64))
    assert recorder.said() == ("stop", "tikv1")


def test_pds_operators_name_the_store_that_is_emptied() -> None:
    recorder, stream = started()
    said = (
        "evict-leader-scheduler {evict leader: from store 2 to one in [1 3], or to 1 (for compatibility)} (kind:leader"
    )
    recorder.feed([Observation(40.0, "pd0", "operators", {"status": 200, "body": [said]})])
    recorder.feed([Observation(41.0, "pd0", "operators", {"status": 200, "body": []})])
    recorder.feed(with_stats(stream.run(41, 50)))
    assert recorder.said() == ("eviction", "tikv1")
    assert recorder.one.incident.over is None, "the scheduler stays when its operators are done"


def test_where_one_store_sends_everything_the_clients_are_slow_there() -> None:
    recorder, stream, sent = Recorder(), Stream(), dict[str, float]()
    recorder.feed(carried(stream.run(0, 40), ONE_SERVES, sent))
    stream.ops = 200  # flat: a cap
    recorder.feed(carried(stream.run(40, 64), ONE_SERVES, sent, load=0.2))
    assert recorder.said() == ("bandwidth", "tikv2")


def test_what_trickles_through_has_a_way_and_is_not_cut_off() -> None:
    recorder, stream, sent = Recorder(), Stream(), dict[str, float]()
    stream.ops = 5000
    recorder.feed(carried(stream.run(0, 40), ONE_SERVES, sent))
    for second in range(40, 62):
        stream.ops = 40 + 17 * (second % 3)
        recorder.feed(carried(stream.run(second, second + 1), ONE_SERVES, sent, load=0.01))
    assert recorder.said() == ("loss", "tikv2")


def test_a_record_that_held_nothing_of_anybody_was_not_being_written() -> None:
    recorder, stream = started()
    recorder.watch.advance(47.0)
    recorder.feed(with_stats(stream.run(47, 60)))
    assert recorder.watch.judged == ()


@pytest.mark.parametrize(("stores", "client", "others"), [(1.6, 0.7, True), (0.05, 0.01, False)])
def test_stores_that_are_sent_more_than_the_client_sends_have_other_clients(
    stores: float, client: float, others: bool
) -> None:
    """Not where the client went quiet and only what stores tell each other is left."""
    recorder, stream, sent, own = Recorder(), Stream(), dict[str, float](), [0.0]

    def watched(observed: Iterable[Observation], load: float, mine: float) -> Iterator[Observation]:
        for obs in carried(observed, ONE_SERVES, sent, load):
            if obs.src == "docker" and obs.kind.startswith("stats/"):
                yield Observation(obs.t, obs.src, obs.kind, {**obs.data, "rx_bytes": obs.data["tx_bytes"]})
                if "tikv2" in obs.kind:
                    own[0] += 2e6 * mine
                    yield Observation(obs.t, "docker", "stats/lab-ycsb-1", {"cpu_total_ns": 0, "tx_bytes": int(own[0])})
            else:
                yield obs

    recorder.feed(watched(stream.run(0, 60), 1.0, 1.0))
    stream.ops = int(1000 * client)
    recorder.feed(watched(stream.run(60, 90), stores, client))
    assert (recorder.said() == ("overload", "ycsb")) is others


def test_paused_and_resumed_over_and_over_comes_and_goes() -> None:
    recorder, stream = started()
    for turn in range(4):
        t = 40.0 + 8 * turn
        recorder.feed([event(t, "pause", "tikv1")])
        stream.states["tikv1"] = "paused"
        stream.broken["tikv1", "status"] = HUNG
        recorder.feed(with_stats(stream.run(t + 2.0, t + 4.0)))
        recorder.feed([event(t + 4.0, "unpause", "tikv1")])
        stream.states["tikv1"] = "running"
        del stream.broken["tikv1", "status"]
        recorder.feed(with_stats(stream.run(t + 4.25, t + 8.0)))
    assert recorder.said() == ("flapping", "tikv1")


def test_leaders_that_leave_a_store_that_beats_and_peers_left_pending_are_a_cut_between_stores() -> None:
    recorder, stream = Recorder(), Stream()
    recorder.feed(stream.run(0, 60))
    stream.leaders["tikv0"] = 2
    recorder.feed([Observation(60.5, "pd0", "check/pending-peer", {"status": 200, "body": 2})])
    recorder.feed(stream.run(60.5, 80))
    assert recorder.said() == ("isolate-peers", "tikv0")


def test_peers_that_only_lag_for_a_moment_are_nobodys_trouble() -> None:
    recorder, stream = Recorder(), Stream()
    recorder.feed(stream.run(0, 60))
    stream.leaders["tikv0"] = 2
    recorder.feed([Observation(60.5, "pd0", "check/pending-peer", {"status": 200, "body": 2})])
    recorder.feed(stream.run(60.5, 65))
    recorder.feed([Observation(65.0, "pd0", "check/pending-peer", {"status": 200, "body": 0})])
    recorder.feed(stream.run(65, 80))
    assert recorder.watch.judged == ()
