"""The throughput plot as lines of text: zero base, whole seconds, marks; a gap, a zero and a dip look different."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from console.model.cluster import Interval
from console.ui.lines import Line, Span, cells
from console.ui.words import tick

BLOCKS = " ▁▂▃▄▅▆▇█"
MARK_STYLES = {"fault": "bad", "detected": "warn", "reverted": "ok", "recovered": "ok"}
MARK_GLYPHS = {"fault": "◆", "detected": "▲", "reverted": "●", "recovered": "●"}
_STEPS = (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10)
WORDS_FROM = 4  # rows; in a lower plot words would hide the data
AXIS = 6  # cells of the scale at the left, its line included


def ceiling(value: float) -> float:
    """The next round number, for a scale that seldom changes."""
    if value <= 10:
        return 10.0
    base = 10.0 ** math.floor(math.log10(value))
    return next(step * base for step in _STEPS if step * base >= value * 0.999)


def seconds_per_column(columns: int, wish_s: float = 90.0) -> int:
    """Whole seconds a column stands for, so that the plot reaches back at least `wish_s` where it can."""
    return max(1, min(4, math.ceil(wish_s / max(1, columns))))


def buckets(intervals: Sequence[Interval], now: float, columns: int, step: int) -> list[float | None]:
    """Ops/s per column, newest last; None where no interval covers it. Columns begin at multiples of `step`."""
    end = (math.floor(now / step) + 1) * step
    start = end - columns * step
    ops = [0.0] * columns
    seen = [0.0] * columns
    for interval in reversed(intervals):
        if interval.t <= start:
            break
        began = interval.t - interval.seconds
        for n in range(max(0, int((began - start) // step)), min(columns, int((interval.t - start) // step) + 1)):
            left = start + n * step
            cover = min(interval.t, left + step) - max(began, left)
            if cover > 0:
                ops[n] += interval.ops * cover
                seen[n] += cover
    least = min(0.2, step / 2)
    return [ops[n] / seen[n] if seen[n] > least else None for n in range(columns)]


def plot(
    intervals: Sequence[Interval], marks: Sequence[tuple[float, str]], now: float, columns: int, rows: int
) -> list[Line]:
    """`rows` lines of `columns` cells: the plot, its axis and the time scale."""
    wide = columns - AXIS
    high = rows - 2
    if wide < 8 or high < 1:
        return []
    step = seconds_per_column(wide)
    values = buckets(intervals, now, wide, step)
    top = ceiling(max([v for v in values if v is not None], default=0.0))
    canvas = _area(values, top, high)
    stems = _stems(marks, now, wide, step)
    _draw_marks(canvas, stems)
    out = [_scale(y, high, top) + _runs(row) for y, row in enumerate(canvas)]
    out.append(_axis(values, stems))
    out.append(_times(wide, step))
    return out


def _area(values: Sequence[float | None], top: float, high: int) -> list[list[Span]]:
    """Cells of the filled area, top row first."""
    canvas: list[list[Span]] = []
    for y in range(high):
        floor = (high - 1 - y) * 8
        row: list[Span] = []
        for value in values:
            level = 0 if value is None else round(value / top * high * 8)
            if value and not level:
                level = 1  # something got through: never drawn as nothing
            row.append((BLOCKS[max(0, min(8, level - floor))], "area"))
        canvas.append(row)
    return canvas


def _stems(marks: Sequence[tuple[float, str]], now: float, wide: int, step: int) -> list[tuple[int, str]]:
    """Column and label of the marks in view."""
    end = (math.floor(now / step) + 1) * step
    start = end - wide * step
    return [(int((t - start) // step), label) for t, label in marks if start <= t < end]


def _draw_marks(canvas: list[list[Span]], stems: Sequence[tuple[int, str]]) -> None:
    """Vertical lines with a word beside them; words that would touch go one row lower."""
    high, wide = len(canvas), len(canvas[0])
    taken: list[tuple[int, int, int]] = []
    for column, label in stems:
        style = MARK_STYLES.get(label, "info")
        for row in canvas:
            row[column] = ("│", style)
    for column, label in stems:
        style = MARK_STYLES.get(label, "info")
        word = MARK_GLYPHS.get(label, "·") + (f" {label}" if high >= WORDS_FROM else "")
        size = cells(word)
        left = column + 1 if column + 1 + size <= wide else column - size
        y = next((y for y in range(high) if all(r != y or left > b or left + size < a for r, a, b in taken)), None)
        if y is None or left < 0:
            continue
        taken.append((y, left, left + size))
        for n, ch in enumerate(word):
            canvas[y][left + n] = (ch, style)


def _scale(y: int, high: int, top: float) -> Line:
    """The number at the left of a row, where there is one."""
    middle = high // 2 if high >= 4 and high % 2 == 0 else None
    if y == 0:
        return ((tick(top).rjust(AXIS - 2), "dim"), (" ┤", "faint"))
    if y == middle:
        return ((tick(top / 2).rjust(AXIS - 2), "dim"), (" ┤", "faint"))
    return ((" " * (AXIS - 2), "dim"), (" │", "faint"))


def _axis(values: Sequence[float | None], stems: Sequence[tuple[int, str]]) -> Line:
    """The zero line: thin where there is data, heavy where the data is zero, dotted where no line came."""
    row: list[Span] = [
        ("╌", "faint") if v is None else ("━", "area-zero") if v < 0.5 else ("─", "faint") for v in values
    ]
    for column, label in stems:
        row[column] = ("┴", MARK_STYLES.get(label, "info"))
    return (("0".rjust(AXIS - 2), "dim"), (" └", "faint"), *_runs(row))


def _times(wide: int, step: int) -> Line:
    """The time scale: how far back the left end is, and now."""
    left = f"−{wide * step} s"
    middle = f"−{wide * step // 2} s"
    room = wide - len(left) - len("now")
    at = wide - wide // 2 - len(middle) // 2
    if at <= len(left) + 2 or at + len(middle) + 5 > wide:
        return ((" " * AXIS + left + " " * room + "now", "dim"),)
    row = left.ljust(at) + middle
    return ((" " * AXIS + row + "now".rjust(wide - len(row)), "dim"),)


def _runs(row: Sequence[Span]) -> Line:
    """Neighbours of one style as one span."""
    return tuple(("".join(text for text, _ in group), style) for style, group in groupby(row, key=lambda s: s[1]))
