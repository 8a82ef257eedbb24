"""The lab a fault works on: one engine, one Compose project, and the few questions a verification asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from console.model.names import Role
from console.observe.engine import ContainerFacts, Endpoint, Engine, EngineError, facts
from console.observe.engine.client import PROJECT, SERVICE
from console.observe.engine.facts import PD_PORT, STATUS_PORT

ALLOW = "chaos-console.allow"
ENVIRONMENT = "chaos-console.environment"
HELPER = "chaos-console.injection"  # on every container of ours: the injection it belongs to
ASK_S = 2.0


@dataclass(frozen=True, slots=True)
class Lab:
    """`id` names it on disk: the engine's own id and the project."""

    id: str
    engine: Engine
    project: str

    @staticmethod
    async def of(engine: Engine, project: str) -> Lab:
        """The lab of a project on an engine. Raises EngineError where the engine does not answer."""
        info = await engine.info()
        return Lab(f"{info.get('ID') or engine.where.url}/{project}", engine, project)

    @property
    def where(self) -> Endpoint:
        """The engine's address."""
        return self.engine.where

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

    async def pd_calls(self, service: str) -> str | None:
        """What PD calls the store at present (`Up`, `Disconnected`, ...); None where no PD answers or knows it."""
        import httpx

        for member in await self.containers():
            base = member.url(PD_PORT) if member.role is Role.PD and member.running else None
            if base is None:
                continue
            try:
                async with httpx.AsyncClient(timeout=ASK_S, trust_env=False) as client:
                    answer = await client.get(f"{base}/pd/api/v1/stores")
                if answer.status_code == 200:
                    return _state_of(answer.json(), service)
            except (httpx.HTTPError, ValueError):
                continue
        return None


def _state_of(body: Any, service: str) -> str | None:
    for item in body.get("stores", ()) if isinstance(body, dict) else ():
        store = item.get("store", {}) if isinstance(item, dict) else {}
        if str(store.get("address", "")).split(":")[0] == service:
            return str(store.get("state_name"))
    return None
