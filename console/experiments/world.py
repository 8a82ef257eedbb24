"""What a run needs of the world, and all it has of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from console.faults.actor import Request
from console.model.cluster import Cluster
from console.model.experiment import HypothesisState, Sample, Step
from console.model.fault import Injection, Refusal, Revert
from console.model.incident import Incident


class World(Protocol):
    """What a session offers an experiment. Seconds are the session's."""

    def now(self) -> float: ...

    def cluster(self) -> Cluster: ...

    def incidents(self) -> Sequence[Incident]: ...

    def explanation(self, incident: str) -> tuple[str, str, float] | None:
        """What the diagnosis says of an incident now: fault, component, confidence."""

    def level(self) -> str: ...

    def halted(self) -> str:
        """Why nothing may go on (the kill switch was pressed); empty while it may."""

    async def sleep(self, seconds: float) -> None: ...

    async def inject(self, request: Request) -> tuple[Injection, ...] | Refusal: ...

    async def put_back(self) -> tuple[Revert, ...]:
        """Everything this experiment injected, verified."""

    def still_in(self, injections: Sequence[Injection]) -> bool:
        """Whether none of these was put back, by its own end or by anybody."""

    async def perform(self, step: Step) -> str:
        """Somebody else's activity; one line of result. Raises RuntimeError."""

    async def hypothesis(self, sample: Sample) -> HypothesisState | None:
        """The file's own hypothesis, asked now; None where it has none. Raises RuntimeError."""

    async def canary_write(self) -> str:
        """Write checksummed records; empty on success, else why it cannot be done here."""

    async def canary_read(self) -> tuple[bool | None, str]:
        """Read them back: whether all are as written (None: not checkable), and a sentence."""
