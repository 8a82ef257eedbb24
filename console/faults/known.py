"""The injections one console knows: its own and those the journal has, kept in step with what is on disk."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from dataclasses import replace

from console.model.fault import Injection, InjectionState
from console.storage import StorageError
from console.storage.journal import Journal

KEPT = 60  # the newest; what is live is kept besides
READ = 30


class Known:
    """Injections by id, oldest first. `changed` is called after every change."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.changed: Callable[[], None] = lambda: None
        self._by_id: dict[str, Injection] = {}

    @property
    def all(self) -> tuple[Injection, ...]:
        """Every one of them."""
        return tuple(self._by_id.values())

    @property
    def live(self) -> tuple[Injection, ...]:
        """Those of which something may still be in the system."""
        return tuple(i for i in self._by_id.values() if i.state.live)

    def __contains__(self, injection_id: str) -> bool:
        return injection_id in self._by_id

    def __getitem__(self, injection_id: str) -> Injection:
        return self._by_id[injection_id]

    def put(self, injection: Injection) -> None:
        """Add or replace one."""
        self._by_id[injection.id] = injection
        for old in list(self._by_id.values())[:-KEPT]:
            if not old.state.live:
                del self._by_id[old.id]
        self.changed()

    def forget(self, injection_id: str) -> None:
        """One that never began."""
        self._by_id.pop(injection_id, None)
        self.changed()

    async def move(self, injection: Injection, state: InjectionState, note: str = "") -> Injection:
        """Change the state on disk, then here. Raises StorageError."""
        moved = await self.journal.move(injection, state, note)
        self.put(moved)
        return moved

    async def read(self, busy: Collection[str]) -> None:
        """Take over what another console, a command or the watchdog changed, except of those being worked on here."""
        for injection in await self.journal.recent(READ):
            if injection.id in busy:
                continue
            known = self._by_id.get(injection.id)
            if known is None and injection.state.live:
                self.put(injection)
            elif known is not None and known.state is not injection.state:
                self.put(replace(injection, called=known.called, returned=known.returned))

    async def add_live(self) -> None:
        """All that is live on disk. A journal that cannot be read changes nothing."""
        with contextlib.suppress(StorageError):
            for injection in await self.journal.live():
                self._by_id.setdefault(injection.id, injection)

    async def settle(self, injection: Injection) -> None:
        """After a rollback: what the journal says of it, or, where it cannot be read, what was known."""
        stored: Injection | None = None
        with contextlib.suppress(StorageError):
            stored = await self.journal.get(injection.id)
        self.put(replace(stored, called=injection.called, returned=injection.returned) if stored else injection)
