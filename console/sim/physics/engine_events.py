"""The engine's event stream: what happened to containers and networks, in the engine's own words."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

HISTORY = 2_000  # the real engine keeps the last 256 for `since`; more is kinder to late readers


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """One event. `kind`: container or network; `attributes` as in Actor.Attributes; `at_ns` Unix nanoseconds."""

    kind: str
    action: str
    actor: str
    attributes: Mapping[str, str]
    at_ns: int


class EventBus:
    """Hands every event to whoever listens and remembers the last ones."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[EngineEvent], None]] = []
        self._past: deque[EngineEvent] = deque(maxlen=HISTORY)

    def publish(self, event: EngineEvent) -> None:
        """Remember it and tell everybody."""
        self._past.append(event)
        for listener in list(self.listeners):
            listener(event)

    def past(self) -> tuple[EngineEvent, ...]:
        """What is still remembered, oldest first."""
        return tuple(self._past)
