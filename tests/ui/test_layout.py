"""The arrangement of the panes: everything covered, nothing over anything else, at any size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region

from console.ui.layout import accordion, strip_height, two_columns, wide


def covered_once(regions: list[Region], columns: int, rows: int) -> bool:
    return sum(r.area for r in regions) == columns * rows and not any(
        a.overlaps(b) for n, a in enumerate(regions) for b in regions[n + 1 :]
    )


@given(st.integers(100, 300), st.integers(22, 120), st.integers(3, 1200))
def test_two_columns_cover_everything_once(columns: int, rows: int, topology: int) -> None:
    regions = two_columns(columns, rows, topology)
    assert covered_once(regions, columns, rows)
    assert all(r.height >= 5 for r in regions)


@given(st.integers(40, 300), st.integers(8, 120), st.integers(0, 4))
def test_the_accordion_opens_one_pane(columns: int, rows: int, opened: int) -> None:
    regions = accordion(columns, rows, opened)
    assert covered_once(regions, columns, rows)
    assert [r.height == 1 for r in regions].count(True) == 4
    assert [r.y for r in regions] == sorted(r.y for r in regions)


def test_breakpoints() -> None:
    assert not wide((80, 24))
    assert not wide((120, 29))
    assert not wide((99, 60))
    assert wide((100, 30))
    assert [strip_height(r) for r in (24, 30, 40, 48, 60)] == [2, 4, 5, 6, 8]


def test_diagnosis_is_the_large_one_at_the_right() -> None:
    for columns, rows in ((120, 34), (160, 40), (200, 50)):
        plot, timer, diagnosis = (two_columns(columns, rows, 14)[n] for n in (1, 3, 4))
        assert diagnosis.height >= plot.height
        assert diagnosis.height > timer.height
