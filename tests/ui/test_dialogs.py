"""Dialogs: inject with preview and refusal, the command line, arming; keys never leak to what lies beneath."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.model.fault import Refusal
from console.ui.overlays.command import CommandPrompt
from console.ui.overlays.inject import KindPicker, TargetPicker
from console.ui.overlays.preview import PreviewForm, step_of
from console.ui.screens.details import DetailsScreen

from . import fakes
from .driving import driving
from .fake_session import FakeSession

GUARD = Refusal("quorum", "tikv1 holds the only other replica: its loss would take the majority")


async def test_f_offers_the_kinds_that_fit_and_enter_twice_injects() -> None:
    async with driving() as d:
        await d.press("j", "f")
        assert isinstance(d.overlay, KindPicker)
        text = d.text("KindPicker Sheet")
        assert "Inject on tikv1" in text
        assert "leader-transfer" not in text  # fits PD only
        assert "client-paused" not in text
        await d.press("enter")
        assert isinstance(d.overlay, PreviewForm)
        assert d.session.called("preview") == [("kill", "tikv1", {}, 300.0)]
        text = d.text("PreviewForm Sheet")
        for word in (
            "docker kill (SIGKILL)",
            "quorum holds",
            "by itself after 300 s",
            "docker start",
            "tikvlab-tikv1-1",
        ):
            assert word in text
        assert not d.session.called("inject")
        await d.press("enter")
        assert d.session.called("inject") == [("kill", "tikv1", {}, 300.0)]
        assert d.overlay is None
        assert d.notice.startswith("kill is in tikv1")


async def test_esc_goes_back_from_preview_to_choice_to_dashboard() -> None:
    async with driving() as d:
        await d.press("f", "enter", "escape")
        assert isinstance(d.overlay, KindPicker)
        await d.press("escape")
        assert d.overlay is None
        assert d.app.focused is d.app.current.panes[0]  # type: ignore[attr-defined]
        assert not d.session.called("inject")


async def test_a_refusal_is_shown_and_enter_injects_nothing() -> None:
    async with driving(FakeSession(refusal=GUARD)) as d:
        await d.press("f", "enter")
        assert "✖ refused" in d.text("PreviewForm Sheet")
        assert "majority" in d.text("PreviewForm Sheet")
        await d.press("enter")
        assert not d.session.called("inject")
        assert "majority" in d.notice


async def test_a_refusal_of_the_injection_itself_keeps_the_form() -> None:
    async with driving(FakeSession(inject_refusal=GUARD)) as d:
        await d.press("f", "enter", "enter")
        assert isinstance(d.overlay, PreviewForm)
        assert "majority" in d.text("PreviewForm Sheet")
        assert d.notice.startswith("refused")


async def test_kinds_that_cannot_work_say_why() -> None:
    async with driving() as d:
        await d.press("f")
        assert "✖ no sch_netem in this kernel" in d.text("KindPicker Sheet")
        sheet = d.overlay.sheet
        while sheet.cursor != "loss":
            await d.press("j")
        await d.press("enter")
        assert isinstance(d.overlay, KindPicker)
        assert "no sch_netem" in d.notice
        assert "load the module" in d.notice


async def test_duration_and_parameters_can_be_stepped_and_typed() -> None:
    async with driving() as d:
        await d.press("colon")
        await d.type("inject latency tikv2")
        await d.press("enter")
        assert isinstance(d.overlay, PreviewForm)
        await d.press("right")
        assert d.overlay.values["duration"] == 300.0 + step_of(d.overlay.fields[0])
        await d.press("left", "left")
        await d.press("1", "2", "0")
        assert d.overlay.values["duration"] == 120.0
        await d.press("j", "2", "5", "0", "0")
        assert "2500 ms is outside 1 to 2000 ms" in d.text("PreviewForm Sheet")
        await d.press("enter")
        assert not d.session.called("inject")
        await d.press("backspace", "enter")
        assert d.session.called("inject") == [("latency", "tikv2", {"delay": 250.0, "jitter": 10.0}, 120.0)]


async def test_from_the_catalogue_the_kind_is_chosen_first() -> None:
    async with driving() as d:
        await d.press("3", "j", "enter")
        assert isinstance(d.overlay, PreviewForm)
        assert (d.overlay.fault.kind, d.overlay.target) == ("stop", "tikv0")
        await d.press("escape")
        assert isinstance(d.overlay, TargetPicker)
        assert "pd-leader" in d.text("TargetPicker Sheet")
        await d.press("g", "enter")
        assert d.overlay.target == "pd0"


async def test_a_kind_that_does_not_fit_the_selected_target_asks_for_one() -> None:
    async with driving() as d:
        await d.press("3", "G", "enter")
        assert isinstance(d.overlay, TargetPicker)
        assert "tikv0" not in d.text("TargetPicker Sheet")
        assert "ycsb" in d.text("TargetPicker Sheet")


@pytest.mark.parametrize("opener", [("f",), ("f", "enter"), ("colon",), ("slash",)])
async def test_keys_of_the_dashboard_do_nothing_under_a_dialog(opener: tuple[str, ...]) -> None:
    async with driving() as d:
        await d.press(*opener)
        before = list(d.session.calls)
        opened = d.overlay
        await d.press("y", "d", "i", "t", "tab", "z")
        assert [c for c in d.session.calls if c[0] != "preview"] == [c for c in before if c[0] != "preview"]
        assert d.overlay is opened
        assert d.app.screen is d.app.screen_stack[0]


# the command line


async def test_typing_right_after_the_colon_goes_into_the_line() -> None:
    from textual import events

    async with driving() as d:
        for ch in ":inject kill tikv1":
            name = {":": "colon", " ": "space"}.get(ch, ch)
            d.app.post_message(events.Key(name, ch))
        await d.rest()
        await d.rest()
        assert d.overlay.input.value == "inject kill tikv1"
        assert not d.session.calls


async def test_completion_tab_history_and_choice() -> None:
    CommandPrompt.history.clear()
    async with driving() as d:
        await d.press("ctrl+p")
        await d.type("diag")
        await d.press("tab")
        assert d.overlay.input.value == "diagnose "
        await d.press("enter")
        assert d.session.called("diagnose")
        await d.press("colon", "up")
        assert d.overlay.input.value == "diagnose"
        await d.press("escape", "colon")
        await d.type("inj")
        await d.press("enter")  # half a word is meant as the suggestion
        assert d.overlay.input.value == "inject "
        await d.type("pa")
        await d.press("enter")
        assert d.overlay.input.value == "inject pause "
        await d.press("down", "down", "down", "enter")
        assert isinstance(d.overlay, PreviewForm)
        assert d.overlay.target == "tikv0"


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("load", ("toggle_load", ())),
        ("revert tikv1", ("revert", ("inj-7",))),
        ("revert", ("revert_all", ("kill switch",))),
        ("kill-switch", ("revert_all", ("kill switch",))),
        ("arm lab is quiet again", ("arm", ("lab is quiet again",))),
        ("note here it comes", ("note", ("here it comes",))),
        ("details tikv2", ("details", ("tikv2",))),
        ("cancel", ("cancel_diagnosis", ())),
    ],
)
async def test_commands_are_intents(line: str, call: tuple[str, tuple[object, ...]]) -> None:
    async with driving(view=fakes.detected()) as d:
        await d.press("colon")
        await d.type(line)
        await d.press("enter")
        assert call in d.session.calls


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("frobnicate", "no command frobnicate"),
        ("inject kill nobody", "no target nobody"),
        ("seek 5", "seek works in a replay"),
        ("next", "next works in a demo"),
        ("abort-demo", "no demo is running"),
        ("revert tikv2", "nothing is injected on tikv2"),
        ("cancel", "no diagnosis is streaming"),
    ],
)
async def test_mistakes_get_one_clear_line(line: str, says: str) -> None:
    async with driving() as d:
        await d.press("colon")
        await d.type(line)
        await d.press("enter")
        assert says in d.notice
        assert not [c for c in d.session.calls if c[0] != "cancel_diagnosis"]


async def test_theme_previews_while_typing_and_is_remembered_on_enter_only() -> None:
    kept: list[str] = []
    async with driving(on_theme=kept.append) as d:
        await d.press("colon")
        await d.type("theme projector")
        assert d.app.theme == "projector"
        await d.press("escape")
        assert d.app.theme == "chaos"
        assert kept == []
        await d.press("colon")
        await d.type("theme mono")
        await d.press("enter")
        assert (d.app.theme, kept) == ("mono", ["mono"])
        await d.press("T")
        assert (d.app.theme, kept) == ("chaos", ["mono", "chaos"])


async def test_details_by_command_and_filter_by_command() -> None:
    async with driving() as d:
        await d.press("colon")
        await d.type("filter tikv2")
        await d.press("enter")
        assert "tikv1" not in d.text("#topology")
        await d.press("colon")
        await d.type("details tikv2")
        await d.press("enter")
        assert isinstance(d.app.screen, DetailsScreen)


# arming


async def test_arming_needs_a_reason() -> None:
    async with driving(view=fakes.disarmed()) as d:
        assert "DISARMED" in d.text("Bars")
        assert "kill switch at 14:02:11" in d.text("Bars")
        await d.press("A", "enter")
        assert not d.session.called("arm")
        assert "a reason is needed" in d.notice
        await d.type("all stores are back")
        await d.press("enter")
        assert d.session.called("arm") == [("all stores are back",)]
        assert d.overlay is None


async def test_what_the_guard_refuses_while_disarmed_is_said() -> None:
    no = Refusal("disarmed", "the console is disarmed: arm it first")
    async with driving(FakeSession(fakes.disarmed(), refusal=no, inject_refusal=no)) as d:
        await d.press("f", "enter")
        assert "arm it first" in d.text("PreviewForm Sheet")


async def test_dialogs_fit_the_smallest_screen() -> None:
    async with driving(size=(80, 24), view=replace(fakes.view(), disarmed="")) as d:
        await d.press("f")
        assert d.overlay.size.height <= 22
        await d.press("enter")
        assert "enter inject" in d.screen_text
        assert d.overlay.size.width <= 80


async def test_a_whole_command_in_one_burst_is_carried_out() -> None:
    from textual import events

    async with driving() as d:
        for ch in ":load\r":
            name = {":": "colon", "\r": "enter"}.get(ch, ch)
            d.app.post_message(events.Key(name, ch))
        for _ in range(4):
            await d.rest()
        assert d.session.called("toggle_load")
        assert d.overlay is None


async def test_what_was_said_stays_while_screens_change() -> None:
    async with driving() as d:
        await d.press("d", "t")
        assert d.notice == "diagnosing inc-3"
        await d.press("escape")
        assert d.notice == "diagnosing inc-3"
        d.app.unsay()
        assert d.notice == ""
