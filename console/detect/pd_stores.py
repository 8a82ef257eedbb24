"""What PD says of stores: late heartbeats, Disconnected, leaders that moved away."""

from __future__ import annotations

from console.model.cluster import Cluster, PdStore
from console.model.incident import Finding, Vantage

from .base import observer_sick, pd_answering, pd_held
from .ledger import Ledger

BEAT_S = 10.0  # guides/tikv.md 2.2
LATE_S = 12.5  # a beat, its transport and the slack of a busy machine
LATE_ALONE_S = 14.0
GONE = ("Disconnected", "Down")
SLOW_SCORE = 8  # 1 is well; it doubles every 3 s of a slow disk (guides/tikv.md 2.5)


class PdStoreDetector:
    """One vantage point: PD's view of the stores, held after a change of PD leader."""

    def __init__(self) -> None:
        self._led: dict[str, int] = {}
        self._beat: dict[str, int | None] = {}

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Compare heartbeat ages, states and leader counts."""
        if not pd_answering(cluster) or observer_sick(cluster):
            return
        held = pd_held(cluster)
        known = [(n, s.pd) for n, s in cluster.stores.items() if s.pd is not None]
        late = {n: age for n, pd in known if (age := self._age(pd, cluster)) is not None and age > LATE_S}
        all_late = len(late) == len(known) >= 2
        for name, pd in known:
            self._heartbeat(name, pd, late.get(name), held or all_late, cluster.t, ledger)
            self._state(name, pd, held, ledger)
            self._leaders(name, pd, cluster, ledger)
            self._disk(name, pd, ledger)

    def _age(self, pd: PdStore, cluster: Cluster) -> float | None:
        """As of PD's last word; a record that leaves repeated answers out means the last one holds on."""
        return None if pd.beat_at is None else (cluster.t if cluster.sparse else pd.at) - pd.beat_at

    def _heartbeat(self, name: str, pd: PdStore, age: float | None, held: bool, t: float, ledger: Ledger) -> None:
        if age is None:
            ledger.clear(Vantage.PD, "heartbeat-late", name, pd.at)
        elif not held and pd.beat_at is not None:
            # The store may have failed anywhere between its last beat and the one it missed.
            text = f"PD has had no heartbeat of {name} for {age:.1f} s (one is due every 10 s)"
            onset = pd.beat_at + BEAT_S / 2
            alone = age > LATE_ALONE_S
            ledger.raise_(Finding(Vantage.PD, "heartbeat-late", name, onset, t, text, alone=alone, value=age))

    def _state(self, name: str, pd: PdStore, held: bool, ledger: Ledger) -> None:
        if pd.state in GONE:
            if not held and not ledger.has(Vantage.PD, "disconnected", name):
                onset = (pd.beat_at + BEAT_S / 2) if pd.beat_at is not None else pd.state_since
                ledger.raise_(
                    Finding(Vantage.PD, "disconnected", name, min(onset, pd.at), pd.at, f"PD calls {name} {pd.state}")
                )
        else:
            ledger.clear(Vantage.PD, "disconnected", name, pd.at)

    @staticmethod
    def _disk(name: str, pd: PdStore, ledger: Ledger) -> None:
        score = pd.slow_score or 0
        if score >= SLOW_SCORE:
            text = f"{name} gives itself a slow score of {score} (1 is well, 100 the worst)"
            ledger.raise_(Finding(Vantage.PD, "slow-score", name, pd.at - 10.0, pd.at, text, value=float(score)))
        elif score <= 1:
            ledger.clear(Vantage.PD, "slow-score", name, pd.at)
        if pd.available is not None and pd.available.lower() in ("0", "0b", "0ib"):
            text = f"PD sees no space left on {name}"
            ledger.raise_(Finding(Vantage.PD, "no-space", name, pd.at - 5.0, pd.at, text))
        elif pd.available:
            ledger.clear(Vantage.PD, "no-space", name, pd.at)

    def _leaders(self, name: str, pd: PdStore, cluster: Cluster, ledger: Ledger) -> None:
        if pd.leaders is None:
            return
        before = self._led.get(name)
        self._led[name] = pd.leaders
        if before and pd.leaders == 0 and pd.regions:
            evicting = any("evict-leader" in s for s in cluster.schedulers)
            text = f"all {before} region leaders left {name}"
            ledger.raise_(
                Finding(
                    Vantage.PD,
                    "leaders-left",
                    name,
                    pd.at,
                    pd.at,
                    text,
                    alone=False,
                    value=float(before),
                    attrs={"evicting": "yes"} if evicting else {},
                )
            )
        elif pd.leaders > 0:
            ledger.clear(Vantage.PD, "leaders-left", name, pd.at)
