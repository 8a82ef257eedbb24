"""Whether a process that wrote a row still lives: by its number, its start and the boot, so that none is mistaken."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .leases import boot_id, exists, kernel_says


@dataclass(frozen=True, slots=True)
class Process:
    """`start`: what the kernel says of when it began; empty where it says nothing."""

    pid: int
    start: str
    boot: str

    @property
    def alive(self) -> bool:
        """True where this very process is there, and not another that was given its number since."""
        if self.boot != boot_id() or not exists(self.pid):
            return False
        return not self.start or kernel_says(self.pid)[1] in ("", self.start)


def this() -> Process:
    """The one that asks."""
    return Process(os.getpid(), kernel_says(os.getpid())[1], boot_id())
