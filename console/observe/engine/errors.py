"""What goes wrong with an engine."""

from __future__ import annotations


class EngineError(Exception):
    """The engine refused, failed or did not answer. `status` is its HTTP code, None where it was not the engine that
    said so; `away`: it gave no answer at all, and may do so later."""

    def __init__(self, message: str, status: int | None = None, *, away: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.away = away

    @property
    def missing(self) -> bool:
        """True where the engine says there is no such container, network or image."""
        return self.status == 404
