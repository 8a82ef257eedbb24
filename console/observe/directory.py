"""Where things are: addresses of PD members, stores and the load generator as last known.

A container taken off its network publishes nothing any more; what was known of it is kept, because the question put
to that address is exactly what shows that it is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from console.model.names import Role
from console.observe.engine import ContainerFacts
from console.observe.engine.facts import PD_PORT, STATUS_PORT


class Directory:
    """Filled by the engine source (or from given URLs), read by the others. `changed` is set on news."""

    def __init__(self, pd: dict[str, str] | None = None) -> None:
        self.pd: dict[str, str] = dict(pd or {})
        self.status: dict[str, str] = {}
        self.own: dict[str, str] = {}  # at their containers' own addresses, which a remote engine's are not
        self.load: ContainerFacts | None = None
        self.containers: dict[str, ContainerFacts] = {}
        self.changed = asyncio.Event()

    def learn(self, containers: Iterable[ContainerFacts]) -> None:
        """Take in the project's containers as they are now."""
        for facts in containers:
            self.containers[facts.service] = facts
            if facts.role is Role.PD and (url := facts.url(PD_PORT)):
                self.pd[facts.service] = url
                self._learn_own(facts, PD_PORT, url)
            elif facts.role is Role.STORE and (url := facts.url(STATUS_PORT)):
                self.status[facts.service] = url
                self._learn_own(facts, STATUS_PORT, url)
            elif facts.role is Role.LOAD:
                self.load = facts
        self.changed.set()

    def _learn_own(self, facts: ContainerFacts, port: str, published: str) -> None:
        own = facts.own_url(port) if facts.own else None
        if own is not None and own != published:
            self.own[facts.service] = own
