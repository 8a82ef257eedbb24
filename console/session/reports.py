"""Past runs, for the reports screen: the list, one report's text, two runs compared.

What makes reports is imported where it is asked for: a session begins without it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from console.model.report import Comparison, ReportEntry
from console.model.text import clean
from console.storage import Database, StorageError

if TYPE_CHECKING:
    from console.storage.begun import BegunRun
    from console.storage.campaigns import StoredCampaign

MOST_LINES = 2000
MOST_RUNS = 500


class Reports:
    """Implements `ReportsApi` over the database; without one there is nothing to read."""

    def __init__(self, db: Database | None = None) -> None:
        self._db = db

    async def entries(self) -> tuple[ReportEntry, ...] | str:
        """Newest first, or one line why they cannot be read."""
        if self._db is None:
            return "a record holds no reports"
        from console.evidence.compare import entry
        from console.storage import begun, campaigns, runs

        try:
            found = [entry(r) for r in await runs.listed(self._db, MOST_RUNS)]
            found += [_open(r) for r in await begun.unended(self._db)]
            found += [_campaign(c) for c in await campaigns.stored(self._db)]
        except StorageError as error:
            return str(error)
        return tuple(sorted(found, key=lambda e: -e.began_wall)[:MOST_RUNS])

    async def text(self, run: str) -> tuple[str, ...]:
        """The lines of a run's or campaign's report (Markdown), cleaned; why there is none where there is none."""
        if self._db is None:
            return ("a record holds no reports",)
        from console.storage import runs

        try:
            found = await runs.one(self._db, run)
            if found is None:
                return await self._otherwise(self._db, run)
        except StorageError as error:
            return (str(error),)
        path = Path(found.folder) / "report.md"
        try:
            whole = await asyncio.to_thread(path.read_text, errors="replace")
        except OSError as error:
            return (f"the report cannot be read: {error.strerror or error}: {path}",)
        return _lines(whole)

    async def _otherwise(self, db: Database, name: str) -> tuple[str, ...]:
        """What is no run that ended: a campaign, or a run that has not ended or never will."""
        from console.evidence.campaign import gathered, report
        from console.storage import begun

        told = await gathered(db, name)
        if told is not None:
            return _lines(report(told))
        unended = await begun.one(db, name)
        if unended is None:
            return (f"no run {clean(name, 80)}",)
        done = await begun.injections(db, unended)
        listed = [f"- {i.kind} on {i.component}: {i.state.value}" for i in done] or ["- nothing"]
        record = [f"Flight record: `{unended.place.record}`"] if unended.place.record else []
        head = [f"# {unended.experiment}", "", f"**{unended.status}**: {unended.why}.", "", "Injected:", ""]
        return _lines("\n".join([*head, *listed, "", *record]))

    async def compare(self, first: str, second: str) -> Comparison | str:
        """Two runs side by side, or one line why not."""
        if self._db is None:
            return "a record holds no reports"
        from console.evidence.compare import compare
        from console.storage import runs

        try:
            one, two = await runs.one(self._db, first), await runs.one(self._db, second)
        except StorageError as error:
            return str(error)
        if one is None or two is None:
            return f"no run {clean(first if one is None else second, 80)}"
        return compare(*sorted((one, two), key=lambda r: r.began_wall))  # the later one beside the earlier


def _lines(text: str) -> tuple[str, ...]:
    return tuple(clean(line, 1000) for line in text.splitlines()[:MOST_LINES])


def _open(run: BegunRun) -> ReportEntry:
    """One that has not ended, or never will."""
    why = clean(run.why, 400)
    return ReportEntry(run.id, clean(run.experiment, 200), run.status, "", why, run.place.mode, run.began_wall, 0.0)


def _campaign(c: StoredCampaign) -> ReportEntry:
    took = (c.ended_wall or c.began_wall) - c.began_wall
    title = f"campaign: {clean(c.title, 200)}"
    return ReportEntry(c.id, title, c.state.value.upper(), "", clean(c.reason, 400), c.mode, c.began_wall, took)
