"""What a session is made of: chosen when it is opened, never changed after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.diagnose.watch import Watch
from console.faults.actor import Actor
from console.model.view import Mode
from console.observe.clock import Clock
from console.observe.sources import Plan

from .housekeeping import Keeper
from .recording import Recording
from .reports import Reports
from .settings import Settings

if TYPE_CHECKING:
    from .trials import Trials


@dataclass
class Parts:
    """What a session is made of. `actor` None: nothing can be injected, and `no_actor` says why."""

    mode: Mode
    project: str
    clock: Clock
    plan: Plan
    settings: Settings
    watch: Watch
    actor: Actor | None = None
    no_actor: str = ""
    keeper: Keeper | None = None
    recording: Recording | None = None
    trials: Trials | None = None  # experiments of this session
    reports: Reports = field(default_factory=Reports)
    closers: tuple[Callable[[], Awaitable[None]], ...] = ()
