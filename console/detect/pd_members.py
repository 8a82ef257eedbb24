"""What PD members say of each other and of themselves: refusals, silence, a leader lost or moved."""

from __future__ import annotations

from console.model.cluster import Cluster, Member, Probe
from console.model.incident import Finding, Vantage
from console.model.observation import Reach

from .base import observer_sick
from .ledger import Ledger

SILENT_S = 2.5  # longer than one deadline: the question was put again and not answered again
SPARSE_SILENT_S = 3.0  # one deadline of the recorder: what was asked before PD had a leader again ends within it
LOST_S = 1.5  # leader-served answers missing from every member for this long
UNHEALTHY_S = 1.0
MOVED_QUIETLY_S = 4.0  # the old leader still answers this long after: it was moved, it did not fail
_EVERY = ("stores", "members", "health", "leader", "etcd")
# A PD member asked to end says so at its own port for a moment, and again while it starts; a killed one cannot.
_CLOSING = "server not started"
CLOSING_S = 5.0
_SERVED = ("stores", "members")  # answered by the leader, through whichever member was asked


class PdMemberDetector:
    """One vantage point: PD's own members."""

    def __init__(self) -> None:
        self._moved: float | None = None
        self._closing: dict[str, float] = {}

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Judge each member, then PD as a whole."""
        for member in cluster.members.values():
            self._refused(member, ledger)
            self._silent(member, cluster, ledger)
            self._unhealthy(member.name, cluster, ledger)
        self._leader_lost(cluster, ledger)
        self._leader_moved(cluster, ledger)

    def _refused(self, m: Member, ledger: Ledger) -> None:
        own = [p for k, p in m.probes.items() if k in _EVERY]  # others are asked of the leader alone, and grow old
        refused = [p for p in own if p.reach is Reach.REFUSED]
        closing = [p.at for p in own if p.reach is Reach.ERROR and _CLOSING in p.detail]
        if closing:
            self._closing[m.name] = max(closing)
        if refused:
            first = min(refused, key=lambda p: p.at)
            onset = min(p.down_since if p.down_since is not None else p.at for p in refused)
            if not ledger.has(Vantage.PD, "refused", m.name):
                orderly = first.at - self._closing.get(m.name, -CLOSING_S) < CLOSING_S
                text = f"PD member {m.name} {'closed and ' if orderly else ''}refuses connections"
                attrs = {"end": "orderly"} if orderly else {}
                ledger.raise_(Finding(Vantage.PD, "refused", m.name, onset, first.since, text, attrs=attrs))
        elif any(p.reach.answered for p in own):
            last = max((p.at for p in own if p.reach.answered), default=0.0)
            ledger.clear(Vantage.PD, "refused", m.name, last)

    def _silent(self, m: Member, cluster: Cluster, ledger: Ledger) -> None:
        """Silent although another member has answered the same for long enough: it is this one, not the leader."""
        probe = m.probes.get("stores")
        if probe is None:
            return
        if probe.reach.answered:
            ledger.clear(Vantage.PD, "silent", m.name, probe.at)
        elif self._quiet(m, probe, cluster) and not ledger.has(Vantage.PD, "silent", m.name):
            text = f"PD member {m.name} accepts requests and does not answer; the others do"
            ledger.raise_(Finding(Vantage.PD, "silent", m.name, _down(probe), cluster.t, text))

    def _quiet(self, m: Member, probe: Probe, cluster: Cluster) -> bool:
        if probe.reach not in (Reach.SILENT, Reach.UNREACHABLE) or observer_sick(cluster):
            return False
        ping = m.probes.get("ping")
        if ping is not None and ping.reach.answered and ping.at > _down(probe):
            return False  # it is alive: what is silent is the leader it asks on our behalf
        others = [o.probes["stores"] for o in cluster.members.values() if o is not m and "stores" in o.probes]
        # In a sparse record a good answer from before may only be one that is being waited for.
        fine = [o.since for o in others if o.reach is Reach.OK and (not cluster.sparse or o.at > _down(probe))]
        if not fine:
            return False
        # In a sparse record a silence that goes on is one line: it holds until another comes.
        now, patience = (cluster.t, SPARSE_SILENT_S) if cluster.sparse else (probe.at, SILENT_S)
        return now - max(_down(probe), min(fine)) >= patience

    def _unhealthy(self, name: str, cluster: Cluster, ledger: Ledger) -> None:
        views = [
            (m.name, m.health_since.get(name, 0.0))
            for m in cluster.members.values()
            if m.name != name and m.health.get(name) is False
        ]
        if not views:
            ledger.clear(Vantage.PD, "unhealthy", name, cluster.t)
            return
        since = min(s for _, s in views)
        who = ", ".join(sorted(v for v, _ in views))
        confirmed = len(views) > 1 or cluster.t - since >= UNHEALTHY_S
        ledger.raise_(
            Finding(Vantage.PD, "unhealthy", name, since, cluster.t, f"{who} cannot ping PD member {name}", confirmed)
        )

    def _leader_lost(self, cluster: Cluster, ledger: Ledger) -> None:
        asked = [m.probes[k] for m in cluster.members.values() for k in _SERVED if k in m.probes]
        served = [p for p in asked if p.reach is Reach.OK]
        if served or not asked or observer_sick(cluster):
            if served:
                ledger.clear(Vantage.PD, "leader-lost", None, max(p.since for p in served))
            return
        since = min(_down(p) for p in asked)
        onset = max((p.last_ok for p in asked if p.last_ok is not None), default=since)
        lost_for = cluster.t - max(p.since for p in asked)
        reaches = {p.reach for p in asked}
        how = "refuse or answer errors" if reaches & {Reach.ERROR, Reach.REFUSED} else "do not answer"
        attrs = {"leader": cluster.leader or "", "how": "error" if Reach.ERROR in reaches else "silence"}
        text = f"no PD member gives an answer that needs the leader ({cluster.leader or 'none known'}): they {how}"
        ledger.raise_(
            Finding(
                Vantage.PD,
                "leader-lost",
                None,
                max(since, onset),
                cluster.t,
                text,
                alone=lost_for >= LOST_S,
                attrs=attrs,
            )
        )

    def _leader_moved(self, cluster: Cluster, ledger: Ledger) -> None:
        changed, old = cluster.leader_changed, cluster.previous_leader
        if changed is None or old is None:
            return
        if changed != self._moved:
            self._moved = changed
            ledger.raise_(
                Finding(
                    Vantage.PD,
                    "leader-moved",
                    old,
                    changed,
                    changed,
                    f"PD leadership moved from {old} to {cluster.leader}",
                    alone=False,
                    attrs={"to": cluster.leader or ""},
                )
            )
        member = cluster.members.get(old)
        gone = any(
            ledger.has(v, s, old) for v in Vantage for s in ("refused", "silent", "exited", "paused", "unhealthy")
        )
        if ledger.has(Vantage.PD, "leader-moved", old) and cluster.t - changed >= MOVED_QUIETLY_S:
            if member and not gone and not ledger.has(Vantage.PD, "leader-lost", None):
                ledger.raise_(
                    Finding(
                        Vantage.PD,
                        "leader-moved",
                        old,
                        changed,
                        changed,
                        f"PD leadership moved from {old} to {cluster.leader}; {old} is well",
                        alone=True,
                        attrs={"to": cluster.leader or "", "quiet": "yes"},
                    )
                )
            ledger.clear(Vantage.PD, "leader-moved", old, cluster.t)


def _down(probe: Probe) -> float:
    return probe.down_since if probe.down_since is not None else probe.at
