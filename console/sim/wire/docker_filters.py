"""The engine's `filters` parameter: parsed, checked, applied."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from console.sim.physics.containers import Container
from console.sim.physics.engine import EngineError
from console.sim.physics.engine_events import EngineEvent
from console.sim.physics.world import World

Filters = dict[str, list[str]]
CONTAINER_KEYS = frozenset(
    {"ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "label!", "name",
     "network", "publish", "since", "status", "volume"}
)  # fmt: skip
STATES = frozenset({"created", "restarting", "running", "removing", "paused", "exited", "dead"})


def parse_filters(text: str) -> Filters:
    """`{"label":["a=b"]}` or the older `{"label":{"a=b":true}}`. Raises EngineError as the engine answers."""
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        raise EngineError(500, f"invalid character '{text[:1]}' looking for beginning of value") from None
    if not isinstance(value, dict):
        raise EngineError(400, "invalid filter")
    filters: Filters = {}
    for key, wanted in value.items():
        if isinstance(wanted, dict):
            filters[str(key)] = [str(k) for k, on in wanted.items() if on]
        elif isinstance(wanted, list):
            filters[str(key)] = [str(k) for k in wanted]
        else:
            raise EngineError(400, "invalid filter")
    return filters


def labelled(labels: Mapping[str, str], wanted: Iterable[str]) -> bool:
    """All of `key` or `key=value`."""
    for text in wanted:
        key, _, value = text.partition("=")
        if key not in labels or ("=" in text and labels[key] != value):
            return False
    return True


def _named(name: str, wanted: list[str]) -> bool:
    return not wanted or any(_search(w, name) or _search(w, f"/{name}") for w in wanted)


def _search(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return pattern in text


def containers(world: World, filters: Filters, everything: bool) -> list[Container]:
    """The containers a list shows, newest first. Raises EngineError 400 for an unknown filter or state."""
    for key in filters:
        if key not in CONTAINER_KEYS:
            raise EngineError(400, f"Invalid filter '{key}'")
    for state in filters.get("status", []):
        if state not in STATES:
            raise EngineError(400, f"Invalid filter 'status={state}'")
    shown = everything or bool(filters.get("status"))
    found = [c for c in world.engine.containers.values() if (shown or c.alive) and _fits(c, filters)]
    return found[::-1]


def _fits(c: Container, filters: Filters) -> bool:
    states, networks, ids = filters.get("status"), filters.get("network"), filters.get("id")
    exited = filters.get("exited")
    return (
        labelled(c.labels, filters.get("label", []))
        and not any(labelled(c.labels, [w]) for w in filters.get("label!", []))
        and _named(c.name, filters.get("name", []))
        and (not ids or any(c.id.startswith(i) for i in ids))
        and (not states or c.status in states)
        and (not networks or any(n in c.endpoints for n in networks))
        and (not exited or (not c.alive and str(c.exit_code) in exited))
        and (not filters.get("ancestor") or any(a in (c.image.tag, c.image.id) for a in filters["ancestor"]))
    )


def event_fits(event: EngineEvent, filters: Filters) -> bool:
    """Whether an event passes."""
    kinds, actions = filters.get("type"), filters.get("event")
    if kinds and event.kind not in kinds:
        return False
    head = event.action.split(":", 1)[0]
    if actions and event.action not in actions and head not in actions:
        return False
    name = event.attributes.get("name", "")
    for key in ("container", "network"):
        wanted = filters.get(key)
        if wanted and not (
            event.kind == key and any(event.actor.startswith(w) or name == w.lstrip("/") for w in wanted)
        ):
            return False
    images = filters.get("image")
    if images and event.attributes.get("image") not in images:
        return False
    return labelled(event.attributes, filters.get("label", []))
