"""A container's network namespace: the rules that shape its packets, whoever put them there.

Helper containers (`network_mode=container:ID`) share the namespace of their target, so a rule they add acts on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Direction = Literal["in", "out"]
Action = Literal["drop", "reject", "delay", "limit", "shake"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `peer`: an address, or None for all. `port`: the TCP port of either end, or None for all.

    drop / reject: with `probability`; delay: `delay_s` +- `jitter_s`; limit: `rate` bytes/s; shake: a share
    `probability` of packets reordered, duplicated or corrupted (TCP repairs it and pays for it).
    """

    direction: Direction
    action: Action
    peer: str | None = None
    port: int | None = None
    protocol: Literal["tcp", "udp"] | None = None
    probability: float = 1.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    rate: float = 0.0
    comment: str = ""

    def meets(self, peer: str, port: int | None) -> bool:
        """Whether packets to or from this address and port fall under the rule."""
        if self.protocol == "udp":
            return False
        if self.peer is not None and self.peer != peer:
            return False
        return self.port is None or port is None or self.port == port


class Netns:
    """The rules of one namespace, in order. Every change tells the world, which looks at everything anew."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._rules: list[Rule] = []
        self.chains: set[str] = set()  # ids of faults that have chains of their own here, rules in them or not
        self.qdisc = ""  # the root queueing discipline as tc shows it, empty for the kernel's own
        self._changed = changed

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, rule: Rule, first: bool = False) -> None:
        """Append a rule, or put it before all others."""
        self._rules.insert(0 if first else len(self._rules), rule)
        self._changed()

    def remove(self, rule: Rule) -> bool:
        """Take away the first rule equal to this one; False where there is none."""
        if rule not in self._rules:
            return False
        self._rules.remove(rule)
        self._changed()
        return True

    def clear(self) -> None:
        """Take away all rules: what the end of a container's life does to its namespace."""
        self.chains.clear()
        self.qdisc = ""
        if self._rules:
            self._rules.clear()
            self._changed()

    def dns_broken(self, resolver: str = "127.0.0.11") -> bool:
        """True where questions to the resolver are lost."""
        return any(
            r.action in ("drop", "reject")
            and r.direction == "out"
            and r.probability >= 1
            and r.port == 53
            and r.peer in (None, resolver)
            for r in self._rules
        )
