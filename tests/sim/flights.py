"""Flights to compare: the same signals, in seconds after the injection, from a record and from the simulated world."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from console.sim.physics.spec import ClusterSpec
from console.sim.physics.timeline import Op
from console.sim.physics.world import World
from console.sim.wire.door import Gate
from console.sim.wire.gates import gate_of

Signals = dict[str, float]
_TOTAL = re.compile(r"TOTAL\s+- Takes\(s\): ([\d.]+), Count: (\d+)")
_COMPLAINTS = ("[health check] check health error", "re-create streaming fail", "cannot update member")
WARM_S = 30.0


# -- from a record ---------------------------------------------------------------------------------------------------


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every observation of a flight record."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for text in file:
            line = json.loads(text)
            if "t" in line:
                yield line


class _Reader:
    """Takes the lines of one record and notes when each signal was first seen."""

    def __init__(self) -> None:
        self.out: Signals = {}
        self.phase = ""
        self.t0 = 0.0
        self.target = ""
        self.leaders: int | None = None
        self.before: tuple[float, int] | None = None
        self.rates: list[tuple[float, float]] = []

    def note(self, name: str, t: float) -> None:
        self.out.setdefault(self.phase + name, round(t - self.t0, 3))

    def take(self, line: dict[str, Any]) -> None:
        src, kind, data, t = line["src"], line["kind"], line["data"], line["t"]
        if src == "lab":
            self._lab(kind, data, t)
        elif src == "ycsb":
            self._ycsb(data, t)
        elif self.phase:
            self._seen(src, kind, data, t)

    def _lab(self, kind: str, data: Any, t: float) -> None:
        if kind in ("inject", "revert"):
            self.phase, self.t0 = ("" if kind == "inject" else "back:"), t
            self.phase = "in:" if kind == "inject" else "back:"
        if kind == "inject":
            self.target = re.findall(r"_((?:pd|tikv)\d+)_1", data)[0]

    def _ycsb(self, text: str, t: float) -> None:
        match = _TOTAL.match(text)
        if match:
            count = int(match[2])
            if self.before is not None:
                self.rates.append((t, count - self.before[1]))
                self._rate(t, count - self.before[1])
            self.before = (float(match[1]), count)
        elif self.phase:
            self._log(text, t)

    def _rate(self, t: float, ops: float) -> None:
        usual = sorted(r for _, r in self.rates[:14])[len(self.rates[:14]) // 2]
        if self.phase == "in:" and t - self.t0 > 0.3 and ops < 0.02 * usual:
            self.note("workload at zero", t)
        if self.phase == "back:" and ops > 0.4 * usual:
            self.note("workload back", t)

    def _log(self, text: str, t: float) -> None:
        ours = self.target in text or "pd0" in text
        if ours and "Unimplemented" not in text and any(c in text for c in _COMPLAINTS):
            self.note("client complains", t)
        if ours and "keepalive ping failed" in text:
            self.note("client keepalive failed", t)
        if ours and "re-create streaming success" in text:
            self.note("client connected", t)
        if "switch leader" in text:
            self.note("client switched PD leader", t)

    def _seen(self, src: str, kind: str, data: Any, t: float) -> None:
        if src == "docker":
            self._docker(kind, data, t)
        elif src == self.target and kind == "status":
            wrong = "error" in data
            silence = 2.0 if wrong and "Timeout" in data["error"] else 0.0
            self.note("probe fails" if wrong else "probe answers", t - silence)
        elif kind == "stores":
            self._stores(data, t)
        elif kind == "health" and isinstance(data.get("body"), dict) and src != self.target:
            self.note("PD health false" if not data["body"].get(self.target, True) else "PD health true", t)
        elif kind == "check/pending-peer" and data.get("body"):
            self.note("pending peers", t)
        elif kind == "members" and data.get("status") == 200:
            leader = data["body"]["leader"]
            if leader and leader != self.target:
                self.note("PD leader new", t)

    def _docker(self, kind: str, data: Any, t: float) -> None:
        if kind == "event" and data["Actor"]["Attributes"].get("name", "").endswith(f"_{self.target}_1"):
            self.note(f"docker {data['Action']}", t)

    def _stores(self, data: Any, t: float) -> None:
        if data.get("status") == 500:
            self.note("PD redirect failed", t)
        if data.get("status") != 200:
            return
        rows = {str(r["addr"]).split(":")[0]: r for r in data["body"]}
        states = {r["state"] for r in rows.values()}
        if states == {"Disconnected"}:
            self.note("all stores disconnected", t)
        if states == {"Up"} and "in:all stores disconnected" in self.out:
            self.note("all stores up", t)
        row = rows.get(self.target)
        if row is None:
            return
        if self.phase == "in:":
            if row["state"] == "Disconnected":
                self.note("PD disconnected", t)
            if self.leaders is not None and (row["leaders"] or 0) < self.leaders:
                self.note("leaders move", t)
        elif row["state"] == "Up":
            self.note("PD up", t)
        self.leaders = row["leaders"] or 0


def recorded(path: Path) -> Signals:
    """Signals of a flight record."""
    reader = _Reader()
    for line in lines(path):
        reader.take(line)
    return reader.out


# -- from the world --------------------------------------------------------------------------------------------------

Act = Callable[[World, str], Op | None]


def _ops(world: World) -> list[tuple[float, int]]:
    out, before = [], None
    for line in world.load.container.log:
        match = _TOTAL.match(line.text)
        if match:
            if before is not None:
                out.append((line.at_ns / 1e9 - world.spec.epoch, int(match[2]) - before))
            before = int(match[2])
    return out


class Flight:
    """One injection in a world of its own, watched every 50 ms."""

    def __init__(self, spec: ClusterSpec, target: str, act: Act, undo: Act, lasts: float, after: float) -> None:
        self.world = World(spec)
        self.world.advance(WARM_S)
        self.target = self.world.pd.elections.leader or "" if target == "pd leader" else target
        self.out: Signals = {}
        self.phase, self.t0 = "in:", self.world.now
        self.marks = {"in:": self.t0}
        self.node = next((n for n in self.world.stores.values() if n.name == self.target), None)
        self.leaders = self._leader_count()
        self.world.engine.bus.listeners.append(self._event)
        act(self.world, self.target)
        self._watch(lasts)
        self.phase, self.t0 = "back:", self.world.now
        self.marks["back:"] = self.t0
        undo(self.world, self.target)
        self._watch(after)
        self._read_log()

    def _leader_count(self) -> int:
        return self.world.pd.stores.leader_counts[self.node.id] if self.node else 0

    def note(self, name: str, at: float | None = None) -> None:
        """First time of a signal."""
        t = (self.world.now if at is None else at) - self.t0
        self.out.setdefault(self.phase + name, round(t, 3))

    def _event(self, event: Any) -> None:
        if event.attributes.get("name", "").endswith(
            f"{self.world.spec.separator}{self.target}{self.world.spec.separator}1"
        ):
            self.note(f"docker {event.action}")

    def _watch(self, seconds: float) -> None:
        end = self.world.now + seconds
        while self.world.now < end - 1e-6:
            self.world.advance(min(end, self.world.now + 0.05))
            self._look()

    def _look(self) -> None:
        world, stores = self.world, self.world.pd.stores
        container = world.container(self.target)
        port = 20180 if self.node else 2379
        gate, _ = gate_of(world, container, port, published=True)
        self.note("probe answers" if gate is Gate.OPEN else "probe fails")
        if stores.check("pending-peer"):
            self.note("pending peers")
        leading = world.pd.leading
        if leading is not None and leading.name != self.target:
            self.note("PD leader new")
        states = {stores.state_name(m) for m in stores.metas.values()}
        if leading is not None and states == {"Disconnected"}:
            self.note("all stores disconnected")
        if leading is not None and states == {"Up"} and "in:all stores disconnected" in self.out:
            self.note("all stores up")
        if self.node is not None:
            self._look_at_store(stores.state_name(stores.metas[self.node.id]))
        else:
            self._look_at_member(container)

    def _look_at_store(self, state: str) -> None:
        if self.phase == "in:":
            if state == "Disconnected":
                self.note("PD disconnected")
            if self._leader_count() < self.leaders:
                self.note("leaders move")
        elif state == "Up":
            self.note("PD up")

    def _look_at_member(self, container: Any) -> None:
        process = container.process
        if process.serving:
            if self.phase == "back:":
                self.note("PD health true")
        else:
            self.note("PD health false")
        others = [m for m in self.world.pd.members.values() if m.name != self.target]
        if not container.alive and all(m.leader == self.target for m in others):
            self.note("PD redirect failed")

    def _read_log(self) -> None:
        ops = _ops(self.world)
        before = sorted(n for t, n in ops if t < self.marks["in:"])
        usual = before[len(before) // 2]
        seen_zero = False
        for t, n in ops:
            self.phase = "back:" if t >= self.marks["back:"] else "in:"
            self.t0 = self.marks[self.phase]
            if t < self.marks["in:"] + 0.3:
                continue
            if self.phase == "in:" and n < 0.02 * usual:
                seen_zero = True
                self.note("workload at zero", t)
            if seen_zero and n > 0.4 * usual:
                self.note("workload back", t)
        for line in self.world.load.container.log:
            t = line.at_ns / 1e9 - self.world.spec.epoch
            if t < self.marks["in:"]:
                continue
            self.phase = "back:" if t >= self.marks["back:"] else "in:"
            self.t0 = self.marks[self.phase]
            self._line(line.text, t)

    def _line(self, text: str, t: float) -> None:
        ours = self.target in text
        if ours and any(c in text for c in _COMPLAINTS):
            self.note("client complains", t)
        if ours and "keepalive ping failed" in text:
            self.note("client keepalive failed", t)
        if ours and "re-create streaming success" in text:
            self.note("client connected", t)
        if "switch leader" in text:
            self.note("client switched PD leader", t)


def order(signals: Signals, names: list[str]) -> list[str]:
    """Those of `names` that were seen, in order of time."""
    return sorted((n for n in names if n in signals), key=lambda n: signals[n])
