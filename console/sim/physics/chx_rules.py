"""The words of `chx` as rules of a network namespace, and of its writes to control groups."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from .netns import Direction, Rule

RESOLVER = "127.0.0.11"
KBIT = 125.0  # bytes/s
SIDES: dict[str, tuple[Direction, ...]] = {"in": ("in",), "out": ("out",), "both": ("in", "out")}


class Bad(ValueError):
    """Words the program does not understand; the text is what it says."""


def mark(id_: str) -> str:
    """What a rule of this fault carries."""
    return f"chx:{id_}"


def number(text: str, unit: str = "") -> float:
    """A number with or without its unit. Raises Bad."""
    try:
        return float(text.removesuffix(unit))
    except ValueError:
        raise Bad(f"not a number: {text}") from None


def _sides(word: str) -> tuple[Direction, ...]:
    if word not in SIDES:
        raise Bad(f"direction {word}")
    return SIDES[word]


def _drop(args: Sequence[str]) -> Iterator[Rule]:
    for side in _sides(args[0]):
        for peer in [None] if args[1] == "all" else args[1].split(","):
            yield Rule(side, "drop", peer=peer)


def _dns(_args: Sequence[str]) -> Iterator[Rule]:
    yield Rule("out", "drop", peer=RESOLVER, port=53)


def _loss(args: Sequence[str]) -> Iterator[Rule]:
    for side in _sides(args[0]):
        yield Rule(side, "drop", probability=min(1.0, number(args[1]) / 100))


def _rate(args: Sequence[str]) -> Iterator[Rule]:
    yield Rule("out", "limit", rate=number(args[0]) * KBIT)


def _delay(args: Sequence[str]) -> Iterator[Rule]:
    delay, jitter = number(args[0], "ms") / 1000, number(args[1] if len(args) > 1 else "0", "ms") / 1000
    yield Rule("out", "delay", delay_s=delay, jitter_s=jitter)
    share = number(args[2], "%") / 100 if len(args) > 2 else 0.0
    if share > 0:
        yield Rule("out", "shake", probability=share)


_NETEM = ("delay", "loss", "reorder", "duplicate", "corrupt", "rate")


def _netem(args: Sequence[str]) -> Iterator[Rule]:
    at = 0
    while at < len(args):
        word = args[at]
        if word not in _NETEM:
            raise Bad("netem")
        end = next((i for i in range(at + 1, len(args)) if args[i] in _NETEM), len(args))
        values = list(args[at + 1 : end])
        if not values:
            raise Bad("netem")
        if word == "delay":
            yield from _delay(values[:2])
        elif word == "rate":
            yield Rule("out", "limit", rate=number(values[0], "kbit") * KBIT)
        else:
            share = min(1.0, number(values[0], "%") / 100)
            # a corrupt packet is a lost one to TCP; duplicates cost next to nothing
            lost = word in ("loss", "corrupt")
            yield Rule("out", "drop" if lost else "shake", probability=share if word != "duplicate" else share / 10)
        at = end


RULES: dict[str, tuple[int, Callable[[Sequence[str]], Iterator[Rule]]]] = {
    "drop": (2, _drop),
    "dns": (0, _dns),
    "loss": (2, _loss),
    "rate": (1, _rate),
    "delay": (1, _delay),
    "netem": (1, _netem),
}
QDISC = {"rate": "tbf", "netem": "netem"}  # faults that sit in a queueing discipline of our handle
_THROTTLE = re.compile(r"(?:write_bps_device|io\.max)$")


def throttle_of(file: str, text: str) -> tuple[str, float] | None:
    """(container id, bytes/s) of a write to a control group's disk throttle; 0, max: none. None: another file."""
    if not _THROTTLE.search(file):
        return None
    id_ = re.search(r"[0-9a-f]{12,64}", file)
    rate = re.search(r"(?:wbps=|\d+:\d+ )(\d+|max)", text)
    if id_ is None or rate is None:
        return None
    value = float("inf") if rate[1] in ("max", "0") else float(rate[1])
    return id_[0], value
