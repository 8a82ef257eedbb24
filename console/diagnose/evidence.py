"""What is known for and against each explanation: findings and absences as named clues of one component."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median, pstdev

from console.detect.carrier import CARRIES
from console.model.cluster import Cluster, Container
from console.model.incident import Finding, Incident, Vantage
from console.model.names import Role, role_of
from console.model.observation import Reach

CAME_BACK_S = 6.0  # exited and running again within this: a restart, not an outage
FINE_AFTER_S = 3.0
FRESH_AFTER_S = 16.0
STAYED_AFTER_S = 25.0
_EVENTS = {
    "pause": "paused by command",
    "disconnect": "taken off its network by command",
    "restart": "restarted by command",
    "update": "given new limits by command",
    "stop": "stopped by command",
}


@dataclass
class Evidence:
    """The clues present for one component, each with the sentence that says so, and which vantage points can see.

    `elapsed`: seconds since the incident began; a clue that needs longer than that to show is not missing yet.
    """

    component: str
    role: Role
    elapsed: float
    clues: dict[str, str] = field(default_factory=dict)
    sees: set[str] = field(default_factory=set)

    def add(self, clue: str, sentence: str) -> None:
        """Note a clue; the first sentence for it stays."""
        self.clues.setdefault(clue, sentence)

    def missing(self, clue: str) -> bool:
        """True where a vantage point that could show this clue is there and does not show it."""
        return clue not in self.clues and clue.split(".", 1)[0] in self.sees


def gather(incident: Incident, cluster: Cluster, component: str, *, blind: bool) -> Evidence:
    """All that is known of one component within one incident."""
    end = incident.over if incident.over is not None else cluster.t
    ev = Evidence(component, role_of(component), max(0.0, end - incident.began))
    for finding in incident.findings:
        if finding.symptom in _BUSY and finding is not _busiest(incident, end):
            continue
        if finding.component == component or finding.component is None:
            _from_finding(ev, finding, incident.began)
    _vantage_points(ev, cluster, blind)
    container = cluster.containers.get(component)
    if container is not None:
        _from_container(ev, container, incident, cluster, blind)
    if ev.role is Role.STORE:
        _from_store(ev, cluster)
    if ev.role is Role.PD and component in (cluster.leader, cluster.previous_leader):
        ev.add("pd.was-leader", f"{component} was PD leader")
    _from_workload(ev, incident, cluster, end)
    return ev


def _busiest(incident: Incident, end: float) -> Finding | None:
    """Of what was said of who works harder, what stood longest: a load that begins or ends looks like anything."""
    said = [f for f in incident.findings if f.symptom in _BUSY and f.seen - incident.began <= BUSY_WITHIN_S]
    return max(said, key=lambda f: (f.cleared if f.cleared is not None else end) - f.seen, default=None)


def told(t: float, began: float, who: str, text: str) -> str:
    """One line of evidence: who saw it, when (seconds after the incident began), and what."""
    after = round(t - began, 1) or 0.0  # never minus zero
    return f"{who} {after:+.1f} s: {text}"


OWN_ADDRESS = ("hangs", "out-of-reach")
_REACH = {"refused", "silent", "unreachable", "closed"}
# What a store's own metrics say is a family of its own, so that its absence counts only where metrics are had.
_METRICS = {
    "disk-waits",
    "commit-waits",
    "cpu-waits",
    "fewer-cores",
    "disk-full",
    "peers-lost",
    "peers-slow",
    "pd-lost",
}
FLAT = 0.03  # guides/tikv.md 4.4: a bandwidth cap leaves a plateau with a deviation below 2 %
RAGGED = 0.45
TRICKLE = 10.0  # ops/s; through a cut goes what clients retry elsewhere, one or two a second; more than that has a way
# A loss picks its victims by chance, and of a hundred turns chance alone makes 10 %; a delay is the same for all.
EVEN = 0.04
_BUSY = ("all-busy", "one-busy")
_FAMILIES = dict.fromkeys(OWN_ADDRESS, "direct") | dict.fromkeys(_METRICS, "metrics") | dict.fromkeys(_BUSY, "busy")
_FAMILIES["foreign-load"] = "busy"
BUSY_WITHIN_S = 20.0  # later than this it is the load coming back, or a store taking over
FLAPS = 3  # times within one incident


def _from_finding(ev: Evidence, f: Finding, began: float) -> None:
    if f.symptom == CARRIES and f.attrs.get("store") != ev.component:
        return
    sentence = told(f.seen, began, f.vantage.value, f.text)
    if f.symptom in _REACH:
        ev.add(f"reach.{f.symptom}", sentence)
        if f.symptom == "refused":
            _end(ev, f, sentence)
        if f.times >= 2:
            text = f"it came and went {f.times} times"
            ev.add("reach.flaps" if f.times >= FLAPS else "reach.twice", told(f.seen, began, f.vantage.value, text))
        return
    if family := _FAMILIES.get(f.symptom):
        ev.add(f"{family}.{f.symptom}", sentence)
        return
    if f.symptom == "slow":
        ev.add(f"rtt.{f.attrs.get('shape', 'slow')}", sentence)
        return
    if f.symptom == "leader-lost":
        _leader_lost(ev, f, sentence)
        return
    ev.add(f"{f.vantage.value}.{f.symptom}", sentence)
    if f.symptom in ("paused", "no-network") and f.times >= FLAPS:
        ev.add("engine.flaps", told(f.seen, began, f.vantage.value, f"{f.symptom} {f.times} times over"))
    if f.symptom == "exited":
        _exit(ev, f)
    if f.symptom == "leader-moved" and f.attrs.get("quiet"):
        ev.add("pd.leader-moved-quietly", sentence)
    if f.attrs.get("evicting"):
        ev.add("pd.evicting", told(f.seen, began, "pd", "an evict-leader scheduler is active"))


def _leader_lost(ev: Evidence, f: Finding, sentence: str) -> None:
    if f.attrs.get("leader") == ev.component:
        ev.add("pd.leader-lost", sentence)
        ev.add("reach.silent" if f.attrs.get("how") == "silence" else "reach.gone", sentence)


def _end(ev: Evidence, f: Finding, sentence: str) -> None:
    """How a port ended and whether it was soon back: all there is of a process where no engine is asked."""
    if f.attrs.get("end") == "orderly":
        ev.add("reach.closing", sentence)
    if f.cleared is not None and f.cleared - f.onset <= CAME_BACK_S and f.times == 1:
        ev.add("reach.came-back", f"its port answered again after {f.cleared - f.onset:.1f} s")


def _exit(ev: Evidence, f: Finding) -> None:
    if code := f.attrs.get("exit_code"):
        ev.add(f"docker.exit-{code}", ev.clues.get("docker.exited", f"exit code {code}"))
    if f.cleared is not None and f.cleared - f.onset <= CAME_BACK_S and f.times == 1:
        ev.add("docker.came-back", f"it was running again after {f.cleared - f.onset:.1f} s")
    if f.times >= 3:
        ev.add("docker.died-often", f"it died {f.times} times")


def _vantage_points(ev: Evidence, cluster: Cluster, blind: bool) -> None:
    if ev.component in cluster.containers:
        ev.sees.add("docker")
        if not blind:
            ev.sees.add("engine")
    store, member = cluster.stores.get(ev.component), cluster.members.get(ev.component)
    if (store and store.status.at) or (member and member.probes):
        ev.sees.add("reach")
    if store and store.status.rtt_usual_ms is not None:
        ev.sees.add("rtt")
    if store and store.metrics is not None and store.metrics.rates:
        ev.sees.add("metrics")
    if any(s.metrics is not None for s in cluster.stores.values()) or any(
        c.stats is not None for c in cluster.containers.values()
    ):
        ev.sees.add("busy")
    if cluster.members:
        ev.sees.add("pd")
    if len(cluster.workload.intervals) >= 8:
        ev.sees |= {"workload", "client"}


def _from_container(ev: Evidence, c: Container, incident: Incident, cluster: Cluster, blind: bool) -> None:
    if "docker.exited" not in ev.clues and c.state in ("running", "paused", "restarting"):
        ev.add("docker.running", "the engine shows its process alive throughout")
        if "reach.refused" in ev.clues or "reach.closed" in ev.clues:
            ev.add("docker.alive-but-refused", "its process is alive and its port refuses: the way to it is cut")
    if blind:
        return
    # Flags the data plane does not have get a family of their own, so that their absence counts only where seen.
    for name in ("paused", "no-network", "throttled", "oom"):
        if sentence := ev.clues.pop(f"docker.{name}", None):
            ev.add(f"engine.{name}", sentence)
    end = incident.over if incident.over is not None else cluster.t
    for e in cluster.events:
        if e.service != ev.component or not incident.began - 3.0 <= e.t <= end + 1.0:
            continue
        if e.action == "kill":
            signal = (e.signal or "").upper().removeprefix("SIG")
            kind = {"9": "kill", "KILL": "kill", "15": "term", "TERM": "term"}.get(signal, "signal")
            ev.add(f"engine.event-{kind}", told(e.t, incident.began, "docker", f"signal {e.signal} was sent to it"))
        elif e.action in _EVENTS and e.t <= incident.began + 20.0:
            ev.add(f"engine.event-{e.action}", told(e.t, incident.began, "docker", _EVENTS[e.action]))


def _from_store(ev: Evidence, cluster: Cluster) -> None:
    store = cluster.stores.get(ev.component)
    if store is None:
        return
    silent = any(k.startswith("reach.") for k in ev.clues)
    if not silent and store.status.reach is Reach.OK and ev.elapsed >= FINE_AFTER_S:
        ev.add("reach.fine", "its status port answered throughout")
    pd = store.pd
    if pd is None:
        return
    late = any(k in ev.clues for k in ("pd.heartbeat-late", "pd.disconnected"))
    if not late and pd.state == "Up" and ev.elapsed >= FRESH_AFTER_S:
        ev.add("pd.fresh", "PD gets its heartbeats on time")
    if (pd.leaders or 0) > 0 and "pd.leaders-left" not in ev.clues and ev.elapsed >= STAYED_AFTER_S:
        ev.add("pd.leaders-stayed", f"PD still shows {pd.leaders} region leaders on it")


def _from_workload(ev: Evidence, incident: Incident, cluster: Cluster, end: float) -> None:
    _shape(ev, incident, cluster, end)
    if "workload" not in ev.sees or ev.elapsed < FINE_AFTER_S + 1:
        return
    if not any(k in ev.clues for k in ("workload.stalled", "workload.fallen", "workload.no-lines")):
        ev.add("workload.fine", "throughput holds")


def _shape(ev: Evidence, incident: Incident, cluster: Cluster, end: float) -> None:
    """How throughput fell: to a flat level, to a ragged one, to next to nothing."""
    felt = next((f for f in incident.findings if f.symptom in ("fallen", "stalled")), None)
    if felt is None:
        return
    past = [i.ops for i in cluster.workload.intervals if i.t < felt.onset][-60:]
    low_until = min(end, felt.onset + 30.0, felt.cleared - 1.0 if felt.cleared is not None else end)
    during = [i for i in cluster.workload.intervals if felt.onset + 1.5 < i.t < low_until]
    if len(past) < 8 or len(during) < 6:
        return
    # In pairs: go-ycsb gives its times in tenths of a second, which alone makes 5 % of noise an interval.
    now = [(a.count + b.count) / (a.seconds + b.seconds) for a, b in zip(during[::2], during[1::2], strict=False)]
    usual, mean = median(past), sum(now) / len(now)
    if usual <= 0 or mean <= 0:
        return
    spread = pstdev(now) / mean
    text = f"workload {felt.seen - incident.began:+.1f} s: throughput is at {mean / usual:.0%} of what is usual, "
    if mean < 0.06 * usual:
        ev.add("shape.next-to-nothing", text + "next to nothing")
        if median(now) >= TRICKLE:
            ev.add("shape.trickle", text + f"and still {median(now):.0f} ops/s get through")
            if spread < EVEN:
                ev.add("shape.even", text + f"even to {spread:.1%}")
    elif spread < FLAT:
        ev.add("shape.plateau", text + f"flat to {spread:.1%}")
    elif spread > RAGGED:
        ev.add("shape.ragged", text + "ragged")
    elif mean < 0.75 * usual:
        ev.add("shape.part", text + "wandering as before")


ANYWHERE = "cluster"  # a place not known


def candidates(incident: Incident, cluster: Cluster) -> tuple[str, ...]:
    """Components an explanation may name: those found, else the PD leader that was lost; else, where only clients
    suffer, the client and the one store that carries it, or a place not known."""
    if incident.components:
        return incident.components
    leaders = {f.attrs["leader"] for f in incident.findings if f.symptom == "leader-lost" and f.attrs.get("leader")}
    if leaders:
        return tuple(sorted(leaders))
    client = next((c.service for c in cluster.containers.values() if c.role is Role.LOAD), "ycsb")
    carrier = next((f.attrs["store"] for f in incident.findings if f.symptom == CARRIES), ANYWHERE)
    clients = any(f.vantage is Vantage.WORKLOAD or f.symptom == "foreign-load" for f in incident.findings)
    return (carrier, client) if clients else ()
