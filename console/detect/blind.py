"""Data-plane mode: what is left of an observation when only running, exited and restarting may be known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.model.observation import DOCKER, LAB, Observation

_EVENTS = ("die", "start")
_KEPT = ("name", "exitCode", "com.docker.compose.service", "com.docker.compose.project")
_RUNNING = ("running", "paused")


def data_plane(obs: Observation) -> Observation | None:
    """The observation as the data plane would have it; None where nothing is left.

    Of Docker: running, exited with its code, restarting. No command events, no paused flag, no limits, no networks,
    no statistics. What the injector did (`lab`) is dropped in every mode.
    """
    if obs.src == LAB:
        return None
    if obs.src != DOCKER:
        return obs
    if obs.kind == "event":
        return _event(obs)
    if obs.kind == "containers" and isinstance(obs.data, list):
        rows = [_row(r) for r in obs.data if isinstance(r, Mapping)]
        return Observation(obs.t, obs.src, obs.kind, rows)
    return None


def _event(obs: Observation) -> Observation | None:
    data = obs.data if isinstance(obs.data, Mapping) else {}
    if data.get("Type") != "container" or data.get("Action") not in _EVENTS:
        return None
    actor = data.get("Actor")
    attributes = actor.get("Attributes") if isinstance(actor, Mapping) else None
    kept = {k: v for k, v in attributes.items() if k in _KEPT} if isinstance(attributes, Mapping) else {}
    reduced = {"Type": "container", "Action": data["Action"], "Actor": {"Attributes": kept}}
    return Observation(obs.t, obs.src, obs.kind, reduced)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    state = str(row.get("state", "unknown"))
    kept = {k: row[k] for k in ("name", "id", "labels", "service", "exit_code", "image") if k in row}
    return {**kept, "state": "running" if state in _RUNNING else state}
