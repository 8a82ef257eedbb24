"""The flight record of this session: where it goes, how many are kept, and what happens when the disk is full."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.model.observation import LAB, Observation
from console.observe.record import RecordWriter

FLUSH_S = 1.0


class Recording:
    """Writes observations as they come; a failure ends the recording with one line and nothing else."""

    def __init__(self, folder: Path, name: str, header: dict[str, Any], *, keep: int, megabytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        prune(folder, keep - 1)
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        self.path = _free(folder, f"{stamp}-{name}")
        self._writer: RecordWriter | None = RecordWriter(self.path, header, max_bytes=megabytes * 1_000_000)
        self._flushed = 0.0
        self.failed: Callable[[str], None] = lambda _: None

    def write(self, obs: Observation) -> None:
        """Add one observation."""
        if self._writer is None:
            return
        try:
            self._writer.write(obs)
            if obs.t - self._flushed >= FLUSH_S or obs.src == LAB:
                self._writer.flush()
                self._flushed = obs.t
        except (OSError, TypeError, ValueError) as error:
            self._writer = None
            self.failed(f"the flight record ends here: {error}")

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            try:
                writer.close()
            except OSError as error:
                self.failed(f"the flight record's end could not be written: {error}")


def _free(folder: Path, stem: str) -> Path:
    for number in range(1000):
        path = folder / (f"{stem}.jsonl" if number == 0 else f"{stem}-{number}.jsonl")
        if not path.exists():
            return path
    raise OSError(f"{folder}: no free name for a record")


def prune(folder: Path, keep: int) -> None:
    """Remove the oldest records, with their further parts, until `keep` are left. Names begin with their time."""
    first_parts = sorted(p for p in folder.glob("*.jsonl") if p.stem.count(".") == 0)
    for old in first_parts[: max(0, len(first_parts) - max(keep, 0))]:
        for part in folder.glob(f"{old.stem}*.jsonl"):
            if part.stem == old.stem or part.stem.startswith(old.stem + "."):
                part.unlink(missing_ok=True)
