"""What PD was told to do or to leave: schedule limits at zero, leaders evicted from a store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from console.model.cluster import Cluster
from console.model.incident import Finding, Vantage

from .ledger import Ledger

LIMITS = ("leader-schedule-limit", "region-schedule-limit", "replica-schedule-limit")
EVICT = "evict-leader"
# PD v8.5.5's own description of what that scheduler does; where no list of schedulers is had it is all that tells.
_EVICTION = re.compile(r"^evict-leader-scheduler \{evict leader: from store (\d+)\b")


class PdConfigDetector:
    """One vantage point: PD's configuration and schedulers against what they were."""

    def __init__(self) -> None:
        self._before: dict[str, float] = {}
        self._led: dict[str, int] = {}
        self._evicting = False
        self._fewest: dict[str, int] = {}  # leaders of a store that PD's operators said is being emptied

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Compare limits with the first ones seen; watch whose leaders fall while an eviction is listed."""
        self._limits(cluster, ledger)
        if cluster.schedulers:
            self._evictions(cluster, ledger)
        else:
            self._emptied(cluster, ledger)

    def _limits(self, cluster: Cluster, ledger: Ledger) -> None:
        schedule = cluster.config.get("schedule")
        if not isinstance(schedule, Mapping):
            return
        now = {k: v for k in LIMITS if (v := _number(schedule.get(k))) is not None}
        for name, value in now.items():
            if value > 0:
                self._before[name] = value
        stopped = [k for k, v in now.items() if v == 0 and self._before.get(k, 0) > 0]
        if len(stopped) == len(LIMITS) or str(schedule.get("halt-scheduling")).lower() == "true":
            text = f"PD schedules nothing: {', '.join(stopped) or 'halt-scheduling'} set to stop it"
            ledger.raise_(Finding(Vantage.PD, "scheduling-stopped", "pd", cluster.t, cluster.t, text))
        elif now and not stopped:
            ledger.clear(Vantage.PD, "scheduling-stopped", "pd", cluster.t)

    def _evictions(self, cluster: Cluster, ledger: Ledger) -> None:
        listed = any(EVICT in s for s in cluster.schedulers)
        t = cluster.t
        if listed and not self._evicting:
            self._led = {n: s.pd.leaders for n, s in cluster.stores.items() if s.pd and s.pd.leaders is not None}
        self._evicting = listed
        for name, store in cluster.stores.items():
            if not listed:
                ledger.clear(Vantage.PD, "evicted", name, t)
            elif store.pd is not None and self._falls(name, store.pd.leaders, ledger):
                text = f"an evict-leader scheduler is active and {name} leads {store.pd.leaders} regions"
                ledger.raise_(
                    Finding(Vantage.PD, "evicted", name, store.pd.at, store.pd.at, text, attrs={"evicting": "yes"})
                )

    def _emptied(self, cluster: Cluster, ledger: Ledger) -> None:
        """By PD's operators alone. They take a second, the scheduler stays: it is gone once leaders come back."""
        emptied = {int(m[1]) for text in cluster.operators if (m := _EVICTION.match(text))}
        for name, store in cluster.stores.items():
            if store.pd is None or store.pd.leaders is None:
                continue
            if store.pd.id in emptied and not ledger.has(Vantage.PD, "evicted", name):
                self._fewest[name] = store.pd.leaders
                text = f"PD's operators evict the leaders of {name}"
                finding = Finding(Vantage.PD, "evicted", name, cluster.t, cluster.t, text, attrs={"evicting": "yes"})
                ledger.raise_(finding)
            elif name in self._fewest and store.pd.id not in emptied:
                self._fewest[name] = min(self._fewest[name], store.pd.leaders)
                if store.pd.leaders > self._fewest[name]:
                    ledger.clear(Vantage.PD, "evicted", name, store.pd.at)
                    del self._fewest[name]

    def _falls(self, name: str, leaders: int | None, ledger: Ledger) -> bool:
        """No leader is left on it, and it had some: before the scheduler was seen, or when that was first looked at."""
        if leaders != 0:
            return False
        return self._led.get(name, 0) > 0 or ledger.has(Vantage.PD, "leaders-left", name)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
