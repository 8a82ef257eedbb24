"""Simulated time: a queue of events, run in order of their moment."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

Action = Callable[[], None]


class Timer:
    """One event to come. `cancel` makes it never happen."""

    __slots__ = ("action", "when")

    def __init__(self, when: float, action: Action) -> None:
        self.when = when
        self.action: Action | None = action

    def cancel(self) -> None:
        """Idempotent; an event that has happened is already cancelled."""
        self.action = None

    @property
    def pending(self) -> bool:
        """True until it happened or was cancelled."""
        return self.action is not None


class Timeline:
    """Discrete-event time in seconds since the world began."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()

    def at(self, when: float, action: Action) -> Timer:
        """Run `action` at `when`; a moment already past is now."""
        timer = Timer(max(when, self.now), action)
        heapq.heappush(self._heap, (timer.when, next(self._order), timer))
        return timer

    def after(self, delay: float, action: Action) -> Timer:
        """Run `action` `delay` seconds from now."""
        return self.at(self.now + delay, action)

    def next_at(self) -> float | None:
        """The moment of the next event, or None."""
        while self._heap and not self._heap[0][2].pending:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance(self, to: float) -> None:
        """Run every event up to and including `to`. Time never goes back."""
        while (when := self.next_at()) is not None and when <= to:
            timer = heapq.heappop(self._heap)[2]
            action = timer.action
            timer.action = None
            self.now = when
            if action is not None:
                action()
        self.now = max(self.now, to)


class Op:
    """Something under way in the world, with an end that others can wait for."""

    __slots__ = ("_waiting", "done", "value")

    def __init__(self) -> None:
        self.done = False
        self.value = 0
        self._waiting: list[Action] = []

    def finish(self, value: int = 0) -> None:
        """End it once; `value` is an exit code where there is one."""
        if self.done:
            return
        self.done, self.value = True, value
        waiting, self._waiting = self._waiting, []
        for action in waiting:
            action()

    def then(self, action: Action) -> None:
        """Run `action` at the end, at once if it is over."""
        if self.done:
            action()
        else:
            self._waiting.append(action)
