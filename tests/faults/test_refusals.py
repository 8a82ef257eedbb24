"""What the guard refuses does not reach the engine; the lever and read-only consoles refuse everything."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.faults.actor import Request
from console.faults.lab import ALLOW, ENVIRONMENT
from console.model.cluster import Cluster, SourceHealth
from console.model.fault import Outcome, Refusal

from .bed import Bed, rows
from .fixtures import Hand, Hands, watched

FROZEN: dict[str, float] = {}
ASKED: list[tuple[str, Request, dict[str, Any]]] = [
    ("UNKNOWN_KIND", Request("meltdown", "tikv1", FROZEN), {}),
    ("NO_TARGET", Request("kill", "tikv77", FROZEN), {}),
    ("NO_TARGET", Request("kill", "", FROZEN), {}),
    ("WRONG_TARGET", Request("client-paused", "tikv1", FROZEN), {}),
    ("WRONG_TARGET", Request("kill", "ycsb", FROZEN), {}),
    ("BAD_PARAMETER", Request("stop", "tikv1", {"grace": 61}), {}),
    ("BAD_PARAMETER", Request("stop", "tikv1", {"grace": float("nan")}), {}),
    ("BAD_PARAMETER", Request("kill", "tikv1", {"force": 1}), {}),
    ("BAD_DURATION", Request("kill", "tikv1", FROZEN, 601), {}),
    ("BAD_DURATION", Request("kill", "tikv1", FROZEN, float("inf")), {}),
    ("BLAST_RADIUS", Request("kill", "random:2", FROZEN), {}),
    ("READ_ONLY", Request("kill", "tikv1", FROZEN), {"read_only": "started with --read-only"}),
]


def audited(database: Path) -> list[tuple[str, dict[str, Any]]]:
    """Actions and their data, from the file itself."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        return [(a, json.loads(d)) for a, d in db.execute("SELECT action, data FROM audit ORDER BY seq")]


@pytest.mark.parametrize(("code", "request_", "policy"), ASKED, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_refusal_touches_nothing(
    bed: Bed, hands: Hands, code: str, request_: Request, policy: dict[str, Any]
) -> None:
    """Refused: no event in the engine, no row in the journal, a row in the audit log (S2-50..55)."""
    hand, began = await hands(**policy), await bed.now()
    refused = await hand.actor.inject(request_, watched(), time.monotonic())
    assert isinstance(refused, Refusal)
    assert refused.code == code
    assert await bed.changes(began) == []
    assert rows(hand.database) == {}
    ((action, data),) = audited(hand.database)
    assert (action, data["code"]) == ("refused", code)


async def test_what_is_down_already(bed: Bed, hand: Hand) -> None:
    """A target that is down or frozen, by whomever, is not injected upon."""
    await bed.docker("pause", bed.name("tikv1"))
    assert (await hand.inject("kill", "tikv1")).code == "NOT_RUNNING"
    await bed.docker("unpause", bed.name("tikv1"))
    await bed.docker("kill", bed.name("tikv2"))
    assert (await hand.inject("pause", "tikv2")).code == "NOT_RUNNING"


async def test_conflict_and_blast_radius(bed: Bed, hands: Hands) -> None:
    """One fault a target, one target at a time unless more is allowed (S2-53)."""
    one = await hands()
    await one.injected("pause", "tikv1")
    assert (await one.inject("kill", "tikv1")).code == "CONFLICT"
    assert (await one.inject("kill", "pd1")).code == "BLAST_RADIUS"
    wide = await hands(limit=2)
    assert (await wide.inject("kill", "tikv1")).code == "CONFLICT"
    await wide.injected("pause", "pd1")


async def test_the_majority(bed: Bed, hand: Hand) -> None:
    """With one member gone already, by whomever, the next would take the majority; a store would not."""
    await bed.docker("kill", bed.name("pd0"))
    for kind in ("kill", "pause", "stop", "partition", "restart"):
        refused = await hand.actor.inject(Request(kind, "pd1", FROZEN), watched(), time.monotonic())
        assert isinstance(refused, Refusal)
        assert refused.code == "QUORUM"
    assert (await bed.inspect("pd1"))["State"]["Status"] == "running"


async def test_stale_monitoring(bed: Bed, hand: Hand) -> None:
    """What cannot be watched is not broken (S2-54)."""
    now = time.monotonic()
    old = SourceHealth("docker", True, now - 60, now - 60, now - 60)
    for cluster in (Cluster(), replace(watched(), sources={"docker": old})):
        refused = await hand.actor.inject(Request("kill", "tikv1", FROZEN), cluster, now)
        assert isinstance(refused, Refusal)
        assert refused.code == "STALE_MONITORING"
    assert (await bed.inspect("tikv1"))["State"]["Status"] == "running"


async def test_labels(bed: Bed, hand: Hand) -> None:
    """Without the label it is not touched; beside production nothing is (S2-23, S2-24)."""
    await bed.guest("tikv7", {})
    began = await bed.now()
    assert (await hand.inject("kill", "tikv7")).code == "NOT_ALLOWED"
    await bed.guest("tikv8", {ALLOW: "true", ENVIRONMENT: "Production"})
    began = await bed.now()
    for target in ("tikv8", "tikv1"):
        assert (await hand.inject("kill", target)).code == "ENV_PRODUCTION"
    assert await bed.changes(began) == []


async def test_the_lever(bed: Bed, hands: Hands) -> None:
    """After the kill switch every console is disarmed until somebody arms it, with a reason (E5, S2-55)."""
    one, two = await hands(), await hands()
    await one.injected("pause", "tikv1")
    (result,) = await one.actor.revert_all("smoke in the room", disarm=True)
    assert result.outcome is Outcome.COMPLETE
    began = await bed.now()
    for hand in (one, two):
        refused = await hand.inject("pause", "tikv1")
        assert (refused.code, "smoke in the room" in refused.sentence) == ("DISARMED", True)
    assert await bed.changes(began) == []
    nothing = await two.actor.arm("  ")
    assert nothing is not None
    assert nothing.code == "NO_REASON"
    watcher = await hands(read_only="only looking")
    kept = await watcher.actor.arm("because")
    assert kept is not None
    assert kept.code == "READ_ONLY"
    assert await two.actor.arm("the smoke is gone") is None
    await one.injected("pause", "tikv1")
    assert ("arm", "the smoke is gone") in [(a, d.get("reason")) for a, d in audited(one.database)]


async def test_pressing_the_kill_switch_with_nothing_injected(bed: Bed, hand: Hand) -> None:
    """Nothing is done, and it is disarmed all the same."""
    began = await bed.now()
    assert await hand.actor.revert_all("to be sure", disarm=True) == ()
    assert await bed.changes(began) == []
    assert (await hand.inject("pause", "tikv1")).code == "DISARMED"


async def test_as_many_stores_may_go_as_a_region_can_lose_peers(bed: Bed, hands: Hands) -> None:
    """The majority is a region's, by PD's own max-replicas, not the number of containers (S2-53)."""
    hand = await hands(limit=3)
    assert await hand.actor.lab.replicas() == 3
    refused = await hand.actor.inject(Request("kill", "n-2", FROZEN), watched(), time.monotonic())
    assert isinstance(refused, Refusal)
    assert (refused.code, "1 of 3 may be lost" in refused.sentence) == ("QUORUM", True)
