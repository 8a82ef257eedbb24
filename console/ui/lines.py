"""Styled text as plain data: every widget draws tuples of (text, style name), and every test can read them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from console.model.text import clean

Span = tuple[str, str]
Line = tuple[Span, ...]

# The style names; base.tcss gives each its colour as `.ln--<name>`.
STYLES = (
    "t", "strong", "dim", "faint", "accent", "head", "ok", "warn", "bad", "act", "info",
    "title", "title-focus", "frame", "frame-focus", "cursor", "cursor-blur", "field", "key", "key-off",
    "badge", "badge-quiet", "chip-ok", "chip-warn", "chip-bad", "chip-act", "chip-info", "chip-quiet",
    "kill", "kill-idle", "area", "area-zero",
    "notice-good", "notice-warn", "notice-bad", "notice-info", "alarm",
)  # fmt: skip

EMPTY: Line = ()


@lru_cache(maxsize=4096)
def _cleaned(text: str) -> str:
    return clean(text, 4000)


def safe(text: str) -> str:
    """The text with nothing in it that a terminal would obey; printable text passes untouched."""
    return text if text.isprintable() else _cleaned(text)


def cells(text: str) -> int:
    """How many terminal cells the text takes."""
    return len(text) if text.isascii() else cell_len(text)


def span(text: object, style: str = "t") -> Span:
    """One run of text in one style."""
    return (safe(str(text)), style)


def line(*parts: Span | str) -> Line:
    """A line from spans and plain strings; empty parts vanish."""
    spans = (span(p) if isinstance(p, str) else (safe(p[0]), p[1]) for p in parts)
    return tuple(s for s in spans if s[0])


def plain(spans: Line) -> str:
    """The text of a line without its styles."""
    return "".join(text for text, _ in spans)


def width(spans: Line) -> int:
    """How many cells a line takes."""
    return sum(cells(text) for text, _ in spans)


def clip(text: str, limit: int) -> str:
    """The text in at most `limit` cells; what is cut ends in an ellipsis."""
    if cells(text) <= limit:
        return text
    return set_cell_size(text, limit - 1) + "…" if limit > 1 else "…"[:limit]


def cut(spans: Line, limit: int) -> Line:
    """The line in at most `limit` cells; what is cut ends in an ellipsis."""
    if width(spans) <= limit:
        return spans
    out: list[Span] = []
    left = limit
    for text, style in spans:
        need = cells(text)
        if need < left:
            out.append((text, style))
            left -= need
        else:
            out.append((clip(text + " ", left), style))
            break
    return tuple(s for s in out if s[0])


def pad(spans: Line, size: int, style: str = "t") -> Line:
    """The line cut or filled with spaces to exactly `size` cells."""
    have = width(spans)
    if have == size:
        return spans
    if have > size:
        return pad(cut(spans, size), size, style)
    return (*spans, (" " * (size - have), style))


def ends(left: Line, right: Line, size: int) -> Line:
    """`left` at the left, `right` at the right end of `size` cells; the left one gives way."""
    room = size - width(right)
    if room <= 0:
        return cut(right, size)
    return (*pad(cut(left, max(0, room - 1)), room), *right)


def chain(parts: Iterable[Line], size: int, separator: Span = (" · ", "faint")) -> Line:
    """Parts in order of importance, joined; what does not fit whole is left out, the first cut between words."""
    out: list[Span] = []
    used = 0
    gap = cells(separator[0])
    for part in parts:
        if not part:
            continue
        need = width(part) + (gap if out else 0)
        if used + need > size:
            if not out:
                return cut_words(part, size)
            break
        if out:
            out.append(separator)
        out.extend(part)
        used += need
    return tuple(out)


def whole_words(text: str, room: int, style: str = "t") -> Line:
    """As many whole words of a text as fit, with an ellipsis where some are left out."""
    text = safe(text)
    if cells(text) <= room:
        return line((text, style))
    out = ""
    for word in text.split(" "):
        longer = f"{out} {word}" if out else word
        if cells(longer) + 2 > room:
            break
        out = longer
    return line((f"{out} …" if out else clip(text, room), style))


def cut_words(spans: Line, limit: int) -> Line:
    """The line in at most `limit` cells, cut between words."""
    out: list[Span] = []
    left = limit
    for text, style in spans:
        need = cells(text)
        if need > left:
            return line(*out, *whole_words(text, left, style))
        out.append((text, style))
        left -= need
    return tuple(out)


def wrap(text: str, size: int) -> list[str]:
    """Plain text broken between words into lines of at most `size` cells; paragraphs are kept."""
    out: list[str] = []
    for paragraph in text.split("\n"):
        out.extend(_wrapped(paragraph, max(4, size)))
    return out


@lru_cache(maxsize=2048)
def _wrapped(paragraph: str, size: int) -> tuple[str, ...]:
    paragraph = safe(paragraph)
    rows: list[str] = []
    row = ""
    for word in paragraph.split(" "):
        while cells(word) > size:  # a word longer than the line is the only thing ever broken inside
            if row:
                rows.append(row)
                row = ""
            head = set_cell_size(word, size).rstrip(" ")
            rows.append(head)
            word = word[len(head) :]
        joined = f"{row} {word}" if row else word
        if cells(joined) > size:
            rows.append(row)
            row = word
        else:
            row = joined
    rows.append(row)
    return tuple(rows)


def bar(part: float, size: int, style: str, rest: str = "faint") -> Line:
    """A horizontal bar of `size` cells of which `part` (0 to 1) is filled, to half a cell."""
    full, half = divmod(round(max(0.0, min(1.0, part)) * size * 2), 2)
    head = "━" * full + "╸" * half
    return line((head, style), ("─" * (size - len(head)), rest))
