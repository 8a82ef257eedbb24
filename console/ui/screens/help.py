"""Help: every key that works where it was asked for, and every command, generated from the one table of keys."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult

from console.ui.keys import Key, Where, at, rebound, verbs
from console.ui.lines import EMPTY, Line, line, pad, width, wrap
from console.ui.screens.base import ConsoleScreen
from console.ui.widgets.listing import Listing, Row

KEY_WIDTH = 14
TWO_COLUMNS = 100


def section(title: str, entries: list[tuple[str, str, str]], columns: int) -> list[Line]:
    """A heading and its lines: keys, help, and a tail."""
    out = [line((title, "accent"))]
    lead = max([KEY_WIDTH, *(len(k) + 2 for k, _, _ in entries)]) if columns > 60 else KEY_WIDTH
    for keys, text, style in entries:
        for n, row in enumerate(wrap(text, columns - lead - 2)):
            out.append(line(*pad(line(("  ", "t"), (keys if n == 0 else "", style)), lead + 2), row))
    return [*out, EMPTY]


def _keys(where: Where, keymap: Mapping[str, str]) -> list[tuple[str, str, str]]:
    found = [rebound(k, keymap) for k in at(where) if k.keys]
    panes = [k.keys for k in found if k.id.startswith("pane(")]
    lines = [(k.shown, k.help, "key") for k in found if not k.id.startswith("pane(")]
    return ([(f"{panes[0]} to {panes[-1]}", "go to the pane of this number", "key")] if panes else []) + lines


def _commands(columns: int) -> list[tuple[str, str, str]]:
    def usage(key: Key) -> str:
        return f"{key.verb} {key.usage}".strip()

    return [(usage(k) if columns > 60 else k.verb, k.help, "info") for k in verbs()]


class HelpList(Listing):
    """The text of the help screen."""

    def __init__(self, places: tuple[Where, ...], keymap: Mapping[str, str]) -> None:
        super().__init__(id="help")
        self.places_asked = places
        self.keymap = keymap

    def heading(self) -> Line:
        return line(("Help", "title-focus"))

    def foot(self) -> Line:
        return line(("esc", "key"), (" back", "dim"))

    def items(self, columns: int) -> list[Row]:
        order = [Where.APP, *(w for w in self.places_asked if w is not Where.OVER)]
        rest = [w for w in (Where.LIST, Where.DIALOG, Where.REPLAY, Where.DEMO) if w not in order]
        half = columns if columns < TWO_COLUMNS else (columns - 4) // 2
        blocks = [section(w.value, _keys(w, self.keymap), half) for w in order]
        blocks.append(section("Command line", _commands(half), half))
        blocks += [section(w.value, _keys(w, self.keymap), half) for w in rest]
        if columns < TWO_COLUMNS:
            return [Row(r) for block in blocks for r in block]
        return [Row(r) for r in beside(blocks, half)]


def beside(blocks: list[list[Line]], half: int) -> list[Line]:
    """Blocks in two columns of about the same height, in order."""
    total = sum(len(b) for b in blocks)
    left: list[Line] = []
    while blocks and len(left) + len(blocks[0]) // 2 < (total + 1) // 2:
        left += blocks.pop(0)
    right = [row for block in blocks for row in block]
    rows = max(len(left), len(right))
    left += [EMPTY] * (rows - len(left))
    right += [EMPTY] * (rows - len(right))
    return [line(*pad(a, half), "    ", *b) if width(b) else a for a, b in zip(left, right, strict=True)]


class HelpScreen(ConsoleScreen):
    """`?`."""

    def __init__(self, places: tuple[Where, ...]) -> None:
        super().__init__()
        self._places = places

    def body(self) -> ComposeResult:
        yield HelpList(self._places, self.console.keymap)

    @property
    def main(self) -> Listing:
        return self.query_one(HelpList)

    def action_help(self) -> None:
        self.go_back()
