"""What the model may look at by itself, where it is allowed to: three questions that change nothing, and how many."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Looker = Callable[[str, Mapping[str, Any]], Awaitable[str]]

PD_PATHS = (
    "stores", "members", "health", "schedulers", "operators", "config/replicate", "regions/check/miss-peer",
    "regions/check/down-peer", "regions/check/pending-peer", "regions/check/offline-peer", "hotspot/regions/write",
)  # fmt: skip
MOST_LINES = 20


def _tool(name: str, description: str, **properties: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}
    return {"name": name, "description": description, "input_schema": schema}


LOOKS: tuple[dict[str, Any], ...] = (
    _tool(
        "pd_query",
        "GET one path of PD's API at the first member that answers. Read-only.",
        path={"type": "string", "enum": list(PD_PATHS)},
    ),
    _tool(
        "log_tail",
        f"The last lines of one component's log, at most {MOST_LINES}.",
        component={"type": "string"},
        lines={"type": "integer"},
    ),
    _tool(
        "region_check",
        "Peers, leader, pending and down peers of one region as PD knows them.",
        region={"type": "integer"},
    ),
)
