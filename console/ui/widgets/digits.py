"""Large figures of half blocks: three rows high, every digit three cells wide, so that a clock never jumps."""

from __future__ import annotations

from console.ui.lines import Line

# three rows of each figure, five half-block pixels high
_FIGURES = {
    "0": ("█▀█", "█ █", "▀▀▀"),
    "1": ("▀█ ", " █ ", "▀▀▀"),
    "2": ("▀▀█", "█▀▀", "▀▀▀"),
    "3": ("▀▀█", " ▀█", "▀▀▀"),
    "4": ("█ █", "▀▀█", "  ▀"),
    "5": ("█▀▀", "▀▀█", "▀▀▀"),
    "6": ("█▀▀", "█▀█", "▀▀▀"),
    "7": ("▀▀█", "  █", "  ▀"),
    "8": ("█▀█", "█▀█", "▀▀▀"),
    "9": ("█▀█", "▀▀█", "▀▀▀"),
    "k": ("█ ▄", "██ ", "▀ ▀"),
    "M": ("█▄█", "█▀█", "▀ ▀"),
    "-": ("   ", "▀▀▀", "   "),
    ":": ("▄", "▄", " "),
    ".": (" ", " ", "▀"),
    ",": (" ", " ", "▄"),
    " ": ("   ", "   ", "   "),
}


def figures(text: str, style: str) -> tuple[Line, Line, Line]:
    """Three lines that show the text large; what has no figure is left out."""
    shapes = [_FIGURES[ch] for ch in text if ch in _FIGURES]
    rows = (" ".join(shape[n] for shape in shapes) for n in range(3))
    top, middle, bottom = (((row, style),) for row in rows)
    return (top, middle, bottom)
