"""The simulated bed: what runs here runs in tests/engine on a real engine too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .bed import DOCKER, SimBed
from .fixtures import hand, hands, lab, sessions, shell  # noqa: F401 - fixtures of every test here


@pytest.fixture
def bed() -> Iterator[SimBed]:
    """A simulated cluster, ten times as fast as life."""
    if DOCKER is None:
        pytest.skip("no docker command line on this machine, and nothing is believed here without it")
    bed = SimBed()
    yield bed
    bed.close()
