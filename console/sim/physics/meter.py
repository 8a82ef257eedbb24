"""Counters that cost nothing while they run: piecewise linear, evaluated when somebody looks."""

from __future__ import annotations


class Meter:
    """A counter that grows at a set rate. Times in seconds, values in the counter's own unit."""

    __slots__ = ("_at", "_value", "rate")

    def __init__(self, at: float = 0.0, rate: float = 0.0) -> None:
        self._at = at
        self._value = 0.0
        self.rate = rate

    def set_rate(self, now: float, rate: float) -> None:
        """From `now` on grow at `rate` per second."""
        self._value += self.rate * (now - self._at)
        self._at = now
        self.rate = rate

    def add(self, amount: float) -> None:
        """Count `amount` at once."""
        self._value += amount

    def value(self, now: float) -> float:
        """The count at `now`, which must not lie before the last change."""
        return self._value + self.rate * (now - self._at)

    def reset(self, now: float) -> None:
        """Back to zero, standing still: what a process restart does to its counters."""
        self._value, self._at, self.rate = 0.0, now, 0.0


class Meters:
    """Named meters, made on first use."""

    __slots__ = ("_all",)

    def __init__(self) -> None:
        self._all: dict[str, Meter] = {}

    def __getitem__(self, name: str) -> Meter:
        meter = self._all.get(name)
        if meter is None:
            meter = self._all[name] = Meter()
        return meter

    def reset(self, now: float) -> None:
        """All back to zero."""
        for meter in self._all.values():
            meter.reset(now)

    def stop(self, now: float) -> None:
        """All stand still, keeping their counts."""
        for meter in self._all.values():
            meter.set_rate(now, 0.0)
