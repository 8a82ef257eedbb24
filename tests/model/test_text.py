"""Untrusted text: no escape sequence, control or bidi character survives; secrets do not either."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from console.model.text import clean, clean_block, redact


@given(st.text())
def test_nothing_invisible_survives(text: str) -> None:
    assert not [c for c in clean(text) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")]


def test_terminal_escapes_are_removed_whole() -> None:
    hostile = "a\x1b[31mred\x1b[0m\x1b]0;title\x07b\x1b]8;;http://x\x1b\\link\x1bPq\x1b\\c\u202etxt\x9b31m"
    assert clean(hostile) == "aredblinkctxt31m"


def test_cut_to_the_limit() -> None:
    assert clean("x" * 50, 10) == "x" * 9 + "…"


@given(st.text(), st.text())
def test_pieces_may_be_cleaned_one_by_one(a: str, b: str) -> None:
    assert "\n" not in clean(a + b)
    assert clean_block(a + "\n" + b) == clean_block(a) + "\n" + clean_block(b)


def test_secrets_are_redacted() -> None:
    text = (
        "key sk-ant-api03-abcdefghijkl, Authorization: Bearer abc.def.ghi-jkl, password=hunter22, "
        'ANTHROPIC_API_KEY="topsecretvalue" https://bob:pa55word@host/x'
    )
    out = redact(text)
    for secret in ("abcdefghijkl", "abc.def.ghi", "hunter22", "topsecretvalue", "pa55word"):
        assert secret not in out
    assert "host/x" in out


def test_ordinary_text_is_left_alone() -> None:
    text = "TOTAL  - Takes(s): 37.9, Count: 335763, OPS: 8855.5 [store=tikv2:20160]"
    assert redact(text) == text
