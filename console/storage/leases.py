"""Who holds a lab: the one console that may inject, the one watchdog that reverts for it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from .database import Database

CONSOLE = "console"
WATCHDOG = "watchdog"


@dataclass(frozen=True, slots=True)
class Holder:
    """`expires`: on the boot-wide monotonic clock, which a step of the wall clock does not move."""

    holder: str
    pid: int
    boot: str
    expires: float

    @property
    def alive(self) -> bool:
        """True while the lease is good and, on this boot, its process exists."""
        if self.boot != boot_id() or self.expires < boot_now():
            return False
        return exists(self.pid)


def boot_id() -> str:
    """Changes with every start of the machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def boot_now() -> float:
    """Seconds on a clock that all processes of this boot share and nobody can set."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else time.monotonic()


def exists(pid: int) -> bool:
    """Whether there is such a process; one that is dead and not yet buried by its parent is none."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return kernel_says(pid)[0] != "Z"


def kernel_says(pid: int) -> tuple[str, str]:
    """State letter and start (clock ticks since boot) of a process; empty where the kernel has no /proc or no such
    process. The name that stands before them may hold blanks and brackets."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return words[0], words[19]
    except (OSError, IndexError):
        return "", ""


async def holder(db: Database, lab: str, name: str) -> Holder | None:
    """Who holds a lease now, dead or alive."""
    rows = await db.rows("SELECT holder, pid, boot, expires FROM leases WHERE lab=? AND name=?", (lab, name))
    return Holder(rows[0]["holder"], rows[0]["pid"], rows[0]["boot"], rows[0]["expires"]) if rows else None


async def acquire(db: Database, lab: str, name: str, who: str, seconds: float) -> Holder | None:
    """Take or renew a lease. None on success, else the living holder who keeps it."""
    async with db.write() as connection:
        rows = list(
            await connection.execute_fetchall(
                "SELECT holder, pid, boot, expires FROM leases WHERE lab=? AND name=?", (lab, name)
            )
        )
        if rows:
            present = Holder(rows[0][0], rows[0][1], rows[0][2], rows[0][3])
            if present.holder != who and present.alive:
                return present
        await connection.execute(
            "INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (lab, name) DO UPDATE SET"
            " holder=excluded.holder, pid=excluded.pid, boot=excluded.boot, renewed=excluded.renewed,"
            " expires=excluded.expires",
            (lab, name, who, os.getpid(), boot_id(), boot_now(), boot_now() + seconds),
        )
    return None


async def release(db: Database, lab: str, name: str, who: str) -> None:
    """Give a lease back; another's is left alone."""
    async with db.write() as connection:
        await connection.execute("DELETE FROM leases WHERE lab=? AND name=? AND holder=?", (lab, name, who))
