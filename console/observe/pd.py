"""PD members over HTTP, each asked on its own; answers reduced to the flight record's bodies.

Shapes: PD v8.5.5 HTTP API v1 and etcd's gateway (guides/tikv.md 1.3, 1.4).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from console.model.observation import Observation

from . import probe
from .clock import Clock
from .reach import DIRECT_S, Reach
from .source import Emit, Health, every, supervised

if TYPE_CHECKING:
    import httpx

DEADLINE_S = 2.0
PING_S = 0.25
PING_DEADLINE_S = 0.5
LOCAL_S = 0.5
SLOW_FACTOR = 2.5  # region checks, operators and configuration: this many polls apart
CHECKS = ("miss-peer", "down-peer", "pending-peer", "offline-peer", "extra-peer")
_ALLOW = {"PD-Allow-follower-handle": "true"}
Reduce = Callable[[Any], Any]


class BadAnswer(ValueError):
    """An answer of a shape PD does not give."""


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadAnswer(f"expected an object, got {type(value).__name__}")
    return value


def _listing(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise BadAnswer(f"expected a list, got {type(value).__name__}")
    return value


def reduce_stores(body: Any) -> list[dict[str, Any]]:
    """`/stores` as `[{id, addr, state, last_heartbeat, leaders, regions, slow_score, ...}]`; order as PD gave it."""
    rows = []
    for item in _listing(_mapping(body).get("stores") or []):
        store, status = _mapping(_mapping(item).get("store")), _mapping(item.get("status") or {})
        rows.append(
            {
                "id": store.get("id"),
                "addr": store.get("address"),
                "state": store.get("state_name"),
                "last_heartbeat": store.get("last_heartbeat"),
                # PD leaves zeroes out: a store that leads nothing has no leader_count at all
                "leaders": status.get("leader_count", 0),
                "regions": status.get("region_count", 0),
                "slow_score": status.get("slow_score"),
                "capacity": status.get("capacity"),
                "available": status.get("available"),
                "version": store.get("version"),
                "start": store.get("start_timestamp"),
                "node_state": store.get("node_state"),
            }
        )
    return rows


def reduce_members(body: Any) -> dict[str, Any]:
    """`/members` as `{leader, etcd_leader, n}`; `leader` is `{}` during an election."""
    answer = _mapping(body)
    return {
        "leader": _mapping(answer.get("leader") or {}).get("name"),
        "etcd_leader": _mapping(answer.get("etcd_leader") or {}).get("name"),
        "n": len(_listing(answer.get("members") or [])),
    }


def reduce_health(body: Any) -> dict[str, bool]:
    """`/health` as `{member name: bool}`."""
    rows = [_mapping(m) for m in _listing(body)]
    return {str(m.get("name")): bool(m.get("health")) for m in rows if m.get("name")}


def reduce_leader(body: Any) -> dict[str, Any] | None:
    """`/leader` asked without forwarding, as `{name}` or null."""
    return None if body is None else {"name": _mapping(body).get("name")}


def reduce_etcd(body: Any) -> dict[str, Any]:
    """`/v3/maintenance/status` as `{leader, term}`; its numbers are strings."""
    answer = _mapping(body)
    return {"leader": str(answer.get("leader", "")), "term": int(answer.get("raftTerm", 0))}


def reduce_count(body: Any) -> int:
    """`/regions/check/...` as a number."""
    return int(_mapping(body).get("count", 0))


def reduce_regions(body: Any) -> dict[str, Any]:
    """`/stats/region` as `{count, leaders: {store id: n}}`."""
    answer = _mapping(body)
    return {"count": answer.get("count"), "leaders": dict(_mapping(answer.get("store_leader_count") or {}))}


def reduce_operators(body: Any) -> list[str]:
    """`/operators` as PD's own descriptions."""
    return [str(x)[:500] for x in _listing(body or [])[:200]]


def reduce_config(body: Any) -> dict[str, Any]:
    """`/config/...` as it is, nested values left out."""
    return {k: v for k, v in _mapping(body).items() if isinstance(v, (str, int, float, bool))}


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: the observation's kind, path below the member's URL, and how its answer is reduced."""

    kind: str
    path: str
    reduce: Reduce
    headers: dict[str, str] | None = None
    post: Any = None


def _schedulers(body: Any) -> dict[str, Any]:
    return {"active": [str(x) for x in _listing(body or [])[:100]]}


_API = "/pd/api/v1"
PING = f"{_API}/ping"
LOCAL = (
    Ask("leader", f"{_API}/leader", reduce_leader, headers=_ALLOW),
    Ask("etcd", "/v3/maintenance/status", reduce_etcd, post={}),
)
STORES = (Ask("stores", f"{_API}/stores", reduce_stores),)
VIEWS = (
    Ask("members", f"{_API}/members", reduce_members),
    Ask("health", f"{_API}/health", reduce_health),
)
# Cluster-wide: one member is enough, and the leader needs no forwarding.
SLOW = (
    *(Ask(f"check/{kind}", f"{_API}/regions/check/{kind}", reduce_count) for kind in CHECKS),
    Ask("regions", f"{_API}/stats/region", reduce_regions),
    Ask("operators", f"{_API}/operators", reduce_operators),
    Ask("schedulers", f"{_API}/schedulers", _schedulers),
    Ask("config/schedule", f"{_API}/config/schedule", reduce_config),
    Ask("config/replicate", f"{_API}/config/replicate", reduce_config),
)


class PdMember:
    """One member's polls. Leader-served questions every `poll_s`, its own quick ones more often."""

    def __init__(
        self,
        name: str,
        url: Callable[[], str | None],
        own: Callable[[], str | None],
        clock: Clock,
        emit: Emit,
        poll_s: float,
        lead: Callable[[], str | None],
    ) -> None:
        self.name = name
        self._url, self._clock, self._emit, self._poll_s, self._lead = url, clock, emit, poll_s, lead
        self._health = Health(name, emit, clock, poll_s)
        self._reach = Reach(name, PING, url, own, clock, emit)
        self._client: httpx.AsyncClient | None = None

    async def run(self) -> None:
        """All polls of this member, each on its own beat, until cancelled."""
        import asyncio

        import httpx

        limits = httpx.Limits(max_connections=8, max_keepalive_connections=4)
        real = self._clock.real(DEADLINE_S)
        async with httpx.AsyncClient(timeout=real, limits=limits, trust_env=False) as client:
            self._client = client
            async with asyncio.TaskGroup() as group:
                for period, once in (
                    (PING_S, self._ping),
                    (DIRECT_S, self._reach.direct),
                    (LOCAL_S, self._local),
                    (self._poll_s, self._stores),
                    (self._poll_s, self._views),
                    (self._poll_s * SLOW_FACTOR, self._slow),
                ):
                    group.create_task(supervised(self.name, self._health, self._beat(period, once)))
                group.create_task(supervised(self.name, self._health, self._reach.idle))

    def _beat(self, period: float, once: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: every(self._clock, period, once)

    async def _ping(self) -> None:
        url = self._url()
        if url is None:
            return
        answer = await probe.get(url, PING, self._clock.real(PING_DEADLINE_S))
        self._send("ping", answer)

    async def _local(self) -> None:
        await self._all(LOCAL)

    async def _stores(self) -> None:
        if await self._all(STORES):
            self._health.ok()

    async def _views(self) -> None:
        await self._all(VIEWS)

    async def _slow(self) -> None:
        if self._lead() in (None, self.name):
            await self._all(SLOW)

    async def _all(self, asks: tuple[Ask, ...]) -> bool:
        answered = [await self._ask(ask) for ask in asks]
        return all(answered)

    async def _ask(self, ask: Ask) -> bool:
        import httpx

        url = self._url()
        if url is None or self._client is None:
            return False
        began = self._clock.now()
        try:
            if ask.post is None:
                response = await self._client.get(url + ask.path, headers=ask.headers)
            else:
                response = await self._client.post(url + ask.path, json=ask.post)
            answer = answer_of(ask, response.status_code, response.content)
        except httpx.HTTPError as error:
            answer = {"error": type(error).__name__, "msg": str(error)[:200]}
            self._health.failed(f"{self.name}: {type(error).__name__} {error}".strip())
        answer["rtt_ms"] = round((self._clock.now() - began) * 1000, 1)
        self._send(ask.kind, answer)
        return "body" in answer and answer.get("status") == 200

    def _send(self, kind: str, answer: dict[str, Any]) -> None:
        self._emit(Observation(self._clock.now(), self.name, kind, answer))


def answer_of(ask: Ask, status: int, body: bytes) -> dict[str, Any]:
    """An HTTP answer as a flight record holds it."""
    if status >= 300:
        return {"status": status, "body": body.decode(errors="replace")[:300]}
    try:
        return {"status": status, "body": ask.reduce(json.loads(body))}
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        return {"error": "BadAnswer", "msg": f"{ask.path}: {str(error)[:200]}"}


async def names_of(urls: list[str]) -> dict[str, str]:
    """Member names for bare URLs, by the member id each answers with; a URL that does not answer is `pd<n>`."""
    import httpx

    names: dict[str, str] = {}
    async with httpx.AsyncClient(timeout=DEADLINE_S, trust_env=False) as client:
        known: dict[str, str] = {}
        for index, url in enumerate(urls):
            name = f"pd{index}"
            try:
                if not known:
                    listed = (await client.get(f"{url}/pd/api/v1/members")).json()
                    known = {str(m["member_id"]): str(m["name"]) for m in listed.get("members", [])}
                status = (await client.post(f"{url}/v3/maintenance/status", json={})).json()
                name = known.get(str(status["header"]["member_id"]), name)
            except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
                names.setdefault(name, url)
                continue
            names[name] = url
    return names
