"""One store's status port: /status, /metrics, /config, /region/N, and the few orders it takes."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from console.sim.physics.fabric import wire_sample
from console.sim.physics.raft import Region
from console.sim.physics.store import STATUS_PORT, StoreNode
from console.sim.physics.world import World

from .clock import SimClock
from .door import Door
from .http import Answer, Asked, TooLong, asked, plain, response
from .tikv_metrics import tikv_metrics

NOT_FOUND = "path not found"  # guides/tikv.md 3.1: what a release build answers, /fail/* included


class StatusPort:
    """Serves one store, on however many doors."""

    def __init__(self, world: World, clock: SimClock, node: StoreNode) -> None:
        self.world = world
        self.clock = clock
        self.node = node
        self.chance = world.ground.chance("wire")
        self.config: dict[str, Any] = {}

    async def handle(self, door: Door, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request when and as the store would."""
        try:
            question = await asked(request)
        except TooLong as error:
            return response(plain(413, str(error)), self.world.ground.wall())
        await door.passed(request.transport)
        self.clock.sync()
        path = self.world.fabric.path(None, self.node.container, STATUS_PORT)
        delay = wire_sample(path, self.chance) + self.starved()
        if delay:
            await self.clock.sleep(delay)
        answer = self.answer(question)
        await door.passed(request.transport)
        return response(answer, self.world.ground.wall())

    def starved(self) -> float:
        """A throttled process answers in its next CPU period (guides/tikv.md 5.1 row 19)."""
        throttled = self.world.usages[self.node.container.id].meters["throttled"].rate / 10
        if throttled <= 0 or self.chance.random() > throttled:
            return 0.0
        return self.chance.uniform(0.0, 0.09)

    def answer(self, question: Asked) -> Answer:
        """What the store says once the request has reached it."""
        path, method = question.path, question.method
        if path == "/status":
            return Answer(200, b"", "text/plain; charset=utf-8")
        if path == "/metrics":
            self.world.settle()
            text = tikv_metrics(self.world, self.node)
            return Answer(200, text.encode(), "text/plain; version=0.0.4; charset=utf-8")
        if path == "/config":
            return self._config(question)
        if path in ("/pause_grpc", "/resume_grpc") and method == "PUT":
            with self.world.ground.change():
                self.node.grpc_paused = path == "/pause_grpc"
            self.clock.poke()
            return Answer(200, b"")
        if path == "/engine_type":
            return Answer(200, b"raft-kv", "text/plain")
        if path == "/log-level" and method == "PUT":
            return Answer(200, b"")
        if path.startswith("/region/"):
            return self._region(path.removeprefix("/region/"))
        return plain(404, NOT_FOUND)

    def _config(self, question: Asked) -> Answer:
        if question.method == "GET":
            return _json(self._config_view())
        if question.method != "POST":
            return plain(404, NOT_FOUND)
        try:
            changes = json.loads(question.body)
        except ValueError:
            return plain(500, "failed to decode, error: expected value at line 1 column 1")
        if not isinstance(changes, dict):
            return plain(500, "failed to decode, error: invalid type, expected a map")
        self.config.update({str(k): v for k, v in changes.items()})
        return Answer(200, b"", "text/plain; charset=utf-8")

    def _config_view(self) -> dict[str, Any]:
        view: dict[str, Any] = {
            "log": {"level": "info"},
            "memory-usage-limit": "700MiB",
            "server": {
                "addr": "0.0.0.0:20160",
                "advertise-addr": self.node.address,
                "status-addr": "0.0.0.0:20180",
                "advertise-status-addr": self.node.status_address,
                "grpc-concurrency": 2,
                "graceful-shutdown-timeout": "20s",
                "labels": {},
            },
            "storage": {"data-dir": "/data", "reserve-space": "0KiB", "block-cache": {"capacity": "128MiB"}},
            "raftstore": {
                "raft-base-tick-interval": "1s",
                "raft-heartbeat-ticks": 2,
                "raft-election-timeout-ticks": 10,
                "pd-heartbeat-tick-interval": "1m",
                "pd-store-heartbeat-tick-interval": "10s",
                "max-peer-down-duration": "10m",
                "hibernate-regions": True,
                "capacity": f"{self.node.disk.capacity >> 30}GiB",
            },
            "coprocessor": {"region-split-size": "256MiB"},
        }
        for key, value in self.config.items():
            section, _, name = key.partition(".")
            if name and isinstance(view.get(section), dict):
                view[section][name] = value
        return view

    def _region(self, text: str) -> Answer:
        region = self.world.raft.regions.get(int(text)) if text.isdigit() else None
        if region is None or self.node.id not in region.peers:
            return plain(404, NOT_FOUND)
        return _json(self._region_view(region))

    def _region_view(self, region: Region) -> dict[str, Any]:
        """This store's own opinion of the region (guides/tikv.md 3.1)."""
        mine = region.peers[self.node.id]
        leads = region.leader == self.node.id
        heard = leads or (bool(region.leader) and self.world.raft.linked(self.node.id, region.leader))
        role = "Leader" if leads else "Follower" if heard else "PreCandidate"
        return {
            "id": region.id,
            "group_state": "Idle" if region.weight <= 0 and region.healthy else "Ordered",
            "region_state": {
                "region": {
                    "id": region.id,
                    "start_key": region.start.hex().upper(),
                    "end_key": region.end.hex().upper(),
                    "region_epoch": {"conf_ver": region.conf_ver, "version": region.version},
                    "peers": [{"id": peer, "store_id": store} for store, peer in region.peers.items()],
                }
            },
            "raft_status": {
                "id": mine,
                "hard_state": {"term": region.term, "vote": mine if leads else 0, "commit": 10 + region.term},
                "soft_state": {"leader_id": region.peers.get(region.leader, 0) if heard else 0, "raft_state": role},
                "applied": 10 + region.term,
                "progress": {
                    str(peer): {"matched": 10 + region.term, "next_idx": 11 + region.term, "state": "Replicate"}
                    for store, peer in region.peers.items()
                    if leads and store not in region.pending
                },
            },
        }


def _json(value: Any) -> Answer:
    return Answer(200, json.dumps(value, separators=(",", ":")).encode(), "application/json")
