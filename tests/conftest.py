"""What every test gets: a state directory of its own, and no settings, keys or engines of the developer's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no mistake of the code: no property fails for being slow.
settings.register_profile("console", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("console")

RECORDS = Path(__file__).parent / "records"
_HIDDEN = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "NO_COLOR",
)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAOS_CONSOLE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("CHAOS_CONSOLE_CONFIG", str(tmp_path / "config.toml"))
    for name in _HIDDEN:
        if name in os.environ:
            monkeypatch.delenv(name)


@pytest.fixture
def records() -> Path:
    """The folder of recorded flights."""
    return RECORDS
