"""Names, log lines, errors and model output are untrusted: shown as text, never obeyed."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.cluster import Container
from console.model.names import Role
from console.model.view import Details, Event
from console.ui.keys import Where
from console.ui.lines import plain, width
from console.ui.panes.strip import event_line
from console.ui.widgets.board import Board, changed
from console.ui.widgets.header import compose_header, parts

from . import fakes
from .driving import driving
from .fake_session import FakeSession
from .parts import HOSTILE

ACTS = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def tame(text: str) -> bool:
    return not {unicodedata.category(ch) for ch in text.replace("\n", "")} & ACTS


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_nothing_hostile_reaches_any_screen(size: tuple[int, int]) -> None:
    session = FakeSession(fakes.hostile(), log=(f"{HOSTILE}\x1b[2J[/]\x9b31m", "x" * 5000))
    async with driving(session, size=size) as d:
        for keys in ((), ("5",), ("3",), ("f",), ("escape", "t"), ("escape", "i"), ("escape", "1", "enter")):
            await d.press(*keys)
            text = d.screen_text
            assert tame(text)
            assert "\x1b" not in text
            assert all(len(row) <= size[0] for row in text.splitlines())
        assert "[bold]" in d.screen_text  # markup is shown, not parsed


async def test_a_failure_to_connect_is_cleaned_and_redacted() -> None:
    from console.ui.app import ConsoleApp

    async def connect() -> FakeSession:
        raise OSError(f"cannot reach {HOSTILE} with sk-ant-abcdefghijkl")

    app = ConsoleApp(connect, theme="chaos")
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(5):
            await pilot.pause()
        shown = "\n".join(b.text_shown for b in app.screen.query(Board))
        assert "NO SESSION" in shown
        assert "cannot reach" in shown
        assert "r tries again" in shown
        assert "sk-ant" not in shown
        assert tame(shown)


@given(st.text(max_size=80), st.text(max_size=20))
def test_event_lines_are_tame(text: str, source: str) -> None:
    assert tame(plain(event_line(Event(1.0, source, text, "bad"))))


@settings(max_examples=40)
@given(st.text(max_size=40), st.integers(40, 240), st.sampled_from(sorted(fakes.STATES)))
def test_the_header_is_exactly_as_wide_as_the_screen(project: str, columns: int, state: str) -> None:
    view = replace(fakes.STATES[state], project=project)
    row = compose_header(parts(view, True, False, 0, True), "kill", columns)
    assert width(row) == columns
    assert row[-1][1] == "kill"
    assert "KILL" in row[-1][0]


@given(
    st.lists(st.tuples(st.text("ab ", max_size=4), st.sampled_from("xy"))),
    st.lists(st.tuples(st.text("ab ", max_size=4), st.sampled_from("xy"))),
)
def test_only_cells_that_differ_are_sent_and_all_of_them(a: list[tuple[str, str]], b: list[tuple[str, str]]) -> None:
    def cells(row: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(ch, style) for text, style in row for ch in text]

    old, new = tuple(s for s in a if s[0]), tuple(s for s in b if s[0])
    part = changed(old, new)
    before, after = cells(list(old)), cells(list(new))
    if len(before) != len(after):
        return
    for n, (x, y) in enumerate(zip(before, after, strict=True)):
        if x != y:
            assert part is not None
            assert part[0] <= n < part[1]


async def test_a_container_nobody_knows_is_no_reason_to_fail() -> None:
    base = fakes.view()
    odd = Container("weird", "weird", Role.OTHER, "removed")
    broken = replace(
        base.cluster, containers={**base.cluster.containers, "weird": odd, "tikv0": replace(odd, service="tikv0")}
    )
    async with driving(view=replace(base, cluster=broken)) as d:
        assert "removed" in d.text("#topology")
        assert Where.TOPOLOGY in d.app.current.places()


async def test_details_of_hostile_text_are_tame() -> None:
    class Hostile(FakeSession):
        async def details(self, component: str) -> Details:
            return Details(component, HOSTILE, (HOSTILE * 3,), "", ((HOSTILE, HOSTILE),))

    async with driving(Hostile()) as d:
        await d.press("enter")
        assert tame(d.screen_text)
