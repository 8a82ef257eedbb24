"""The lab a fault works on: one engine, one Compose project, and the few questions a verification asks."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from console.model.names import Role
from console.observe.engine import ContainerFacts, Endpoint, Engine, EngineError, facts
from console.observe.engine.client import PROJECT, SERVICE
from console.observe.engine.facts import PD_PORT, STATUS_PORT

ALLOW = "chaos-console.allow"
ENVIRONMENT = "chaos-console.environment"
HELPER = "chaos-console.injection"  # on every container of ours: the injection it belongs to
ASK_S = 2.0
CLEAN_UP_S = 8.0  # what was being asked in a container of ours has so long to take it away again
SHARED_S = 0.5  # an answer of PD serves everybody who asks within so long
MEMBERS_S = 3.0
REPLICAS, REPLICAS_S = 3, 60.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lab:
    """`id` names it on disk: the engine's own id and the project."""

    id: str
    engine: Engine
    project: str
    asked: dict[str, tuple[float, asyncio.Task[Any]]] = field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    async def of(engine: Engine, project: str) -> Lab:
        """The lab of a project on an engine. Raises EngineError where the engine does not answer."""
        info = await engine.info()
        return Lab(f"{info.get('ID') or engine.where.url}/{project}", engine, project)

    @property
    def where(self) -> Endpoint:
        """The engine's address."""
        return self.engine.where

    async def once(self, what: str, ask: Callable[[], Coroutine[Any, Any, T]], keep_s: float = math.inf) -> T:
        """The answer to a question, shared by all who ask within `keep_s` of the first. One that fails is forgotten,
        and its error raised."""
        asked_at, task = self.asked.get(what, (0.0, None))
        if task is None or task.cancelled() or time.monotonic() - asked_at > keep_s:
            task = asyncio.create_task(ask(), name=what)
            self.asked[what] = (time.monotonic(), task)
        try:
            return await asyncio.shield(task)
        except EngineError:
            self.asked.pop(what, None)
            raise

    def forget(self, what: str) -> None:
        """Have it asked again the next time."""
        self.asked.pop(what, None)

    async def close(self) -> None:
        """Break off what is still being asked, and wait until it has cleaned up after itself."""
        asking = [t for _, t in self.asked.values() if not t.done()]
        for task in asking:
            task.cancel()
        if asking:
            await asyncio.wait(asking, timeout=CLEAN_UP_S)

    async def containers(self) -> list[ContainerFacts]:
        """Every container of the project, inspected; one that vanished meanwhile is left out. Sorted by service."""
        listed = await self.engine.containers({PROJECT: self.project, SERVICE: None})
        found = await asyncio.gather(*(self.facts(str(c["Id"])) for c in listed))
        return sorted((f for f in found if f is not None and HELPER not in f.labels), key=lambda f: f.service)

    async def facts(self, container: str) -> ContainerFacts | None:
        """One container now, or None where there is no such container any more."""
        try:
            return facts(await self.engine.inspect(container, urgent=True), self.where)
        except EngineError as error:
            if error.missing:
                return None
            raise

    async def answering(self, container: ContainerFacts) -> tuple[bool, str]:
        """Whether its own health port answers now, and the sentence that says so. A port that is not published is
        no failure: it is said."""
        port, path = (PD_PORT, "/pd/api/v1/ping") if container.role is Role.PD else (STATUS_PORT, "/status")
        base = container.url(port) if container.role in (Role.PD, Role.STORE) else None
        if base is None:
            return True, f"{container.service}: no health port that can be reached from here, not checked"
        status = await self._get(base + path)
        if status is None:
            return False, f"{container.service} does not answer {path}"
        ok = status < 500
        return ok, f"{container.service} answers {path} with {status}"

    async def _get(self, url: str) -> int | None:
        import httpx

        try:
            async with httpx.AsyncClient(timeout=ASK_S, trust_env=False) as client:
                return (await client.get(url)).status_code
        except httpx.HTTPError:
            return None

    async def region_stores(self, region: int) -> tuple[list[str], str | None]:
        """The stores that hold a peer of the region, and the one that leads it, by service name. Raises EngineError."""
        answer = await self._ask_pd(f"/pd/api/v1/region/id/{region}")
        if answer is None:
            raise EngineError("no PD member can be asked where the region is")
        if not isinstance(answer, dict) or answer.get("id") != region:  # PD answers id 0 for one it does not know
            raise EngineError(f"PD knows no region {region}")
        stores = await self._ask_pd("/pd/api/v1/stores")
        names = _names_of(stores)
        holding = [names.get(p.get("store_id"), "") for p in answer.get("peers") or () if isinstance(p, dict)]
        leader = answer.get("leader") or {}
        return sorted(n for n in holding if n), names.get(leader.get("store_id"))

    async def replicas(self) -> int:
        """How many peers PD gives a region (`max-replicas`); PD's own default where it cannot be asked."""
        body = await self.once("replicas", lambda: self._first_answer("/pd/api/v1/config/replicate"), REPLICAS_S)
        found = body.get("max-replicas") if isinstance(body, dict) else None
        return found if isinstance(found, int) and found > 0 else REPLICAS

    async def pd_calls(self, service: str) -> str | None:
        """What PD calls the store at present (`Up`, `Disconnected`, ...); None where no PD answers or knows it."""
        return _state_of(await self._ask_pd("/pd/api/v1/stores"), service)

    async def _ask_pd(self, path: str) -> Any:
        """The JSON that the first member that has an answer gives; None where none has. Fifty verifications at once
        ask once."""
        return await self.once(path, lambda: self._first_answer(path), SHARED_S)

    async def _members(self) -> list[str]:
        """Base addresses of the PD members that run."""
        boxes = await self.containers()
        urls = [box.url(PD_PORT) for box in boxes if box.role is Role.PD and box.running]
        return [url for url in urls if url is not None]

    async def _first_answer(self, path: str) -> Any:
        import httpx

        for base in await self.once("PD members", self._members, MEMBERS_S):
            try:
                async with httpx.AsyncClient(timeout=ASK_S, trust_env=False) as client:
                    answer = await client.get(base + path)
                if answer.status_code < 500:
                    return answer.json()
            except (httpx.HTTPError, ValueError):
                continue
        return None


def _stores(body: Any) -> list[dict[str, Any]]:
    found = body.get("stores") if isinstance(body, dict) else None
    items = [item.get("store") for item in found or () if isinstance(item, dict)]
    return [store for store in items if isinstance(store, dict)]


def _service(store: Mapping[str, Any]) -> str:
    return str(store.get("address", "")).split(":")[0]


def _names_of(body: Any) -> dict[Any, str]:
    return {store.get("id"): _service(store) for store in _stores(body)}


def _state_of(body: Any, service: str) -> str | None:
    return next((str(store.get("state_name")) for store in _stores(body) if _service(store) == service), None)
