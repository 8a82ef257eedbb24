"""The audit log: append-only, each row carrying the hash of the one before."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.model.text import redact

from .database import Database

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry. `at_wall`: Unix seconds; `data`: canonical JSON."""

    seq: int
    at_wall: float
    actor: str
    action: str
    data: str
    previous: str
    hash: str

    def computed(self) -> str:
        """The hash this row ought to have."""
        return _hash(self.seq, self.at_wall, self.actor, self.action, self.data, self.previous)


def _hash(seq: int, at_wall: float, actor: str, action: str, data: str, previous: str) -> str:
    text = json.dumps([seq, at_wall, actor, action, data, previous], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def append(db: Database, actor: str, action: str, data: Mapping[str, Any]) -> None:
    """Add one row. Secrets in string values are redacted before they are written."""
    text = redact(json.dumps(data, sort_keys=True, default=str, separators=(",", ":")))
    async with db.write() as connection:
        rows = list(await connection.execute_fetchall("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"))
        seq, previous = (rows[0][0] + 1, rows[0][1]) if rows else (1, GENESIS)
        at = round(time.time(), 3)
        await connection.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)",
            (seq, at, actor, action, text, previous, _hash(seq, at, actor, action, text, previous)),
        )


async def read(db: Database, limit: int | None = None) -> list[AuditRow]:
    """Rows in order; with `limit` only the newest so many."""
    if limit is None:
        rows = await db.rows("SELECT * FROM audit ORDER BY seq")
    else:
        rows = await db.rows("SELECT * FROM (SELECT * FROM audit ORDER BY seq DESC LIMIT ?) ORDER BY seq", (limit,))
    return [AuditRow(*r) for r in rows]


def broken(rows: list[AuditRow]) -> str | None:
    """None where the chain holds, else one sentence that names the first row that does not fit."""
    previous = GENESIS
    for number, row in enumerate(rows, 1):
        if row.seq != number:
            return f"row {number} is missing (the next one is {row.seq})"
        if row.previous != previous:
            return f"row {row.seq} does not follow the row before it"
        if row.computed() != row.hash:
            return f"row {row.seq} was changed after it was written"
        previous = row.hash
    return None
