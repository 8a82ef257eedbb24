"""The library: experiments and campaigns that come with the console, each runnable as it is in the simulator."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def files() -> list[Path]:
    """Every experiment, by name."""
    return sorted(FOLDER.glob("*.yaml"))


def find(name: str) -> Path | None:
    """The experiment of that name (without its ending)."""
    return next((path for path in files() if path.stem == name), None)


def campaign_files() -> list[Path]:
    """Every campaign, by name."""
    return sorted((FOLDER / "campaigns").glob("*.yaml"))


def find_campaign(name: str) -> Path | None:
    """The campaign of that name (without its ending)."""
    return next((path for path in campaign_files() if path.stem == name), None)
