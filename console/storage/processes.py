"""Whether a process that wrote a row still lives: by its number, its start and the boot, so that none is mistaken."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .leases import boot_id


@dataclass(frozen=True, slots=True)
class Process:
    """`start`: what the kernel says of when it began (clock ticks since boot); empty where it says nothing."""

    pid: int
    start: str
    boot: str

    @property
    def alive(self) -> bool:
        """True where this very process is there, and not another that was given its number since."""
        if self.boot != boot_id():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return _state(self.pid)[0] != "Z" and (not self.start or _state(self.pid)[1] in ("", self.start))


def this() -> Process:
    """The one that asks."""
    return Process(os.getpid(), _state(os.getpid())[1], boot_id())


def _state(pid: int) -> tuple[str, str]:
    """State letter and start, by /proc; empty where there is none. The name in it may hold blanks and brackets."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return words[0], words[19]
    except (OSError, IndexError):
        return "", ""
