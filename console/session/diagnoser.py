"""Runs one diagnosis at a time, keeps what it said, and lets it be cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from console.diagnose.bundle import Bundle
from console.diagnose.stream import Answer, Chunk, DiagnosisFailed, Looked, Text, Usage, rules_stream
from console.diagnose.watch import Judged
from console.model.diagnosis import DiagnosisRun, DiagnosisStatus
from console.model.text import clean

RULES = "rules"
KEPT = 10


class Diagnoser:
    """`clock`: the session's; `changed`: called whenever the run differs."""

    def __init__(self, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self._clock, self._changed = clock, changed
        self._run: DiagnosisRun | None = None
        self._earlier: list[DiagnosisRun] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def run(self) -> DiagnosisRun | None:
        """The newest."""
        return self._run

    @property
    def earlier(self) -> tuple[DiagnosisRun, ...]:
        """Those before it, newest first."""
        return tuple(reversed(self._earlier))

    @property
    def streaming(self) -> bool:
        """True while one is being written."""
        return self._run is not None and self._run.status is DiagnosisStatus.STREAMING

    def rules(self, judged: Judged, note: str = "") -> None:
        """Let the rules answer."""
        self._begin(judged.incident.id, RULES, rules_stream(judged.diagnosis), note)

    def model(self, incident: str, name: str, chunks: AsyncIterator[Chunk], note: str = "") -> None:
        """Let a model answer."""
        self._begin(incident, name, chunks, note)

    def revise(self, judged: Judged) -> None:
        """Evidence goes on arriving: the rules' finished answer follows it. A model's answer stays as it was given."""
        run = self._run
        if run is None or run.author != RULES or run.status is not DiagnosisStatus.DONE:
            return
        if run.incident == judged.incident.id and run.diagnosis != judged.diagnosis:
            self._set(replace(run, diagnosis=judged.diagnosis, text=judged.diagnosis.narrative))

    def score(self, incident: str, verdict: str) -> None:
        """Note how the answer compares with what was really done."""
        if self._run is not None and self._run.incident == incident and self._run.verdict != verdict:
            self._set(replace(self._run, verdict=verdict))

    def cancel(self) -> bool:
        """Stop the one that is being written; what it wrote stays."""
        if not self.streaming or self._run is None:
            return False
        if self._task is not None:
            self._task.cancel()
        now = self._clock()
        self._set(replace(self._run, status=DiagnosisStatus.CANCELLED, finished=now, error="cancelled by the operator"))
        return True

    async def close(self) -> None:
        """Cancel and wait."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _begin(self, incident: str, author: str, chunks: AsyncIterator[Chunk], note: str) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
        if self._run is not None:
            self._earlier = [*self._earlier[-KEPT:], self._run]
        run = DiagnosisRun(incident, author, DiagnosisStatus.STREAMING, self._clock(), note=note)
        self._set(run)
        self._task = asyncio.create_task(self._consume(chunks), name=f"diagnosis {incident}")

    def _set(self, run: DiagnosisRun) -> None:
        self._run = run
        self._changed()

    async def _consume(self, chunks: AsyncIterator[Chunk]) -> None:
        try:
            async for chunk in chunks:
                self._take(chunk)
        except DiagnosisFailed as failed:
            self._end(DiagnosisStatus.FAILED, str(failed))
        else:
            if self.streaming:
                self._end(DiagnosisStatus.FAILED, "the answer ended without a result")

    def _take(self, chunk: Chunk) -> None:
        run = self._run
        if run is None or run.status is not DiagnosisStatus.STREAMING:
            return
        now = self._clock()
        if isinstance(chunk, Text):
            first = run.first_text if run.first_text is not None else now
            self._set(replace(run, text=run.text + chunk.text, first_text=first))
        elif isinstance(chunk, Usage):
            self._set(replace(run, tokens_in=chunk.tokens_in, tokens_out=chunk.tokens_out))
        elif isinstance(chunk, Looked):
            self._set(replace(run, text=f"{run.text}{clean(chunk.line, 200)}\n"))
        elif isinstance(chunk, Answer):
            note = "; ".join(n for n in (run.note, chunk.note) if n)
            first = run.first_text if run.first_text is not None else now
            done = replace(run, diagnosis=chunk.diagnosis, note=note, first_text=first, finished=now)
            self._set(replace(done, status=DiagnosisStatus.DONE))

    def _end(self, status: DiagnosisStatus, error: str) -> None:
        if self._run is not None and self._run.status is DiagnosisStatus.STREAMING:
            self._set(replace(self._run, status=status, error=error, finished=self._clock()))


def save_looks(folder: Path, incident: str, looks: Sequence[Looked]) -> Path:
    """Keep what the model looked at by itself, beside its prompt; private."""
    path = folder / f"prompt-{incident}-looks.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(looks)))
    path.chmod(0o600)
    return path


def save_prompt(folder: Path, incident: str, request: dict[str, object], bundle: Bundle) -> Path:
    """Keep what the model was asked, beside the flight record; private."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"prompt-{incident}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode({"request": request, "components": bundle.components})))
    path.chmod(0o600)
    return path
