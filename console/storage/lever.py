"""The lever: disarmed after a kill switch, armed by a human with a reason; on disk, obeyed by every console."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .database import Database


@dataclass(frozen=True, slots=True)
class Lever:
    """`engaged`: nothing may be injected."""

    engaged: bool
    reason: str
    who: str
    at_wall: float


async def read_lever(db: Database, lab: str) -> Lever:
    """The lever of a lab; a lab never seen is armed."""
    rows = await db.rows("SELECT engaged, reason, who, at_wall FROM lever WHERE lab=?", (lab,))
    if not rows:
        return Lever(False, "", "", 0.0)
    row = rows[0]
    return Lever(bool(row["engaged"]), row["reason"], row["who"], row["at_wall"])


async def set_lever(db: Database, lab: str, engaged: bool, reason: str, who: str) -> None:
    """Engage (disarm) or disengage (arm), durably."""
    async with db.write() as connection:
        await connection.execute(
            "INSERT INTO lever VALUES (?, ?, ?, ?, ?) ON CONFLICT (lab) DO UPDATE SET engaged=excluded.engaged,"
            " reason=excluded.reason, who=excluded.who, at_wall=excluded.at_wall",
            (lab, int(engaged), reason, who, time.time()),
        )
