"""A Markdown text as lines of spans: headings, lists, tables that keep their columns. Nothing in it is obeyed."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from console.ui.lines import EMPTY, Line, cells, line, pad, width, wrap

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
GAP = 2
LEAST = 8  # cells of a table column that has to wrap


def rendered(text: str, columns: int) -> list[Line]:
    """The whole text, wrapped to so many cells."""
    tokens = _PARSER.parse(text)
    rows: list[Line] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        end = _end(tokens, at)
        if token.type == "table_open":
            rows += [*_table(tokens[at:end], columns), EMPTY]
        elif token.type == "heading_open":
            rows += [*_wrapped(tokens[at + 1].content, columns, "title-focus" if token.tag == "h1" else "title"), EMPTY]
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            rows += [*_list(tokens[at:end], columns), EMPTY]
        elif token.type == "paragraph_open":
            rows += [*_wrapped(_plain(tokens[at + 1]), columns, "t"), EMPTY]
        elif token.type in ("fence", "code_block"):
            rows += [*(line((part, "dim")) for part in token.content.splitlines()), EMPTY]
        at = end
    return rows[:-1] if rows else rows


def _end(tokens: Sequence[Token], at: int) -> int:
    """The index after the block that begins here."""
    level = tokens[at].level
    if tokens[at].nesting != 1:
        return at + 1
    return next(n for n in range(at + 1, len(tokens)) if tokens[n].nesting == -1 and tokens[n].level == level) + 1


def _plain(inline: Token) -> str:
    """The text without its marks; a picture is its name."""
    parts = [f"[{c.content}]" if c.type == "image" else " " if "break" in c.type else c.content
             for c in inline.children or ()]  # fmt: skip
    return "".join(parts).replace("&lt;", "<")


def _wrapped(text: str, columns: int, style: str) -> list[Line]:
    return [line((part, style)) for part in wrap(text, columns)]


def _list(tokens: Sequence[Token], columns: int) -> list[Line]:
    ordered = tokens[0].type == "ordered_list_open"
    rows: list[Line] = []
    texts = [_plain(t) for t in tokens if t.type == "inline"]
    for n, text in enumerate(texts, 1):
        mark = f"{n}. " if ordered else "· "
        for m, part in enumerate(wrap(text, columns - len(mark))):
            rows.append(line((mark if m == 0 else " " * len(mark), "dim"), (part, "t")))
    return rows


def _table(tokens: Sequence[Token], columns: int) -> list[Line]:
    """Columns as wide as they need, the widest gives way and wraps."""
    table: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            table.append([])
        elif token.type == "inline":
            table[-1].append(_plain(token))
    sizes = _sizes(table, columns)
    rows: list[Line] = []
    for n, texts in enumerate(table):
        parts = [wrap(text, size) or [""] for text, size in zip(texts, sizes, strict=True)]
        for y in range(max(len(p) for p in parts)):
            cells_ = [pad(line((p[y] if y < len(p) else "", _tone(p[0], n, x))), sizes[x] + GAP)
                      for x, p in enumerate(parts)]  # fmt: skip
            rows.append(tuple(span for cell in cells_ for span in cell))
    return [row for row in rows if width(row)]


def _tone(text: str, row: int, column: int) -> str:
    if row == 0:
        return "dim"
    return {"PASS": "ok", "FAIL": "bad", "NOT CHECKED": "warn"}.get(text, "t" if column else "strong")


def _sizes(table: Sequence[Sequence[str]], columns: int) -> list[int]:
    sizes = [max([1, *(cells(row[x]) for row in table)]) for x in range(len(table[0]))]
    over = sum(sizes) + GAP * (len(sizes) - 1) - columns
    while over > 0 and max(sizes) > LEAST:
        widest = sizes.index(max(sizes))
        second = max([LEAST, *(s for n, s in enumerate(sizes) if n != widest)])
        cut = min(over, max(1, sizes[widest] - second))
        sizes[widest] -= cut
        over -= cut
    return sizes
