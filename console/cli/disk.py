"""Asking the database, with no cluster and no session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from .common import NOT_RUN, Failure, T

if TYPE_CHECKING:
    from console.storage import Database


async def from_disk(ask: Callable[[Database], Awaitable[T]]) -> T:
    """The answer. Raises Failure where the database cannot be used."""
    from console.session.settings import state_dir
    from console.storage import Database, StorageError

    try:
        db = await Database.open(state_dir() / "console.db")
    except StorageError as error:
        raise Failure(str(error), NOT_RUN) from error
    try:
        return await ask(db)
    except StorageError as error:
        raise Failure(str(error), NOT_RUN) from error
    finally:
        await db.close()
