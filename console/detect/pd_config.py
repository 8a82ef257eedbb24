"""What PD was told to do or to leave: schedule limits at zero, leaders evicted from a store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.model.cluster import Cluster
from console.model.incident import Finding, Vantage

from .ledger import Ledger

LIMITS = ("leader-schedule-limit", "region-schedule-limit", "replica-schedule-limit")
EVICT = "evict-leader"


class PdConfigDetector:
    """One vantage point: PD's configuration and schedulers against what they were."""

    def __init__(self) -> None:
        self._before: dict[str, float] = {}
        self._led: dict[str, int] = {}
        self._evicting = False

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Compare limits with the first ones seen; watch whose leaders fall while an eviction is listed."""
        self._limits(cluster, ledger)
        self._evictions(cluster, ledger)

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

    def _falls(self, name: str, leaders: int | None, ledger: Ledger) -> bool:
        """No leader is left on it, and it had some: before the scheduler was seen, or when that was first looked at."""
        if leaders != 0:
            return False
        return self._led.get(name, 0) > 0 or ledger.has(Vantage.PD, "leaders-left", name)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
