"""PD's API for faults: any member that answers will do, a follower forwards. Errors read as EngineError, one line."""

from __future__ import annotations

from typing import Any

from console.model.names import Role
from console.observe.engine import EngineError
from console.observe.engine.facts import PD_PORT

from .lab import Lab

DEADLINE_S = 4.0
API = "/pd/api/v1"


async def ask(lab: Lab, method: str, path: str, body: Any = None) -> Any:
    """The decoded answer of the first member that gives one. Raises EngineError (`missing` for a 404)."""
    import httpx

    last = "no PD member is running"
    for member in await lab.containers():
        base = member.url(PD_PORT) if member.role is Role.PD and member.running and not member.paused else None
        if base is None:
            continue
        try:
            async with httpx.AsyncClient(timeout=DEADLINE_S, trust_env=False) as client:
                answer = await client.request(method, f"{base}{API}{path}", json=body)
        except httpx.HTTPError as error:
            last = f"{member.service}: {type(error).__name__}"
            continue
        if answer.status_code == 404:
            raise EngineError(f"PD: {method} {path}: {answer.text.strip()[:160]}", 404)
        if answer.status_code < 300:
            return _decoded(answer.text)
        last = f"{member.service}: {answer.status_code} {answer.text.strip()[:160]}"
        if answer.status_code < 500:
            raise EngineError(f"PD: {method} {path}: {last}", answer.status_code)
    raise EngineError(f"PD: {method} {path}: {last}")


def _decoded(text: str) -> Any:
    import json

    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return text


async def store_id(lab: Lab, service: str) -> int:
    """PD's number of a store. Raises EngineError where PD knows none of that address."""
    answer = await ask(lab, "GET", "/stores")
    for item in answer.get("stores", []) if isinstance(answer, dict) else []:
        store = item.get("store", {})
        if str(store.get("address", "")).split(":")[0] == service:
            return int(store["id"])
    raise EngineError(f"PD knows no store at {service}")


async def leader(lab: Lab) -> str:
    """The name of PD's leader. Raises EngineError."""
    answer = await ask(lab, "GET", "/leader")
    if not isinstance(answer, dict) or not answer.get("name"):
        raise EngineError("PD has no leader at present")
    return str(answer["name"])
