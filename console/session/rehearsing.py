"""Rehearsing an experiment: every step of its method for a moment, put back and verified, twice; the way back is tested
before anything depends on it (S2-87)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from console.experiments import measuring
from console.faults.actor import Request
from console.faults.lab import HELPER, Lab
from console.faults.rollback import summary
from console.model.experiment import Experiment, Step
from console.model.fault import Outcome, Preview, Refusal, Revert
from console.storage import Database, audit, runs

from .core import Session
from .experimenting import SessionWorld

Tell = Callable[[str, str], None]
POLL_S = 1.0
_KEPT = ("Memory", "MemorySwap", "NanoCpus", "CpuQuota", "CpuPeriod", "CpuShares", "BlkioWeight", "PidsLimit")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One step. `refusal`: it was not done, and why; `outcome` None: nothing was to be put back."""

    step: str
    what: str
    targets: tuple[str, ...] = ()
    undo: str = ""
    refusal: Refusal | None = None
    outcome: Outcome | None = None
    said: str = ""


class Rehearsal:
    """Of one experiment in one session. `tell(what, said)` at every step."""

    def __init__(self, session: Session, experiment: Experiment, db: Database, tell: Tell) -> None:
        self._session, self._experiment, self._db, self._tell = session, experiment, db, tell
        actor = session.parts.actor
        assert actor is not None, "a rehearsal needs something to act through"
        self._actor, self._lab = actor, actor.lab

    async def plan(self) -> list[Rehearsed]:
        """Targets, guard and undo of every step; touches nothing."""
        refusal = await self._widened()
        first = [Rehearsed("blast radius", "", refusal=refusal)] if refusal else []
        return first + [await self._planned(step) for step in self._experiment.method]

    async def run(self, hold_s: float) -> list[Rehearsed]:
        """Steady, then each step: in, held for so many seconds, back, and back again. Ends at the first that was
        refused or did not come back whole. What it injected is put back whatever happens."""
        if refusal := await self._may_begin():
            return [Rehearsed("steady state", "", refusal=refusal)]
        done: list[Rehearsed] = []
        for step in self._experiment.method:
            planned = await self._planned(step)
            if planned.refusal is None and step.injects:
                planned = await self._step(step, planned, hold_s)
            done.append(planned)
            if planned.refusal is not None or planned.outcome not in (None, Outcome.COMPLETE):
                break
        said = [{"step": d.step, "outcome": d.outcome, "refused": d.refusal and d.refusal.code} for d in done]
        await audit.append(self._db, "experiment", "rehearse", {"title": self._experiment.title, "steps": said})
        return done

    async def _widened(self) -> Refusal | None:
        """Start small: more than one target needs a confirmed run with fewer (S2-53)."""
        e = self._experiment
        if e.max_targets <= 1 or await runs.confirmed(self._db, e.widens or e.title, e.max_targets - 1):
            return None
        smaller = e.widens or e.title
        return Refusal("BLAST_RADIUS", f"{e.max_targets} targets only after {smaller!r} was confirmed with fewer")

    async def _may_begin(self) -> Refusal | None:
        """As the protocol asks: widened step by step, and steady before anything is done (S2-19)."""
        if refusal := await self._widened():
            return refusal
        e = self._experiment
        self._tell("steady state", f"measured for {e.baseline_s:g} s")
        view, samples = self._session.view, []
        end = self._session.now() + e.baseline_s
        while self._session.now() < end:
            await self._sleep(POLL_S)
            now = view()
            samples.append(measuring.sample(now.cluster, now.now, "baseline", now.incidents, now.level.value))
        unsteady = measuring.deviations(samples, e.limits)
        return Refusal("NOT_STEADY", "; ".join(unsteady)) if unsteady else None

    async def _planned(self, step: Step) -> Rehearsed:
        if step.reverts:
            return Rehearsed(step.name, step.what, said="here every step is put back by itself")
        if not step.injects:
            provider = str((step.raw.get("provider") or {}).get("type"))
            return Rehearsed(step.name, f"{provider} activity", said="somebody else's activity: not rehearsed")
        actor = self._actor
        before = actor.policy.limit
        actor.policy.limit = min(before, self._experiment.max_targets)
        try:
            found: Preview = await self._session.operations.preview(self._request(step))
        finally:
            actor.policy.limit = before
        targets = tuple(t.service for t in found.targets)
        return Rehearsed(step.name, step.what, targets, found.undo, found.refusal)

    def _request(self, step: Step) -> Request:
        e = self._experiment
        seconds = step.duration_s if step.duration_s is not None else e.duration_s
        return Request(step.kind, step.target, step.params, seconds, allow_quorum_loss=e.allow_quorum_loss)

    async def _step(self, step: Step, planned: Rehearsed, hold_s: float) -> Rehearsed:
        world = SessionWorld(self._session, self._experiment)
        try:
            done = await world.inject(self._request(step))
            if isinstance(done, Refusal):
                self._tell("refused", f"{step.name}: {done.code}: {done.sentence}")
                return _with(planned, refusal=done)
            self._tell("injected", f"{step.kind} on {', '.join(i.component for i in done)}")
            await self._sleep(hold_s)
        finally:
            first = await world.put_back()
        self._tell("put back", f"{summary(first)}: {_said(first)}")
        # A restart has nothing to put back; the injections it was are still asked for, and answer at once.
        was = await picture(self._lab)
        second = await world.put_back()
        changed = differing(was, await picture(self._lab))
        self._tell(
            "put back again", f"changed {', '.join(changed)}" if changed else f"{summary(second)}: it changed nothing"
        )
        outcome = summary([*first, *second])
        if changed and outcome is Outcome.COMPLETE:
            outcome = Outcome.PARTIAL
        why = f"the second revert changed {', '.join(changed)}" if changed else _said([*first, *second])
        targets = tuple(sorted(t.service for i in done for t in i.targets))
        return _with(planned, targets=targets, outcome=outcome, said=why)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._session.parts.clock.speed)


def _with(planned: Rehearsed, **changes: Any) -> Rehearsed:
    from dataclasses import replace

    return replace(planned, **changes)


def _said(results: Sequence[Revert]) -> str:
    worst = summary(results)
    return "; ".join(dict.fromkeys(r.detail for r in results if r.outcome is worst)) or "nothing was to be put back"


def exit_code(done: Sequence[Rehearsed]) -> int:
    """4 a way back that was not COMPLETE, 3 refused, 6 it could not be applied and was put back, 0 all of it works."""
    if any(d.outcome not in (None, Outcome.COMPLETE) for d in done):
        return 4
    refused = [d.refusal.code for d in done if d.refusal is not None]
    return 0 if not refused else 6 if refused[0] == "NOT_APPLIED" else 3


# -- what a revert may change -----------------------------------------------------------------------------------------


async def picture(lab: Lab) -> dict[str, Any]:
    """Every container of the project and every helper of ours, reduced to what a revert touches. Raises EngineError."""
    found: dict[str, Any] = {"helpers": sorted(str(r["Id"]) for r in await lab.engine.containers({HELPER: None}))}
    for box in await lab.containers():
        raw = await lab.engine.inspect(box.id)
        state, host = raw.get("State") or {}, raw.get("HostConfig") or {}
        networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
        found[box.service] = {
            "container": raw.get("Id"),
            "state": {k: state.get(k) for k in ("Status", "Paused", "StartedAt", "Pid")},
            "limits": {k: host.get(k) for k in _KEPT},
            "restart": host.get("RestartPolicy"),
            "networks": {n: (end.get("IPAddress"), sorted(end.get("Aliases") or ())) for n, end in networks.items()},
        }
    return found


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Names under which two pictures differ."""
    return sorted(k for k in one.keys() | other.keys() if one.get(k) != other.get(k))
