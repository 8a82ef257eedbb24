"""What a fault kind is: one class that can say what it needs, do it, undo it, and prove both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from console.model.fault import Availability, Fault
from console.observe.engine import ContainerFacts

from .lab import Lab

Undo = dict[str, Any]


class Gone(Exception):
    """The target no longer exists, and the fault went with it; the message says how."""


class NotFelt(Exception):
    """The call succeeded and the fault cannot be read back."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of a kind: `id` marks everything it leaves in the system, `others` is the rest of the project."""

    id: str
    params: Mapping[str, float]
    duration_s: float
    others: Sequence[ContainerFacts] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing read back from the system. `settled` False: it may still come right, ask again."""

    ok: bool
    said: str
    settled: bool = True


class FaultKind(ABC):
    """Every method is idempotent and may run in another process than the one that began the injection.

    `plan` returns all that undo and verify will need, as JSON-able data; it is on disk before `apply` is called.
    """

    spec: ClassVar[Fault]
    series: ClassVar[bool] = False  # applying takes long and may be broken off between its steps
    momentary: ClassVar[bool] = False  # it is over when it was done; there is nothing to put back

    async def preflight(self, lab: Lab) -> Availability:
        """Whether this kind can work in this lab."""
        del lab
        return Availability(True)

    @abstractmethod
    async def plan(self, lab: Lab, target: ContainerFacts, order: Order) -> Undo:
        """Read what must be known to put it back. Changes nothing."""

    @abstractmethod
    async def apply(self, lab: Lab, undo: Undo) -> None:
        """Do it. Raises EngineError."""

    @abstractmethod
    async def felt(self, lab: Lab, undo: Undo) -> str:
        """Read the effect back; one sentence. Raises NotFelt."""

    @abstractmethod
    async def revert(self, lab: Lab, undo: Undo) -> None:
        """Put it back; nothing where it is back already. Raises Gone, EngineError."""

    @abstractmethod
    async def verify(self, lab: Lab, undo: Undo) -> list[Check]:
        """Read back that it is really gone. Raises Gone."""

    def undoing(self, undo: Undo) -> str:
        """One line: how it will be put back."""
        return f"the reverse of: {self.spec.mechanism} on {undo.get('name', 'the target')}"


def base_undo(target: ContainerFacts) -> Undo:
    """What every container fault remembers of its target."""
    return {
        "container": target.id,
        "name": target.name,
        "service": target.service,
        "role": target.role.value,
        "started_at": target.started_at,
        "was": target.state,
    }


async def must_exist(lab: Lab, undo: Undo) -> ContainerFacts:
    """The target as it is now. Raises Gone where the container was removed."""
    now = await lab.facts(str(undo["container"]))
    if now is None:
        raise Gone(f"container {undo['name']} was removed")
    return now


async def running_checks(lab: Lab, undo: Undo) -> list[Check]:
    """Running, answering on its own port, and in PD's good books: what "back" means for a container."""
    now = await must_exist(lab, undo)
    if not now.running or now.paused or now.state == "restarting":
        return [Check(False, f"{now.service} is {now.said}", settled=False)]
    checks = [Check(True, f"{now.service} is running (since {now.started_at[:19]}Z)")]
    ok, said = await lab.answering(now)
    checks.append(Check(ok, said, settled=ok))
    if undo.get("role") == "store" and ok:
        state = await lab.pd_calls(now.service)
        if state is None:
            checks.append(Check(True, f"PD's word on {now.service} could not be had, not checked"))
        else:
            checks.append(Check(state == "Up", f"PD calls {now.service} {state}", settled=state == "Up"))
    return checks
