"""What can work here: every kind's preflight, asked once for a lab, together, and only when somebody wants to know."""

from __future__ import annotations

import asyncio

from console.model.fault import Availability
from console.observe.engine import EngineError

from .catalogue import KINDS
from .kind import FaultKind
from .lab import Lab

PREFLIGHT_S = 20.0
_FAILED = "preflight failed"
_PREFLIGHT = "what can work here"


class Preflights:
    """Answers by kind. Those asking at the same time wait for the same answers."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    async def all(self) -> dict[str, Availability]:
        """Per kind whether it can work here. Where one could not be asked, all are asked again the next time."""
        answers = await self._lab.once(_PREFLIGHT, self._ask)
        if any(a.reason.startswith(_FAILED) for a in answers.values()):
            self._lab.forget(_PREFLIGHT)
        return answers

    async def _ask(self) -> dict[str, Availability]:
        async with asyncio.TaskGroup() as group:  # broken off, it waits for every one of them to clean up after itself
            asking = {name: group.create_task(self._one(kind)) for name, kind in KINDS.items()}
        return {name: task.result() for name, task in asking.items()}

    async def _one(self, kind: FaultKind) -> Availability:
        try:
            async with asyncio.timeout(PREFLIGHT_S):
                return await kind.preflight(self._lab)
        except (EngineError, TimeoutError) as error:
            return Availability(False, f"{_FAILED}: {error or 'the engine did not answer in time'}")
