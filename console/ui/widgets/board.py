"""Board: a widget that shows lines of styled text and sends to the terminal only the cells that changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.ui.lines import EMPTY, STYLES, Line, Span, cells, pad, width

# the cursor lies inside the frame, and under what has a background of its own
_NEVER_LIT = frozenset(n for n in STYLES if n.split("-")[0] in ("frame", "chip", "badge", "kill", "field", "alarm"))


def changed(old: Line, new: Line) -> tuple[int, int] | None:
    """First and one past the last cell in which two lines of equal width differ; None where they are equal."""
    if old == new:
        return None
    total = width(new)
    if width(old) != total:
        return (0, max(width(old), total))
    start = _common(old, new)
    end = _common(old[::-1], new[::-1])
    return (start, max(start + 1, total - end))


def _common(old: Sequence[Span], new: Sequence[Span]) -> int:
    """Cells taken by the spans the two begin with in common."""
    same = 0
    for a, b in zip(old, new, strict=False):
        if a != b:
            break
        same += cells(a[0])
    return same


class Board(Widget):
    """Shows what `paint` was last given, one line a row."""

    COMPONENT_CLASSES = {f"ln--{name}" for name in STYLES}
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id, classes=classes)
        self._rows: list[Line] = []
        self._highlight: int | None = None
        self._drawn: dict[tuple[str, bool], Style] = {}

    @property
    def rows_shown(self) -> tuple[Line, ...]:
        """What is on the widget now."""
        return tuple(self._rows)

    @property
    def text_shown(self) -> str:
        """What is on the widget now, without styles."""
        return "\n".join("".join(text for text, _ in row) for row in self._rows)

    def paint(self, rows: Sequence[Line], highlight: int | None = None) -> None:
        """Show these lines, cut and padded to the widget; `highlight` is the row drawn as the cursor."""
        columns, height = self.size
        new = [pad(row, columns) for row in rows[:height]]
        new.extend([pad(EMPTY, columns)] * (height - len(new)))
        old, self._rows = self._rows, new
        before, self._highlight = self._highlight, highlight
        if len(old) != len(new):
            self.refresh()
            return
        dirty = []
        for y, (a, b) in enumerate(zip(old, new, strict=True)):
            if before != highlight and y in (before, highlight):
                dirty.append(Region(0, y, columns, 1))
            elif (part := changed(a, b)) is not None:
                dirty.append(Region(part[0], y, part[1] - part[0], 1))
        if dirty:
            self.refresh(*dirty)

    def rebuild(self) -> None:
        """Compute the lines again and paint them; subclasses say how."""

    def on_resize(self) -> None:
        """A new width or height wants new lines."""
        self.rebuild()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Focus shows in frame and cursor."""
        super().watch_has_focus(has_focus)
        self._drawn.clear()
        self.rebuild()

    def notify_style_update(self) -> None:
        """Colours may have changed."""
        self._drawn.clear()
        super().notify_style_update()

    @property
    def lit(self) -> bool:
        """Whether it is drawn as the one that has the keys."""
        return self.has_focus

    def _style(self, name: str, lit: bool) -> Style:
        key = (name, lit)
        style = self._drawn.get(key)
        if style is None:
            style = self.get_component_rich_style(f"ln--{name}")
            if lit:
                cursor = "ln--cursor" if self.lit else "ln--cursor-blur"
                style = style + self.get_component_rich_style(cursor, partial=True)
            self._drawn[key] = style
        return style

    def render_line(self, y: int) -> Strip:
        """One row as Textual wants it."""
        if y >= len(self._rows):
            return Strip.blank(self.size.width, self._style("t", False))
        lit = y == self._highlight
        return Strip(
            [Segment(text, self._style(name, lit and name not in _NEVER_LIT)) for text, name in self._rows[y]],
            self.size.width,
        )
