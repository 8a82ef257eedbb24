"""Injections on disk: the row first, the deed after; each change of state is one durable transaction."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from sqlite3 import Row
from typing import Any

from console.model.fault import Injection, InjectionState, Target

from .database import Database
from .leases import CONSOLE, holder

_LIVE = "state NOT IN ('reverted', 'gone-with-target')"  # InjectionState.live, as SQL


class Journal:
    """The injections of one lab."""

    def __init__(self, db: Database, lab: str) -> None:
        self._db = db
        self.lab = lab

    async def begin(self, injection: Injection) -> None:
        """Write the intent, with all that is needed to undo it. Raises StorageError: then nothing may be done."""
        async with self._db.write() as db:
            await db.execute(
                "INSERT INTO injections (id, lab, kind, targets, params, state, began_wall, expires_wall, owner, boot,"
                " expires_boot, undo, note, verified) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    injection.id,
                    injection.lab,
                    injection.kind,
                    json.dumps([asdict(t) for t in injection.targets]),
                    json.dumps(dict(injection.params)),
                    injection.state.value,
                    injection.began_wall,
                    injection.expires_wall,
                    injection.owner,
                    injection.boot,
                    injection.expires_boot,
                    json.dumps(injection.undo),
                    injection.note,
                    json.dumps(list(injection.verified)),
                ),
            )
            await db.execute(
                "INSERT INTO steps VALUES (?, 0, ?, ?, ?)",
                (injection.id, injection.state.value, time.time(), injection.note),
            )

    async def move(self, injection: Injection, state: InjectionState, note: str = "", **changes: Any) -> Injection:
        """Change the state (and undo, verified) durably; returns the injection as it now is."""
        after = replace(injection, state=state, note=note or injection.note, **changes)
        async with self._db.write() as db:
            await db.execute(
                "UPDATE injections SET state=?, note=?, undo=?, verified=?, expires_wall=? WHERE id=?",
                (
                    state.value,
                    after.note,
                    json.dumps(after.undo),
                    json.dumps(list(after.verified)),
                    after.expires_wall,
                    after.id,
                ),
            )
            await db.execute(
                "INSERT INTO steps SELECT ?, COUNT(*), ?, ?, ? FROM steps WHERE injection=?",
                (after.id, state.value, time.time(), note, after.id),
            )
        return after

    async def live(self) -> list[Injection]:
        """Injections of which something may still be in the system, oldest first."""
        rows = await self._db.rows(
            f"SELECT * FROM injections WHERE lab=? AND {_LIVE} ORDER BY began_wall, id",  # noqa: S608 - a constant
            (self.lab,),
        )
        return [_injection(r) for r in rows]

    async def recent(self, limit: int = 50) -> list[Injection]:
        """The newest injections, live or not, newest first."""
        rows = await self._db.rows(
            "SELECT * FROM injections WHERE lab=? ORDER BY began_wall DESC, id DESC LIMIT ?", (self.lab, limit)
        )
        return [_injection(r) for r in rows]

    async def get(self, injection: str) -> Injection | None:
        """One injection by its id."""
        rows = await self._db.rows("SELECT * FROM injections WHERE lab=? AND id=?", (self.lab, injection))
        return _injection(rows[0]) if rows else None

    async def steps(self, injection: str) -> list[tuple[str, float, str]]:
        """The life of one injection: (state, Unix seconds, note)."""
        rows = await self._db.rows(
            "SELECT state, at_wall, note FROM steps WHERE injection=? ORDER BY seq", (injection,)
        )
        return [(r["state"], r["at_wall"], r["note"]) for r in rows]


def _injection(row: Row) -> Injection:
    return Injection(
        id=row["id"],
        lab=row["lab"],
        kind=row["kind"],
        targets=tuple(Target(**t) for t in json.loads(row["targets"])),
        params=json.loads(row["params"]),
        state=InjectionState(row["state"]),
        began_wall=row["began_wall"],
        expires_wall=row["expires_wall"],
        owner=row["owner"],
        boot=row["boot"],
        expires_boot=row["expires_boot"],
        undo=json.loads(row["undo"]),
        note=row["note"],
        verified=tuple(json.loads(row["verified"])),
    )


async def labs_with_live(db: Database) -> list[tuple[str, str, str]]:
    """Labs (id, engine URL, project) that have something to revert, whoever injected it."""
    rows = await db.rows(
        f"SELECT lab, engine_url, project FROM labs WHERE lab IN (SELECT lab FROM injections WHERE {_LIVE})"  # noqa: S608
    )
    return [(r["lab"], r["engine_url"], r["project"]) for r in rows]


async def remember_lab(db: Database, lab: str, engine_url: str, project: str) -> None:
    """Note where a lab is, so that a revert finds it without a console."""
    async with db.write() as connection:
        await connection.execute(
            "INSERT INTO labs VALUES (?, ?, ?, ?) ON CONFLICT (lab) DO UPDATE SET engine_url=excluded.engine_url,"
            " project=excluded.project, seen_wall=excluded.seen_wall",
            (lab, engine_url, project, time.time()),
        )


EMBEDDED = "embedded "  # labs of that name lived inside a console's own process


async def bury_embedded(db: Database) -> int:
    """Injections into simulated clusters that ended with their console are gone with their target. Returns how many."""
    buried = 0
    for lab, _, _ in await labs_with_live(db):
        console = await holder(db, lab, CONSOLE)
        if not lab.startswith(EMBEDDED) or (console is not None and console.alive):
            continue
        journal = Journal(db, lab)
        for injection in await journal.live():
            await journal.move(injection, InjectionState.GONE, "the simulated cluster ended with its console")
            buried += 1
    return buried
