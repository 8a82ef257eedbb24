"""Footer: the keys that matter here, as many as fit, and for a moment the answer to the last thing asked."""

from __future__ import annotations

from collections.abc import Sequence

from console.ui.keys import Key
from console.ui.lines import Line, cells, line, whole_words, width
from console.ui.widgets.board import Board

NOTICE_GLYPH = {"good": "●", "warn": "▲", "bad": "✖", "info": "▸"}


def compose_footer(keys: Sequence[tuple[Key, bool]], columns: int) -> Line:
    """The heaviest keys that fit, in table order; those that are off are struck through."""
    cost = {id(k): cells(k.first) + cells(k.label) + 4 for k, _ in keys}
    kept = sorted(keys, key=lambda k: -k[0].show)
    while kept and sum(cost[id(k)] for k, _ in kept) > columns:
        kept.pop()
    chosen = {id(k) for k, _ in kept}
    row: Line = ()
    for key, enabled in keys:
        if id(key) in chosen:
            style = ("key", "dim") if enabled else ("key-off", "faint")
            row = line(*row, "  " if row else " ", (key.first, style[0]), (f" {key.label}", style[1]))
    return row


class Footer(Board):
    """The last line of every screen."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._keys: tuple[tuple[Key, bool], ...] = ()
        self._notice: tuple[str, str] = ("", "info")

    @property
    def notice(self) -> str:
        """The line shown instead of the keys, if any."""
        return self._notice[0]

    def show_keys(self, keys: Sequence[tuple[Key, bool]]) -> None:
        """These keys work here; False: switched off."""
        self._keys = tuple(keys)
        self.rebuild()

    def show_notice(self, text: str, tone: str = "info") -> None:
        """Say one line in place of the keys; empty brings the keys back."""
        if (text, tone) != self._notice:
            self._notice = (text, tone)
            self.rebuild()

    def rebuild(self) -> None:
        if not self.is_mounted or self.size.width < 4:
            return
        text, tone = self._notice
        if not text:
            self.paint([compose_footer(self._keys, self.size.width)])
            return
        glyph = line((f" {NOTICE_GLYPH.get(tone, '▸')} ", f"notice-{tone}"))
        self.paint([line(*glyph, *whole_words(text, self.size.width - width(glyph), f"notice-{tone}"))])
