"""What every part of the world stands on: time, chance, and the order in which a change is taken in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from .noise import Chances
from .spec import ClusterSpec
from .timeline import Action, Timeline, Timer


class Ground:
    """Shared by all parts of one world.

    A change of anything that others depend on happens inside `change()`: before it counters are settled with the old
    rates, after it every part looks at the world anew, in the order it registered.
    """

    def __init__(self, spec: ClusterSpec) -> None:
        self.spec = spec
        self.timeline = Timeline()
        self.chance = Chances(spec.seed)
        self.version = 0  # grows with every change; what was derived from the world is good for one version
        self.settlers: list[Action] = []
        self.refreshers: list[Action] = []
        self._depth = 0

    @property
    def now(self) -> float:
        """Seconds since the world began."""
        return self.timeline.now

    def after(self, delay: float, action: Action) -> Timer:
        """Run `action` in `delay` seconds."""
        return self.timeline.after(delay, action)

    def wall(self, at: float | None = None) -> float:
        """Unix time of a moment of the world, default now."""
        return self.spec.epoch + (self.now if at is None else at)

    def wall_ns(self, at: float | None = None) -> int:
        """The same in whole nanoseconds."""
        return round(self.wall(at) * 1e6) * 1000

    @contextmanager
    def change(self) -> Iterator[None]:
        """Wrap whatever changes the world; nested changes are taken in once, at the outermost end."""
        if self._depth == 0:
            self.settle()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self.version += 1
            if self._depth == 0:
                for refresh in self.refreshers:
                    refresh()

    def settle(self) -> None:
        """Bring every counter up to now at its present rate."""
        for settle in self.settlers:
            settle()

    def changed(self) -> None:
        """A change that was already made by the caller."""
        with self.change():
            pass

    def every(self, period: float, phase: float, action: Callable[[], None]) -> None:
        """Run `action` at phase, phase + period, ... for ever."""

        def beat() -> None:
            self.after(period, beat)
            action()

        self.after(phase, beat)


def rfc3339(wall: float) -> str:
    """Unix seconds as the engine and PD write them: UTC, nine digits, trailing zeros dropped, `Z`."""
    return rfc3339_ns(round(wall * 1e6) * 1000)


def rfc3339_ns(wall_ns: int) -> str:
    """The same from whole nanoseconds."""
    seconds, rest = divmod(wall_ns, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{rest:09d}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"
