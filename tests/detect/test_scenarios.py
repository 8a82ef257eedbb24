"""Detection and rules on small streams: grey faults by shape, operations by order, and our own blindness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from console.diagnose.watch import Judged, Watch
from console.model.observation import Observation
from tests.detect.builders import OK, REFUSED, STORES, Stream, event

SLOW = {"status": 200, "body": "", "rtt_ms": 55.0}


def metrics(n: int, **more: float) -> dict[str, float]:
    """Counters of a well store at its n-th scrape; `more` is added to each scrape's growth."""
    grown = {"append_s": 1.0, "append_n": 1000.0, "commit_s": 1.2, "commit_n": 1000.0, "wait_s": 0.1, "wait_n": 1000.0}
    counters = {k: (v + more.get(k, 0.0)) * n for k, v in grown.items()}
    rest = {k: v for k, v in more.items() if k not in grown}
    return {"process_start_time_seconds": 1.0, "pd_failures": 0.0, "cores": 4.0, "available": 1e9, **counters, **rest}


class Scraped(Stream):
    """A stream with metrics every five seconds; `extra` changes those of one store."""

    def __init__(self) -> None:
        super().__init__()
        self.extra: dict[str, dict[str, float]] = {}
        self._n = 0
        self._counters: dict[str, dict[str, float]] = {n: {} for n in STORES}

    def at(self, t: float) -> Iterator[Observation]:
        yield from super().at(t)
        if t % 5 == 0:
            for name in STORES:
                fresh = metrics(1, **self.extra.get(name, {}))
                total = self._counters[name]
                for key, value in fresh.items():
                    grows = key.endswith(("_s", "_n", "_failures", "_errors")) or key.startswith("net_")
                    total[key] = total.get(key, 0.0) + value if grows else value
                yield Observation(t, name, "metrics", dict(total))


def watched(stream: Stream, *spans: tuple[float, float], blind: bool = True) -> Watch:
    watch = Watch(blind=blind)
    for start, end in spans:
        feed(watch, stream.run(start, end))
    return watch


def feed(watch: Watch, observations: Iterable[Observation]) -> None:
    for obs in observations:
        watch.feed(obs)


def only(watch: Watch) -> Judged:
    assert len(watch.judged) == 1, [(j.diagnosis.fault, j.incident.components) for j in watch.judged]
    return watch.judged[0]


def said(watch: Watch) -> tuple[str, str]:
    d = only(watch).diagnosis
    return d.fault, d.component


def test_every_answer_later_by_the_same_is_latency() -> None:
    stream = Scraped()
    watch = watched(stream, (0, 60))
    stream.broken["tikv1", "status"] = SLOW
    stream.ops = 200
    feed(watch, stream.run(60, 80))
    assert said(watch) == ("latency", "tikv1")
    assert only(watch).incident.began == pytest.approx(60, abs=1.0)


def test_slow_appends_are_the_disk_and_slow_commits_alone_are_not() -> None:
    stream = Scraped()
    watch = watched(stream, (0, 60))
    stream.extra["tikv2"] = {"append_s": 150.0, "commit_s": 150.0}
    stream.ops = 300
    feed(watch, stream.run(60, 80))
    assert said(watch) == ("disk-slow", "tikv2")


def test_a_full_disk_says_so_itself() -> None:
    stream = Scraped()
    watch = watched(stream, (0, 60))
    stream.ops = 0
    feed(watch, stream.run(60, 90))
    stream.extra["tikv0"] = {"available": 0.0}
    feed(watch, stream.run(90, 120))
    assert said(watch) == ("disk-full", "tikv0")
    assert only(watch).incident.began == pytest.approx(59.5, abs=1.5)


def test_one_store_that_cannot_reach_pd_is_cut_off_from_pd() -> None:
    stream = Scraped()
    watch = watched(stream, (0, 40))
    stream.extra["tikv1"] = {"pd_failures": 1.0}
    stream.stopped_beats["tikv1"] = 40.0
    feed(watch, stream.run(40, 75))
    assert said(watch) == ("isolate-pd", "tikv1")


def rolled(stream: Stream, name: str, t: float, code: str = "0") -> list[Observation]:
    """One orderly stop and start, the port refused in between."""
    out = [event(t, "die", name, exitCode=code)]
    stream.states[name] = "exited"
    stream.broken[name, "status"] = REFUSED
    out += stream.run(t + 0.25, t + 3)
    stream.states[name] = "running"
    del stream.broken[name, "status"]
    return [*out, event(t + 3, "start", name), *stream.run(t + 3.25, t + 25)]


def test_one_after_the_other_in_order_is_planned() -> None:
    stream = Stream()
    watch = watched(stream, (0, 30))
    for n, name in enumerate(STORES):
        feed(watch, rolled(stream, name, 30.0 + 25 * n))
    assert said(watch) == ("planned", "tikv0,tikv1,tikv2")
    assert only(watch).diagnosis.severity == "info"


def test_a_port_that_closed_before_its_exit_was_told_is_part_of_the_operation() -> None:
    stream = Stream()
    watch = watched(stream, (0, 30))
    feed(watch, rolled(stream, "tikv0", 30.0))
    stream.broken["tikv1", "status"] = REFUSED
    feed(watch, stream.at(54.75))
    del stream.broken["tikv1", "status"]
    feed(watch, rolled(stream, "tikv1", 55.0))
    assert said(watch) == ("planned", "tikv0,tikv1")


def test_crashes_one_after_the_other_are_not_planned() -> None:
    stream = Stream()
    watch = watched(stream, (0, 30))
    for n, name in enumerate(STORES):
        feed(watch, rolled(stream, name, 30.0 + 25 * n, code="137"))
    assert len(watch.judged) == 3
    assert all(j.diagnosis.fault != "planned" for j in watch.judged)


def test_when_we_stood_still_nobody_is_blamed() -> None:
    stream = Stream()
    watch = watched(stream, (0, 30))
    late: dict[str, Any] = {"error": "ReadTimeout", "msg": "", "rtt_ms": 6000.0}
    feed(watch, [Observation(36.0, n, k, late) for n in ("pd0", "pd1", "pd2") for k in ("ping", "stores", "members")])
    feed(watch, [Observation(36.0, n, "status", late) for n in STORES])
    feed(watch, stream.run(36.25, 60))
    assert watch.judged == ()


def test_limits_at_zero_are_scheduling_stopped_and_their_return_ends_it() -> None:
    stream = Stream()
    watch = watched(stream, (0, 20))
    limits = {"leader-schedule-limit": 4, "region-schedule-limit": 2048, "replica-schedule-limit": 64}

    def config(t: float, values: dict[str, int]) -> Observation:
        return Observation(t, "pd0", "config/schedule", {"status": 200, "body": values})

    feed(watch, [config(20.0, limits)])
    feed(watch, stream.run(20.25, 25))
    feed(watch, [config(25.0, dict.fromkeys(limits, 0))])
    feed(watch, stream.run(25.25, 30))
    assert said(watch) == ("scheduling-stopped", "pd")
    feed(watch, [config(30.0, limits)])
    feed(watch, stream.run(30.25, 40))
    assert only(watch).incident.over == pytest.approx(30.0, abs=0.5)


def test_a_port_that_comes_and_goes_is_flapping() -> None:
    stream = Stream()
    watch = watched(stream, (0, 30))
    silent = {"error": "ReadTimeout", "msg": "", "rtt_ms": 500.0}
    for turn in range(4):
        stream.broken["tikv1", "status"] = silent
        feed(watch, stream.run(30 + turn * 9, 34 + turn * 9))
        stream.broken["tikv1", "status"] = OK
        feed(watch, stream.run(34 + turn * 9, 39 + turn * 9))
    assert said(watch) == ("flapping", "tikv1")
