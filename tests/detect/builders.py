"""A tiny well cluster as a stream of observations, so that a test says only what differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from console.model.observation import Observation

STORES = ("tikv0", "tikv1", "tikv2")
MEMBERS = ("pd0", "pd1", "pd2")
REFUSED = {"error": "ConnectError", "msg": "Connection refused", "rtt_ms": 0.3}
SILENT = {"error": "ReadTimeout", "msg": "", "rtt_ms": 500.0}
OK = {"status": 200, "body": "", "rtt_ms": 1.0}
OPS = 1000


class Stream:
    """`at(t)` gives what a quarter second of a well cluster looks like; the `broken` table overrides answers."""

    def __init__(self) -> None:
        self.broken: dict[tuple[str, str], Any] = {}  # (src, kind) -> data, or None for no observation
        self.states = dict.fromkeys((*STORES, *MEMBERS, "ycsb"), "running")
        self.stopped_beats: dict[str, float] = {}
        self.leaders: dict[str, int] = {}
        self.ops = OPS
        self.leader = "pd0"
        self._count = 0
        self._last = 0

    def run(self, start: float, end: float) -> Iterator[Observation]:
        """All observations of a stretch of time, in order."""
        t = start
        while t < end:
            yield from self.at(round(t, 2))
            t += 0.25

    def at(self, t: float) -> Iterator[Observation]:
        yield Observation(t, "console", "tick", {"lag_ms": 0.0})
        for name in STORES:
            yield from self._say(t, name, "status", OK)
        for name in MEMBERS:
            yield from self._say(t, name, "ping", OK)
        if t == int(t):
            yield from self._second(t)

    def _second(self, t: float) -> Iterator[Observation]:
        for name in MEMBERS:
            yield from self._say(t, name, "stores", {"status": 200, "body": self._stores(t)})
            yield from self._say(t, name, "members", {"status": 200, "body": {"leader": self.leader, "n": 3}})
            yield from self._say(t, name, "health", {"status": 200, "body": dict.fromkeys(MEMBERS, True)})
        rows = [{"name": f"lab-{n}-1", "state": s, "networks": ["lab"]} for n, s in self.states.items()]
        yield from self._say(t, "docker", "containers", rows)
        self._count += int(self.ops)
        text = (
            f"TOTAL  - Takes(s): {t + 100:.1f}, Count: {self._count}, OPS: 1.0, Avg(us): 900, Min(us): 1, Max(us): 1, "
            "50th(us): 1, 90th(us): 1, 95th(us): 1, 99th(us): 1, 99.9th(us): 1, 99.99th(us): 1"
        )
        yield from self._say(t, "ycsb", "line", text)

    def _stores(self, t: float) -> list[dict[str, Any]]:
        rows = []
        for phase, name in enumerate(STORES):
            stopped = self.stopped_beats.get(name, t)
            beat = 1000.0 + max(0.0, (min(t, stopped) - phase * 3) // 10 * 10 + phase * 3)
            age = 1000.0 + t - beat
            state = "Disconnected" if age > 20 else "Up"
            rows.append(
                {
                    "id": phase + 1,
                    "addr": f"{name}:20160",
                    "state": state,
                    "last_heartbeat": int(beat * 1e9),
                    "leaders": self.leaders.get(name, 4),
                    "regions": 12,
                    "slow_score": 1,
                }
            )
        return rows[::-1]

    def _say(self, t: float, src: str, kind: str, data: Any) -> Iterator[Observation]:
        data = self.broken.get((src, kind), data)
        if data is not None:
            yield Observation(t, src, kind, data)


def event(t: float, action: str, service: str, **attributes: str) -> Observation:
    """A Docker container event."""
    data = {"Type": "container", "Action": action, "Actor": {"Attributes": {"name": f"lab-{service}-1", **attributes}}}
    return Observation(t, "docker", "event", data)
