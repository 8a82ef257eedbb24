"""A campaign as a report for a reader who was not there (Markdown), and the verdict over all its runs."""

from __future__ import annotations

import datetime
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.model.campaign import CampaignState, ItemState, Spent
from console.model.text import for_markdown
from console.storage import Database, campaigns, runs
from console.storage.campaigns import StoredCampaign, StoredItem
from console.storage.runs import StoredRun

CONFIRMED, REJECTED, FAILED = "HYPOTHESIS_CONFIRMED", "HYPOTHESIS_REJECTED", "EXPERIMENT_FAILED"
SAME = 0.1  # a median that differs by less than this share, or by less than half a second, is the same
SAME_S = 0.5


@dataclass(frozen=True, slots=True)
class Told:
    """A campaign with all that is known of it. `runs`: by id; `earlier`: runs of before it began, oldest first."""

    campaign: StoredCampaign
    items: Sequence[StoredItem]
    runs: Mapping[str, StoredRun]
    earlier: Sequence[StoredRun] = ()

    @property
    def spent(self) -> Spent:
        """By all attempts together."""
        return sum((i.spent for i in self.items), Spent())

    @property
    def latest(self) -> list[StoredItem]:
        """The last attempt at each run."""
        return list({i.seq: i for i in self.items}.values())

    def result(self, item: StoredItem) -> StoredRun | None:
        """The run of an item, where it came to an end."""
        return self.runs.get(item.run)


async def gathered(db: Database, campaign: str) -> Told | None:
    """All that is on disk of a campaign, by its id or the beginning of it; None where there is none."""
    found = await campaigns.one(db, campaign)
    if found is None:
        return None
    items, everything = await campaigns.items(db, found.id), await runs.stored(db)
    mine = {i.run for i in items}
    earlier = [r for r in everything if r.began_wall < found.began_wall]
    return Told(found, items, {r.id: r for r in everything if r.id in mine}, earlier)


def exit_code(told: Told) -> int:
    """4 a rollback that was not COMPLETE, 130 interrupted, 6 some failed, 3 some refused, 1 some rejected or stopped by
    the budget or a rule, 0 all confirmed."""
    if any(_code(r) == 4 for i in told.items if (r := told.result(i)) is not None):
        return 4
    codes = [_code(r) for i in told.latest if (r := told.result(i)) is not None]
    refused = told.campaign.reason.partition(":")[0].isupper()  # the code of what stands against any run
    if told.campaign.state.resumable:
        return 3 if refused else 130
    worst = next((c for c in (6, 3, 1) if c in codes), 0)
    return worst or (1 if told.campaign.state is CampaignState.STOPPED else 0)


def _code(run: StoredRun) -> int:
    return int(run.journal["chaos-console"]["exit_code"])


def as_data(told: Told) -> dict[str, Any]:
    """The same for a script."""
    c, budget = told.campaign, told.campaign.budget
    return {
        "id": c.id,
        "title": c.title,
        "state": c.state.value,
        "reason": c.reason,
        "source": c.source,
        "digest": c.digest,
        "project": c.project,
        "mode": c.mode,
        "began_wall": c.began_wall,
        "ended_wall": c.ended_wall,
        "exit_code": exit_code(told),
        "budget": [{"what": b.what, "spent": b.spent, "allowed": b.allowed} for b in spending(told)],
        "unmeasured_s": round(told.spent.blind_s, 1) if budget.slo else None,
        "items": [_item(told, i) for i in told.items],
    }


def _item(told: Told, i: StoredItem) -> dict[str, Any]:
    run = told.result(i)
    return {
        "seq": i.seq, "attempt": i.attempt, "name": i.name, "axes": dict(i.axes), "state": i.state.value,
        "reason": i.reason, "run": i.run or None, "status": run.status if run else None,
        "rollback": run.rollback if run else None, "detection_s": run.detection_s if run else None,
        "recovery_s": run.recovery_s if run else None, "spent_s": round(i.spent.time_s, 1),
        "bad_s": round(i.spent.bad_s, 1), "target_s": round(i.spent.target_s, 1),
    }  # fmt: skip


# -- budget -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spending:
    """One part of the budget. `allowed` None: it was measured and not limited."""

    what: str
    spent: float
    allowed: float | None
    unit: str
    how: str

    @property
    def share(self) -> str:
        """Of what is allowed."""
        return "no limit" if self.allowed is None else f"{100 * self.spent / self.allowed:.0f}%"


def spending(told: Told) -> list[Spending]:
    """Every part, with its numbers."""
    budget, spent, slo = told.campaign.budget, told.spent, told.campaign.budget.slo
    found = [
        Spending("time", round(spent.time_s, 1), budget.time_s, "s", "of the cluster, all runs together"),
        Spending("blast radius", round(spent.target_s, 1), budget.target_s, "target-seconds", "under a fault"),
    ]
    if slo is not None:
        how = (
            f"outside the SLO; {slo.availability_percent:g}% of {slo.window_s:g} s allows {slo.allowed_s:g} s, "
            f"of which {budget.error_budget_percent:g}% are this campaign's"
        )
        found.append(Spending("error budget", round(spent.bad_s, 1), budget.bad_s, "s", how))
    return found


# -- Markdown ---------------------------------------------------------------------------------------------------------


def report(told: Told) -> str:
    """The whole report."""
    parts = (_head, _budget, _matrix, _trend, _not_run, _again)
    return "\n".join(line for part in parts for line in part(told)) + "\n"


def _head(told: Told) -> list[str]:
    c = told.campaign
    counted = {s: sum(1 for i in told.latest if (r := told.result(i)) and r.status == s) for s in (CONFIRMED, REJECTED)}
    failed = sum(1 for i in told.latest if (r := told.result(i)) and r.status == FAILED)
    worst = [r for i in told.items if (r := told.result(i)) and r.rollback != "COMPLETE"]
    lost = sum(bool(i.run) and told.result(i) is None for i in told.items)
    known = (
        "every rollback COMPLETE" if not lost else f"every rollback COMPLETE but of {lost} run(s) that came to no end"
    )
    rollback = known if not worst else f"rollback {worst[0].rollback} in `{worst[0].id}`"
    left = sum(told.result(i) is None for i in told.latest)
    return [
        f"# Campaign: {_text(c.title)}",
        "",
        f"**{c.state.value.upper()}**{f', {_text(c.reason)}' if c.reason else ''}. {counted[CONFIRMED]} confirmed, "
        f"{counted[REJECTED]} rejected, {failed} failed, {left} without a result, of {len(told.latest)}; {rollback}.",
        "",
        f"- Campaign: `{c.id}`, {_when(c.began_wall)}" + (f" to {_when(c.ended_wall)}" if c.ended_wall else ""),
        f"- File: `{_text(c.source)}`, SHA-256 `{c.digest[:16]}`",
        f"- Cluster: {c.mode} `{_text(c.project)}`",
        "",
    ]


def _budget(told: Told) -> list[str]:
    rows = [
        f"| {s.what} | {s.spent:g} {s.unit} | {'-' if s.allowed is None else f'{s.allowed:g} {s.unit}'} | {s.share} "
        f"| {s.how} |"
        for s in spending(told)
    ]
    lines = [
        "## Budget",
        "",
        "| part | spent | allowed | share | of what |",
        "| --- | --- | --- | --- | --- |",
        *rows,
        "",
    ]
    slo = told.campaign.budget.slo
    if slo is None:
        return lines
    limits = slo.limits
    return [
        *lines,
        f"Within the SLO: latency at most {limits.latency_ms:g} ms, errors at most {limits.errors_percent:g}%, "
        f"coverage at least {limits.coverage_percent:g}%, throughput at least {slo.throughput_percent:g}% of the run's "
        f"own baseline. Not measurable: {told.spent.blind_s:.0f} s, which count as neither.",
        "",
    ]


def _matrix(told: Told) -> list[str]:
    axes = list(dict.fromkeys(axis for i in told.items for axis in i.axes))
    head = ["experiment", *axes, "status", "rollback", "detection, s", "recovery, s", "run"]
    rows = [_row(told, i, axes) for i in told.latest]
    return ["## Matrix", "", _line(head), _line(["---"] * len(head)), *rows, ""]


def _row(told: Told, i: StoredItem, axes: Sequence[str]) -> str:
    run = told.result(i)
    values = [_cell(i.axes.get(axis, "")) for axis in axes]
    if run is None:
        return _line([_cell(i.name), *values, i.state.value, "-", "-", "-", f"`{i.run}`" if i.run else "-"])
    status = run.status.removeprefix("HYPOTHESIS_").removeprefix("EXPERIMENT_")
    times = [_seconds(run.detection_s), _seconds(run.recovery_s)]
    return _line([_cell(i.name), *values, status, run.rollback, *times, f"`{run.id}`"])


def _trend(told: Told) -> list[str]:
    """Against earlier runs of the same title in the same mode: a simulated cluster says nothing of a live one."""
    now = [r for i in told.latest if (r := told.result(i)) is not None]
    head = ["experiment", "of", "earlier", "first", "last", "median", "this campaign", "trend"]
    rows = []
    for title in dict.fromkeys(r.experiment for r in now):
        mine = [r for r in now if r.experiment == title]
        before = [r for r in told.earlier if r.experiment == title and r.mode == told.campaign.mode]
        for name, pick in _TIMES:
            row = _compared(
                [v for r in before if (v := pick(r)) is not None], [v for r in mine if (v := pick(r)) is not None]
            )
            rows.append(_line([_cell(title), name, *row]))
    lines = (
        ["## Trend", "", _line(head), _line(["---"] * len(head)), *rows] if rows else ["## Trend", "", "no run ended"]
    )
    return [*lines, ""]


_TIMES: tuple[tuple[str, Callable[[StoredRun], float | None]], ...] = (
    ("detection", lambda r: r.detection_s),
    ("recovery", lambda r: r.recovery_s),
)


def _compared(before: Sequence[float], now: Sequence[float]) -> list[str]:
    here = _seconds(statistics.median(now)) if now else "-"
    if not before:
        return ["0", "-", "-", "-", here, "first of its kind" if now else "not measured"]
    middle = statistics.median(before)
    row = [str(len(before)), _seconds(before[0]), _seconds(before[-1]), _seconds(middle), here]
    return [*row, trend(middle, statistics.median(now)) if now else "not measured"]


def trend(before: float, now: float) -> str:
    """Better or worse, of seconds: less is better."""
    if abs(now - before) < max(SAME_S, SAME * before):
        return "the same"
    return "better" if now < before else "worse"


def _not_run(told: Told) -> list[str]:
    rows = [
        f"- {_text(i.label)}: {i.state.value}{f', {_text(i.reason)}' if i.reason else ''}"
        for i in told.items
        if i.state in (ItemState.SKIPPED, ItemState.PLANNED, ItemState.STOPPED, ItemState.RUNNING)
    ]
    return ["## Not Run, Or Begun Without A Result", "", *(rows or ["none: everything was run"]), ""]


def _again(told: Told) -> list[str]:
    c = told.campaign
    resume = [f"- the rest: `chaos-console experiment campaign resume {c.id}`"] if c.state.resumable else []
    return ["## Again", "", *resume, f"- all of it: `chaos-console experiment campaign run {_text(c.source)}`"]


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(c) for c in cells) + " |"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _cell(value: object) -> str:
    return _text(str(value)).replace("|", "\\|")


def _text(text: str) -> str:
    return for_markdown(text, 400)


def _when(wall: float) -> str:
    return datetime.datetime.fromtimestamp(wall, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
