"""Putting back from any terminal: every lab the journal knows, with no console and no screen."""

from __future__ import annotations

import os

from console.faults import rollback
from console.faults.lab import Lab
from console.model.fault import Injection, Refusal, Revert
from console.model.text import clean
from console.observe.engine import Engine, EngineError, endpoint
from console.storage import Database, StorageError, audit
from console.storage.journal import Journal, bury_embedded, labs_with_live
from console.storage.lever import set_lever

from .opening import who
from .settings import state_dir


async def put_back(
    injection: str | None, *, project: str | None = None, disarm: bool = True
) -> tuple[list[Revert], list[str]]:
    """Revert one injection or all (of one project); returns results, and a line per engine that cannot be reached.

    All of them is the kill switch: it disarms, unless told not to.
    """
    results: list[Revert] = []
    unreachable: list[str] = []
    try:
        db = await Database.open(state_dir() / "console.db")
    except StorageError as error:
        return [], [str(error)]
    try:
        await bury_embedded(db)
        for lab_id, url, name in await labs_with_live(db):
            if project not in (None, name):
                continue
            journal = Journal(db, lab_id)
            due = [i for i in await journal.live() if injection in (None, i.id)]
            if injection is None and disarm:
                await set_lever(db, lab_id, True, "revert from the command line", who())
            if not due:
                continue
            lab = Lab(lab_id, Engine(endpoint(url)), name)
            try:
                await lab.engine.version()
                done = await rollback.revert_many(lab, journal, due)
                results += done
                for r in done:
                    said = {"lab": lab_id, "id": r.injection, "outcome": r.outcome, "detail": r.detail}
                    await audit.append(db, who(), "revert", said)
            except EngineError as error:
                unreachable.append(f"{name}: the engine at {clean(url)} cannot be reached: {error}")
            finally:
                await lab.engine.close()
    finally:
        await db.close()
    return results, unreachable


async def listed(everything: bool) -> list[Injection]:
    """Injections of all labs, newest first; without `everything` only what may still be in a system."""
    db = await Database.open(state_dir() / "console.db")
    try:
        await bury_embedded(db)
        found: list[Injection] = []
        for row in await db.rows("SELECT lab FROM labs"):
            journal = Journal(db, row["lab"])
            found += await journal.recent(200) if everything else await journal.live()
        return sorted(found, key=lambda i: -i.began_wall)
    finally:
        await db.close()


async def arm_labs(reason: str, project: str | None) -> list[str] | Refusal:
    """Disengage the lever of every lab, or of one project's."""
    if not reason.strip():
        return Refusal("NO_REASON", "arming needs a reason; it goes to the audit log")
    db = await Database.open(state_dir() / "console.db")
    try:
        armed = []
        rows = await db.rows("SELECT labs.lab, labs.project FROM labs JOIN lever USING (lab) WHERE lever.engaged = 1")
        for row in rows:
            if project in (None, row["project"]):
                await set_lever(db, row["lab"], False, reason.strip(), who())
                await audit.append(db, who(), "arm", {"lab": row["lab"], "reason": reason.strip(), "pid": os.getpid()})
                armed.append(str(row["project"]))
        return armed
    finally:
        await db.close()
