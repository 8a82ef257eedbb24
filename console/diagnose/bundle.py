"""The evidence bundle: one deterministic text for the model, every line with an id that an answer may cite.

Built from observations alone. Untrusted text (log lines, names, PD answers) is cleaned, cut, redacted and fenced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import median

from console.model.cluster import Cluster, Probe
from console.model.incident import Incident
from console.model.names import natural
from console.model.text import clean, redact

TOKEN_BUDGET = 2500
CHARS_PER_TOKEN = 3.3  # guides/diagnosis.md 2.1: measured average for such text
MAX_FINDINGS = 25
_NUMBERS = re.compile(r"\d{4,}")


@dataclass(frozen=True, slots=True)
class Bundle:
    """`text` goes to the model; `ids` are what it may cite; `components` what it may name."""

    text: str
    ids: tuple[str, ...]
    components: tuple[str, ...]

    @property
    def tokens(self) -> int:
        """Estimated, without asking anybody."""
        return int(len(self.text) / CHARS_PER_TOKEN)


def build(incident: Incident, cluster: Cluster, logs: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> Bundle:
    """Timeline first, then topology, differences to the baseline, probes, regions, logs, gaps."""
    lines = _Lines()
    zero = incident.opened
    lines.head("CLOCK: all times are seconds relative to the moment the first symptom was certain")
    lines.head("TIMELINE")
    for f in sorted(incident.findings, key=lambda f: f.seen)[:MAX_FINDINGS]:
        gone = "" if f.cleared is None else f", gone at {f.cleared - zero:+.1f}"
        lines.item(f"{f.seen - zero:+.1f} {f.vantage.value}: {f.text}{gone}")
    _topology(lines, cluster)
    _deltas(lines, incident, cluster)
    _probes(lines, cluster)
    _regions(lines, cluster)
    _gaps(lines, cluster)
    for name, tail in logs:
        lines.head(f"LOG TAIL {clean(name, 40)}")
        for line in tail[-6:]:
            lines.item(_NUMBERS.sub("#", clean(line, 160)))
    text = redact(lines.text(int(TOKEN_BUDGET * CHARS_PER_TOKEN)))
    names = sorted({*cluster.stores, *cluster.members, *cluster.containers}, key=natural)
    return Bundle(text, tuple(lines.ids), tuple(names))


class _Lines:
    def __init__(self) -> None:
        self.ids: list[str] = []
        self._lines: list[str] = []

    def head(self, title: str) -> None:
        self._lines.append(title)

    def item(self, text: str) -> None:
        name = f"E{len(self.ids) + 1}"
        self.ids.append(name)
        self._lines.append(f"[{name}] {clean(text, 300)}")

    def text(self, limit: int) -> str:
        """All of it, or as much as the budget holds; what comes first matters most."""
        kept, size = [], 0
        for line in self._lines:
            size += len(line) + 1
            if size > limit:
                kept.append("(cut: budget)")
                break
            kept.append(line)
        return "\n".join(kept)


def _topology(lines: _Lines, cluster: Cluster) -> None:
    lines.head("TOPOLOGY")
    leader = cluster.leader or "unknown"
    lines.item(f"PD members: {', '.join(sorted(cluster.members, key=natural)) or 'none seen'}; leader: {leader}")
    for name in sorted(cluster.stores, key=natural):
        store = cluster.stores[name]
        pd, box = store.pd, cluster.containers.get(name)
        parts = [f"store {name}", f"container {box.state}" if box else "container unknown"]
        if box and box.exit_code is not None and box.state == "exited":
            parts.append(f"exit code {box.exit_code}")
        if pd is not None:
            age = "" if pd.beat_at is None else f", last heartbeat {max(0.0, cluster.t - pd.beat_at):.1f} s ago"
            parts.append(f"PD says {pd.state}{age}, leads {pd.leaders}, holds {pd.regions}")
        lines.item("; ".join(parts))
    for name in sorted(cluster.members, key=natural):
        box = cluster.containers.get(name)
        lines.item(f"PD member {name}: container {box.state if box else 'unknown'}")


def _deltas(lines: _Lines, incident: Incident, cluster: Cluster) -> None:
    lines.head("AGAINST THE BASELINE")
    before = [i.ops for i in cluster.workload.intervals if i.t < incident.began][-60:]
    after = [i for i in cluster.workload.intervals if i.t >= incident.began]
    if before and after:
        usual, now = median(before), [i.ops for i in after[-10:]]
        spread = median(abs(x - usual) for x in before)
        lines.item(
            f"throughput: usual {usual:.0f} ops/s (spread {spread:.0f}); last intervals "
            + " ".join(f"{x:.0f}" for x in now)
        )
    else:
        lines.item("throughput: no baseline or no interval since")
    for name in sorted(cluster.containers, key=natural):
        stats = cluster.containers[name].stats
        if stats and stats.cpu_pct is not None:
            throttled = "" if not stats.throttled_pct else f", throttled {stats.throttled_pct:.0f} % of the time"
            lines.item(f"{name}: CPU {stats.cpu_pct:.0f} % of a core, memory {stats.mem >> 20} MiB{throttled}")


def _probes(lines: _Lines, cluster: Cluster) -> None:
    lines.head("PROBES (ours, direct)")
    for name in sorted(cluster.stores, key=natural):
        lines.item(f"{name} status port: {_said(cluster.stores[name].status)}")
    for name in sorted(cluster.members, key=natural):
        member = cluster.members[name]
        own = "; ".join(f"{k} {_said(p)}" for k, p in sorted(member.probes.items()) if k in ("ping", "stores"))
        sick = sorted(n for n, ok in member.health.items() if not ok)
        lines.item(f"{name}: {own or 'not asked'}" + (f"; cannot reach {', '.join(sick)}" if sick else ""))


def _said(probe: Probe) -> str:
    rtt = "" if probe.rtt_ms is None else f" in {probe.rtt_ms:.1f} ms"
    usual = "" if probe.rtt_usual_ms is None else f" (usual {probe.rtt_usual_ms:.1f})"
    return f"{probe.reach.value}{rtt}{usual}"


def _regions(lines: _Lines, cluster: Cluster) -> None:
    lines.head("REGIONS")
    counts = ", ".join(f"{k} {v}" for k, v in sorted(cluster.regions.counts.items())) or "no check answered"
    lines.item(f"total {cluster.regions.total if cluster.regions.total is not None else 'unknown'}; {counts}")
    if cluster.schedulers:
        lines.item(f"PD schedulers: {', '.join(cluster.schedulers[:12])}")
    if cluster.operators:
        lines.item(f"PD operators running: {len(cluster.operators)}; first: {cluster.operators[0][:120]}")


def _gaps(lines: _Lines, cluster: Cluster) -> None:
    lost = [s for s in cluster.sources.values() if not s.ok]
    lines.head("COLLECTION GAPS")
    if not lost:
        lines.item("none: every source of observations answers")
    for source in lost:
        since = "the start" if source.last_ok is None else f"{source.last_ok - cluster.t:+.0f} s"
        lines.item(f"{source.name}: nothing since {since}: {source.error}")
