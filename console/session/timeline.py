"""The event timeline: what happened, a line each, from everything a session notices. Bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from console.model.cluster import Cluster
from console.model.incident import Incident
from console.model.observation import CONSOLE, DOCKER, Observation
from console.model.text import clean
from console.model.view import Event

LENGTH = 1000
_DOCKER = {
    "die": ("exited", "bad"),
    "kill": ("got signal {signal}", "warn"),
    "pause": ("paused", "warn"),
    "unpause": ("resumed", "good"),
    "start": ("started", "good"),
    "stop": ("stopped", "warn"),
    "restart": ("restarted", "warn"),
    "oom": ("ran out of memory", "bad"),
    "update": ("got new limits", "warn"),
    "destroy": ("removed", "bad"),
    "disconnect": ("left a network", "warn"),
    "connect": ("joined a network", "good"),
}


class Timeline:
    """Keeps the newest events; `tuple()` of it is what a view shows."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._frozen: tuple[Event, ...] | None = ()
        self._leader: str | None = None
        self._sources: dict[str, bool] = {}
        self._seen: set[tuple[str, str]] = set()
        self._over: set[str] = set()
        self._engine_events = 0

    @property
    def events(self) -> tuple[Event, ...]:
        """Oldest first."""
        if self._frozen is None:
            self._frozen = tuple(self._events)
        return self._frozen

    def add(self, t: float, source: str, text: str, tone: str = "info") -> None:
        """Put one line; untrusted text is cleaned here."""
        event = Event(t, source, clean(text, 300), tone)
        late = 0  # what is only known afterwards goes where it happened
        while late < min(50, len(self._events)) and self._events[-1 - late].t > t:
            late += 1
        if len(self._events) == LENGTH:
            self._events.popleft()
        self._events.insert(max(0, len(self._events) - late), event)
        self._frozen = None

    def observe(self, obs: Observation, cluster: Cluster) -> None:
        """What an observation itself is worth a line."""
        if obs.src == DOCKER and obs.kind == "event":
            self._docker(cluster)
        elif obs.src == CONSOLE and obs.kind.startswith("source/"):
            self._source(obs.t, cluster)
        elif cluster.leader != self._leader:
            before, self._leader = self._leader, cluster.leader
            text = f"PD leader is {cluster.leader}" + (f", was {before}" if before else "")
            self.add(obs.t, "pd", text, "warn" if before else "info")

    def _docker(self, cluster: Cluster) -> None:
        if not cluster.events:
            return
        event = cluster.events[-1]
        said = _DOCKER.get(event.action)
        box = cluster.containers.get(event.service)
        dying = event.action in ("connect", "disconnect") and (box is None or box.state != "running")
        if said is None or dying:
            return
        text = said[0].format(signal=event.signal or "?")
        code = "" if event.exit_code is None else f" with code {event.exit_code}"
        self.add(event.t, "docker", f"{event.service} {text}{code}", said[1])

    def _source(self, t: float, cluster: Cluster) -> None:
        for source in cluster.sources.values():
            before = self._sources.get(source.name)
            if source.ok == before:
                continue
            self._sources[source.name] = source.ok
            if not source.ok:
                self.add(t, "console", f"source {source.name} is lost: {source.error}", "warn")
            elif before is not None:
                self.add(t, "console", f"source {source.name} is back", "good")

    def incidents(self, t: float, incidents: Iterable[Incident]) -> None:
        """Each vantage point's first sight of each incident, and its end."""
        for incident in incidents:
            for vantage, seen in sorted(incident.detected().items(), key=lambda x: x[1]):
                if (incident.id, vantage) in self._seen:
                    continue
                self._seen.add((incident.id, vantage))
                first = next(f for f in incident.findings if f.vantage.value == vantage and f.seen == seen)
                self.add(seen, "detected", f"by {vantage}: {first.text}", "bad")
            if incident.over is not None and incident.id not in self._over:
                self._over.add(incident.id)
                self.add(t, "console", f"{incident.component} is well again", "good")
            elif incident.over is None:
                self._over.discard(incident.id)
