"""A campaign's course: what ends it, what it leaves on disk, how it is taken up again (S2-53, S2-75, S2-84)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from console.evidence.campaign import Told, as_data, exit_code, report, trend
from console.experiments.campaign import checked
from console.experiments.course import Course
from console.experiments.journal import journal
from console.experiments.reading import parse
from console.model.campaign import Campaign, CampaignState, ItemState
from console.model.experiment import Experiment, Run, Sample, Status
from console.model.fault import Outcome
from console.model.view import Level
from console.session import campaigning
from console.session.campaigning import Campaigner, CampaignError, Telling
from console.storage import Database, campaigns, runs
from console.storage.campaigns import StoredCampaign

from .served import consoles, short

THREE = ["tier-client", "domain-n-1", "tier-storage"]


def planned(**fields: Any) -> Campaign:
    found = checked(parse(yaml.safe_dump({"title": "x", "experiments": THREE, **fields}).encode(), "c.yaml"))
    assert isinstance(found, Campaign), found
    return found


@dataclass
class Stage:
    """A session in which runs end as they are told to, each after `took` seconds of which `bad` are outside any SLO."""

    db: Database
    ends: dict[str, dict[str, Any]] = field(default_factory=dict)
    took: float = 60.0
    bad: int = 0
    t: float = 0.0
    ran: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    disarmed: str = ""
    hang: str = ""

    @property
    def parts(self) -> Any:
        return SimpleNamespace(clock=SimpleNamespace(speed=1.0), actor=SimpleNamespace(disarmed=self.disarmed))

    def view(self) -> Any:
        return SimpleNamespace(level=Level.GREEN)

    async def until(self, done: Any, seconds: float) -> bool:
        return bool(done())

    def now(self) -> float:
        return self.t

    def note(self, text: str) -> None:
        self.notes.append(text)

    async def execute(
        self, session: Any, e: Experiment, home: Path, db: Database, tell: Any, run_id: str, seen: Any
    ) -> Run:
        course = Course(e)
        seen(course)
        self.ran.append(e.name)
        if e.name == self.hang:
            await asyncio.sleep(60)
        course.samples += [Sample(self.t, "baseline", ops=100.0, latency_ms=1.0)]
        course.samples += [Sample(self.t + n + 1, "fault", ops=0.0, latency_ms=1.0) for n in range(self.bad)]
        self.t += self.took
        given = {
            "status": Status.CONFIRMED,
            "rollback": Outcome.COMPLETE,
            "why": "so it was",
            **self.ends.get(e.name, {}),
        }
        wall = 1000.0 + len(self.ran)
        run = Run(run_id, e, project="lab", mode="LIVE", began_wall=wall, ended_wall=wall, recovery_s=20.0, **given)
        await runs.keep(db, run, "/nowhere", journal(run))
        return run


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    db = await Database.open(tmp_path / "console.db")
    made = Stage(db)
    monkeypatch.setattr(campaigning, "execute", made.execute)
    monkeypatch.setattr(campaigning, "BEAT_S", 0.02)
    yield made
    await db.close()


async def begun(stage: Stage, plan: Campaign, id_: str = "c1") -> str:
    stored = StoredCampaign(
        id_, plan.title, plan.source, plan.digest, plan.budget, plan.stop_on, {}, "lab", "LIVE", "lab/1", 1000.0, None,
        CampaignState.INTERRUPTED, "",
    )  # fmt: skip
    await campaigns.begin(stage.db, stored, plan)
    return id_


def campaigner(stage: Stage, id_: str = "c1", **telling: Any) -> Campaigner:
    return Campaigner(stage, stage.db, Path("/nowhere"), id_, Telling(**telling))  # type: ignore[arg-type]


async def told(stage: Stage, id_: str = "c1") -> Told:
    found = await campaigns.one(stage.db, id_)
    assert found is not None
    everything = await runs.stored(stage.db)
    items = await campaigns.items(stage.db, id_)
    mine = {i.run for i in items}
    earlier = [r for r in everything if r.id not in mine]
    return Told(found, items, {r.id: r for r in everything if r.id in mine}, earlier)


FAILED = {"status": Status.FAILED}
REJECTED = {"status": Status.REJECTED}
ENDS: list[tuple[str, dict[str, Any], dict[str, Any], str, int, int, str]] = [
    ("all confirmed", {}, {}, "done", 0, 3, ""),
    ("one rejected", {"domain-n-1": REJECTED}, {}, "done", 1, 3, ""),
    ("one failed", {"domain-n-1": FAILED, "tier-client": REJECTED}, {}, "done", 6, 3, ""),
    ("one refused", {"domain-n-1": {**FAILED, "refused": "UNAVAILABLE"}}, {}, "done", 3, 3, ""),
    ("stop on rejected", {"domain-n-1": REJECTED}, {"stop_on": ["rejected"]}, "stopped", 1, 2, "stop_on rejected"),
    ("rollback", {"tier-client": {**FAILED, "rollback": Outcome.PARTIAL}}, {}, "stopped", 4, 1, "rollback PARTIAL"),
    ("time", {}, {"budget": {"time": 120}}, "stopped", 1, 2, "time budget: 120 of 120 s"),
    ("not steady", {"domain-n-1": {**FAILED, "refused": "NOT_STEADY"}}, {}, "interrupted", 3, 4, "NOT_STEADY"),
]


@pytest.mark.parametrize(
    ("ends", "fields", "state", "code", "ran", "why"), [e[1:] for e in ENDS], ids=[e[0] for e in ENDS]
)
async def test_every_ending(
    stage: Stage, ends: dict[str, Any], fields: dict[str, Any], state: str, code: int, ran: int, why: str
) -> None:
    """How it ends, with which exit code, and what became of what it did not run."""
    stage.ends = ends
    await begun(stage, planned(**fields))
    assert (await campaigner(stage).run()).value == state
    found = await told(stage)
    assert (found.campaign.state.value, exit_code(found), len(stage.ran)) == (state, code, ran)
    assert why in found.campaign.reason
    left = {i.state for i in found.items if i.name not in stage.ran}
    assert left <= ({ItemState.PLANNED} if state == "interrupted" else {ItemState.SKIPPED})
    text = report(found)
    for part in ("Budget", "Matrix", "Trend", "Not Run"):
        assert f"## {part}" in text
    data = as_data(found)
    assert (data["exit_code"], len({i["seq"] for i in data["items"]})) == (code, 3)
    assert json.dumps(data)


async def test_an_error_budget_stops_it(stage: Stage) -> None:
    """25 bad seconds a run; 43.2 are allowed: after two runs there are none left."""
    stage.bad = 25
    slo = {"slo": {"availability": 99.9, "window": 86400}, "error_budget": 50}
    await begun(stage, planned(budget=slo))
    assert await campaigner(stage).run() is CampaignState.STOPPED
    found = await told(stage)
    assert found.campaign.reason == "error budget: 50 of 43.2 s outside the SLO"
    assert [i.spent.bad_s for i in found.items] == [25, 25, 0]
    assert found.items[2].reason == found.campaign.reason
    assert "| error budget | 50 s | 43.2 s | 116% |" in report(found)


async def test_the_kill_switch_ends_it_and_it_can_be_resumed(stage: Stage) -> None:
    """The run that was stopped is run again, and nothing of the first attempt is overwritten (S2-55)."""
    stage.ends, stage.disarmed = {"tier-client": FAILED}, "kill switch (by ann)"
    await begun(stage, planned())
    assert await campaigner(stage).run() is CampaignState.INTERRUPTED
    first = await told(stage)
    assert exit_code(first) == 3
    assert [i.state.value for i in first.items] == ["stopped", "planned", "planned"]
    stage.ends, stage.disarmed = {}, ""
    assert await campaigner(stage).run() is CampaignState.DONE
    found = await told(stage)
    assert exit_code(found) == 0
    assert [(i.seq, i.attempt, i.state.value) for i in found.items] == [
        (0, 0, "stopped"), (0, 1, "done"), (1, 0, "done"), (2, 0, "done"),
    ]  # fmt: skip
    assert replace(first.items[0]) == found.items[0]


async def test_a_cluster_that_calms_down_is_waited_for(stage: Stage) -> None:
    """Refused twice for an unsteady cluster, then confirmed: each attempt has its row, and the campaign goes on."""
    unsteady = {"status": Status.FAILED, "refused": "NOT_STEADY"}
    stage.ends = {"domain-n-1": unsteady}
    telling = {"begins": lambda item, of: stage.ends.clear() if item.attempt == 2 else None}
    await begun(stage, planned())
    assert await campaigner(stage, **telling).run() is CampaignState.DONE
    found = await told(stage)
    assert [i.state.value for i in found.items if i.seq == 1] == ["stopped", "stopped", "done"]
    assert exit_code(found) == 0


async def test_one_process_at_a_time(stage: Stage) -> None:
    stage.hang = "tier-client"
    await begun(stage, planned())
    first = asyncio.create_task(campaigner(stage).run())
    while not stage.ran:  # noqa: ASYNC110 - no event to wait for
        await asyncio.sleep(0.01)
    with pytest.raises(CampaignError, match="is being carried out by process"):
        await campaigner(stage).run()
    assert stage.ran == ["tier-client"]
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    found = await told(stage)
    assert (found.campaign.state, exit_code(found)) == (CampaignState.INTERRUPTED, 130)
    assert (found.items[0].state, found.items[0].reason) == (ItemState.STOPPED, "interrupted by a signal")


async def test_who_lost_it_does_not_go_on(stage: Stage) -> None:
    """Frozen for longer than its lease, it finds another process at work when it wakes."""
    stage.hang = "tier-client"
    await begun(stage, planned())
    first = asyncio.create_task(campaigner(stage).run())
    while not stage.ran:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    async with stage.db.write() as connection:
        await connection.execute("UPDATE leases SET holder = 'another' WHERE name = 'campaign'")
    with pytest.raises(CampaignError, match="taken over"):
        await first
    assert (await told(stage)).items[0].state is ItemState.RUNNING, "which is the other one's to say"


async def test_the_trend_compares_the_same_experiment(stage: Stage) -> None:
    await begun(stage, planned())
    await campaigner(stage).run()
    await begun(stage, planned(), "c2")
    stage.ends = {"domain-n-1": REJECTED}
    await campaigner(stage, "c2").run()
    text = report(await told(stage, "c2"))
    assert "| N-1: one store is removed | recovery | 1 | 20.0 | 20.0 | 20.0 | 20.0 | the same |" in text
    assert "| Each tier: client | detection | 0 | - | - | - | - | not measured |" in text


@pytest.mark.parametrize(
    ("before", "now", "said"), [(20, 20.4, "the same"), (20, 18.5, "the same"), (20, 15, "better"), (2, 3, "worse")]
)
def test_better_or_worse(before: float, now: float, said: str) -> None:
    assert trend(before, now) == said


def test_a_killed_campaign_is_resumed(tmp_path: Path) -> None:
    """SIGKILL in the middle of the first run: a second process is refused while the first lives; after its death the
    run is reported and run again (S2-91)."""
    home, file = tmp_path / "state", tmp_path / "c.yaml"
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(short("tier-control-plane", duration=30, baseline_s=8)))
    file.write_text("title: x\nexperiments: [one.yaml]\n")
    with consoles(home) as served:
        code, said = served.run("experiment", "campaign", "run", str(file), "--sim")
        assert (code, "--yes" in said) == (2, True)
        first = served.start("experiment", "campaign", "run", str(file), "--sim", "--speed", "5", "--yes")
        refused: list[tuple[int, str]] = []
        said = served.killed(
            first, "injected", lambda: refused.append(served.run("experiment", "campaign", "resume", "2"))
        )
        assert (refused[0][0], "another process" in refused[0][1]) == (3, True)
        campaign = said.split()[1]
        code, shown = served.run("experiment", "campaign", "show", campaign, "--json")
        assert (code, json.loads(shown)["state"]) == (130, "interrupted")
        code, said = served.run("experiment", "campaign", "resume", campaign)
        assert code == 0, said
        assert "interrupted: its process ended in the middle" in said
        code, shown = served.run("experiment", "campaign", "show", campaign, "--json")
        data = json.loads(shown)
        assert [(i["seq"], i["attempt"], i["state"]) for i in data["items"]] == [
            (0, 0, "stopped"), (0, 1, "done"),
        ]  # fmt: skip
        assert data["items"][0]["spent_s"] > 0
        code, said = served.run("experiment", "campaign", "resume", campaign)
        assert (code, "nothing is left" in said) == (3, True)
