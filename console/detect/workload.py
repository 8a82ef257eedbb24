"""What the client's own output says beside its numbers: no output at all, and whom its log names."""

from __future__ import annotations

from statistics import median

from console.model.cluster import Cluster
from console.model.incident import Finding, Vantage
from console.model.names import Role, role_of

from .base import observer_sick
from .ledger import Ledger

BASELINE = 60  # intervals
BASELINE_MIN = 8
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
        if quiet and not ended and not (source and not source.ok) and not observer_sick(cluster):
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
