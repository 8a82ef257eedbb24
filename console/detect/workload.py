"""What the clients feel: throughput gone or fallen, no output at all, and whom their own log names."""

from __future__ import annotations

from statistics import median

from console.model.cluster import Cluster, Interval, Workload
from console.model.incident import Finding, Vantage
from console.model.names import Role, role_of

from .ledger import Ledger

BASELINE = 60  # intervals
BASELINE_MIN = 8
STALLED = 0.02  # of the baseline
FALLEN = 0.45
RECOVERED = 0.6
FALLEN_ROW = 3  # intervals
QUIET_INTERVALS = 3.0
COMPLAINT_OVER_S = 4.0
# Complaints that name a store and are worth an incident by themselves, and how many of them it takes.
_ENOUGH = {
    "refused": 1,
    "reset": 1,
    "no-such-host": 2,
    "timed-out": 1,
    "keepalive": 1,
    "no-connection": 3,
    "deadline": 4,
}
_WORDS = {
    "refused": "is refused by",
    "reset": "had its connection reset by",
    "no-such-host": "finds no address for",
    "timed-out": "times out connecting to",
    "keepalive": "gets no keepalive answer from",
    "no-connection": "has no usable connection to",
    "deadline": "waits in vain for",
    "busy": "is told to wait by",
    "pd-error": "gets errors from",
}


class ThroughputDetector:
    """One vantage point: the workload's own numbers, judged against their own recent past."""

    def __init__(self) -> None:
        self._seen = -1.0
        self._past: list[float] = []
        self._run = 0
        self._low: list[Interval] = []

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Take in the newest interval, if there is one."""
        load = cluster.workload
        if load.run != self._run:
            self._run, self._past, self._low = load.run, [], []
        for interval in _newer(load, self._seen):
            self._seen = interval.t
            self._judge(interval, ledger)

    def _judge(self, now: Interval, ledger: Ledger) -> None:
        if len(self._past) < BASELINE_MIN:
            self._past.append(now.ops)
            return
        usual = median(self._past[-BASELINE:])
        ratio = now.ops / usual if usual > 0 else 1.0
        if ratio < FALLEN:
            self._low.append(now)
        self._stalled(now, ratio, usual, ledger)
        self._fallen(now, ratio, usual, ledger)
        if ratio >= RECOVERED:
            self._low = []
        if not self._low:
            self._past = [*self._past[-BASELINE:], now.ops]

    def _stalled(self, now: Interval, ratio: float, usual: float, ledger: Ledger) -> None:
        if ratio <= STALLED:
            row = [i for i in self._low if i.ops <= usual * STALLED]
            onset = self._onset(self._low[0], usual)
            text = f"throughput fell from {usual:,.0f} to {now.ops:,.0f} ops/s"
            ledger.raise_(
                Finding(Vantage.WORKLOAD, "stalled", None, onset, now.t, text, alone=len(row) >= 2, value=ratio)
            )
        elif ratio >= FALLEN:
            ledger.clear(Vantage.WORKLOAD, "stalled", None, now.t)

    def _fallen(self, now: Interval, ratio: float, usual: float, ledger: Ledger) -> None:
        partly = all(i.ops > usual * STALLED for i in self._low)
        if len(self._low) >= FALLEN_ROW and partly:
            mean = sum(i.ops for i in self._low) / len(self._low)
            text = f"throughput fell from {usual:,.0f} to about {mean:,.0f} ops/s"
            ledger.raise_(
                Finding(
                    Vantage.WORKLOAD, "fallen", None, self._onset(self._low[0], usual), now.t, text, value=mean / usual
                )
            )
        elif ratio >= RECOVERED:
            ledger.clear(Vantage.WORKLOAD, "fallen", None, now.t)

    def _onset(self, first: Interval, usual: float) -> float:
        """Where in the first low interval it broke off, by how much of it was still done at the usual rate."""
        share = min(1.0, first.count / (usual * first.seconds)) if usual > 0 else 0.0
        return first.t - first.seconds * (1 - share)


def _newer(load: Workload, t: float) -> list[Interval]:
    fresh = []
    for interval in reversed(load.intervals):
        if interval.t <= t:
            break
        fresh.append(interval)
    return fresh[::-1]


class ClientSilenceDetector:
    """No new lines is not zero throughput: the client itself is stopped, or its output is lost to us."""

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Compare the age of the last line with the usual interval."""
        load = cluster.workload
        if load.last_summary is None or len(load.intervals) < BASELINE_MIN:
            return
        box = next((c for c in cluster.containers.values() if c.role is Role.LOAD), None)
        name = box.service if box else "ycsb"
        source = cluster.sources.get("ycsb")
        usual = median(i.seconds for i in load.intervals[-BASELINE:])
        last = max(load.last_summary, load.last_line or 0.0)
        quiet = cluster.t - last > QUIET_INTERVALS * usual + 0.5
        ended = load.finished or (box is not None and box.state in ("exited", "created", "dead", "removed"))
        if quiet and not ended and not (source and not source.ok):
            text = f"{name} has printed nothing for {cluster.t - last:.1f} s: no data, which is not zero"
            ledger.raise_(Finding(Vantage.WORKLOAD, "no-lines", name, load.last_summary + usual / 2, cluster.t, text))
        elif not quiet or ended:
            ledger.clear(Vantage.WORKLOAD, "no-lines", name, last)


class ComplaintDetector:
    """The client's own log names the store it cannot talk to (guides/tikv.md 0.5: the fastest witness)."""

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Raise what is complained of now, clear what no longer is."""
        current = cluster.workload.complaints
        for (service, kind), c in current.items():
            if role_of(service) not in (Role.STORE, Role.PD):
                continue
            symptom = f"client-{kind}"
            if cluster.t - c.at > COMPLAINT_OVER_S:
                ledger.clear(Vantage.WORKLOAD, symptom, service, c.at)
                continue
            text = f"the client {_WORDS.get(kind, 'complains of')} {service}"
            alone = c.count >= _ENOUGH.get(kind, 1_000_000)
            ledger.raise_(Finding(Vantage.WORKLOAD, symptom, service, c.first, c.at, text, alone=alone))
        for vantage, symptom, component in list(ledger.active):
            about = (component, symptom.removeprefix("client-"))
            if vantage is Vantage.WORKLOAD and symptom.startswith("client-") and about not in current:
                ledger.clear(vantage, symptom, component, cluster.t)
