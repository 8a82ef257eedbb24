"""One case flown: a world, its observer, detection and rules in both modes, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from console.diagnose.bundle import Bundle, build
from console.diagnose.watch import Judged, Watch
from console.model.names import natural
from console.model.observation import Observation
from console.sim.physics.containers import Container
from console.sim.physics.spec import ClusterSpec
from console.sim.physics.world import World

from .baselines import BASELINES, Baseline, Guess
from .case import LOADS, SEVERITY, Case
from .engine_view import load_service
from .observer import SimObserver
from .stage import ACTS, Undo

WARM_S = 40.0
BASELINE_S = (35.0, 50.0)
AFTER_S = 30.0
MODES = ("host-aware", "data-plane")
STALL_S = {"mild": 2.0, "full": 6.0}


@dataclass(frozen=True, slots=True)
class Seen:
    """An incident as it was judged, times relative to the act."""

    opened: float
    began: float
    over: float | None
    detected: dict[str, float]
    severity: str
    ranked: tuple[tuple[str, str, float], ...]  # fault, component, confidence; best first

    @property
    def alarm(self) -> bool:
        """Whether somebody would be woken for it."""
        return self.severity != "info"


@dataclass(frozen=True, slots=True)
class View:
    """What one mode made of a flight. `live`: the best answer the moment before the act was undone."""

    seen: tuple[Seen, ...]
    live: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Flown:
    """A case, its truth, and what each mode and each baseline said of it."""

    case: Case
    target: str  # the component a right answer names; empty for none
    views: dict[str, View]
    baselines: dict[str, Guess]
    simulated_s: float
    took_s: float = 0.0
    error: str = ""
    bundle: Bundle | None = None  # what a model is shown of the data plane, the moment before the act is undone


class _Run:
    """Everything of one flight while it lasts."""

    def __init__(self, case: Case, modes: Sequence[str]) -> None:
        self.case = case
        self.chance = Random(f"flight/{case.seed}/{case.name}")
        self.world = World(
            ClusterSpec(seed=case.seed, stores=case.stores, regions=4 * case.stores, target=LOADS[case.load])
        )
        self.world.advance(WARM_S)
        sparse = case.style == "recorder"
        self.watches = {m: Watch(blind=m == "data-plane", sparse=sparse) for m in modes}
        self.baselines: dict[str, Baseline] = {name: make(case.seed) for name, make in BASELINES.items()}
        self.sparse = sparse
        self.began: float | None = None
        self.observer = SimObserver(self.world, self._feed, style=case.style)

    def _feed(self, obs: Observation) -> None:
        for watch in self.watches.values():
            if self.sparse:
                watch.advance(obs.t)
            watch.feed(obs)
        blind = self.watches.get("data-plane") or next(iter(self.watches.values()))
        for baseline in self.baselines.values():
            baseline.feed(obs, blind.cluster)

    def targets(self) -> list[Container]:
        """The containers the case's target word stands for."""
        world, word = self.world, self.case.target
        stores = sorted(world.stores.values(), key=lambda n: natural(n.name))
        leader = world.pd.elections.leader
        members = sorted(world.pd.members)
        if word in ("store", "two-stores"):
            chosen = self.chance.sample(stores, 1 if word == "store" else 2)
            return [n.container for n in sorted(chosen, key=lambda n: natural(n.name))]
        if word == "all-stores":
            return [n.container for n in stores]
        if word == "load":
            return [world.load.container]
        if word == "observer":
            return []
        if word == "pd-leader":
            names = [leader or members[0]]
        elif word == "pd-follower":
            names = [self.chance.choice([m for m in members if m != leader])]
        else:
            names = sorted(self.chance.sample(members, 2))
        return [world.pd.members[n].container for n in names]

    def component(self, targets: Sequence[Container]) -> str:
        """What a right answer names."""
        if self.case.component == "target":
            return ",".join(sorted(c.service for c in targets))
        if self.case.component == "ycsb":
            return load_service(self.world)
        return "" if self.case.component == "none" else self.case.component

    def act(self, targets: Sequence[Container]) -> Undo:
        if self.case.act == "stall":
            self.observer.stalls.force(self.observer.t, STALL_S[self.case.severity])
            return lambda: None
        return ACTS[self.case.act](self.world, targets, SEVERITY[self.case.severity])

    def advance(self, seconds: float) -> None:
        self.world.advance(self.world.now + seconds)
        if self.sparse:
            for watch in self.watches.values():
                watch.advance(self.observer.t)


def fly(case: Case, modes: Sequence[str] = MODES) -> Flown:
    """Fly one case. Pure but for the time it takes."""
    started = time.perf_counter()
    run = _Run(case, modes)
    run.advance(run.chance.uniform(*BASELINE_S))
    targets = run.targets()
    component, t0 = run.component(targets), run.observer.t
    for baseline in run.baselines.values():
        baseline.armed(t0)
    undo = run.act(targets)
    run.advance(case.lasts_s)
    live = {m: _best(w, t0) for m, w in run.watches.items()}
    bundle = _bundle(run.watches["data-plane"], t0) if "data-plane" in run.watches else None
    undo()
    run.advance(AFTER_S)
    return Flown(
        case=case,
        target=component,
        views={m: View(tuple(_seen(j, t0) for j in w.judged), live[m]) for m, w in run.watches.items()},
        baselines={name: b.guess() for name, b in run.baselines.items()},
        simulated_s=run.observer.t,
        took_s=time.perf_counter() - started,
        bundle=bundle,
    )


def _bundle(watch: Watch, t0: float) -> Bundle | None:
    judged = next((j for j in watch.judged if j.incident.opened >= t0 - 0.5), None)
    return build(judged.incident, watch.cluster) if judged else None


def _best(watch: Watch, t0: float) -> tuple[tuple[str, str, float], ...]:
    judged = next((j for j in watch.judged if j.incident.opened >= t0 - 0.5), None)
    return _ranked(judged) if judged else ()


def _ranked(judged: Judged) -> tuple[tuple[str, str, float], ...]:
    return tuple((h.fault, h.component, h.confidence) for h in judged.diagnosis.hypotheses)


def _seen(judged: Judged, t0: float) -> Seen:
    i = judged.incident
    return Seen(
        opened=round(i.opened - t0, 2),
        began=round(i.began - t0, 2),
        over=None if i.over is None else round(i.over - t0, 2),
        detected={k: round(v - t0, 2) for k, v in i.detected().items()},
        severity=judged.diagnosis.severity,
        ranked=_ranked(judged),
    )
