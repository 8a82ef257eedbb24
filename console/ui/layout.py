"""Where the five panes go: two columns where there is room, else an accordion with one pane open."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

WIDE_COLUMNS, WIDE_ROWS = 100, 30  # of the whole screen


class Wish(NamedTuple):
    """What the arrangement depends on besides the room: which pane is open, and how tall Topology would like to be."""

    open: int = 0
    accordion: bool = False
    topology: int = 14


def wide(screen: tuple[int, int]) -> bool:
    """Whether a screen of (columns, rows) holds two columns of panes."""
    return screen[0] >= WIDE_COLUMNS and screen[1] >= WIDE_ROWS


def strip_height(rows: int) -> int:
    """Rows of the event strip, by the rows of the whole screen."""
    return 2 if rows < 30 else 4 if rows < 40 else 5 if rows < 48 else 6 if rows < 60 else 8


def accordion(columns: int, rows: int, opened: int) -> list[Region]:
    """One pane open, the others one line each, in order."""
    out: list[Region] = []
    y = 0
    for n in range(5):
        high = max(1, rows - 4) if n == opened else 1
        out.append(Region(0, y, columns, high))
        y += high
    return out


def two_columns(columns: int, rows: int, topology: int) -> list[Region]:
    """Topology over Faults at the left; Throughput, Detection timer and Diagnosis at the right."""
    left = round(columns * (0.54 if columns < 180 else 0.52))
    right = columns - left
    top = max(8, min(topology, round(rows * 0.6), rows - 8))
    timer = 8 if rows < 36 else 11
    plot = max(7, min(18, round(rows * 0.31)))
    if rows - plot - timer < 7:
        plot = max(5, rows - timer - 7)
    return [
        Region(0, 0, left, top),
        Region(left, 0, right, plot),
        Region(0, top, left, rows - top),
        Region(left, plot, right, timer),
        Region(left, plot + timer, right, rows - plot - timer),
    ]


class PaneLayout(Layout):
    """Textual's view of the arrangement; `wish` is asked at every layout."""

    name = "panes"

    def __init__(self, wish: Callable[[], Wish]) -> None:
        self._wish = wish

    def arrange(
        self,
        parent: Widget,
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: ARG002  (Textual's signature)
    ) -> ArrangeResult:
        """Regions for the five panes, in their order."""
        wish = self._wish()
        if wish.accordion or not wide(parent.screen.size):
            regions = accordion(size.width, size.height, wish.open)
        else:
            regions = two_columns(size.width, size.height, wish.topology)
        return [
            WidgetPlacement(region, NULL_OFFSET, NULL_SPACING, widget)
            for region, widget in zip(regions, children, strict=False)
        ]
