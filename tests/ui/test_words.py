"""Numbers and times as they are shown."""

from __future__ import annotations

import pytest

from console.ui.words import age, amount, millis, mmss, mmss_tenths, short, size, tenths, tick


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (-3, "0s"), (59.9, "59s"), (99, "99s"), (240, "4m"), (7200, "2h"), (400_000, "4d")],
)
def test_age(seconds: float, shown: str) -> None:
    assert age(seconds) == shown


def test_clocks() -> None:
    assert mmss(125) == "02:05"
    assert mmss(3725) == "1:02:05"
    assert mmss_tenths(12.39) == "00:12.3"
    assert mmss_tenths(-1) == "00:00.0"
    assert tenths(0.44) == "0.4 s"


def test_numbers() -> None:
    assert amount(9812.4) == "9,812"
    assert [short(v) for v in (0, 812, 9812, 12_300, 999_960, 1_230_000)] == ["0", "812", "9.8k", "12k", "1.0M", "1.2M"]
    assert tick(12_000) == "12k"
    assert tick(1_500) == "1.5k"
    assert size(610 << 20) == "610M"
    assert [millis(v) for v in (None, 0.42, 12.3, 1200)] == ["—", "0.4 ms", "12 ms", "1.2 s"]
