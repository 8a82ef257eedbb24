"""Markdown as lines: tables keep their columns at any width, nothing is obeyed, nothing is lost."""

from __future__ import annotations

import pytest

from console.ui.lines import plain, width
from console.ui.markdown import GAP, rendered

from .fakes import REPORT


@pytest.mark.parametrize("columns", [40, 76, 116, 196])
def test_every_word_is_there_and_no_line_is_too_wide(columns: int) -> None:
    rows = rendered(REPORT, columns)
    assert all(width(r) <= columns + GAP for r in rows)
    text = "".join(plain(r) for r in rows).replace(" ", "")
    for word in ("HYPOTHESIS_REJECTED", "Recommendations", "41.2%", "electiontimeout", "tikvlab"):
        assert word.replace(" ", "") in text.replace("·", "")


def test_a_table_has_its_columns_under_each_other() -> None:
    rows = [plain(r) for r in rendered(REPORT, 76)]
    head = next(r for r in rows if r.startswith("Metric"))
    assert [
        r.index(w) for r, w in ((rows[rows.index(head) + 1], ">= 50%"), (rows[rows.index(head) + 2], "< 120 s"))
    ] == [head.index("Expected")] * 2


def test_html_links_and_pictures_are_text() -> None:
    text = "<script>alert(1)</script>\n\n[b](http://x) ![plot](plot.svg) `code` &lt;b>\n\n- one\n- two\n"
    said = "\n".join(plain(r) for r in rendered(text, 60))
    assert "<script>alert(1)</script>" in said
    assert "b [plot] code <b>" in said
    assert "· one\n· two" in said
