"""What an operator may ask of a session: the one interface between screens and the rest of the console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .fault import Injection, Preview, Refusal, Revert
from .report import Comparison, ReportEntry
from .view import Details, ExperimentEntry, View


class ReportsApi(Protocol):
    """Past runs on disk. What cannot be read is answered with one line that says why."""

    async def entries(self) -> tuple[ReportEntry, ...] | str:
        """Newest first."""

    async def text(self, run: str) -> tuple[str, ...]:
        """The lines of a run's report (Markdown)."""

    async def compare(self, first: str, second: str) -> Comparison | str:
        """Two runs side by side."""


class SessionApi(Protocol):
    """A running session, live, simulated or replayed. No call blocks the event loop; none raises for bad input."""

    @property
    def version(self) -> int:
        """Rises whenever `view()` would differ; compare before you draw."""

    def view(self) -> View:
        """The present picture, built on demand and cached by version."""

    def now(self) -> float:
        """The session clock, seconds; for the timer's digits between two views."""

    async def preview(self, kind: str, target: str, params: Mapping[str, float], duration_s: float | None) -> Preview:
        """What an injection would do and whether the guard would let it through; touches nothing."""

    async def inject(
        self, kind: str, target: str, params: Mapping[str, float], duration_s: float | None
    ) -> Injection | Refusal:
        """Guard, journal, act, verify. Returns when the fault is in, or why it is not."""

    async def revert(self, injection: str) -> Revert:
        """Put one injection back, verified."""

    async def revert_all(self, reason: str) -> tuple[Revert, ...]:
        """The kill switch: every live injection, in parallel; then the console is disarmed. Idempotent."""

    async def arm(self, reason: str) -> Refusal | None:
        """Allow injections again after a kill switch; the reason goes to the audit log."""

    async def toggle_load(self) -> str:
        """Start or stop the workload; returns one line for the operator."""

    def experiments(self) -> tuple[ExperimentEntry, ...]:
        """The experiments that can be run here; empty where none can."""

    def run_experiment(self, name: str) -> str:
        """Begin one; its course is in `View.experiment`. Empty, or one line why not."""

    def reports(self) -> ReportsApi:
        """Past runs."""

    def diagnose(self) -> str:
        """Ask for a diagnosis of the newest incident now; returns one line (e.g. why not)."""

    def cancel_diagnosis(self) -> bool:
        """Cancel a streaming diagnosis; False where none streams."""

    async def decide(self) -> str:
        """Run the test that decides between the two explanations at odds (read-only); one line of what was found."""

    async def details(self, component: str) -> Details:
        """Inspect output and log tail of one component, read-only."""

    def note(self, text: str) -> None:
        """Put a line of the operator's own on the timeline."""

    # replay
    def play_pause(self) -> None: ...
    def step(self, seconds: float) -> None: ...
    def seek(self, t: float) -> None: ...
    def set_speed(self, factor: float) -> None: ...

    # guided demo
    def next_chapter(self) -> None: ...
    async def abort_demo(self) -> None: ...

    async def close(self, reason: str) -> tuple[Revert, ...]:
        """Revert what is live, stop the sources, finish the record. Idempotent; safe to call twice at once."""
