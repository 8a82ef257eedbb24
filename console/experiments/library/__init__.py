"""The library: experiment files that come with the console, each runnable as it is in the simulator."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def files() -> list[Path]:
    """Every file, by name."""
    return sorted(FOLDER.glob("*.yaml"))


def find(name: str) -> Path | None:
    """The file of that name (without its ending)."""
    return next((path for path in files() if path.stem == name), None)
