"""Two runs side by side as lines: throughput over each run's own time on one scale, then every difference."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from console.model.report import Comparison, Difference
from console.ui.lines import EMPTY, Line, line, pad, width, wrap
from console.ui.table import Column, Grid, grid, sized
from console.ui.widgets.chart import BLOCKS
from console.ui.words import amount

WIDE = 30
_TONES = {True: "ok", False: "bad", None: "dim"}


def compared(found: Comparison, columns: int) -> list[Line]:
    """The whole comparison."""
    return [*_plots(found, columns), EMPTY, *_rows(found.rows, columns)]


def _plots(found: Comparison, columns: int) -> list[Line]:
    """A row each; the blocks are shares of the highest value of both, a dot where nothing was measured."""
    known = [v for series in found.series for v in series if v is not None]
    top = max(known, default=0.0)
    room = max(10, columns - 9)
    rows = [line((f"throughput, {amount(top)} ops/s is a full block", "dim"))]
    for name, series in (("first", found.series[0]), ("second", found.series[1])):
        cells = "".join(_block(v, top) for v in squeezed(series, room)) or "not kept with this run"
        rows.append(line(*pad(line((name, "head")), 9), (cells, "area")))
    return rows


def _block(value: float | None, top: float) -> str:
    return "·" if value is None else BLOCKS[max(1, round(8 * value / top))] if top and value > 0 else "_"


def squeezed(series: Sequence[float | None], room: int) -> list[float | None]:
    """At most `room` values: the lowest known one of each stretch, so that no dip is lost."""
    if len(series) <= room:
        return list(series)
    edges = [n * len(series) // room for n in range(room + 1)]
    parts = (series[a:b] for a, b in pairwise(edges))
    return [min((v for v in part if v is not None), default=None) for part in parts]


def _rows(rows: Sequence[Difference], columns: int) -> list[Line]:
    names = sized(Column("name", "", 16, 100), [r.name for r in rows], WIDE)
    room = max(12, (columns - names.width - 4) // 3 - 1)
    table = grid(
        (names, Column("first", "FIRST", room, 95), Column("second", "SECOND", room, 95),
         Column("difference", "SECOND - FIRST", min(room, 22), 90)), columns, 2,
    )  # fmt: skip
    return [table.head(), *(one for row in rows for one in _row(row, table))]


def _row(row: Difference, table: Grid) -> list[Line]:
    arrow = {True: " better", False: " worse", None: ""}[row.better]
    texts = {"name": row.name, "first": row.first, "second": row.second, "difference": row.difference + arrow}
    tones = {"name": "head", "difference": _TONES[row.better]}
    parts = {c.key: wrap(texts[c.key], c.width) or [""] for c in table.columns}
    height = max(len(p) for p in parts.values())
    lines = (
        table.row({key: (p[y] if y < len(p) else "", tones.get(key, "t")) for key, p in parts.items()})
        for y in range(height)
    )
    return [one for one in lines if width(one)]
