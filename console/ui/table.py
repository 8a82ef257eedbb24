"""Aligned columns that give way by rule: the least important column goes whole, nothing is cut in a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from console.ui.lines import Line, Span, cells, cut, line, width

Cell = Span | Line
NICE_TO_HAVE = 60


def as_line(cell: Cell) -> Line:
    """A cell that may be one span or several, as several."""
    return (cell,) if cell and isinstance(cell[0], str) else cell


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `width` in cells at least, `keep` higher stays longer, `right` aligned right."""

    key: str
    title: str
    width: int
    keep: int = 100
    right: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """The columns that fit, and the gap between them."""

    columns: tuple[Column, ...]
    gap: int

    def head(self) -> Line:
        """The line of column titles."""
        return self.row({c.key: (c.title, "head") for c in self.columns})

    def row(self, values: Mapping[str, Cell]) -> Line:
        """One line; a column without a value stays empty."""
        out: list[Span] = []
        for n, column in enumerate(self.columns):
            cell = cut(as_line(values.get(column.key, ("", "t"))), column.width)
            space: Span = (" " * (column.width - width(cell)), "t")
            if n:
                out.append((" " * self.gap, "t"))
            out.extend((space, *cell) if column.right else (*cell, space))
        return line(*out)

    @property
    def width(self) -> int:
        """Cells of a row."""
        return sum(c.width for c in self.columns) + self.gap * max(0, len(self.columns) - 1)


def grid(columns: Sequence[Column], room: int, max_gap: int = 3) -> Grid:
    """The columns that fit into `room` cells; the ones with the lowest `keep` go first."""
    kept = list(columns)
    while len(kept) > 1 and sum(c.width for c in kept) + (len(kept) - 1) * _least_gap(kept) > room:
        kept.remove(min(kept, key=lambda c: c.keep))
    gaps = max(1, len(kept) - 1)
    spare = room - sum(c.width for c in kept)
    return Grid(tuple(kept), max(1, min(max_gap, spare // gaps)))


def _least_gap(columns: Sequence[Column]) -> int:
    """Minor columns are worth having only where they do not crowd the others."""
    return 2 if min(c.keep for c in columns) < NICE_TO_HAVE else 1


def sized(column: Column, texts: Sequence[str], limit: int) -> Column:
    """The column as wide as its longest text, within its own width and `limit`."""
    return replace(column, width=min(limit, max([column.width, *(cells(t) for t in texts)])))
