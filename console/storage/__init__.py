"""What is kept on disk: one SQLite file per user, shared by every console and watchdog on this machine."""

from .database import Database, StorageError

__all__ = ["Database", "StorageError"]
