"""A flight record as a session: judged once in the background, then scrubbed through frozen frames."""

from __future__ import annotations

import asyncio
import bisect
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.diagnose.watch import Judged, Watch
from console.model.cluster import Cluster
from console.model.diagnosis import DiagnosisRun, DiagnosisStatus
from console.model.fault import Injection, Outcome, Preview, Refusal, Revert
from console.model.names import Role
from console.model.observation import LAB, Observation
from console.model.text import clean
from console.model.view import Details, Event, ExperimentEntry, Mode, Playback, Timer, View
from console.observe.record import Record

from .judging import truth
from .reports import Reports
from .standing import level
from .timeline import Timeline
from .timing import LANES

FRAME_S = 0.25
SLICE_S = 0.008  # of the event loop at a time, while the frames are made
SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_REPLAY = Refusal("REPLAY", "this is a flight record: what happened has happened")


@dataclass(frozen=True, slots=True)
class _Frame:
    t: float
    cluster: Cluster
    judged: tuple[Judged, ...]
    events: int


class ReplaySession:
    """Implements `SessionApi` over a record. Frames exist up to `ready`; a seek beyond it waits there."""

    def __init__(self, record: Record, *, blind: bool = False, reveal: bool = False) -> None:
        self._record, self._blind, self._reveal = record, blind, reveal
        self._watch = Watch(blind=blind, sparse=record.sparse)
        self._timeline = Timeline()
        self._events: tuple[Event, ...] = ()
        self._frames: list[_Frame] = [_Frame(0.0, Cluster(sparse=record.sparse), (), 0)]
        self._times: list[float] = [0.0]
        self._position = 0.0
        self._speed = 1.0
        self._playing = False
        self._moved = time.monotonic()
        self._version = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.truth = truth(record.observations)
        self.started_wall = _started(record.header)

    async def start(self) -> None:
        """Begin judging and playing."""
        self._tasks = [asyncio.create_task(self._make(), name="frames"), asyncio.create_task(self._run(), name="play")]
        for task in self._tasks:
            task.add_done_callback(self._ended)
        if self._record.bad_lines:
            skipped = "; ".join(self._record.skipped[:2])
            self._timeline.add(0.0, "console", f"{self._record.bad_lines} line(s) could not be read: {skipped}", "warn")
        self._playing = True
        self._moved = time.monotonic()

    async def close(self, reason: str) -> tuple[Revert, ...]:
        """Nothing was done, so nothing is undone."""
        del reason
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
        return ()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A replay that stops in the middle says why: standing still would look like the cluster's own stillness."""
        if not task.cancelled() and (error := task.exception()) is not None:
            at = self.ready
            why = f"the record cannot be shown beyond {at:.1f} s: {type(error).__name__}: {error}"
            self._timeline.add(at, "console", clean(why, 300), "bad")
            self._add(at)

    # -- frames -----------------------------------------------------------------------------------------------------

    async def _make(self) -> None:
        """Fold and judge the whole record, a slice of the loop at a time."""
        until = time.monotonic() + SLICE_S
        for obs in self._record.observations:
            if obs.src != LAB:
                self._take(obs)
            if time.monotonic() > until:
                await asyncio.sleep(0)
                until = time.monotonic() + SLICE_S
        self._add(self._record.duration)

    def _take(self, obs: Observation) -> None:
        changed = self._watch.advance(obs.t)
        changed |= self._watch.feed(obs)
        self._timeline.observe(obs, self._watch.cluster)
        if changed:
            self._timeline.incidents(obs.t, (j.incident for j in self._watch.judged))
        if changed or obs.t - self._times[-1] >= FRAME_S:
            self._add(obs.t)

    def _add(self, t: float) -> None:
        self._events = self._timeline.events
        self._frames.append(_Frame(t, self._watch.cluster, self._watch.judged, len(self._events)))
        self._times.append(t)
        self._version += 1

    @property
    def ready(self) -> float:
        """Seconds of the record that can be shown."""
        return self._times[-1]

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            now = time.monotonic()
            passed, self._moved = now - self._moved, now
            if self._playing:
                target = self._position + passed * self._speed
                self._place(min(target, self.ready))
                if self._position >= self._record.duration:
                    self._playing = False
                    self._version += 1

    def _place(self, t: float) -> None:
        t = max(0.0, min(t, self._record.duration))
        if t != self._position:
            self._position = t
            self._version += 1

    # -- SessionApi -------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Rises with every change."""
        return self._version

    def now(self) -> float:
        """Where the replay stands, seconds on the record's clock."""
        return self._position

    def view(self) -> View:
        """The frame at the present position."""
        frame = self._frames[max(0, bisect.bisect_right(self._times, self._position) - 1)]
        incidents = tuple(j.incident for j in frame.judged)
        load = next((c for c in frame.cluster.containers.values() if c.role is Role.LOAD), None)
        return View(
            seq=self._version,
            now=self._position,
            wall=self.started_wall + self._position if self.started_wall else 0.0,
            mode=Mode.REPLAY,
            project=self._record.path.name,
            cluster=frame.cluster,
            level=level(frame.cluster, incidents),
            blind=self._blind,
            read_only=True,
            read_only_reason=_REPLAY.sentence,
            limit=0,
            incidents=incidents,
            timer=self._timer(frame),
            diagnosis=_run(frame),
            timeline=self._events[: frame.events],
            playback=Playback(self._position, self._record.duration, self._speed, self._playing, self._marks()),
            marks=tuple(m for m in self._marks() if m[0] <= self._position),
            load_on=None if load is None else load.state == "running",
            starting="" if len(self._frames) > 1 else "the record",
            record_path=str(self._record.path),
        )

    def _marks(self) -> tuple[tuple[float, str], ...]:
        """Where something happened: seen incidents always, what the injector did only when revealed."""
        marks = [(j.incident.opened, "detected") for j in self._watch.judged]
        marks += [(j.incident.over, "recovered") for j in self._watch.judged if j.incident.over is not None]
        if self._reveal:
            marks += [
                (o.t, _LAB_MARKS[o.kind]) for o in self._record.observations if o.src == LAB and o.kind in _LAB_MARKS
            ]
        return tuple(sorted(marks))

    def _timer(self, frame: _Frame) -> Timer | None:
        if not frame.judged:
            return None
        incident = frame.judged[-1].incident
        title, zero = f"seen: {incident.component}", incident.began
        if self._reveal and self.truth and abs(self.truth["began_s"] - incident.began) < 30:
            title, zero = f"{self.truth['fault']} {self.truth['target']}", self.truth["began_s"]
        seen = incident.detected()
        running = incident.over is None or incident.over > self._position
        return Timer(
            title=title,
            zero=zero,
            lanes=tuple((v, seen.get(v)) for v in LANES),
            recovered=None if running else incident.over,
            running=running and self._playing,
        )

    def play_pause(self) -> None:
        """Start or stop; at the end, from the beginning."""
        if not self._playing and self._position >= self._record.duration:
            self._place(0.0)
        self._playing = not self._playing
        self._moved = time.monotonic()
        self._version += 1

    def step(self, seconds: float) -> None:
        """Move by so much, and stand still."""
        self._playing = False
        self._place(min(self._position + seconds, self.ready))
        self._version += 1

    def seek(self, t: float) -> None:
        """Move to a time."""
        self._place(min(t, self.ready))
        self._version += 1

    def set_speed(self, factor: float) -> None:
        """Play so many times as fast; bounded by what is offered."""
        self._speed = max(SPEEDS[0], min(SPEEDS[-1], factor))
        self._version += 1

    async def preview(self, kind: str, target: str, params: Mapping[str, float], duration_s: float | None) -> Preview:
        """Refused: nothing can be done to the past."""
        del target, params, duration_s
        return Preview(kind, (), "", "", "", 0.0, "", _REPLAY)

    async def inject(
        self, kind: str, target: str, params: Mapping[str, float], duration_s: float | None
    ) -> Injection | Refusal:
        """Refused."""
        del kind, target, params, duration_s
        return _REPLAY

    async def revert(self, injection: str) -> Revert:
        """There is nothing to put back."""
        return Revert(injection, "", "", Outcome.COMPLETE, _REPLAY.sentence)

    async def revert_all(self, reason: str) -> tuple[Revert, ...]:
        """There is nothing to put back."""
        del reason
        return ()

    async def arm(self, reason: str) -> Refusal | None:
        """Refused."""
        del reason
        return _REPLAY

    async def toggle_load(self) -> str:
        """Refused."""
        return _REPLAY.sentence

    def experiments(self) -> tuple[ExperimentEntry, ...]:
        """A record is over: nothing can be run in it."""
        return ()

    def run_experiment(self, name: str) -> str:
        """Never here."""
        return f"{name} cannot be run in a record"

    def reports(self) -> Reports:
        """None: a record is one flight."""
        return Reports()

    def diagnose(self) -> str:
        """The rules' opinion at this moment is on screen already."""
        return "a replay shows the rules' opinion as it was at each moment"

    def cancel_diagnosis(self) -> bool:
        """Nothing streams."""
        return False

    async def decide(self) -> str:
        """A record cannot be asked anything."""
        return "a flight record cannot be probed; the test is named beside the hypotheses"

    async def details(self, component: str) -> Details:
        """A record holds no inspect answers; what it holds is on the screen."""
        lines = tuple(
            str(o.data)[:500]
            for o in self._record.observations
            if o.t <= self._position and o.src == "ycsb" and component in str(o.data)
        )
        return Details(component, "", lines[-100:], error="a flight record holds no inspect answer")

    def note(self, text: str) -> None:
        """A replay's timeline is the record's."""
        del text

    def next_chapter(self) -> None:
        """Not a demo."""

    async def abort_demo(self) -> None:
        """Not a demo."""


_LAB_MARKS = {"inject": "fault", "reverted": "reverted"}


def _run(frame: _Frame) -> DiagnosisRun | None:
    if not frame.judged:
        return None
    judged = frame.judged[-1]
    return DiagnosisRun(
        incident=judged.incident.id,
        author="rules",
        status=DiagnosisStatus.DONE,
        started=judged.incident.opened,
        text=judged.diagnosis.narrative,
        first_text=judged.incident.opened,
        finished=frame.t,
        diagnosis=judged.diagnosis,
    )


def _started(header: Mapping[str, Any]) -> float:
    import datetime

    try:
        return datetime.datetime.fromisoformat(str(header.get("started_at")).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
