"""Themes: which one by default, that all draw, and that without colour every state is still a word."""

from __future__ import annotations

import re

import pytest
from rich.color import Color, ColorSystem
from rich.segment import Segment

from console.ui.themes import FRAMES, NAMES, THEMES, chosen, default_theme, following

from . import fakes
from .driving import driving
from .terminal import Terminal


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM": "xterm-256color"}, "chaos"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "chaos"),
        ({"TERM": "xterm"}, "ansi"),
        ({"TERM": "linux"}, "ansi"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "mono"),
    ],
)
def test_the_default_follows_the_terminal(environ: dict[str, str], name: str) -> None:
    assert default_theme(environ) == name


def test_unknown_names_fall_back() -> None:
    assert chosen("pink") in NAMES
    assert chosen("projector") == "projector"
    assert [following(n) for n in NAMES] == [*NAMES[1:], NAMES[0]]
    assert set(FRAMES) == set(NAMES)


@pytest.mark.parametrize("theme", NAMES)
async def test_every_state_is_a_word_in_every_theme(theme: str) -> None:
    words = {"detected": "FAULT LIVE", "disarmed": "DISARMED", "blind": "BLIND", "demo": "Detection"}
    async with driving(theme=theme) as d:
        for state, word in words.items():
            await d.show(fakes.STATES[state])
            assert word in d.screen_text
            assert "KILL SWITCH" in d.screen_text


@pytest.mark.parametrize("theme", [None, "chaos"])
def test_no_color_is_obeyed_on_a_real_terminal(theme: str | None) -> None:
    options = ["--theme", theme] if theme else []
    with Terminal("--inject", *options, NO_COLOR="1", COLORTERM="truecolor") as terminal:
        terminal.read_until("FAULT LIVE")
        terminal.send(b"q")
        terminal.wait()
        colours = {
            c for c in re.findall(rb"\x1b\[([0-9;]*)m", terminal.output) if re.search(rb"(^|;)([34]8;|[349][0-7])", c)
        }
        assert not colours
        assert b"KILL SWITCH" in terminal.output


def test_with_256_colours_dark_greys_stay_grey_and_apart() -> None:
    def number(name: str) -> int:
        return Color.parse(colours[name]).downgrade(ColorSystem.EIGHT_BIT).number or 0

    chaos = next(t for t in THEMES if t.name == "chaos")
    colours = {**chaos.variables, "background": chaos.background or ""}
    greys = ("background", "c-overlay", "c-cursor", "c-cursor-blur", "c-chip-quiet", "c-frame", "c-faint", "c-field")
    assert all(number(name) >= 232 for name in greys)
    assert len({number(n) for n in ("background", "c-cursor", "c-chip-quiet", "c-faint")}) == 4
    assert number("c-kill") == 160  # red, not pink


@pytest.mark.parametrize("theme", ["ansi", "mono"])
async def test_few_colours_means_the_terminals_own(theme: str) -> None:
    async with driving(view=fakes.detected(), theme=theme) as d:
        strips = d.app.current._compositor.render_strips()
        segments: list[Segment] = [s for strip in strips for s in strip]
        colours = {c for s in segments if s.style for c in (s.style.color, s.style.bgcolor) if c is not None}
        assert all(c.is_default or c.is_system_defined for c in colours)
        if theme == "mono":
            assert all(c.is_default for c in colours)
            chip = next(s for s in segments if "FAULT LIVE" in s.text)
            assert chip.style is not None
            assert chip.style.reverse


async def test_switching_themes_redraws_frames_and_colours() -> None:
    async with driving() as d:
        assert "╭" in d.screen_text
        d.app.set_theme("projector")
        await d.rest()
        await d.rest()
        assert "╭" not in d.screen_text
        assert "┏" in d.screen_text  # the focused pane
        first = d.app.current.query_one("#topology").render_line(0)
        assert any(s.style and s.style.color and s.style.color.triplet for s in first)
