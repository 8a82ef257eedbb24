"""The real bed: one cluster of stand-ins for the whole session, well again before every test, gone at its end."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator

import pytest
import pytest_asyncio

from console.observe.engine import endpoint
from tests.faults.bed import DOCKER
from tests.faults.fixtures import hand, hands, lab, sessions, shell  # noqa: F401 - fixtures of every test here
from tests.faults.test_every_kind import CASES

from .realbed import MARK, RealBed

WHOLE = os.environ.get("CHAOS_CRASH") == "all"  # every kind on every target, every crash
HOST = endpoint().url  # before the developer's settings are hidden


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A kind on one of its targets is enough here; CHAOS_CRASH=all: on each of them."""
    if WHOLE:
        return
    left_out = [item for item in items if _is_second_target(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _is_second_target(item: pytest.Item) -> bool:
    case = getattr(getattr(item, "callspec", None), "params", {})
    if not item.name.startswith("test_there_and_back") or "tests/engine" not in str(item.path):
        return False
    targets = [target for kind, target in CASES if kind == case["kind"]]
    return bool(case["target"] != targets[len(case["kind"]) % len(targets)])


@pytest.fixture(scope="session")
def engine_bed() -> Iterator[RealBed]:
    """The cluster. What is left over when it was taken away fails the session."""
    if DOCKER is None:
        pytest.skip("no docker command line on this machine, and nothing is believed here without it")
    bed = RealBed(HOST)
    try:
        bed.prepare()
        asyncio.run(bed.up())
        time.sleep(1)
        ended = bed.docker_now(
            "ps", "-a", "--filter", f"label={MARK}={bed.token}", "--filter", "status=exited", "--format", "{{.Names}}"
        ).split()
        if ended:
            said = bed.docker_now("logs", ended[0], code=None)
            pytest.skip(f"this machine's python does not run in a container here: {said.strip()[-300:]}")
        asyncio.run(bed.until(bed.well, "a cluster that is well"))
        yield bed
    finally:
        bed.close()
    assert not bed.leftovers(), f"left behind on the engine: {sorted(bed.leftovers())}"


@pytest_asyncio.fixture
async def bed(engine_bed: RealBed) -> RealBed:
    """The cluster, as it was made."""
    await engine_bed.heal()
    return engine_bed
