"""What a store's own metrics say: who waits for what, and whom it cannot reach. Rates between two scrapes.

The write path split of guides/tikv.md 3.2: append slow is its own disk; commit slow with append flat is its followers
or the network; waits alone are CPU.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from console.model.cluster import Cluster, StoreMetrics
from console.model.incident import Finding, Vantage
from console.model.names import Role, role_of

from .base import observer_sick, pd_answering, pd_held
from .ledger import Ledger

SCRAPES = 24  # of the past, two minutes
LEAST = 3
TIMES = 3.0
BEAT_S = 11.0  # a store asks PD at least this often
SURE_S = 3.0  # a PD leader that just died fails one store first; by then PD itself is seen to be ill
BACK_S = 12.0  # after a store's return two scrapes of its peers still tell of the time without it
SAMPLES_S = 1.0  # inspections of a link a second, below which it has no usual rate
# what is slow -> (sum, count, slower by at least so many ms, what it says)
WAITS: dict[str, tuple[str, str, float, str]] = {
    "disk-waits": ("append_s", "append_n", 8.0, "appending to its log takes {now:.1f} ms, usually {usual:.1f} ms"),
    "commit-waits": ("commit_s", "commit_n", 8.0, "committing takes {now:.1f} ms, usually {usual:.1f} ms"),
    "cpu-waits": ("wait_s", "wait_n", 0.5, "requests wait {now:.1f} ms for a thread, usually {usual:.1f} ms"),
}


@dataclass
class _Store:
    at: float = -1.0
    past: dict[str, deque[float]] = field(default_factory=dict)

    def usual(self, name: str) -> float | None:
        values = self.past.get(name)
        return median(values) if values is not None and len(values) >= LEAST else None

    def note(self, name: str, value: float) -> None:
        self.past.setdefault(name, deque(maxlen=SCRAPES)).append(value)


class MetricsDetector:
    """One vantage point: the stores' own status ports."""

    def __init__(self) -> None:
        self._stores: dict[str, _Store] = {}
        self._lost: dict[str, set[str]] = {}  # source -> targets it has lost
        self._slow: dict[str, set[str]] = {}
        self._failed: dict[str, float] = {}
        self._failing: dict[str, float] = {}  # store -> since when its requests to PD fail
        self._gone: dict[str, float] = {}  # store -> when its status port was last seen lost

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Judge every store with a new scrape."""
        names = {str(s.pd.id): n for n, s in cluster.stores.items() if s.pd is not None}
        news = False
        for name, store in cluster.stores.items():
            metrics, known = store.metrics, self._stores.setdefault(name, _Store())
            if store.status.lost:
                self._gone[name] = cluster.t
            if metrics is None or metrics.at <= known.at:
                continue
            known.at, news = metrics.at, True
            if metrics.rates and not observer_sick(cluster):
                self._judge(name, known, metrics, names, ledger)
        if news:
            self._links(cluster, ledger)
        if news or self._failing:
            self._from_pd(cluster, ledger)

    def _judge(self, name: str, known: _Store, m: StoreMetrics, names: Mapping[str, str], ledger: Ledger) -> None:
        for symptom, (total, count, least, text) in WAITS.items():
            now, usual = _mean(m.rates, total, count), known.usual(symptom)
            slow = now is not None and usual is not None and now > TIMES * usual and now > usual + least
            if slow and now is not None and usual is not None:
                said = f"{name} says: {text.format(now=now, usual=usual)}"
                _raise(ledger, symptom, name, m.at, said, now)
            elif now is not None:
                known.note(symptom, now)
                ledger.clear(Vantage.PROBE, symptom, name, m.at)
        self._cores(name, known, m, ledger)
        self._disk(name, m, ledger)
        self._note_links(name, known, m, names)
        if m.rates.get("pd_failures", 0.0) > 0:
            self._failing.setdefault(name, m.at)
            self._failed[name] = m.at
        elif m.at - self._failed.get(name, -1.0) > BEAT_S:
            self._failing.pop(name, None)

    def _cores(self, name: str, known: _Store, m: StoreMetrics, ledger: Ledger) -> None:
        cores, usual = m.values.get("cores"), known.usual("cores")
        if cores is None:
            return
        if usual is not None and cores < 0.6 * usual:
            said = f"{name} says: {cores:g} cores are its quota, {usual:g} before"
            _raise(ledger, "fewer-cores", name, m.at, said, cores)
        else:
            known.note("cores", cores)
            ledger.clear(Vantage.PROBE, "fewer-cores", name, m.at)

    @staticmethod
    def _disk(name: str, m: StoreMetrics, ledger: Ledger) -> None:
        refused, left = m.rates.get("disk_full_errors", 0.0), m.values.get("available")
        if refused > 0 or left == 0:
            said = f"{name} says: its disk is full" + (f", {refused:.0f} writes a second refused" if refused else "")
            _raise(ledger, "disk-full", name, m.at, said, refused)
        else:
            ledger.clear(Vantage.PROBE, "disk-full", name, m.at)

    def _note_links(self, name: str, known: _Store, m: StoreMetrics, names: Mapping[str, str]) -> None:
        lost, slow = set(), set()
        for key, rate in m.rates.items():
            family, _, peer = key.partition("/")
            target = names.get(peer)
            if family != "net_n" or target is None:
                continue
            usual, latency = known.usual(key), _mean(m.rates, f"net_s/{peer}", key)
            before = known.usual(f"net/{peer}")
            if usual is not None and usual >= SAMPLES_S and rate < 0.5 * usual:
                lost.add(target)
            elif latency is not None and before is not None and latency > TIMES * before and latency > before + 5.0:
                slow.add(target)
            else:
                known.note(key, rate)
                if latency is not None:
                    known.note(f"net/{peer}", latency)
        self._lost[name], self._slow[name] = lost, slow

    def _links(self, cluster: Cluster, ledger: Ledger) -> None:
        """The store at which all broken links meet; a single link between two names neither."""
        for symptom, links, said in (
            ("peers-lost", self._lost, "and its peers do not reach each other any more"),
            ("peers-slow", self._slow, "and its peers reach each other far more slowly than usual"),
        ):
            told = {
                a: {b for b in targets if a != b and self._up(b, cluster)}
                for a, targets in links.items()
                if self._up(a, cluster)
            }
            pairs = {frozenset((a, b)) for a, targets in told.items() for b in targets}
            witnesses = sum(bool(targets) for targets in told.values())
            centre = _centre(pairs, set(cluster.stores)) if witnesses > 1 else None
            for name in cluster.stores:
                if name == centre:
                    _raise(ledger, symptom, name, cluster.t, f"the stores say: {name} {said}", float(len(pairs)))
                elif not any(name in p for p in pairs):
                    ledger.clear(Vantage.PROBE, symptom, name, cluster.t)

    def _up(self, name: str, cluster: Cluster) -> bool:
        """A store that is down, or was until a moment ago, has no links, and that is no news of its links."""
        store = cluster.stores.get(name)
        if store is None or cluster.t - self._gone.get(name, -BACK_S) < BACK_S:
            return False
        return store.status.reach.answered or store.status.at == 0

    def _from_pd(self, cluster: Cluster, ledger: Ledger) -> None:
        """One store that fails to reach a PD that is well; when all do, it is PD's matter."""
        ill = any(role_of(c) is Role.PD for _, _, c in ledger.active if c) or ledger.has(
            Vantage.PD, "leader-lost", None
        )
        well = pd_answering(cluster) and not pd_held(cluster) and not ill
        for name in cluster.stores:
            if name not in self._failing:
                ledger.clear(Vantage.PROBE, "pd-lost", name, cluster.t)
            elif well and len(self._failing) == 1 < len(cluster.stores) and cluster.t - self._failing[name] >= SURE_S:
                _raise(ledger, "pd-lost", name, cluster.t, f"{name} says: its requests to PD fail", 1.0)


def _mean(rates: Mapping[str, float], total: str, count: str) -> float | None:
    """Mean in ms of what was counted between the scrapes; None where nothing was."""
    n = rates.get(count, 0.0)
    return rates.get(total, 0.0) / n * 1000 if n > 0 else None


def _centre(pairs: set[frozenset[str]], stores: set[str]) -> str | None:
    """The one store in every broken pair, cut from at least two others (or from the only one there is)."""
    if not pairs:
        return None
    common = frozenset.intersection(*pairs)
    return min(common) if len(common) == 1 and len(pairs) >= min(2, len(stores) - 1) else None


def _raise(ledger: Ledger, symptom: str, name: str, t: float, text: str, value: float) -> None:
    # A scrape tells of the time since the one before: the middle of it is the best guess of the onset.
    ledger.raise_(Finding(Vantage.PROBE, symptom, name, t - 2.5, t, text, value=value))
