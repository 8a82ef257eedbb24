"""What direct probes of each process hear: refusal, silence, a connection that closed."""

from __future__ import annotations

from collections.abc import Iterator

from console.model.cluster import Cluster, Probe
from console.model.incident import Finding, Vantage
from console.model.observation import Reach

from .base import observer_sick
from .ledger import Ledger

SILENCE_S = 1.0  # shortest silence that is called one
SILENCE_ROUND_TRIPS = 25  # or so many of the target's own usual round trips, whichever is longer
OWN = ("hangs", "out-of-reach")
SYMPTOMS = ("refused", "silent", "unreachable", "closed")


class ProbeDetector:
    """One vantage point: our own requests to the status port of stores and to PD's ping."""

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Judge every probed process by its own row of misses."""
        found = list(targets(cluster))
        silent = [name for name, p, _ in found if p.reach in (Reach.SILENT, Reach.UNREACHABLE)]
        # Silence of most targets at once is our own, or our network's: seen, not blamed on them.
        ours = len(found) >= 3 and len(silent) * 5 > len(found) * 3
        for name, probe, closed in found:
            symptom = _symptom(probe, closed, cluster.t)
            if symptom in ("silent", "unreachable") and (ours or observer_sick(cluster)):
                continue
            for other in SYMPTOMS:
                if other != symptom and probe.reach.answered:
                    ledger.clear(Vantage.PROBE, other, name, probe.at)
            if symptom and not ledger.has(Vantage.PROBE, symptom, name):
                onset = probe.down_since if probe.down_since is not None else cluster.t
                ledger.raise_(
                    Finding(Vantage.PROBE, symptom, name, onset, cluster.t, _text(name, symptom, probe, cluster.t))
                )
        _own_addresses(cluster, ledger)


def _own_addresses(cluster: Cluster, ledger: Ledger) -> None:
    """A published port that accepts and says nothing: past the engine's proxy a frozen process does the same, and one
    that is cut off cannot be reached (guides/diagnosis.md 3.2). After a death both are: that is told by refusal."""
    for name, own in _at_home(cluster):
        if own.reach.answered:
            for symptom in OWN:
                ledger.clear(Vantage.PROBE, symptom, name, own.at)
        elif own.misses >= 2 and ledger.has(Vantage.PROBE, "silent", name):
            if own.reach is Reach.SILENT:
                _say(ledger, "hangs", f"{name} accepts at its own address too, and does not answer", cluster.t, name)
            elif own.reach is Reach.UNREACHABLE:
                _say(ledger, "out-of-reach", f"{name} cannot be reached at its own address", cluster.t, name)


def _at_home(cluster: Cluster) -> Iterator[tuple[str, Probe]]:
    for name, store in cluster.stores.items():
        yield name, store.direct
    for name, member in cluster.members.items():
        if (own := member.probes.get("direct")) is not None:
            yield name, own


def _say(ledger: Ledger, symptom: str, text: str, t: float, name: str) -> None:
    if not ledger.has(Vantage.PROBE, symptom, name):
        ledger.raise_(Finding(Vantage.PROBE, symptom, name, t, t, text, alone=False))


def targets(cluster: Cluster) -> Iterator[tuple[str, Probe, bool]]:
    """Every probed process: name, its probe, and whether its idle connection was ended."""
    for name, store in cluster.stores.items():
        if store.status.at or store.tcp.at:
            yield name, store.status, _hung_up(store.tcp, store.status)
    for name, member in cluster.members.items():
        ping, tcp = member.probes.get("ping"), member.probes.get("tcp")
        if ping is not None:
            yield name, ping, tcp is not None and _hung_up(tcp, ping)


def _hung_up(tcp: Probe, probe: Probe) -> bool:
    """The idle connection was ended, no new one could be had, and nothing has answered since."""
    return tcp.reach is Reach.RESET and (tcp.at >= probe.at or not probe.reach.answered)


def _silence(probe: Probe, t: float) -> float | None:
    """Seconds of silence when they are more than this target's own round trips explain, else None."""
    if probe.reach not in (Reach.SILENT, Reach.UNREACHABLE) or probe.down_since is None:
        return None
    needed = max(SILENCE_S, SILENCE_ROUND_TRIPS * (probe.rtt_usual_ms or 0.0) / 1000)
    lasted = probe.at - probe.down_since
    return lasted if lasted >= needed and t - probe.down_since >= needed else None


def _symptom(probe: Probe, closed: bool, t: float) -> str | None:
    if probe.reach is Reach.REFUSED:
        return "refused"
    if closed:
        return "closed"
    if probe.reach is Reach.RESET and probe.misses >= 2:
        return "closed"
    if _silence(probe, t) is None:
        return None
    return "silent" if probe.reach is Reach.SILENT else "unreachable"


def _text(name: str, symptom: str, probe: Probe, t: float) -> str:
    if symptom == "refused":
        return f"{name} refuses connections"
    if symptom == "closed":
        return f"{name} closed the connection that was open to it"
    since = t - (probe.down_since if probe.down_since is not None else t)
    if symptom == "silent":
        return f"{name} accepts connections and does not answer, for {since:.1f} s"
    return f"{name} cannot be reached: connection attempts are lost, for {since:.1f} s"
