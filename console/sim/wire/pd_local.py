"""What every PD member answers by itself, leader or not (guides/tikv.md 1.1)."""

from __future__ import annotations

import json
from typing import Any

from console.sim.physics.pd_member import PdMember
from console.sim.physics.world import World

from . import pd_views as views
from .http import Answer, Asked, pretty

LOCAL_PATHS = frozenset({"/health", "/ping", "/status", "/version", "/admin/log"})
PROJECT = "/pd/api/v1"
BUILD = "2026-01-08 06:34:11"


def is_local(asked: Asked, path: str) -> bool:
    """Whether this member answers without asking the leader."""
    return path in LOCAL_PATHS or (path == "/config" and asked.method == "GET")


def local_answer(world: World, member: PdMember, asked: Asked, path: str) -> Answer:
    """`/ping /status /version /config /admin/log`; `/health` is answered by the server, for it takes time."""
    if path == "/ping":
        return Answer(200, b"")
    if path == "/status":
        return pretty(
            {
                "build_ts": BUILD,
                "version": f"v{views.VERSION}",
                "git_hash": views.GIT_HASH,
                "start_timestamp": member.started_wall,
            }
        )
    if path == "/version":
        return pretty({"version": f"v{views.VERSION}", "build_time": BUILD, "hash": views.GIT_HASH, "branch": "HEAD"})
    if path == "/config":
        return pretty(config_view(world, member))
    return pretty("The log level is updated." if asked.method == "POST" else None)


def config_view(world: World, member: PdMember) -> dict[str, Any]:
    """`/config`: this member's own part and the cluster's; booleans of the cluster's part are strings."""
    name, parts = member.name, world.pd.config.parts
    cluster = ",".join(f"{n}=http://{n}:2380" for n in world.pd.members)
    return {
        "client-urls": "http://0.0.0.0:2379",
        "peer-urls": "http://0.0.0.0:2380",
        "advertise-client-urls": f"http://{name}:2379",
        "advertise-peer-urls": f"http://{name}:2380",
        "name": name,
        "data-dir": f"/data/{name}",
        "force-new-cluster": False,
        "enable-grpc-gateway": True,
        "initial-cluster": cluster,
        "initial-cluster-state": "new",
        "initial-cluster-token": "pd-cluster",
        "join": "",
        "lease": 5,
        "log": {"level": "info", "format": "text", "disable-timestamp": False, "file": {"filename": ""}},
        "tso-save-interval": "5s",
        "tso-update-physical-interval": "50ms",
        "enable-local-tso": False,
        "metric": {"job": name, "address": "", "interval": "15s"},
        "schedule": parts["schedule"],
        "replication": parts["replication"],
        "pd-server": parts["pd-server"],
        "cluster-version": parts["cluster-version"],
        "labels": {},
        "quota-backend-bytes": "8GiB",
        "auto-compaction-mode": "periodic",
        "auto-compaction-retention-v2": "1h",
        "TickInterval": "500ms",
        "ElectionInterval": "3s",
        "PreVote": True,
        "replication-mode": parts["replication-mode"],
    }


def etcd_status(world: World, member: PdMember) -> Answer:
    """`POST /v3/maintenance/status`: etcd's view from local memory; numbers are strings, zeroes left out."""
    leader = world.pd.members.get(member.etcd_leader or "")
    index = str(1000 + int(world.now * 3))
    view: dict[str, Any] = {
        "header": {
            "cluster_id": str(world.pd.id),
            "member_id": str(member.member_id),
            "revision": index,
            "raft_term": str(member.term),
        },
        "version": "3.4.31",
        "dbSize": "561152",
        "leader": str(leader.member_id) if leader else None,
        "raftIndex": index,
        "raftTerm": str(member.term),
        "raftAppliedIndex": index,
        "errors": None if leader else ["etcdserver: no leader"],
        "dbSizeInUse": "311296",
    }
    kept = {k: v for k, v in view.items() if v is not None}
    return Answer(200, json.dumps(kept, separators=(",", ":")).encode(), "application/json")
