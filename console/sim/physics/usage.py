"""What a container uses: CPU, memory, network, disk, throttling; the counters behind the engine's statistics."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .containers import Container
from .ground import Ground
from .meter import Meters
from .timeline import Timer

PERIODS_HZ = 10.0  # CFS periods of 100 ms
THREADS_THROTTLED = 0.95  # recordings/cpu_quota_leader: 0.9 s of throttled time a second at full throttling


@dataclass(frozen=True, slots=True)
class Profile:
    """What a kind of process uses by itself. Rates a second; memory in bytes, grown towards `warm` in `warm_s`."""

    cores: float
    rx: float
    tx: float
    cold: float
    warm: float
    warm_s: float
    pids: int
    write: float = 0.0


MIB = 1 << 20
# recordings/steady_with_stats, idle stores and followers: cores, bytes/s, resident memory.
PROFILES = {
    "pd": Profile(0.023, 42e3, 41e3, 38 * MIB, 75 * MIB, 300, 10, write=6e3),
    "store": Profile(0.02, 2.3e3, 1.6e3, 140 * MIB, 500 * MIB, 90, 18, write=4e3),
    "load": Profile(0.01, 200, 200, 60 * MIB, 95 * MIB, 20, 14),
    "other": Profile(0.0, 0, 0, 1 * MIB, 2 * MIB, 10, 1),
}


class Usage:
    """Counters of one container since its start."""

    def __init__(self, ground: Ground, container: Container, kind: str) -> None:
        self.ground = ground
        self.container = container
        self.profile = PROFILES[kind]
        self.meters = Meters()
        self.extra_memory = 0.0
        self.burners = 0  # busy loops in its control group
        self._booked_burners = 0
        self._seen: tuple[str, float | None] = ("", None)
        self._jitter = ground.chance("memory").uniform(0.94, 1.06)
        self._oom: Timer | None = None
        self._oom_key: tuple[int, float, float | None] = (0, 0.0, None)

    def refresh(self) -> bool:
        """Follow the container's life; True where anything changed."""
        container = self.container
        seen = (container.status, container.started_at)
        if seen == self._seen and self.burners == self._booked_burners:
            return False
        self._booked_burners = self.burners
        if seen[1] != self._seen[1]:
            self.meters.reset(self.ground.now)
        self._seen = seen
        self.meters.stop(self.ground.now)
        if container.awake:
            now, p = self.ground.now, self.profile
            cores = self.container.limits.cores(self.ground.spec.host_cores)
            self.meters["cpu"].set_rate(now, min(cores, p.cores + self.burners))
            self.meters["rx"].set_rate(now, p.rx)
            self.meters["tx"].set_rate(now, p.tx)
            self.meters["write"].set_rate(now, p.write)
        return True

    def throttle(self, share: float) -> None:
        """A share of the CPU periods from now on is cut short."""
        now = self.ground.now
        limited = self.container.limits.cores(self.ground.spec.host_cores) < self.ground.spec.host_cores
        self.meters["periods"].set_rate(now, PERIODS_HZ if limited and self.container.awake else 0.0)
        self.meters["throttled"].set_rate(now, PERIODS_HZ * share)
        self.meters["throttled_s"].set_rate(now, THREADS_THROTTLED * share)

    def memory(self) -> int:
        """Resident bytes now: grown towards warm since the start."""
        if not self.container.alive:
            return 0
        age = self.ground.now - (self.container.started_at or 0.0)
        return int(self._memory_at(age))

    def _memory_at(self, age: float) -> float:
        p = self.profile
        grown = p.cold + (p.warm - p.cold) * (1 - math.exp(-age / p.warm_s))
        return grown * self._jitter + self.extra_memory

    def share_of_limit(self) -> float:
        """Resident memory over its limit, 0 without a limit."""
        limit = self.container.limits.memory
        return self.memory() / limit if limit > 0 else 0.0

    def seconds_to_oom(self) -> float | None:
        """How long until memory reaches the limit; 0 where it is past it, None where it never will."""
        limit = self.container.limits.memory
        if limit <= 0 or not self.container.alive:
            return None
        age = self.ground.now - (self.container.started_at or 0.0)
        if self._memory_at(age) >= limit:
            return 0.0
        p = self.profile
        room = (limit - self.extra_memory) / self._jitter
        if room >= p.warm:
            return None
        reached = -p.warm_s * math.log(1 - (room - p.cold) / (p.warm - p.cold))
        return max(0.0, reached - age)

    def watch_oom(self, kill: object) -> None:
        """Plan the kernel's kill for the moment memory meets its limit; forget it where there is none."""
        key = (self.container.limits.memory, self.extra_memory, self.container.started_at)
        if key == self._oom_key and (self._oom is None or self._oom.pending):
            return
        self._oom_key = key
        if self._oom:
            self._oom.cancel()
            self._oom = None
        wait = self.seconds_to_oom()
        if wait is not None and callable(kill):
            self._oom = self.ground.after(wait + 0.05, kill)
