"""Fold, detectors and fusion put together: observations in, incidents out."""

from __future__ import annotations

from console.cluster import fold
from console.model.cluster import Cluster
from console.model.incident import Finding, Incident
from console.model.observation import CONSOLE, DOCKER, LAB, YCSB, Observation

from .base import Detector
from .blind import data_plane
from .busy import BusyDetector
from .carrier import CarrierDetector
from .docker import DockerDetector
from .foreign import ForeignLoadDetector
from .fusion import Fusion
from .ledger import Ledger
from .metrics import MetricsDetector
from .pd_config import PdConfigDetector
from .pd_members import PdMemberDetector
from .pd_peers import PdPeersDetector
from .pd_stores import PdStoreDetector
from .probe import ProbeDetector
from .round_trips import RoundTripDetector
from .throughput import ThroughputDetector
from .workload import ClientSilenceDetector, ComplaintDetector

# One table: adding a detector is a line here, its file and its test.
DETECTORS: tuple[type[Detector], ...] = (
    DockerDetector,
    ProbeDetector,
    RoundTripDetector,
    MetricsDetector,
    BusyDetector,
    PdConfigDetector,
    PdMemberDetector,
    PdStoreDetector,
    PdPeersDetector,
    ThroughputDetector,
    CarrierDetector,
    ForeignLoadDetector,
    ClientSilenceDetector,
    ComplaintDetector,
)
TICK_S = 0.25
GAP_S = 1.0  # a session is never this long without any observation: its own pulse beats four times a second
# A record has no pulse; one that suddenly holds nothing of anybody, for twice its own longest pause so far, was not
# being written: no fault takes the engine, every member, every store and the clients away in the same moment.
RECORD_GAP_S = 2.0
RECORD_KNOWN = 50  # observations before a record's own pauses are known


class Detection:
    """The whole of detection over one stream of observations.

    `blind`: data-plane mode. `sparse`: the stream may leave out repeated answers (a flight record). Pure: time comes
    from the observations; `advance` moves it through stretches in which nothing was observed.
    """

    def __init__(self, *, blind: bool = False, sparse: bool = False) -> None:
        self.blind = blind
        self.cluster = Cluster(sparse=sparse)
        self._detectors = [make() for make in DETECTORS]
        self._ledger = Ledger()
        self._fusion = Fusion()
        self._stepped = 0.0
        self._heard, self._count, self._pause = 0.0, 0, 0.0  # last observation, how many, the longest usual pause
        self._incidents: tuple[Incident, ...] = ()

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """All incidents so far, oldest first."""
        return self._incidents

    @property
    def standing(self) -> tuple[Finding, ...]:
        """The findings that stand now."""
        return tuple(self._ledger.active.values())

    def feed(self, obs: Observation) -> bool:
        """Take in one observation; True where an incident changed. What the injector did is dropped here."""
        if obs.src == LAB:
            return False
        if not self._unwritten(obs.t):
            self._pause = max(self._pause, obs.t - self._heard)
        self._heard, self._count = obs.t, self._count + 1
        seen = data_plane(obs) if self.blind else obs
        if seen is None:
            return self._look() if obs.t - self._stepped >= TICK_S else False
        if not self.cluster.sparse and 0 < self.cluster.t < obs.t - GAP_S:
            # Nothing at all was seen for so long: it was we who stood still, and what comes now comes late.
            gap = {"lag_ms": (obs.t - self.cluster.t) * 1000}
            self.cluster = fold(self.cluster, Observation(obs.t, CONSOLE, "tick", gap))
        self.cluster = fold(self.cluster, seen)
        if obs.t - self._stepped < TICK_S and not _weighty(obs):
            return False
        return self._look()

    def advance(self, t: float) -> bool:
        """Let time pass to `t` with nothing observed, in steps no longer than a tick."""
        changed = False
        while t - self.cluster.t > TICK_S:
            late = {"lag_ms": (self.cluster.t - self._heard) * 1000} if self._unwritten(self.cluster.t) else {}
            self.cluster = fold(self.cluster, Observation(self.cluster.t + TICK_S, CONSOLE, "tick", late))
            changed |= self._look()
        return changed

    def _unwritten(self, t: float) -> bool:
        """True where a record has held nothing at all for longer than it ever does."""
        known = self.cluster.sparse and self._count >= RECORD_KNOWN
        return known and t - self._heard > max(RECORD_GAP_S, 2 * self._pause)

    def _look(self) -> bool:
        self._stepped = self.cluster.t
        for detector in self._detectors:
            detector.step(self.cluster, self._ledger)
        if not self._fusion.step(self.cluster.t, self._ledger.drain()):
            return False
        self._incidents = self._fusion.incidents
        return True


def _weighty(obs: Observation) -> bool:
    """Worth looking at once: a client summary or complaint, news of the engine, an answer that is not well."""
    if obs.src == YCSB:
        return isinstance(obs.data, str) and ("TOTAL" in obs.data or "error" in obs.data)
    if obs.src == DOCKER:
        return obs.kind in ("event", "containers")
    return obs.src != CONSOLE and isinstance(obs.data, dict) and obs.data.get("status") != 200
