"""What a container wrote: bounded, with followers that are told of every line."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

MAX_LINES = 20_000


class Line(NamedTuple):
    """One line: when (Unix nanoseconds), stream (1 stdout, 2 stderr), text without its newline."""

    at_ns: int
    stream: int
    text: str


class Log:
    """The last `MAX_LINES` lines."""

    __slots__ = ("_lines", "listeners")

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=MAX_LINES)
        self.listeners: list[Callable[[Line], None]] = []

    def write(self, at_ns: int, text: str, stream: int = 1) -> None:
        """Add one line and tell who follows."""
        line = Line(at_ns, stream, text)
        self._lines.append(line)
        for listener in list(self.listeners):
            listener(line)

    def __iter__(self) -> Iterator[Line]:
        return iter(tuple(self._lines))

    def __len__(self) -> int:
        return len(self._lines)


def log_line(wall: float, level: str, text: str) -> str:
    """A line in the unified log format; `text` is `file.rs:1] ["message"` with any further fields after it."""
    moment = datetime.fromtimestamp(wall, UTC)
    stamp = moment.strftime("%Y/%m/%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d} +00:00"
    return f"[{stamp}] [{level}] [{text}]"
