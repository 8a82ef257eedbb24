"""What the Docker engine says: containers, events, statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from console.model.cluster import Cluster, Container, EngineEvent, Stats
from console.model.names import role_of, service_of
from console.model.observation import Observation

MAX_EVENTS = 200
_STATE_AFTER = {
    "start": "running",
    "unpause": "running",
    "pause": "paused",
    "die": "exited",
    "destroy": "removed",
}
_KEPT_ACTIONS = {"kill", "stop", "restart", "update", "oom", "rename", *_STATE_AFTER}


def service_name(row: Mapping[str, Any]) -> str:
    """The Compose service of a container row or of event attributes: its label, else by its name."""
    labels = row.get("labels")
    label = labels.get("com.docker.compose.service") if isinstance(labels, Mapping) else None
    label = label or row.get("service") or row.get("com.docker.compose.service")
    return str(label) if label else service_of(str(row.get("name", "")))


def fold_containers(cluster: Cluster, obs: Observation) -> Cluster:
    """`containers`: a list of `{name, state, networks}` and, where known, id, image, labels, limits, exit code."""
    if not isinstance(obs.data, list):
        return cluster
    containers = dict(cluster.containers)
    listed = set()
    for row in obs.data:
        if not isinstance(row, Mapping) or not row.get("name"):
            continue
        service = service_name(row)
        listed.add(service)
        containers[service] = _listed(containers.get(service), row, service, obs.t)
    for service, known in containers.items():
        if service not in listed and known.state != "removed":
            containers[service] = replace(known, state="removed", since=obs.t)
    return replace(cluster, containers=containers)


def _listed(before: Container | None, row: Mapping[str, Any], service: str, t: float) -> Container:
    state = str(row.get("state", "unknown"))
    networks = row.get("networks")
    base = before or Container(name=str(row["name"]), service=service, role=role_of(service), since=t)
    limits, labels = row.get("limits"), row.get("labels")
    return replace(
        base,
        name=str(row["name"]),
        state=state,
        since=base.since if base.state == state else t,
        id=str(row.get("id") or base.id),
        image=str(row.get("image") or base.image),
        exit_code=row["exit_code"] if isinstance(row.get("exit_code"), int) else base.exit_code,
        oom=bool(row.get("oom", base.oom)),
        networks=tuple(str(n) for n in networks) if isinstance(networks, list) else base.networks,
        limits=dict(limits) if isinstance(limits, Mapping) else base.limits,
        labels=dict(labels) if isinstance(labels, Mapping) else base.labels,
    )


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def fold_event(cluster: Cluster, obs: Observation) -> Cluster:
    """`event`: the engine's event as it came."""
    data = obs.data
    actor = data.get("Actor") if isinstance(data, Mapping) else None
    attributes = actor.get("Attributes") if isinstance(actor, Mapping) else None
    if not isinstance(attributes, Mapping):
        return cluster
    action = str(data.get("Action", "")).split(":", 1)[0]
    if data.get("Type") == "network" and action in ("connect", "disconnect"):
        return _network(cluster, obs.t, action, attributes)
    if data.get("Type") != "container" or action not in _KEPT_ACTIONS:
        return cluster
    service = service_name(attributes)
    event = EngineEvent(
        obs.t,
        action,
        str(attributes.get("name", "")),
        service,
        _number(attributes.get("exitCode")),
        str(attributes["signal"]) if "signal" in attributes else None,
    )
    known = cluster.containers.get(service)
    cluster = _remember(cluster, event)
    if known is None:
        return cluster
    return replace(cluster, containers={**cluster.containers, service: _after(known, event)})


def _remember(cluster: Cluster, event: EngineEvent) -> Cluster:
    return replace(cluster, events=(*cluster.events[-MAX_EVENTS + 1 :], event))


def _after(known: Container, event: EngineEvent) -> Container:
    """The container after one event of its own."""
    state = _STATE_AFTER.get(event.action, known.state)
    known = replace(known, state=state, since=known.since if state == known.state else event.t)
    if event.action == "die":
        return replace(known, exit_code=event.exit_code, died=known.died + 1, died_at=event.t, stats=None)
    if event.action == "start":
        return replace(known, started=known.started + 1, started_at=event.t, oom=False, exit_code=None, stats=None)
    if event.action == "oom":
        return replace(known, oom=True)
    return known


def _network(cluster: Cluster, t: float, action: str, attributes: Mapping[str, Any]) -> Cluster:
    container_id, network = str(attributes.get("container", "")), str(attributes.get("name", ""))
    known = next((c for c in cluster.containers.values() if c.id and container_id.startswith(c.id[:12])), None)
    if known is None:
        return cluster
    networks = tuple(n for n in known.networks or () if n != network)
    if action == "connect":
        networks = (*networks, network)
    cluster = _remember(cluster, EngineEvent(t, action, known.name, known.service))
    # A dying container leaves its networks too: that is not a cut cable.
    if known.state in ("exited", "removed", "dead"):
        return cluster
    known = replace(known, networks=networks)
    return replace(cluster, containers={**cluster.containers, known.service: known})


def fold_stats(cluster: Cluster, obs: Observation) -> Cluster:
    """`stats/<container>`: counters since the container's start; rates are differences to the sample before."""
    name = obs.kind.split("/", 1)[1]
    service = next((s for s, c in cluster.containers.items() if c.name == name), service_of(name))
    known = cluster.containers.get(service)
    if known is None or not isinstance(obs.data, Mapping):
        return cluster
    values = {f: _number(obs.data.get(f)) or 0 for f in _COUNTERS}
    stats = _rates(known.stats, Stats(at=obs.t, **values))
    return replace(cluster, containers={**cluster.containers, service: replace(known, stats=stats)})


_COUNTERS = (
    "cpu_total_ns",
    "throttled_ns",
    "throttled_periods",
    "mem",
    "mem_limit",
    "rx_bytes",
    "tx_bytes",
    "pids",
)


def _rates(before: Stats | None, now: Stats) -> Stats:
    if before is None or now.at <= before.at or now.cpu_total_ns < before.cpu_total_ns:
        return now
    seconds = now.at - before.at
    return replace(
        now,
        cpu_pct=(now.cpu_total_ns - before.cpu_total_ns) / seconds / 1e7,
        throttled_pct=max(0, now.throttled_ns - before.throttled_ns) / seconds / 1e7,
        rx_rate=max(0, now.rx_bytes - before.rx_bytes) / seconds,
        tx_rate=max(0, now.tx_bytes - before.tx_bytes) / seconds,
    )
