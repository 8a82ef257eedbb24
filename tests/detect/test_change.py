"""The sequential tests: silent on noise, quick on a change, unmoved by scale, and over when it is over."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.detect.change import ChangeTest, LateTest
from console.detect.throughput import TUNING


def fed(test: ChangeTest, values: list[float], start: float = 0.0) -> float | None:
    """Feed all; the index at which it first alarmed."""
    for n, value in enumerate(values):
        test.take(start + n, value)
        if test.alarmed:
            return n
    return None


def noise(seed: int, n: int, level: float = 3000.0, spread: float = 0.05) -> list[float]:
    chance = Random(seed)
    return [level * math.exp(chance.gauss(0, spread)) for _ in range(n)]


@pytest.mark.parametrize("spread", [0.0, 0.02, 0.06, 0.2])
@pytest.mark.parametrize("seed", range(4))
def test_noise_alone_is_no_alarm(seed: int, spread: float) -> None:
    assert fed(ChangeTest(TUNING), noise(seed, 4000, spread=spread)) is None


@pytest.mark.parametrize(("fall", "within"), [(0.1, 5), (0.4, 6), (0.6, 12)])
def test_a_fall_is_found(fall: float, within: int) -> None:
    test = ChangeTest(TUNING)
    assert fed(test, noise(1, 120)) is None
    found = fed(test, [v * fall for v in noise(2, 60)], 120)
    assert found is not None
    assert found < within
    assert test.first == pytest.approx(120, abs=2)


def test_a_lone_dip_is_forgiven() -> None:
    values = [*noise(3, 120), 900.0, 700.0, *noise(4, 60)]
    assert fed(ChangeTest(TUNING), values) is None


def test_it_ends_and_the_past_was_not_spoilt() -> None:
    test = ChangeTest(TUNING)
    fed(test, noise(1, 120))
    for n in range(300):
        test.take(120 + n, 600.0)
    assert test.alarmed
    assert test.usual == pytest.approx(3000, rel=0.05)
    for n in range(12):
        test.take(420 + n, 3000.0)
    assert not test.alarmed


@settings(max_examples=30)
@given(st.floats(0.01, 1e6), st.integers(0, 1000))
def test_only_ratios_count(scale: float, seed: int) -> None:
    values = noise(seed, 100) + [v * 0.3 for v in noise(seed + 1, 20)]
    a, b = ChangeTest(TUNING), ChangeTest(TUNING)
    assert fed(a, values) == fed(b, [v * scale for v in values])


def test_a_row_of_late_answers_and_a_share_of_them() -> None:
    for every, within in ((1, 8), (3, 30)):
        test = LateTest()
        for _ in range(200):
            test.take(False)
        answers = next((n for n in range(200) if (test.take(n % every == 0), test.alarmed)[1]), None)
        assert answers is not None
        assert answers < within


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_rare_late_answers_are_ordinary(seed: int) -> None:
    chance, test = Random(seed), LateTest()
    for _ in range(5000):
        test.take(chance.random() < 0.002)
        assert not test.alarmed


def test_lateness_ends_after_a_calm() -> None:
    test = LateTest()
    for late in (*(False,) * 100, *(True,) * 20):
        test.take(late)
    assert test.alarmed
    for _ in range(40):
        test.take(False)
    assert not test.alarmed
