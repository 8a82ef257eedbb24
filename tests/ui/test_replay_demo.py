"""A replay is scrubbed with keys; a demo goes on with space and aborts with esc."""

from __future__ import annotations

import pytest

from . import fakes
from .driving import driving

KEYS: dict[str, tuple[str, tuple[object, ...]]] = {
    "space": ("play_pause", ()),
    "left": ("step", (-1.0,)),
    "right": ("step", (1.0,)),
    "shift+left": ("step", (-10.0,)),
    "shift+right": ("step", (10.0,)),
    "left_square_bracket": ("set_speed", (1.0,)),
    "right_square_bracket": ("set_speed", (4.0,)),
    "home": ("seek", (0.0,)),
    "end": ("seek", (420.0,)),
}


@pytest.mark.parametrize("pane", ["1", "5"])
async def test_transport_keys_belong_to_the_record_in_every_pane(pane: str) -> None:
    async with driving(view=fakes.replay()) as d:
        await d.press(pane)
        for key, call in KEYS.items():
            d.session.calls.clear()
            await d.press(key)
            assert d.session.calls == [call], key


async def test_seek_and_speed_by_number() -> None:
    async with driving(view=fakes.replay()) as d:
        for line, call in (("seek 12.5", ("seek", (12.5,))), ("speed 8", ("set_speed", (8.0,)))):
            await d.press("colon")
            await d.type(line)
            await d.press("enter")
            assert call in d.session.calls


async def test_the_transport_bar_shows_position_speed_and_marks() -> None:
    async with driving(view=fakes.replay()) as d:
        bar = d.text("Bars")
        for word in ("05:10.0", "07:00.0", "×2", "detected", "●"):
            assert word in bar
        assert "REPLAY" in d.text("Header")


async def test_nothing_is_injected_into_a_record() -> None:
    async with driving(view=fakes.replay()) as d:
        await d.press("f")
        assert d.overlay is None
        assert "this is a record" in d.notice
        assert "READ-ONLY" not in d.text("Header")


async def test_space_goes_to_the_next_chapter_in_every_pane() -> None:
    async with driving(view=fakes.demo()) as d:
        assert "4/7 Detection" in d.text("Bars")
        assert "space goes on" in d.text("Bars")
        await d.press("space", "5", "space")
        assert len(d.session.called("next_chapter")) == 2


async def test_esc_aborts_the_demo_after_what_is_nearer() -> None:
    async with driving(view=fakes.demo()) as d:
        await d.press("f", "escape")
        assert not d.session.called("abort_demo")
        d.session.streaming = True
        await d.press("escape")
        assert not d.session.called("abort_demo")
        await d.press("escape")
        assert d.session.called("abort_demo")


async def test_without_record_or_demo_their_keys_do_nothing() -> None:
    async with driving() as d:
        await d.press("space", "left_square_bracket", "shift+left", "home")
        assert not d.session.calls
