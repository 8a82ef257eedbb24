"""Details, incidents, timeline, help: what they show and how one gets back."""

from __future__ import annotations

from dataclasses import replace

from console.model.cluster import Cluster
from console.model.view import Details
from console.ui.screens.dashboard import Dashboard
from console.ui.screens.details import DetailsScreen
from console.ui.screens.incidents import IncidentsScreen
from console.ui.screens.timeline import TimelineScreen

from . import fakes
from .driving import driving
from .fake_session import FakeSession


async def test_details_say_what_each_vantage_point_says_and_show_the_log() -> None:
    async with driving(view=fakes.diagnosed()) as d:
        await d.press("j", "enter")
        assert isinstance(d.app.screen, DetailsScreen)
        facts = d.text("#facts")
        for word in ("docker", "exited 137", "status port", "refused 21s", "idle connection", "disconnected", "◆ kill"):
            assert word in facts
        assert "Exit code" in facts
        assert "line 79" in d.text("#log")
        assert "following" in d.text("#log")
        await d.press("escape")
        assert isinstance(d.app.screen, Dashboard)


async def test_details_of_a_pd_member_show_every_endpoint() -> None:
    async with driving() as d:
        await d.press("g", "enter")
        facts = d.text("#facts")
        for word in ("pd ping", "pd members", "other members", "2 of 2", "names pd0 as leader", "term 7"):
            assert word in facts


async def test_the_log_pauses_filters_and_is_asked_for_again() -> None:
    async with driving() as d:
        await d.press("enter")
        await d.press("space")
        assert "paused" in d.text("#log")
        await d.press("g")
        assert "line 0" in d.text("#log")
        await d.press("slash")
        await d.type("line 7")
        await d.press("enter")
        assert "line 5" not in d.text("#log")
        assert "/line 7" in d.text("#log")
        before = len(d.session.called("details"))
        await d.press("r")
        assert len(d.session.called("details")) == before + 1
        await d.press("escape")  # clears the filter first
        assert isinstance(d.app.screen, DetailsScreen)
        await d.press("end")
        assert "line 79" in d.text("#log")
        assert "following" in d.text("#log")


async def test_an_error_of_the_engine_is_one_clear_line() -> None:
    class Broken(FakeSession):
        async def details(self, component: str) -> Details:
            return Details(component, "", (), "the Docker engine does not answer at unix:///var/run/docker.sock")

    async with driving(Broken()) as d:
        await d.press("enter")
        assert "the Docker engine does not answer" in d.text("#log")


async def test_incidents_newest_first_with_their_findings() -> None:
    async with driving(view=fakes.detected()) as d:
        await d.press("i")
        assert isinstance(d.app.screen, IncidentsScreen)
        rows = [r for r in d.text("#incidents").splitlines() if "inc-" in r]
        assert "inc-3" in rows[0]
        assert "● lasts" in rows[0]
        assert "○ over" in rows[1]
        assert "0.5 s" in rows[0]
        assert "status port of tikv1 refuses connections" in d.text("#findings")
        await d.press("j")
        assert "pd0 does not answer" in d.text("#findings")
        await d.press("enter")
        assert isinstance(d.app.screen, DetailsScreen)
        assert d.app.screen.component == "pd0"
        await d.press("escape", "escape")
        assert isinstance(d.app.screen, Dashboard)


async def test_steady_state_has_no_incident() -> None:
    async with driving(view=fakes.view(incidents=())) as d:
        await d.press("i")
        assert "No incident: steady state raises nothing." in d.text("#incidents")


async def test_the_timeline_has_everything_and_filters() -> None:
    async with driving(view=fakes.detected()) as d:
        await d.press("t")
        assert isinstance(d.app.screen, TimelineScreen)
        assert "attached to tikvlab" in d.text("#events")
        assert "9 events" in d.text("#events")
        await d.press("slash")
        await d.type("bad")
        await d.press("enter")
        assert "2 events" in d.text("#events")
        assert "attached" not in d.text("#events")
        await d.press("escape", "escape")
        assert isinstance(d.app.screen, Dashboard)


async def test_a_screen_that_is_open_is_not_opened_twice() -> None:
    async with driving() as d:
        await d.press("t", "t", "i", "t")
        assert len(d.app.screen_stack) == 4  # dashboard, timeline, incidents, timeline
        await d.press("escape", "escape", "escape", "escape")
        assert isinstance(d.app.screen, Dashboard)


async def test_views_reach_the_screen_that_is_shown_and_the_dashboard_when_it_returns() -> None:
    async with driving() as d:
        await d.press("t")
        await d.show(fakes.detected())
        assert "tikv1 exited with code 137" in d.text("#events")
        assert "FAULT LIVE" in d.text("Header")
        await d.press("escape")
        assert "exited 137" in d.text("#topology")


async def test_help_opens_and_closes_with_the_same_key() -> None:
    async with driving() as d:
        await d.press("question_mark")
        assert "Anywhere, under any dialog" in d.text("#help")
        await d.press("question_mark")
        assert isinstance(d.app.screen, Dashboard)


async def test_every_screen_draws_before_anything_is_known() -> None:
    empty = replace(fakes.starting(), cluster=Cluster(), faults=())
    for size in ((80, 24), (200, 60)):
        async with driving(view=empty, size=size) as d:
            for keys in (("i", "escape"), ("t", "escape"), ("question_mark", "escape"), ("f",), ("5",), ("3",)):
                await d.press(*keys)
            assert "no target yet" in d.notice


async def test_connecting_can_be_tried_again() -> None:
    from console.ui.app import ConsoleApp

    from .driving import Driver

    tries: list[int] = []

    async def connect() -> FakeSession:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no Docker engine answers")
        return FakeSession()

    app = ConsoleApp(connect, theme="chaos")
    async with app.run_test(size=(120, 40)) as pilot:
        d = Driver(app, pilot, FakeSession())
        await d.rest()
        await d.rest()
        assert "NO SESSION" in d.text("Header")
        assert "no Docker engine answers" in d.text("#strip")
        await d.press("r")
        await d.rest()
        assert app.connected
        assert "SAFE" in d.text("Header")
        assert d.notice == ""
        await d.press("r")
        assert len(tries) == 2
