"""A store's disk: space, slowness, and the score TiKV gives itself for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .ground import Ground
from .spec import GIB

# guides/tikv.md 3.4: state checked every 60 s against reserve = max(5 GiB, 5 % of capacity); a full disk refuses
# ordinary writes, reads go on.
CHECK_S = 60.0
RESERVE_MIN = 5 * GIB
RESERVE_SHARE = 0.05
# guides/tikv.md 2.5: inspected every 100 ms, a sample of >= 100 ms is a time-out; a round is 30 samples (3 s); more
# than 10 % time-outs double the score up to 100; decay 1 a round.
ROUND_S = 3.0
INSPECT_HZ = 10.0
TIMEOUT_S = 0.1
BASE_SYNC_S = 0.0012  # an idle SSD's fsync, as raft_engine_sync_log_duration would show [inference]


@dataclass(slots=True)
class Disk:
    """State of one store's volume. Sizes in bytes, delays in seconds."""

    capacity: int
    data: int = 1_200 * 1024 * 1024
    filler: int = 0  # what somebody else put there
    delay_s: float = 0.0  # added to every synced write
    write_rate: float = float("inf")
    hung: bool = False
    full: bool = False  # as TiKV last found it

    @property
    def reserve(self) -> int:
        """Space TiKV keeps free."""
        return max(RESERVE_MIN, int(self.capacity * RESERVE_SHARE)) if self.capacity > 2 * RESERVE_MIN else 0

    @property
    def available(self) -> int:
        """Free bytes."""
        return max(0, self.capacity - self.data - self.filler)

    @property
    def sync_s(self) -> float:
        """Time of one synced write."""
        return BASE_SYNC_S + self.delay_s

    @property
    def sick(self) -> bool:
        """Whether the inspector's samples time out."""
        return self.hung or self.sync_s >= TIMEOUT_S


class SlowScore:
    """TiKV's own slow score, 1 (well) to 100. Costs nothing while the disk is well."""

    def __init__(self, ground: Ground, disk: Disk, forced: Callable[[], None]) -> None:
        self.value = 1
        self._ground = ground
        self._disk = disk
        self._forced = forced  # at 100 the store reports to PD out of turn
        self._running = False

    def look(self) -> None:
        """Start the rounds where there is something to score."""
        if (self._disk.sick or self.value > 1) and not self._running:
            self._running = True
            self._ground.after(ROUND_S, self._round)

    def reset(self) -> None:
        """A restarted process begins well."""
        self.value = 1

    def _round(self) -> None:
        before = self.value
        if self._disk.sick:
            self.value = 100 if self.value >= 64 else self.value * 2
        else:
            self.value = max(1, self.value - 1)
        if self.value == 100 and before < 100:
            self._forced()
        self._running = False
        self.look()
