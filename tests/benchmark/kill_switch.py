"""How long the kill switch takes for 1, 10 and 50 injections, on a simulated cluster of 56 stores at its own speed."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from console.faults.actor import Actor, Policy, Request
from console.faults.lab import Lab
from console.model.cluster import Cluster, SourceHealth
from console.model.fault import Injection, Outcome, Refusal
from console.observe.engine import Engine, endpoint
from console.sim.server import SimServer
from console.storage import Database

STORES = 56
COUNTS = (1, 10, 50)
KINDS = ("pause", "kill", "partition", "stop", "cpu")


def kill_switch() -> dict[str, Any]:
    """A figure for each count: until the last fault was undone, until the last was verified (seconds)."""
    server = SimServer(seed=1, stores=STORES, regions=STORES, warmup=30)
    addresses = server.start()
    try:
        return asyncio.run(_measure(addresses.docker_host, addresses.project))
    finally:
        server.close()


async def _measure(host: str, project: str) -> dict[str, Any]:
    engine = Engine(endpoint(host))
    lab = await Lab.of(engine, project)
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="chaos-bench-") as home:
        db = await Database.open(Path(home) / "console.db")
        actor = Actor(lab, db, Policy(who="bench", owner="bench", limit=max(COUNTS)), clock=time.monotonic)
        for count in COUNTS:
            await _inject(actor, count)
            undone: list[float] = []
            pressed = time.perf_counter()
            results = await actor.revert_all("bench", disarm=False, on_undone=_noting(undone))
            verified = time.perf_counter() - pressed
            worst = [r.detail for r in results if r.outcome is not Outcome.COMPLETE]
            rows[f"kill switch, {count} undone s"] = round(max(undone) - pressed, 2)
            rows[f"kill switch, {count} verified s"] = round(verified, 2) if not worst else f"not all: {worst[0]}"
        await db.close()
    await engine.close()
    return rows


def _noting(times: list[float]) -> Any:
    def note(_: Injection) -> None:
        times.append(time.perf_counter())

    return note


async def _inject(actor: Actor, count: int) -> None:
    for n in range(count):
        now = time.monotonic()
        fresh = Cluster(t=now, sources={"docker": SourceHealth("docker", True, now, now, now)})
        request = Request(KINDS[n % len(KINDS)], f"tikv{n}", {}, 600, allow_quorum_loss=True)
        done = await actor.inject(request, fresh, now)
        assert not isinstance(done, Refusal), done
