"""Lines of styled text: widths in cells, whole words, nothing a terminal would obey."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from console.ui.lines import bar, cells, chain, cut, ends, line, pad, plain, safe, whole_words, width, wrap

TEXT = st.text(max_size=60)


def test_escapes_and_controls_never_survive() -> None:
    assert safe("\x1b[31mred\x07\u202e") == "red"
    assert safe("a\tb\nc") == "a b c"
    assert safe("[bold]x[/]") == "[bold]x[/]"  # markup is text here


@given(TEXT)
def test_safe_text_holds_nothing_that_acts(text: str) -> None:
    assert not {unicodedata.category(ch) for ch in safe(text)} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@given(TEXT, st.integers(0, 30))
def test_cut_and_pad_give_the_width_asked_for(text: str, size: int) -> None:
    spans = line((text, "t"), ("tail", "dim"))
    assert width(cut(spans, size)) <= size
    assert width(pad(spans, size)) == size


@given(TEXT, TEXT, st.integers(1, 40))
def test_the_right_end_wins(left: str, right: str, size: int) -> None:
    assert width(ends(line(left), line(right), size)) <= size


@given(TEXT, st.integers(4, 40))
def test_wrapped_lines_fit_and_lose_no_word(text: str, size: int) -> None:
    rows = wrap(text, size)
    assert all(cells(r) <= size for r in rows)
    assert "".join(safe(text).split()) == "".join("".join(rows).split()) or "\n" in text


@given(st.text(alphabet="abc ", max_size=40), st.integers(3, 30))
def test_whole_words_are_never_cut_inside(text: str, room: int) -> None:
    shown = plain(whole_words(text, room))
    assert cells(shown) <= room
    first = text.split(" ")[0]
    if shown.endswith(" …") and len(first) + 2 <= room:
        assert set(shown[:-2].split(" ")) <= set(text.split(" "))


def test_a_chain_leaves_out_whole_parts() -> None:
    parts = [line("first"), line("second"), line("third")]
    assert plain(chain(parts, 40)) == "first · second · third"
    assert plain(chain(parts, 18)) == "first · second"
    assert plain(chain(parts, 4)) == "fir…"


def test_bars_are_as_long_as_they_say() -> None:
    for part in (0.0, 0.26, 0.5, 1.0, 7.0):
        assert width(bar(part, 10, "act")) == 10
    assert plain(bar(0.5, 10, "act")) == "━━━━━─────"
