"""A PD member on the wire: `pd.py NAME NAME,NAME,...`. Stores tell every member of themselves (POST /standin/beat).

What it may be told (`ORDERS`): leadership moves, evictions, schedule limits with a time to live, store limits; kept by
the leader, copied by every member that follows it.

Leader-served questions go through the leader: another member passes them on, answers 500 at once where the leader
refuses, and hangs where it is silent. The leader is kept while a majority reaches it; else the lowest name takes over.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import sys
import time
import urllib.error
from collections.abc import Callable
from typing import Any

from wire import Answer, ask, background, serve, until_told

NAME, NAMES = sys.argv[1], sys.argv[2].split(",")
DISCONNECTED_S = float(os.environ.get("DISCONNECTED_S", "6"))
SEEN_S, ELECTION_S, FAILOVER_S, REGIONS = 1.0, 1.5, 3.0, 12
HOP = "X-Standin-Hop"


LIMITS = {
    "leader-schedule-limit": 4, "region-schedule-limit": 2048, "replica-schedule-limit": 64, "merge-schedule-limit": 8,
    "hot-region-schedule-limit": 4,
}  # fmt: skip
RATE = {"add-peer": 15.0, "remove-peer": 15.0}
EVICT = "evict-leader-scheduler"


class Told:
    """What PD was told, by whomever. `limited`: schedule limit -> value and the Unix second it is forgotten at."""

    def __init__(self) -> None:
        self.evicted: list[int] = []
        self.limited: dict[str, tuple[float, float]] = {}
        self.rates: dict[str, dict[str, float]] = {}

    def limit(self, name: str) -> float:
        """In force now."""
        value, until = self.limited.get(name, (0, 0))
        return value if until > time.time() else LIMITS[name]


class Member:
    """Term, leader, who was heard of lately, and the stores' beats."""

    term = 1
    leader: str | None = None
    leaderless_since: float | None = None
    seen: dict[str, tuple[float, dict[str, Any]]] = {}
    stores: dict[int, dict[str, Any]] = {}
    told = Told()

    def hear(self, peer: str) -> None:
        """Ask a peer for its state."""
        self.seen[peer] = (time.monotonic(), ask(f"http://{peer}:2379/standin/state", 0.7))

    def elect(self) -> None:
        """Follow the newest term; lead where nobody else reachable does and this is the lowest name."""
        now = time.monotonic()
        near = {n: s for n, (at, s) in list(self.seen.items()) if now - at < SEEN_S}
        for state in near.values():
            if state["term"] > self.term or (state["term"] == self.term and self.leader is None):
                self.term, self.leader = state["term"], state["leader"]
            if state["leader"] == state["name"] and state["term"] == self.term:
                vars(self.told).update(state["told"])
        reachable = sorted([NAME, *near])
        if len(reachable) * 2 <= len(NAMES):
            self.leader, self.leaderless_since = None, None
        elif self.leader in reachable:
            self.leaderless_since = None
        elif self.leaderless_since is None:
            self.leaderless_since = now
        elif now - self.leaderless_since > ELECTION_S and reachable[0] == NAME:
            self.term, self.leader = self.term + 1, NAME

    def age(self, store: dict[str, Any]) -> float:
        """Seconds since its last beat."""
        return time.time() - float(store["beat_ns"]) / 1e9

    def led(self) -> dict[int, int]:
        """Region -> store id; a region's own store leads it while it beats, else the next that does."""
        ids = sorted(self.stores)
        alive = [i for i in ids if self.age(self.stores[i]) < FAILOVER_S]
        if not alive:
            return {}
        alive = [i for i in alive if i not in self.told.evicted] or alive
        own = {r: ids[r % len(ids)] for r in range(REGIONS)}
        return {r: i if i in alive else alive[r % len(alive)] for r, i in own.items()}


ME = Member()


def _id(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")


def _member(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    urls = {"peer_urls": [f"http://{name}:2380"], "client_urls": [f"http://{name}:2379"]}
    return {"name": name, "member_id": _id(name), **urls, "deploy_path": "/", "binary_version": "v8.5.5"}


def _store(row: dict[str, Any], led: int) -> dict[str, Any]:
    address, age = row["address"], ME.age(row)
    store = {"id": row["id"], "address": address, "version": "8.5.5", "start_timestamp": row["start"],
             "last_heartbeat": row["beat_ns"], "node_state": 1,
             "state_name": "Up" if age < DISCONNECTED_S else "Disconnected"}  # fmt: skip
    status: dict[str, Any] = {"capacity": "100GiB", "available": "90GiB", "region_count": REGIONS, "slow_score": 1}
    if led:  # PD leaves zeroes out
        status["leader_count"] = led
    return {"store": store, "status": status}


def _served(path: str) -> Answer:
    led = list(ME.led().values())
    if path == "/stores":
        rows = [_store(r, led.count(i)) for i, r in ME.stores.items()]
        random.shuffle(rows)
        return 200, {"count": len(rows), "stores": rows}
    if path == "/members":
        lead = _member(ME.leader)
        return 200, {"members": [_member(n) for n in NAMES], "leader": lead, "etcd_leader": lead}
    if path.startswith("/regions/check/"):
        return 200, {"count": 0, "regions": []}
    balance = ["balance-leader-scheduler", "balance-region-scheduler", "balance-hot-region-scheduler"]
    fixed: dict[str, Any] = {
        "/leader": _member(ME.leader),
        "/stats/region": {"count": REGIONS, "store_leader_count": {str(i): led.count(i) for i in set(led)}},
        "/operators": [],
        "/schedulers": [*balance, *([EVICT] if ME.told.evicted else [])],
        "/config/schedule": {**LIMITS, "max-store-down-time": "30m0s"},
        "/stores/limit": {str(i): {**RATE, **ME.told.rates.get(str(i), {})} for i in ME.stores},
        "/config/replicate": {"max-replicas": 3},
    }
    if path == f"/scheduler-config/{EVICT}/list" and ME.told.evicted:
        return 200, {"store-id-ranges": {str(i): [{"start-key": "", "end-key": ""}] for i in ME.told.evicted}}
    return (200, fixed[path]) if path in fixed else (404, "404 page not found\n")


def _lead(to: str) -> Answer:
    if to != NAME and to in ME.seen:
        ME.term, ME.leader = ME.term + 1, to
    return 200, "The transfer command is submitted."


def _evict(store: int) -> Answer:
    ME.told.evicted = sorted({*ME.told.evicted, store})
    return 200, "The scheduler has been applied to the store."


def _unevict(store: int) -> Answer:
    if store not in ME.told.evicted:
        return 404, "[PD:scheduler:ErrSchedulerNotFound]scheduler not found"
    ME.told.evicted = [i for i in ME.told.evicted if i != store]
    return 200, None


def _limit_for(seconds: int, limits: dict[str, float]) -> Answer:
    for name, value in limits.items():
        ME.told.limited[name.removeprefix("schedule.")] = (value, time.time() + seconds)
    return 200, "The ttl config is updated."


def _rate(store: str, kind: str, rate: float) -> Answer:
    ME.told.rates.setdefault(store, {})[kind] = rate
    return 200, "Set store limit successfully."


ORDERS: list[tuple[str, str, Callable[[str, Any], Answer]]] = [
    ("POST", r"/leader/transfer/(\w+)", lambda to, _: _lead(to)),
    ("POST", r"/schedulers()", lambda _, body: _evict(int(body["store_id"]))),
    ("DELETE", rf"/schedulers/{EVICT}-(\d+)", lambda store, _: _unevict(int(store))),
    ("POST", r"/config\?ttlSecond=(\d+)", lambda seconds, body: _limit_for(int(seconds), body)),
    ("POST", r"/store/(\d+)/limit", lambda store, body: _rate(store, body["type"], body["rate"])),
]


def _carried_out(method: str, path: str, body: Any) -> Answer:
    for verb, pattern, order in ORDERS:
        if verb == method and (found := re.fullmatch(pattern, path)):
            return order(found[1], body)
    return _served(path) if method == "GET" else (405, "Method Not Allowed")


HOSTILE: list[Any] = [
    None, [], "<html>\x1b[2J", 0, "[" * 5000, "x" * 3_000_000,
    {"stores": "many", "count": None},
    {"count": -1, "stores": [None, {"store": None}, {"store": {"id": "one", "address": 7, "state_name": None}}]},
    {"stores": [{"store": {"id": 1, "address": "tikv0\x1b]0;owned\x07:20160", "state_name": "[red]Up[/red]"},
                 "status": {"leader_count": 1e300, "slow_score": "NaN", "last_heartbeat_ts": "yesterday"}}]},
    {"members": [{"name": "\x1b[31mpd9", "client_urls": "http://"}, 5], "leader": "me", "etcd_leader": []},
    {"name": {"name": "pd0"}, "member_id": "x"},
]  # fmt: skip


def _through_leader(method: str, path: str, body: Any, hops: str | None) -> Answer:
    if ME.leader == NAME:
        return _carried_out(method, path, body)
    if hops:
        return 500, "[PD:apiutil:ErrRedirectToNotLeader]redirect to not leader"
    patience = time.monotonic() + 3
    while ME.leader is None and time.monotonic() < patience:
        time.sleep(0.05)
    if ME.leader is None:
        return 503, "[PD:apiutil:ErrRedirectNoLeader]redirect finds no leader"
    try:
        return 200, ask(f"http://{ME.leader}:2379/pd/api/v1{path}", 60, body, {HOP: NAME}, method)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 500, "[PD:apiutil:ErrRedirect]redirect failed"


def _well(name: str) -> bool:
    try:
        ask(f"http://{name}:2379/pd/api/v1/ping", 3)
    except OSError:
        return False
    return True


def respond(method: str, path: str, headers: Any, body: Any) -> Answer:
    """One request."""
    if path == "/standin/state":
        return 200, {"name": NAME, "term": ME.term, "leader": ME.leader, "told": vars(ME.told)}
    if path == "/metrics":
        return 200, "".join(f'pd_config_status{{type="{name}"}} {ME.told.limit(name):g}\n' for name in LIMITS)
    if path == "/standin/routes":
        return 200, {str(r): ME.stores[i]["address"] for r, i in ME.led().items()}
    if path == "/standin/beat":
        ME.stores[body["id"]] = {**body, "beat_ns": time.time_ns()}
        return 200, ""
    if path == "/v3/maintenance/status":
        header = {"member_id": str(_id(NAME)), "raft_term": str(ME.term)}
        leader = {"leader": str(_id(ME.leader))} if ME.leader else {}
        return 200, {"header": header, "version": "3.4.31", **leader, "raftTerm": str(ME.term)}
    path = path.removeprefix("/pd/api/v1")
    if path == "/ping":
        return 200, ""
    if path == "/health":
        return 200, [{**_member(n), "health": n == NAME or _well(n)} for n in NAMES]
    if path == "/leader" and headers.get("PD-Allow-follower-handle"):
        return 200, _member(ME.leader) or None
    if "STANDIN_HOSTILE" in os.environ and path != "/ping" and not headers.get(HOP):
        return 200, random.choice(HOSTILE)
    return _through_leader(method, path, body, headers.get(HOP))


if __name__ == "__main__":
    for other in NAMES:
        if other != NAME:
            background(lambda peer=other: ME.hear(peer), 0.25)  # type: ignore[misc]
    background(ME.elect, 0.2)
    serve(2379, respond)
    until_told()
