"""The detection timer: from the moment before the engine call to the moment all is well again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from console.model.diagnosis import DiagnosisRun
from console.model.fault import Injection, InjectionState
from console.model.incident import Incident, Vantage
from console.model.view import Timer

LANES = tuple(v.value for v in Vantage)
BEFORE_S = 1.0  # an engine event may carry a time a little before our own call's


class Timing:
    """Follows the newest injection; with none, the newest incident nobody here caused."""

    def __init__(self) -> None:
        self._timer: Timer | None = None
        self._subject: str = ""  # injection id or incident id
        self._component = ""
        self._incident = ""
        self._undone: dict[str, float] = {}

    @property
    def timer(self) -> Timer | None:
        """As it stands."""
        return self._timer

    @property
    def incident(self) -> str:
        """The incident the timer measures, once there is one."""
        return self._incident

    def undone(self, injection: str, t: float) -> None:
        """The fault was undone (its verification may go on)."""
        self._undone[injection] = t

    def update(
        self, injections: Sequence[Injection], incidents: Sequence[Incident], diagnosis: DiagnosisRun | None
    ) -> None:
        """Take the present state of everything."""
        started = [i for i in injections if i.called is not None]
        newest = max(started, key=lambda i: i.called or 0.0, default=None)
        if newest is not None and newest.id != self._subject and self._later(newest.called or 0.0):
            self._begin(newest.id, newest.component, Timer(f"{newest.kind} {newest.component}", newest.called or 0.0))
        if newest is None or self._subject != newest.id:
            self._unannounced(incidents)
        if self._timer is None:
            return
        timer = self._timer
        if newest is not None and newest.id == self._subject:
            timer = replace(timer, returned=newest.returned, reverted=self._reverted(newest))
        self._timer = self._lanes(timer, incidents, diagnosis)

    def _later(self, t: float) -> bool:
        return self._timer is None or t > self._timer.zero

    def _begin(self, subject: str, component: str, timer: Timer) -> None:
        self._subject, self._component, self._incident = subject, component, ""
        self._timer = timer

    def _unannounced(self, incidents: Sequence[Incident]) -> None:
        newest = incidents[-1] if incidents else None
        if newest is None or newest.id in (self._subject, self._incident):
            return
        if self._timer is not None and self._timer.running and newest.began <= self._timer.zero:
            return
        if self._timer is not None and self._timer.running and self._subject and not self._subject.startswith("i"):
            return
        self._begin(newest.id, newest.component, Timer(f"seen: {newest.component}", newest.began))

    def _reverted(self, injection: Injection) -> float | None:
        return self._undone.get(injection.id)

    def _lanes(self, timer: Timer, incidents: Sequence[Incident], diagnosis: DiagnosisRun | None) -> Timer:
        incident = self._mine(incidents)
        if incident is None:
            running = timer.reverted is None
            return replace(timer, lanes=tuple((lane, None) for lane in LANES), running=running)
        self._incident = incident.id
        seen = incident.detected()
        lanes = tuple((lane, max(seen[lane], timer.zero) if lane in seen else None) for lane in LANES)
        timer = replace(timer, lanes=lanes, recovered=incident.over, running=incident.over is None)
        if diagnosis is not None and diagnosis.incident == incident.id:
            timer = replace(timer, first_token=diagnosis.first_text, diagnosed=diagnosis.finished)
        return timer

    def _mine(self, incidents: Sequence[Incident]) -> Incident | None:
        if self._timer is None:
            return None
        for incident in incidents:
            if incident.id in (self._subject, self._incident):
                return incident
        places = set(self._component.split(","))
        for incident in incidents:
            starts = incident.began >= self._timer.zero - BEFORE_S
            if starts and (not incident.components or places & set(incident.components)):
                return incident
        return None


def finished(injection: Injection) -> bool:
    """True when nothing of an injection is left to time."""
    return injection.state in (InjectionState.REVERTED, InjectionState.GONE)
