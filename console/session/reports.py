"""Past runs, for the reports screen: the list, one report's text, two runs compared."""

from __future__ import annotations

import asyncio
from pathlib import Path

from console.evidence.compare import compare, entry
from console.model.report import Comparison, ReportEntry
from console.model.text import clean
from console.storage import Database, StorageError, runs

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
        try:
            found = await runs.stored(self._db)
        except StorageError as error:
            return str(error)
        return tuple(entry(r) for r in reversed(found[-MOST_RUNS:]))

    async def text(self, run: str) -> tuple[str, ...]:
        """The lines of a report (Markdown), cleaned; one line that says why where there is none."""
        try:
            found = await runs.one(self._db, run) if self._db is not None else None
        except StorageError as error:
            return (str(error),)
        if found is None:
            return (f"no run {clean(run, 80)}",)
        path = Path(found.folder) / "report.md"
        try:
            whole = await asyncio.to_thread(path.read_text, errors="replace")
        except OSError as error:
            return (f"the report cannot be read: {error.strerror or error}: {path}",)
        return tuple(clean(line, 1000) for line in whole.splitlines()[:MOST_LINES])

    async def compare(self, first: str, second: str) -> Comparison | str:
        """Two runs side by side, or one line why not."""
        if self._db is None:
            return "a record holds no reports"
        try:
            one, two = await runs.one(self._db, first), await runs.one(self._db, second)
        except StorageError as error:
            return str(error)
        if one is None or two is None:
            return f"no run {clean(first if one is None else second, 80)}"
        return compare(one, two)
