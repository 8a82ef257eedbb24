"""Detection and rules over one stream: what `replay`, the evaluation and a session all run."""

from __future__ import annotations

from dataclasses import dataclass

from console.detect import Detection
from console.model.cluster import Cluster
from console.model.diagnosis import Diagnosis
from console.model.incident import Incident
from console.model.observation import Observation

from .rules import diagnose


@dataclass(frozen=True, slots=True)
class Judged:
    """An incident and the rules' present opinion of it."""

    incident: Incident
    diagnosis: Diagnosis


class Watch:
    """Feed it observations; read `cluster` and `judged`. An incident is judged anew while it changes."""

    def __init__(self, *, blind: bool = False, sparse: bool = False) -> None:
        self.detection = Detection(blind=blind, sparse=sparse)
        self._judged: dict[str, Judged] = {}
        self._judged_at = -1.0

    @property
    def cluster(self) -> Cluster:
        """The folded cluster, as detection sees it."""
        return self.detection.cluster

    @property
    def judged(self) -> tuple[Judged, ...]:
        """All incidents with their diagnoses, oldest first."""
        return tuple(self._judged.values())

    def feed(self, obs: Observation) -> bool:
        """One observation; True where an incident or its diagnosis changed."""
        changed = self.detection.feed(obs)
        return self._judge(changed)

    def advance(self, t: float) -> bool:
        """Time passes to `t`."""
        changed = self.detection.advance(t)
        return self._judge(changed)

    def _judge(self, changed: bool) -> bool:
        open_ones = any(j.incident.over is None for j in self._judged.values())
        if not changed and not (open_ones and self.cluster.t - self._judged_at >= 1.0):
            return False
        self._judged_at = self.cluster.t
        present = {i.id for i in self.detection.incidents}
        merged = [i for i in self._judged if i not in present]  # one that turned out to be part of another
        for gone in merged:
            del self._judged[gone]
        touched = bool(merged)
        for incident in self.detection.incidents:
            known = self._judged.get(incident.id)
            if known and known.incident is incident and incident.over is not None:
                continue
            if known and known.incident == incident and incident.over is not None:
                continue
            judged = Judged(incident, diagnose(incident, self.cluster, blind=self.detection.blind))
            touched = touched or judged != known
            self._judged[incident.id] = judged
        return touched
