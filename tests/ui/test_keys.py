"""The table of keys: every binding does something, nothing is bound twice in one place, help shows all of it."""

from __future__ import annotations

from collections import Counter

import pytest

from console.ui.app import ConsoleApp
from console.ui.dispatch import _CARRIERS
from console.ui.keys import KEYS, Where, at, bindings, rebound, textual_keymap, unknown, verbs
from console.ui.overlays.preview import PreviewForm
from console.ui.panes.diagnosis import DiagnosisView
from console.ui.panes.faults import Faults
from console.ui.panes.topology import Topology
from console.ui.screens.dashboard import Dashboard
from console.ui.screens.details import DetailsScreen, LogTail
from console.ui.screens.incidents import IncidentList
from console.ui.screens.timeline import Events
from console.ui.widgets.listing import Listing

from .driving import driving

OWNERS = {
    Where.APP: (ConsoleApp,),
    Where.SCREEN: (Dashboard, DetailsScreen),
    Where.DASHBOARD: (Dashboard,),
    Where.LIST: (Listing,),
    Where.TOPOLOGY: (Topology,),
    Where.FAULTS: (Faults,),
    Where.DIAGNOSIS: (DiagnosisView,),
    Where.DETAILS: (LogTail,),
    Where.EVENTS: (Events,),
    Where.INCIDENTS: (IncidentList,),
    Where.REPLAY: (Dashboard,),
    Where.DEMO: (Dashboard,),
    Where.DIALOG: (PreviewForm,),
}


@pytest.mark.parametrize("where", list(OWNERS))
def test_every_binding_has_its_action(where: Where) -> None:
    for key in at(where):
        if key.keys:
            name = f"action_{key.action.split('(')[0]}"
            assert any(hasattr(owner, name) for owner in OWNERS[where]), (where, key.id)


def test_no_key_means_two_things_in_one_place() -> None:
    for where in Where:
        pressed = [k for key in at(where) for k in key.keys.split(",") if k]
        assert [k for k, n in Counter(pressed).items() if n > 1] == [], where


def test_the_product_keys_are_there() -> None:
    known = {k: key.id for key in KEYS for k in key.keys.split(",")}
    wanted_keys = (
        "ctrl+r ctrl+c ctrl+q ctrl+p ctrl+z q question_mark colon slash tab enter space escape h j k l f y d i t s T z"
    )
    for wanted in wanted_keys.split():
        assert wanted in known, wanted


def test_every_verb_is_carried_out_by_something() -> None:
    for key in verbs():
        assert key.verb in _CARRIERS or hasattr(Dashboard, f"action_{key.action}"), key.verb


def test_kill_and_quit_are_priority_bindings_of_the_app() -> None:
    assert all(b.priority for b in bindings(Where.APP))  # type: ignore[union-attr]


def test_a_keymap_renames_keys_but_never_takes_the_kill_switch_away() -> None:
    kill = next(k for k in KEYS if k.id == "kill")
    assert rebound(kill, {"kill": "f12"}).keys == "ctrl+r,f12"
    assert textual_keymap({"inject": "n", "nonsense": "x"}) == {"DASHBOARD.inject": "n"}
    assert unknown({"inject": "n", "nonsense": "x"}) == ["nonsense"]


async def test_help_shows_every_key_of_the_place_and_every_command() -> None:
    async with driving() as d:
        await d.press("question_mark")
        shown: list[str] = []
        for _ in range(6):
            shown.append(d.text("#help"))
            await d.press("pagedown")
        text = "\n".join(shown)
        for where in (Where.APP, Where.SCREEN, Where.DASHBOARD, Where.TOPOLOGY, Where.LIST, Where.DIALOG):
            assert where.value in text
            for key in at(where):
                if key.keys and not key.id.startswith("pane("):
                    assert key.shown in text, key.id
        for key in verbs():
            assert key.verb in text


async def test_a_users_keymap_is_used_and_shown() -> None:
    async with driving(keymap={"inject": "n", "oops": "x"}) as d:
        assert "oops" in d.notice
        d.app.unsay()
        await d.rest()
        assert "n inject" in d.text("Footer")
        await d.press("n")
        assert d.overlay is not None
