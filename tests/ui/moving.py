"""A session whose data moves: throughput, probes, heartbeats, faults that play out, an answer that streams."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from console.model.cluster import Interval
from console.model.diagnosis import DiagnosisRun, DiagnosisStatus
from console.model.fault import Injection, InjectionState, Refusal, Revert
from console.model.incident import Incident
from console.model.view import Event, Level, RevertProgress, Timer, View

from . import fakes, happenings, parts
from .fake_session import FakeSession

TOKENS_PER_S = 30


@dataclass
class MovingSession(FakeSession):
    """Time runs at `speed`; everything is a function of the clock and of what was injected."""

    began: float = 0.0
    fault: Injection | None = None
    fault_at: float = 0.0
    undone: RevertProgress | None = None
    asked_at: float | None = None
    paused_load: bool = False
    _cached: tuple[int, View] | None = None

    def __post_init__(self) -> None:
        self.began = time.monotonic() - parts.NOW
        self.asked_at = None

    @property
    def version(self) -> int:
        return int(self.now() * 4)  # as a live session: something new several times a second

    def now(self) -> float:
        return time.monotonic() - self.began

    def view(self) -> View:
        if self._cached is None or self._cached[0] != self.version:
            self._cached = (self.version, self._build(self.now()))
        return self._cached[1]

    def _build(self, now: float) -> View:
        since = now - self.fault_at if self.fault is not None else -1.0
        base = parts.killed("Up" if since < 17 else "Disconnected", 4 + since, now) if since >= 0.3 else parts.cluster()
        stores = {
            n: replace(
                s,
                pd=replace(s.pd, beat_at=now - (now + 3 * i) % 10),
                status=replace(s.status, at=now, rtt_ms=0.5 + 0.2 * abs(math.sin(int(now * 2) + i))),
            )
            if n != "tikv1" or since < 0
            else s
            for i, (n, s) in enumerate(base.stores.items())
            if s.pd is not None
        }
        boxes = {
            n: c if c.stats is None else replace(c, stats=replace(c.stats, cpu_pct=30 + 9 * math.sin(int(now) + i)))
            for i, (n, c) in enumerate(base.containers.items())
        }
        work = replace(base.workload, intervals=self._intervals(now), last_line=now, last_summary=float(int(now)))
        cluster = replace(base, t=now, stores=stores, containers=boxes, workload=work, sources=parts.sources(now))
        view = fakes.view(
            seq=self.version,
            now=now,
            wall=parts.WALL + now,
            cluster=cluster,
            disarmed=self.shown.disarmed,
            load_on=not self.paused_load,
            revert=self.undone,
        )
        return self._with_fault(view, now, since) if self.fault is not None else view

    def _intervals(self, now: float) -> tuple[Interval, ...]:
        out = []
        for t in range(int(now) - 180, int(now)):
            ops = 9800 * (1 + 0.09 * math.sin(t / 5) + 0.05 * math.sin(t * 2.3))
            if self.fault is not None and t >= self.fault_at:
                ops *= 0.62
            out.append(Interval(float(t) + 1, 1.0, int(ops), float(int(ops)), 800.0, 0, 3120))
        return tuple(out)

    def _with_fault(self, view: View, now: float, since: float) -> View:
        assert self.fault is not None
        at = self.fault_at
        lanes = tuple(
            (n, at + d if since >= d else None)
            for n, d in (("docker", 0.3), ("probe", 0.6), ("workload", 2.1), ("pd", 17.2))
        )
        run = self._diagnosis(now)
        timer = Timer(
            f"{self.fault.kind} {self.fault.component}",
            at,
            at + 0.4,
            lanes,
            run.first_text if run else None,
            run.finished if run else None,
        )
        seen = [m for m in ((at, "fault"), (at + 0.3, "detected")) if m[0] <= now]
        incident: tuple[Incident, ...] = (happenings.OLD,)
        if since > 0.6:
            incident += (replace(happenings.INCIDENT, began=at + 0.1, opened=at + 0.6),)
        events = tuple(replace(e, t=e.t - parts.FAULT_AT + at) for e in happenings.HIT if e.t - parts.FAULT_AT <= since)
        return replace(
            view,
            injections=(self.fault,),
            timer=timer,
            marks=tuple(seen),
            diagnosis=run,
            incidents=incident,
            level=Level.YELLOW,
            timeline=happenings.TIMELINE + events,
        )

    def _diagnosis(self, now: float) -> DiagnosisRun | None:
        start = self.fault_at + 1.0
        if now < start:
            return None
        words = happenings.NARRATIVE.split(" ")
        shown = int((now - start - 1.2) * TOKENS_PER_S)
        first = start + 1.2 if shown > 0 else None
        if shown < len(words):
            text = " ".join(words[: max(0, shown)])
            return DiagnosisRun("inc-3", "claude-sonnet-5", DiagnosisStatus.STREAMING, start, text, first)
        done = start + 1.2 + len(words) / TOKENS_PER_S
        return replace(happenings.run(), started=start, first_text=first, finished=done)

    async def inject(
        self, kind: str, target: str, params: Mapping[str, float], duration_s: float | None
    ) -> Injection | Refusal:
        self._record("inject", kind, target, dict(params), duration_s)
        if self.shown.disarmed:
            return Refusal("disarmed", "the console is disarmed; arm it first")
        self.fault_at = self.now()
        wall = parts.WALL + self.fault_at
        self.fault = replace(
            happenings.injection(kind=kind, service=target),
            began_wall=wall,
            expires_wall=wall + (duration_s or 300),
            called=self.fault_at,
            returned=self.fault_at + 0.4,
        )
        await asyncio.sleep(0.4)
        return self.fault

    async def revert_all(self, reason: str) -> tuple[Revert, ...]:
        results = await self.close(reason)
        self.shown = replace(self.shown, disarmed=reason)
        return results

    async def close(self, reason: str) -> tuple[Revert, ...]:
        self._record("close", reason)
        if self.fault is None:
            return ()
        self.fault = replace(self.fault, state=InjectionState.REVERTING)
        self.undone = RevertProgress(1, 0)
        await asyncio.sleep(1.5)
        self.fault, self.undone = None, None
        return (happenings.REVERTED,)

    async def arm(self, reason: str) -> Refusal | None:
        self.shown = replace(self.shown, disarmed="")
        return None

    async def toggle_load(self) -> str:
        self.paused_load = not self.paused_load
        return "load is off" if self.paused_load else "load is on"

    def note(self, text: str) -> None:
        self.shown = replace(self.shown, timeline=(*self.shown.timeline, Event(self.now(), "operator", text, "act")))
