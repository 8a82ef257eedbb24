"""Simulated time and lazy counters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.sim.physics.meter import Meter
from console.sim.physics.timeline import Op, Timeline


@given(st.lists(st.floats(0, 100), max_size=40))
def test_events_run_in_order_of_their_moment(moments: list[float]) -> None:
    """Whatever the order they were planned in; equal moments keep the order of planning."""
    timeline, seen = Timeline(), []
    for i, moment in enumerate(moments):
        timeline.at(moment, lambda i=i, moment=moment: seen.append((moment, i)))
    timeline.advance(100)
    assert seen == sorted(seen)
    assert len(seen) == len(moments)


@given(st.lists(st.floats(0.01, 30), min_size=1, max_size=20))
def test_how_time_is_cut_makes_no_difference(steps: list[float]) -> None:
    """Advancing in pieces or at once runs the same events."""

    def run(cuts: list[float]) -> list[float]:
        timeline, seen = Timeline(), []

        def again() -> None:
            seen.append(round(timeline.now, 6))
            timeline.after(0.7, again)

        timeline.after(0.3, again)
        for cut in cuts:
            timeline.advance(cut)
        return seen

    total = sum(steps)
    pieces = [sum(steps[: i + 1]) for i in range(len(steps))]
    assert run([total]) == run([*pieces, total])


def test_a_cancelled_event_never_happens() -> None:
    """And an advance into the past leaves time where it is."""
    timeline, seen = Timeline(), []
    timer = timeline.after(1, lambda: seen.append(1))
    timer.cancel()
    timeline.advance(5)
    timeline.advance(2)
    assert (seen, timeline.now, timeline.next_at()) == ([], 5, None)


def test_an_operation_ends_once() -> None:
    """Late listeners hear at once."""
    op, seen = Op(), []
    op.then(lambda: seen.append("early"))
    op.finish(3)
    op.finish(4)
    op.then(lambda: seen.append("late"))
    assert (seen, op.value) == (["early", "late"], 3)


@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(0, 1000)), min_size=1, max_size=20))
def test_a_meter_counts_what_its_rates_say(stretches: list[tuple[float, float]]) -> None:
    """The sum of rate times time, and never less than before."""
    meter, now, expected, last = Meter(), 0.0, 0.0, 0.0
    for seconds, rate in stretches:
        meter.set_rate(now, rate)
        now += seconds
        expected += seconds * rate
        assert meter.value(now) >= last
        last = meter.value(now)
    assert abs(last - expected) <= 1e-6 * max(1.0, expected)
