"""A frame around lines, with titles in its border and a scroll thumb on its right side: plain functions."""

from __future__ import annotations

from collections.abc import Sequence

from console.ui.lines import EMPTY, Line, Span, pad, width
from console.ui.themes import Frame


def framed(
    body: Sequence[Line],
    size: tuple[int, int],
    frame: Frame,
    style: str,
    title: Line = EMPTY,
    right: Line = EMPTY,
    foot: Line = EMPTY,
    thumb: range = range(0),
) -> list[Line]:
    """A frame of `size` (columns, rows) around lines; `thumb` are the body rows the scroll thumb stands at."""
    columns, height = size
    wall: Span = (frame.v, style)
    out = [_edge(title, right, columns, (frame.tl, frame.h, frame.tr), style)]
    for y in range(height - 2):
        row = body[y] if y < len(body) else EMPTY
        out.append((wall, *pad(row, columns - 2), ("┃" if y in thumb else frame.v, style)))
    out.append(_edge(EMPTY, foot, columns, (frame.bl, frame.h, frame.br), style))
    return out


def thumb(first: int, shown: int, total: int) -> range:
    """The rows of the scroll thumb; empty where everything is shown."""
    if total <= shown or shown < 2:
        return range(0)
    length = max(1, shown * shown // total)
    start = round(first / (total - shown) * (shown - length))
    return range(start, start + length)


def _edge(left: Line, right: Line, columns: int, glyphs: tuple[str, str, str], style: str) -> Line:
    """One border with a title at its left and whole words at its right as far as there is room."""
    start, fill, end = glyphs
    room = columns - 4
    left = pad(left, room - 3) if width(left) > room - 3 else left
    right = _whole_spans(right, room - width(left) - (4 if left else 2))
    head: Line = ((start + fill, style), *(((" ", "t"), *left, (" ", "t")) if left else ()))
    tail: Line = (*(((" ", "t"), *right, (" ", "t")) if right else ()), (fill + end, style))
    gap = columns - width(head) - width(tail)
    return (*head, (fill * max(0, gap), style), *tail)


def _whole_spans(spans: Line, room: int) -> Line:
    """The leading spans that fit whole."""
    out: list[Span] = []
    for item in spans:
        if width((*out, item)) > room:
            break
        out.append(item)
    return tuple(out)
