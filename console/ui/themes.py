"""Colour themes: `chaos` (dark), `projector` (light, for a hall), `ansi` (the terminal's own), `mono` (none)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from textual.theme import Theme


class Frame(NamedTuple):
    """The glyphs of a border: corners clockwise from top left, then horizontal and vertical."""

    tl: str
    tr: str
    br: str
    bl: str
    h: str
    v: str


ROUND = Frame("╭", "╮", "╯", "╰", "─", "│")
SINGLE = Frame("┌", "┐", "┘", "└", "─", "│")
HEAVY = Frame("┏", "┓", "┛", "┗", "━", "┃")

# theme name: frame of a pane, frame of the focused pane
FRAMES: Mapping[str, tuple[Frame, Frame]] = {
    "chaos": (ROUND, ROUND),
    "projector": (SINGLE, HEAVY),
    "ansi": (SINGLE, HEAVY),
    "mono": (SINGLE, HEAVY),
}

# Dark greys are nearly neutral: with 256 colours a bluish one would turn navy, and red stays clear of pink.
# What the style sheets use as $c-<name> (colours) and $s-<name> (text styles).
_CHAOS = {
    "c-text": "#c9d1dc", "c-strong": "#f2f5f9", "c-dim": "#8a95a6", "c-faint": "#4a4f57", "c-accent": "#5fc7d8",
    "c-ok": "#7cc78f", "c-warn": "#e5b567", "c-bad": "#f2666f", "c-act": "#b59df2", "c-info": "#7fb0e6",
    "c-area": "#3f8fa6", "c-zero": "#f2666f", "c-frame": "#3a3f46", "c-frame-focus": "#5fc7d8",
    "c-on-chip": "#0f1114", "c-chip-quiet": "#2a2f36", "c-cursor": "#272c33", "c-cursor-blur": "#1c1f23",
    "c-kill": "#d9222b", "c-on-kill": "#ffffff", "c-kill-idle": "#8a95a6", "c-kill-idle-back": "#2a2f36",
    "c-field": "#2f353d", "c-alarm": "#a31520", "c-on-alarm": "#ffffff", "c-overlay": "#171a1e",
    "s-chip": "bold", "s-dim": "none", "s-cursor": "none", "s-kill": "bold", "s-kill-idle": "none",
    "s-title-focus": "bold", "s-field": "none", "s-alarm": "bold", "s-cursor-blur": "none",
    "s-badge": "bold", "s-badge-quiet": "none", "s-chip-quiet": "bold",
}  # fmt: skip

_PROJECTOR = {
    "c-text": "#101010", "c-strong": "#000000", "c-dim": "#3c3c3c", "c-faint": "#8c8c8c", "c-accent": "#00319e",
    "c-ok": "#005c1a", "c-warn": "#8a4200", "c-bad": "#b80012", "c-act": "#5b1199", "c-info": "#00319e",
    "c-area": "#2a5bd0", "c-zero": "#b80012", "c-frame": "#5c5c5c", "c-frame-focus": "#00319e",
    "c-on-chip": "#ffffff", "c-chip-quiet": "#dcdcdc", "c-cursor": "#ffe9a8", "c-cursor-blur": "#ededed",
    "c-kill": "#c40014", "c-on-kill": "#ffffff", "c-kill-idle": "#000000", "c-kill-idle-back": "#dcdcdc",
    "c-field": "#ffe9a8", "c-alarm": "#b80012", "c-on-alarm": "#ffffff", "c-overlay": "#ffffff",
    "s-chip": "bold", "s-dim": "none", "s-cursor": "bold", "s-kill": "bold", "s-kill-idle": "bold",
    "s-title-focus": "bold reverse", "s-field": "bold", "s-alarm": "bold", "s-cursor-blur": "none",
    "s-badge": "bold", "s-badge-quiet": "bold", "s-chip-quiet": "bold",
}  # fmt: skip

_ANSI = {
    "c-text": "ansi_default", "c-strong": "ansi_default", "c-dim": "ansi_default", "c-faint": "ansi_bright_black",
    "c-accent": "ansi_cyan", "c-ok": "ansi_green", "c-warn": "ansi_yellow", "c-bad": "ansi_red",
    "c-act": "ansi_magenta", "c-info": "ansi_blue", "c-area": "ansi_cyan", "c-zero": "ansi_red",
    "c-frame": "ansi_bright_black", "c-frame-focus": "ansi_cyan", "c-on-chip": "ansi_black",
    "c-chip-quiet": "ansi_default", "c-cursor": "ansi_default", "c-cursor-blur": "ansi_default",
    "c-kill": "ansi_red", "c-on-kill": "ansi_bright_white", "c-kill-idle": "ansi_default",
    "c-kill-idle-back": "ansi_default", "c-field": "ansi_default", "c-alarm": "ansi_red",
    "c-on-alarm": "ansi_bright_white", "c-overlay": "ansi_default",
    "s-chip": "bold", "s-dim": "dim", "s-cursor": "reverse", "s-kill": "bold", "s-kill-idle": "bold",
    "s-title-focus": "bold reverse", "s-field": "reverse", "s-alarm": "bold", "s-cursor-blur": "bold",
    "s-badge": "bold reverse", "s-badge-quiet": "bold", "s-chip-quiet": "bold",
}  # fmt: skip

# No colour at all: what is loud is reversed, what is quiet is dim, and every state is a word anyway.
_MONO = {
    **{name: "ansi_default" for name in _ANSI if name.startswith("c-")},
    "s-chip": "bold reverse", "s-dim": "dim", "s-cursor": "reverse", "s-kill": "bold reverse", "s-kill-idle": "none",
    "s-title-focus": "bold reverse", "s-field": "reverse", "s-alarm": "bold reverse", "s-cursor-blur": "bold",
    "s-badge": "bold", "s-badge-quiet": "none", "s-chip-quiet": "bold",
}  # fmt: skip


def _theme(name: str, colours: dict[str, str], *, background: str, dark: bool, ansi: bool = False) -> Theme:
    return Theme(
        name=name,
        primary=colours["c-accent"],
        secondary=colours["c-act"],
        accent=colours["c-accent"],
        warning=colours["c-warn"],
        error=colours["c-bad"],
        success=colours["c-ok"],
        foreground=colours["c-text"],
        background=background,
        surface=background,
        panel=background,
        dark=dark,
        ansi=ansi,
        variables={**colours, **({"ansi-background": "ansi_black", "ansi-foreground": "ansi_white"} if ansi else {})},
    )


THEMES: tuple[Theme, ...] = (
    _theme("chaos", _CHAOS, background="#0f1114", dark=True),
    _theme("projector", _PROJECTOR, background="#ffffff", dark=False),
    _theme("ansi", _ANSI, background="ansi_default", dark=True, ansi=True),
    _theme("mono", _MONO, background="ansi_default", dark=True, ansi=True),
)
NAMES: tuple[str, ...] = tuple(t.name for t in THEMES)


def default_theme(environ: Mapping[str, str] = os.environ) -> str:
    """`mono` where colours are unwanted, `ansi` where there are few, else `chaos`."""
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR"):
        return "mono"
    rich_terminal = environ.get("COLORTERM") or "256" in term or term in ("xterm-kitty", "alacritty", "foot", "wezterm")
    return "chaos" if rich_terminal or not term else "ansi"


def chosen(name: str | None) -> str:
    """The theme asked for, or the default where it is not one of ours."""
    return name if name in NAMES else default_theme()


def following(name: str) -> str:
    """The next theme in turn."""
    return NAMES[(NAMES.index(name) + 1) % len(NAMES)] if name in NAMES else NAMES[0]
