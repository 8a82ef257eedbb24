"""The actor of one console: everything it does to the world goes through one of these methods.

Guard, journal, act, verify (`applying.py`); expiry, kill switch and recovery (`returning.py`); the lever.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from console.model.cluster import Cluster
from console.model.fault import (
    DETACHED,
    Availability,
    Injection,
    InjectionState,
    Preview,
    Refusal,
    Revert,
    Target,
)
from console.observe.engine import ContainerFacts, EngineError
from console.storage import Database, StorageError, audit
from console.storage.journal import Journal
from console.storage.leases import boot_id, boot_now
from console.storage.lever import read_lever, set_lever

from . import guard, rollback
from .applying import Applying
from .catalogue import KINDS
from .guard import Situation
from .kind import FaultKind, Order, Undo
from .known import Known
from .lab import Lab
from .load import set_load
from .preflight import Preflights
from .returning import Returning, Undone
from .select import SelectorError, region_of, resolve


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants done. `selector`: see `select.py`."""

    kind: str
    selector: str
    params: Mapping[str, float]
    duration_s: float | None = None
    allow_quorum_loss: bool = False
    abort_if: tuple[str, ...] = ()  # see aborts.py; whoever asks watches them


@dataclass
class Policy:
    """What this console may do. `owner` is what a lease must keep alive for an injection to stay."""

    who: str
    owner: str
    limit: int = 1
    read_only: str = ""
    seed: int | None = None

    @property
    def detached(self) -> bool:
        """True where what is injected stays when this process ends; its duration and the watchdog bound it."""
        return self.owner == DETACHED


class Actor:
    """One lab, one journal, one policy. `before_first` must have returned before anything is done to the world."""

    def __init__(
        self,
        lab: Lab,
        db: Database,
        policy: Policy,
        *,
        clock: Callable[[], float],
        before_first: Callable[[], Awaitable[None]] | None = None,
        pace: rollback.Pace | None = None,
    ) -> None:
        self.lab, self.policy = lab, policy
        self.journal = Journal(db, lab.id)
        self.disarmed = ""
        self._db, self._before_first = db, before_first
        self._known = Known(self.journal)
        self._preflights = Preflights(lab)
        self._applying = Applying(lab, self._known, clock, lambda i: i in self._returning.running)
        self._returning = Returning(lab, self._known, self._applying.under_way, self._audit_revert, pace)
        self._seed = policy.seed if policy.seed is not None else random.getrandbits(32)
        self._asked = 0
        self._one_at_a_time = asyncio.Lock()
        self._halts = 0

    def bind(self, changed: Callable[[], None]) -> None:
        """Have somebody told of every change."""
        self._known.changed = changed

    # -- looking ----------------------------------------------------------------------------------------------------

    @property
    def injections(self) -> tuple[Injection, ...]:
        """Injections of this console's time, newest last."""
        return self._known.all

    @property
    def live(self) -> tuple[Injection, ...]:
        """Those of which something may still be in the system."""
        return self._known.live

    @property
    def quiet(self) -> bool:
        """True when nothing is being done or undone at this moment."""
        return not (self._applying.under_way or self._returning.running or self._returning.late)

    async def availability(self) -> dict[str, Availability]:
        """Per kind whether it can work here; asked once, then remembered."""
        return await self._preflights.all()

    async def refresh(self) -> None:
        """Read lever and journal again: another console, a CLI or the watchdog may have moved them."""
        lever = await read_lever(self._db, self.lab.id)
        self.disarmed = f"{lever.reason} (by {lever.who})" if lever.engaged else ""
        await self._known.read({*self._applying.under_way, *self._returning.running})

    def due(self) -> list[Injection]:
        """Live injections to put back now: their time is up, or an earlier attempt could not be ended."""
        return self._returning.due()

    # -- guard ------------------------------------------------------------------------------------------------------

    async def preview(self, request: Request, cluster: Cluster, now: float) -> Preview:
        """What it would do and whether the guard lets it through. Changes nothing."""
        if (kind := KINDS.get(request.kind)) is None:
            return _no_kind(request)
        try:
            situation = await self._situation(kind, request, cluster, now)
        except SelectorError as error:
            return _refused(request, kind, Refusal("BAD_SELECTOR", str(error)))
        refusal = guard.refuse(situation)
        order = Order("preview", situation.params, situation.duration_s, situation.containers)
        undos: list[Undo] = []
        if refusal is None:
            try:
                undos = [await kind.plan(self.lab, t, order) for t in situation.targets]
            except EngineError as error:
                refusal = Refusal("NOT_HERE", str(error))
        return Preview(
            kind=request.kind,
            targets=tuple(_frozen(t) for t in situation.targets),
            mechanism=kind.spec.mechanism,
            signature=kind.spec.signature,
            quorum=guard.quorum_effect(situation),
            expires_s=situation.duration_s,
            undo="; ".join(kind.undoing(u) for u in undos),
            refusal=refusal,
        )

    async def _situation(self, kind: FaultKind, request: Request, cluster: Cluster, now: float) -> Situation:
        # The same draw for a preview and for the injection after it: what was shown is what is done.
        rng = random.Random(f"{self._seed}:{self._asked}")
        containers = await self.lab.containers()
        region = region_of(request.selector)
        holding = None if region is None else await self.lab.region_stores(region)
        targets = resolve(request.selector, containers, cluster, kind.spec.targets, rng, holding)
        defaults = {p.name: p.default for p in kind.spec.params}
        return Situation(
            fault=kind.spec,
            params={**defaults, **request.params},
            duration_s=request.duration_s if request.duration_s is not None else kind.spec.default_duration_s,
            targets=targets,
            selector=request.selector,
            containers=containers,
            cluster=cluster,
            live=await self.journal.live(),
            availability=(await self.availability())[request.kind],
            limit=self.policy.limit,
            read_only=self.policy.read_only,
            disarmed=self.disarmed,
            allow_quorum_loss=request.allow_quorum_loss,
            replicas=await self.lab.replicas(),
            now=now,
        )

    # -- acting -----------------------------------------------------------------------------------------------------

    async def inject(self, request: Request, cluster: Cluster, now: float) -> tuple[Injection, ...] | Refusal:
        """Guard, journal, act, verify. Everything refused and everything done has an audit row."""
        halts = self._halts
        async with self._one_at_a_time:
            planned = await self._planned(request, cluster, now)
            self._asked += 1
            if not isinstance(planned, Refusal) and halts != self._halts:
                planned = Refusal("DISARMED", "the kill switch was pressed meanwhile")
            if isinstance(planned, Refusal):
                await self._audit("refused", request, code=planned.code, why=planned.sentence)
                return planned
            return await self._carry_out(KINDS[request.kind], request, planned, lambda: halts != self._halts)

    async def _planned(self, request: Request, cluster: Cluster, now: float) -> list[Injection] | Refusal:
        """What would be done, ready for the journal, or why not. Changes nothing."""
        if (kind := KINDS.get(request.kind)) is None:
            return _no_kind(request).refusal or Refusal("UNKNOWN_KIND", request.kind)
        try:
            await self.refresh()
            situation = await self._situation(kind, request, cluster, now)
        except SelectorError as error:
            return Refusal("BAD_SELECTOR", str(error))
        except (EngineError, StorageError) as error:
            return Refusal("CANNOT_CHECK", f"the situation could not be read, so nothing was done: {error}")
        refusal = guard.refuse(situation)
        if refusal is not None:
            return refusal
        try:
            return [await self._plan(kind, situation, target) for target in situation.targets]
        except EngineError as error:
            return Refusal("NOT_HERE", str(error))

    async def _plan(self, kind: FaultKind, situation: Situation, target: ContainerFacts) -> Injection:
        order = Order(uuid.uuid4().hex[:8], situation.params, situation.duration_s, situation.containers)
        undo = await kind.plan(self.lab, target, order)
        wall = time.time()
        return Injection(
            id=order.id,
            lab=self.lab.id,
            kind=situation.fault.kind,
            targets=(_frozen(target),),
            params=situation.params,
            began_wall=wall,
            expires_wall=wall + situation.duration_s,
            owner=self.policy.owner,
            boot=boot_id(),
            expires_boot=boot_now() + situation.duration_s,
            undo=undo,
        )

    async def _carry_out(
        self, kind: FaultKind, request: Request, planned: list[Injection], halted: Callable[[], bool]
    ) -> tuple[Injection, ...] | Refusal:
        try:
            for injection in planned:
                await self.journal.begin(injection)
                self._known.put(injection)
            if self._before_first is not None:
                await self._before_first()
        except (StorageError, OSError) as error:
            await self._abandon(planned)
            return Refusal("NO_JOURNAL", f"what cannot be undone after a crash is not done: {error}")
        await self._audit("inject", request, ids=[i.id for i in planned], targets=[i.component for i in planned])
        failed = await self._apply(kind, planned, halted)
        if failed:
            results = await self.revert_these([i.id for i in planned])
            return Refusal("NOT_APPLIED", f"{failed[0]}; {_put_back(results)}")
        return tuple(self._known[i.id] for i in planned)

    async def _apply(self, kind: FaultKind, planned: list[Injection], halted: Callable[[], bool]) -> list[str]:
        """At once, or in turn until one does not come back. Returns why it went wrong, a line each."""
        if not kind.spec.one_by_one:
            done = await asyncio.gather(*(self._applying.apply(kind, i, halted) for i in planned))
            return [d for d in done if d is not None]
        for injection in planned:
            if failed := await self._applying.apply(kind, injection, halted):
                return [failed]
        return []

    async def _abandon(self, planned: Sequence[Injection]) -> None:
        for injection in planned:
            with contextlib.suppress(StorageError):
                await self.journal.move(injection, InjectionState.REVERTED, "never begun")
            self._known.forget(injection.id)

    # -- putting back -----------------------------------------------------------------------------------------------

    async def revert_these(
        self, ids: Sequence[str], progress: rollback.Progress | None = None, on_undone: Undone | None = None
    ) -> tuple[Revert, ...]:
        """Put these back in parallel. One that is being put back already is waited for, not done twice."""
        return await self._returning.these(ids, progress, on_undone)

    async def revert_all(
        self,
        reason: str,
        *,
        disarm: bool,
        progress: rollback.Progress | None = None,
        on_undone: Undone | None = None,
    ) -> tuple[Revert, ...]:
        """The kill switch. Idempotent: nothing live, nothing done. A journal that fails does not stop it."""
        self._halts += 1
        if disarm:
            await self._disarm(reason)
        await self._known.add_live()
        results = await self.revert_these([i.id for i in self.live], progress, on_undone)
        if results:
            await self._audit("revert-all", None, reason=reason, outcome=rollback.summary(results), n=len(results))
        return results

    # -- lever and load -----------------------------------------------------------------------------------------------

    async def _disarm(self, reason: str) -> None:
        self.disarmed = f"{reason} (by {self.policy.who})"
        with contextlib.suppress(StorageError):
            await set_lever(self._db, self.lab.id, True, reason, self.policy.who)
        await self._audit("disarm", None, reason=reason)
        self._known.changed()

    async def arm(self, reason: str) -> Refusal | None:
        """Allow injections again. A reason is required; what is stuck stays stuck."""
        if not reason.strip():
            return Refusal("NO_REASON", "arming needs a reason; it goes to the audit log")
        if self.policy.read_only:
            return Refusal("READ_ONLY", f"this console is read-only: {self.policy.read_only}")
        try:
            await set_lever(self._db, self.lab.id, False, reason.strip(), self.policy.who)
        except StorageError as error:
            return Refusal("NO_JOURNAL", str(error))
        self.disarmed = ""
        await self._audit("arm", None, reason=reason.strip())
        self._known.changed()
        return None

    async def set_load(self, on: bool) -> str:
        """Start or stop the load generator. One line of result. Raises EngineError."""
        if self.policy.read_only:
            return f"this console is read-only: {self.policy.read_only}"
        done, said = await set_load(self.lab, on, self.live)
        if done:
            await self._audit("load", None, on=on, said=said)
        return said

    async def tell(self, action: str, **data: object) -> None:
        """A row in the audit log."""
        await self._audit(action, None, **data)

    # -- audit --------------------------------------------------------------------------------------------------------

    async def _audit_revert(self, result: Revert) -> None:
        await self._audit(
            "revert", None, id=result.injection, kind=result.kind, outcome=result.outcome, detail=result.detail
        )

    async def _audit(self, action: str, request: Request | None, **data: object) -> None:
        asked = {} if request is None else {"kind": request.kind, "target": request.selector, "params": request.params}
        with contextlib.suppress(StorageError):
            await audit.append(self._db, self.policy.who, action, {"lab": self.lab.id, **asked, **data})


def _frozen(target: ContainerFacts) -> Target:
    return Target(target.service, target.id, target.name, target.started_at)


def _put_back(results: Sequence[Revert]) -> str:
    worst = rollback.summary(results)
    if worst.value == "COMPLETE":
        return "what was begun has been put back"
    return f"putting back what was begun: {worst.value}, {next(r.detail for r in results if r.outcome is worst)}"


def _no_kind(request: Request) -> Preview:
    known = ", ".join(sorted(KINDS))
    refusal = Refusal("UNKNOWN_KIND", f"there is no fault kind {request.kind!r}; there are: {known}")
    return Preview(request.kind, (), "", "", "", 0.0, "", refusal)


def _refused(request: Request, kind: FaultKind, refusal: Refusal) -> Preview:
    return Preview(request.kind, (), kind.spec.mechanism, kind.spec.signature, "", 0.0, "", refusal)
