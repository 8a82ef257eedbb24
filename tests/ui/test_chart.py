"""The throughput plot: zero base, honest gaps, dips that show, marks with their words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.model.cluster import Interval
from console.ui.lines import plain, width
from console.ui.widgets.chart import AXIS, buckets, ceiling, plot, seconds_per_column


def run_of(values: list[float], start: int = 0) -> tuple[Interval, ...]:
    return tuple(Interval(start + n + 1.0, 1.0, int(v), v, 800.0, 0, 3000) for n, v in enumerate(values))


def rows(
    values: list[float], now: float, columns: int = 40, high: int = 8, marks: tuple[tuple[float, str], ...] = ()
) -> list[str]:
    return [plain(r) for r in plot(run_of(values), marks, now, columns, high)]


def test_a_steady_load_is_a_flat_block_from_zero() -> None:
    shown = rows([9_995.0, 10_005.0] * 60, 119.5)
    body = [r[AXIS:] for r in shown[:-2]]
    assert set(body[-1].strip()) == {"█"}  # the lowest row is full: the base is zero, not the minimum
    assert shown[-2].startswith("   0 └")


def test_no_line_a_zero_and_data_are_three_different_axes() -> None:
    values = [10_000.0] * 60 + [0.0] * 20
    shown = rows(values, 99.5, columns=AXIS + 120)
    axis = shown[-2][AXIS:]
    assert "─" in axis
    assert "━" in axis
    assert axis.rstrip().endswith("╌")
    assert axis.startswith("╌")  # before the first line there is nothing, not zero


def test_a_dip_of_a_second_shows_at_one_second_a_column() -> None:
    values = [10_000.0] * 100
    values[50] = 0.0
    shown = rows(values, 99.5, columns=AXIS + 100)
    assert "━" in shown[-2]


def test_two_operations_in_a_second_are_not_drawn_as_nothing() -> None:
    values = [10_000.0] * 50 + [2.0] * 50
    lowest = rows(values, 99.5, columns=AXIS + 100)[-3]
    assert "▁" in lowest


def test_marks_have_a_line_and_a_word_and_never_overlap() -> None:
    marks = ((60.0, "fault"), (62.0, "detected"), (90.0, "reverted"))
    shown = rows([10_000.0] * 100, 99.5, columns=AXIS + 100, marks=marks)
    text = "\n".join(shown)
    for word in ("fault", "detected", "reverted"):
        assert word in text
    assert shown[-2].count("┴") == 3


@given(
    st.lists(st.floats(0, 1e7), max_size=200),
    st.floats(0, 250),
    st.integers(0, 160),
    st.integers(0, 30),
    st.lists(st.tuples(st.floats(-10, 260), st.sampled_from(("fault", "detected", "other")))),
)
def test_every_line_has_the_width_asked_for(
    values: list[float], now: float, columns: int, high: int, marks: list[tuple[float, str]]
) -> None:
    for row in plot(run_of(values), marks, now, columns, high):
        assert width(row) == columns


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=100), st.integers(1, 80), st.integers(1, 4))
def test_a_column_stays_within_what_it_covers(values: list[float], columns: int, step: int) -> None:
    for value in buckets(run_of(values), len(values), columns, step):
        assert value is None or min(values) * 0.999 <= value <= max(values) * 1.001


def test_columns_begin_at_whole_steps_so_that_nothing_shimmers() -> None:
    values = run_of([float(n % 7 * 100) for n in range(100)])
    assert buckets(values, 90.1, 30, 2) == buckets(values, 90.9, 30, 2)


def test_the_scale_is_round_and_seldom_changes() -> None:
    assert [ceiling(v) for v in (0, 7, 9_800, 10_200, 10_900, 98_000)] == [10, 10, 10_000, 12_000, 12_000, 100_000]
    assert seconds_per_column(45) == 2
    assert seconds_per_column(120) == 1
