"""A scripted session: records every intent, answers as told, shows the view it was given."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from console.model.fault import Injection, Preview, Refusal, Revert, Target
from console.model.report import Comparison, ReportEntry
from console.model.view import Details, ExperimentEntry, View

from . import fakes, happenings


@dataclass
class FakeReports:
    """Implements ReportsApi for it."""

    session: FakeSession

    async def entries(self) -> tuple[ReportEntry, ...] | str:
        return self.session.past

    async def text(self, run: str) -> tuple[str, ...]:
        self.session._record("report", run)
        return tuple(fakes.REPORT.splitlines())

    async def compare(self, first: str, second: str) -> Comparison | str:
        self.session._record("compare", first, second)
        return fakes.COMPARISON


@dataclass
class FakeSession:
    """Implements SessionApi. `calls` holds (name, arguments) in order."""

    shown: View = field(default_factory=fakes.view)
    refusal: Refusal | None = None
    inject_refusal: Refusal | None = None
    results: tuple[Revert, ...] = (happenings.REVERTED,)
    streaming: bool = False
    log: tuple[str, ...] = tuple(f"[2025/11/20 12:00:{n % 60:02d}] [INFO] [raft.rs:77] line {n}" for n in range(80))
    fail_on: str = ""
    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    hold: asyncio.Event | None = None  # set: revert_all and close wait for it
    past: tuple[ReportEntry, ...] | str = fakes.REPORTS
    _version: int = 0

    def _record(self, name: str, *args: Any) -> None:
        self.calls.append((name, args))
        if self.fail_on == name:
            raise RuntimeError(f"{name} broke: token=sk-ant-secretsecret")

    def called(self, name: str) -> list[tuple[Any, ...]]:
        return [args for n, args in self.calls if n == name]

    def set(self, view: View) -> None:
        self.shown = view
        self._version += 1

    @property
    def version(self) -> int:
        return self._version

    def view(self) -> View:
        return self.shown

    def now(self) -> float:
        return self.shown.now

    async def preview(self, kind: str, target: str, params: Mapping[str, float], duration_s: float | None) -> Preview:
        self._record("preview", kind, target, dict(params), duration_s)
        frozen = Target(target, "0" * 12, f"tikvlab-{target}-1", "2025-11-20T12:00:00Z")
        return Preview(
            kind,
            (frozen,),
            "docker kill (SIGKILL)",
            "the container ends with code 137; the probe is refused",
            "2 of 3 replicas stay: quorum holds, one more failure would break it",
            duration_s or 300.0,
            "docker start, then status port and PD heartbeat are read back",
            self.refusal,
        )

    async def inject(
        self, kind: str, target: str, params: Mapping[str, float], duration_s: float | None
    ) -> Injection | Refusal:
        self._record("inject", kind, target, dict(params), duration_s)
        if self.inject_refusal is not None:
            return self.inject_refusal
        done = happenings.injection(kind=kind, service=target)
        self.set(replace(self.shown, seq=self.shown.seq + 1, injections=(*self.shown.injections, done)))
        return done

    async def revert(self, injection: str) -> Revert:
        self._record("revert", injection)
        return happenings.REVERTED

    async def revert_all(self, reason: str) -> tuple[Revert, ...]:
        self._record("revert_all", reason)
        if self.hold is not None:
            await self.hold.wait()
        self.set(replace(self.shown, seq=self.shown.seq + 1, injections=(), revert=None, disarmed="kill switch"))
        return self.results

    async def arm(self, reason: str) -> Refusal | None:
        self._record("arm", reason)
        return self.refusal

    async def toggle_load(self) -> str:
        self._record("toggle_load")
        return "load is off"

    def experiments(self) -> tuple[ExperimentEntry, ...]:
        return fakes.EXPERIMENTS

    def run_experiment(self, name: str) -> str:
        self._record("run_experiment", name)
        return ""

    def reports(self) -> FakeReports:
        return FakeReports(self)

    async def decide(self) -> str:
        self._record("decide")
        return "tikv1 is paused: its container says so"

    def diagnose(self) -> str:
        self._record("diagnose")
        return "diagnosing inc-3"

    def cancel_diagnosis(self) -> bool:
        self._record("cancel_diagnosis")
        was, self.streaming = self.streaming, False
        return was

    async def details(self, component: str) -> Details:
        self._record("details", component)
        rows = (("Image", "pingcap/tikv:v8.5.5"), ("Exit code", "137"), ("Restart policy", "on-failure"))
        return Details(component, "", self.log, "", rows)

    def note(self, text: str) -> None:
        self._record("note", text)

    def play_pause(self) -> None:
        self._record("play_pause")

    def step(self, seconds: float) -> None:
        self._record("step", seconds)

    def seek(self, t: float) -> None:
        self._record("seek", t)

    def set_speed(self, factor: float) -> None:
        self._record("set_speed", factor)

    def next_chapter(self) -> None:
        self._record("next_chapter")

    async def abort_demo(self) -> None:
        self._record("abort_demo")

    async def close(self, reason: str) -> tuple[Revert, ...]:
        self._record("close", reason)
        if self.hold is not None:
            await self.hold.wait()
        return self.results if self.shown.active else ()
