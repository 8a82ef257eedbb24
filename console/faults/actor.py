"""The actor of one console: guard, journal, act, verify; expiry; the kill switch; recovery at start."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

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
from console.model.names import Role
from console.observe.engine import ContainerFacts, EngineError
from console.storage import Database, StorageError, audit
from console.storage.journal import Journal
from console.storage.leases import boot_id, boot_now
from console.storage.lever import read_lever, set_lever

from . import guard, rollback
from .catalogue import KINDS
from .guard import Situation
from .kind import FaultKind, Gone, NotFelt, Order, Undo
from .lab import ALLOW, Lab
from .select import resolve

APPLY_S = 20.0
FELT_S = 5.0
LATE_S = 6.0  # the kill switch waits this long for an injection that is still being applied
EXPIRY_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants done. `selector`: a name, a role, `random`."""

    kind: str
    selector: str
    params: Mapping[str, float]
    duration_s: float | None = None
    allow_quorum_loss: bool = False


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
    """Everything this console does to the world goes through one of these methods."""

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
        self._db, self._clock = db, clock
        self._changed: Callable[[], None] = lambda: None
        self._before_first = before_first
        self._pace = pace
        self._rng = random.Random(policy.seed)
        self._known: dict[str, Injection] = {}
        self._applying: dict[str, asyncio.Task[None]] = {}
        self._reverting: dict[str, asyncio.Task[Revert]] = {}
        self._late: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._availability: dict[str, Availability] = {}
        self.disarmed = ""
        self._halts = 0

    def bind(self, changed: Callable[[], None]) -> None:
        """Have somebody told of every change."""
        self._changed = changed

    # -- looking ----------------------------------------------------------------------------------------------------

    @property
    def injections(self) -> tuple[Injection, ...]:
        """Injections of this console's time, newest last."""
        return tuple(self._known.values())

    @property
    def live(self) -> tuple[Injection, ...]:
        """Those of which something may still be in the system."""
        return tuple(i for i in self._known.values() if i.state.live)

    async def availability(self) -> dict[str, Availability]:
        """Per kind whether it can work here; asked once, then remembered."""
        if not self._availability:
            names = list(KINDS)
            answers = await asyncio.gather(*(self._preflight(KINDS[n]) for n in names))
            self._availability = dict(zip(names, answers, strict=True))
        return self._availability

    async def _preflight(self, kind: FaultKind) -> Availability:
        try:
            async with asyncio.timeout(10):
                return await kind.preflight(self.lab)
        except (EngineError, TimeoutError) as error:
            return Availability(False, f"preflight failed: {error}")

    async def refresh(self) -> None:
        """Read lever and journal again: another console, a CLI or the watchdog may have moved them."""
        lever = await read_lever(self._db, self.lab.id)
        self.disarmed = f"{lever.reason} (by {lever.who})" if lever.engaged else ""
        for injection in await self.journal.recent(30):
            if injection.id in self._applying or injection.id in self._reverting:
                continue
            known = self._known.get(injection.id)
            if known is None and injection.state.live:
                self._put(injection)
            elif known is not None and known.state is not injection.state:
                self._put(replace(injection, called=known.called, returned=known.returned))

    def _put(self, injection: Injection) -> None:
        self._known[injection.id] = injection
        for old in list(self._known.values())[:-60]:
            if not old.state.live:
                del self._known[old.id]
        self._changed()

    # -- guard ------------------------------------------------------------------------------------------------------

    async def preview(self, request: Request, cluster: Cluster, now: float) -> Preview:
        """What it would do and whether the guard lets it through. Changes nothing."""
        if (kind := KINDS.get(request.kind)) is None:
            return _no_kind(request)
        situation = await self._situation(kind, request, cluster, now)
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
        containers = await self.lab.containers()
        targets = resolve(request.selector, containers, cluster, kind.spec.targets, self._rng)
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
            now=now,
        )

    # -- acting -----------------------------------------------------------------------------------------------------

    async def inject(self, request: Request, cluster: Cluster, now: float) -> tuple[Injection, ...] | Refusal:
        """Guard, journal, act, verify. Everything refused and everything done has an audit row."""
        if (kind := KINDS.get(request.kind)) is None:
            return _no_kind(request).refusal or Refusal("UNKNOWN_KIND", request.kind)
        halts = self._halts
        async with self._one_at_a_time:
            try:
                await self.refresh()
                situation = await self._situation(kind, request, cluster, now)
                refusal = guard.refuse(situation)
            except (EngineError, StorageError) as error:
                refusal = Refusal("CANNOT_CHECK", f"the situation could not be read, so nothing was done: {error}")
            if refusal is None:
                try:
                    planned = await self._plan(kind, situation)
                except EngineError as error:
                    refusal = Refusal("NOT_HERE", str(error))
            if refusal is None and halts != self._halts:
                refusal = Refusal("DISARMED", "the kill switch was pressed meanwhile")
            if refusal is not None:
                await self._audit("refused", request, code=refusal.code, why=refusal.sentence)
                return refusal
            return await self._carry_out(kind, request, planned, halts)

    async def _plan(self, kind: FaultKind, situation: Situation) -> list[Injection]:
        wall, boot = time.time(), boot_now()
        planned = []
        for target in situation.targets:
            order = Order(uuid.uuid4().hex[:8], situation.params, situation.duration_s, situation.containers)
            undo = await kind.plan(self.lab, target, order)
            planned.append(
                Injection(
                    id=order.id,
                    lab=self.lab.id,
                    kind=situation.fault.kind,
                    targets=(_frozen(target),),
                    params=situation.params,
                    began_wall=wall,
                    expires_wall=wall + situation.duration_s,
                    owner=self.policy.owner,
                    boot=boot_id(),
                    expires_boot=boot + situation.duration_s,
                    undo=undo,
                )
            )
        return planned

    async def _carry_out(
        self, kind: FaultKind, request: Request, planned: list[Injection], halts: int
    ) -> tuple[Injection, ...] | Refusal:
        try:
            for injection in planned:
                await self.journal.begin(injection)
                self._put(injection)
            if self._before_first is not None:
                await self._before_first()
        except (StorageError, OSError) as error:
            await self._abandon(planned)
            return Refusal("NO_JOURNAL", f"what cannot be undone after a crash is not done: {error}")
        await self._audit("inject", request, ids=[i.id for i in planned], targets=[i.component for i in planned])
        done = await asyncio.gather(*(self._apply(kind, i, halts) for i in planned))
        failed = [d for d in done if isinstance(d, str)]
        if failed:
            await self.revert_these([i.id for i in planned])
            return Refusal("NOT_APPLIED", f"{failed[0]}; what was begun has been put back")
        return tuple(self._known[i.id] for i in planned)

    async def _abandon(self, planned: Sequence[Injection]) -> None:
        for injection in planned:
            with contextlib.suppress(StorageError):
                await self.journal.move(injection, InjectionState.REVERTED, "never begun")
            self._known.pop(injection.id, None)
        self._changed()

    async def _apply(self, kind: FaultKind, injection: Injection, halts: int) -> str | None:
        """None when the fault is in and was felt, else why not."""
        try:
            injection = await self._move(injection, InjectionState.APPLYING)
        except StorageError as error:
            return f"the journal could not be written: {error}"
        if halts != self._halts:
            return "the kill switch was pressed"
        undo: Undo = dict(injection.undo)
        injection = replace(injection, called=self._clock())
        self._put(injection)
        task = asyncio.create_task(self._timed(kind.apply(self.lab, undo)))
        self._applying[injection.id] = task
        try:
            await asyncio.wait({task})
            if task.cancelled():
                return f"{injection.kind} on {injection.component} was broken off"
            task.result()
            injection = replace(injection, returned=self._clock())
            injection = await self._advance(injection, InjectionState.APPLIED)
            said = await self._felt(kind, undo)
            after = InjectionState.REVERTED if kind.momentary else InjectionState.VERIFIED
            await self._advance(injection, after, said)
        except (EngineError, StorageError, NotFelt, Gone, TimeoutError) as error:
            return f"{injection.kind} on {injection.component}: {error or 'the engine did not answer in time'}"
        finally:
            if task.done():
                self._applying.pop(injection.id, None)
        return None

    async def _timed(self, work: Awaitable[None]) -> None:
        async with asyncio.timeout(APPLY_S + 60):
            await work

    async def _felt(self, kind: FaultKind, undo: Undo) -> str:
        deadline = time.monotonic() + FELT_S
        while True:
            try:
                return await kind.felt(self.lab, undo)
            except NotFelt:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.2)

    async def _move(self, injection: Injection, state: InjectionState, note: str = "") -> Injection:
        moved = await self.journal.move(injection, state, note)
        self._put(moved)
        return moved

    async def _advance(self, injection: Injection, state: InjectionState, note: str = "") -> Injection:
        """Move forward, unless it is being put back already: then its state is the rollback's to say."""
        if injection.id in self._reverting:
            return injection
        return await self._move(injection, state, note)

    # -- putting back -----------------------------------------------------------------------------------------------

    async def revert_these(
        self,
        ids: Sequence[str],
        progress: rollback.Progress | None = None,
        on_undone: Callable[[Injection], None] | None = None,
    ) -> tuple[Revert, ...]:
        """Put these back in parallel. One that is being put back already is waited for, not done twice."""

        async def one(injection_id: str) -> Revert:
            task = self._reverting.get(injection_id)
            if task is None:
                task = asyncio.create_task(self._put_back(self._known[injection_id], on_undone))
                self._reverting[injection_id] = task
                task.add_done_callback(lambda _: self._reverting.pop(injection_id, None))
            result = await asyncio.shield(task)
            if progress is not None:
                progress(result)
            return result

        return tuple(await asyncio.gather(*(one(i) for i in ids if i in self._known)))

    async def _put_back(self, injection: Injection, on_undone: Callable[[Injection], None] | None) -> Revert:
        applying = self._applying.get(injection.id)
        if applying is not None:
            kind = KINDS.get(injection.kind)
            if kind is not None and kind.series:
                applying.cancel()
            await asyncio.wait({applying}, timeout=LATE_S)
        self._put(replace(self._known[injection.id], state=InjectionState.REVERTING))
        result = await rollback.revert_one(self.lab, self.journal, injection, on_undone=on_undone, pace=self._pace)
        if applying is not None and not applying.done():
            late = asyncio.create_task(self._again(applying, injection))
            self._late.add(late)
            late.add_done_callback(self._late.discard)
        stored = await self._stored(injection)
        self._put(stored)
        await self._audit(
            "revert", None, id=injection.id, kind=injection.kind, outcome=result.outcome, detail=result.detail
        )
        return result

    async def _stored(self, injection: Injection) -> Injection:
        with contextlib.suppress(StorageError):
            stored = await self.journal.get(injection.id)
            if stored is not None:
                return replace(stored, called=injection.called, returned=injection.returned)
        return injection

    async def _again(self, applying: asyncio.Task[None], injection: Injection) -> None:
        """A call that the engine had not answered may still land after the revert; then it is put back once more."""
        await asyncio.wait({applying})
        self._applying.pop(injection.id, None)
        await rollback.revert_one(self.lab, self.journal, injection, pace=self._pace)
        self._put(await self._stored(injection))

    async def revert_all(
        self,
        reason: str,
        *,
        disarm: bool,
        progress: rollback.Progress | None = None,
        on_undone: Callable[[Injection], None] | None = None,
    ) -> tuple[Revert, ...]:
        """The kill switch. Idempotent: nothing live, nothing done. A journal that fails does not stop it."""
        self._halts += 1
        if disarm:
            await self._disarm(reason)
        with contextlib.suppress(StorageError):
            for injection in await self.journal.live():
                self._known.setdefault(injection.id, injection)
        results = await self.revert_these([i.id for i in self.live], progress, on_undone)
        if results:
            await self._audit("revert-all", None, reason=reason, outcome=rollback.summary(results), n=len(results))
        return results

    async def _disarm(self, reason: str) -> None:
        self.disarmed = f"{reason} (by {self.policy.who})"
        with contextlib.suppress(StorageError):
            await set_lever(self._db, self.lab.id, True, reason, self.policy.who)
        await self._audit("disarm", None, reason=reason)
        self._changed()

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
        self._changed()
        return None

    async def set_load(self, on: bool) -> str:
        """Start or stop the load generator: an operator's act on the workload, not a fault. One line of result."""
        if self.policy.read_only:
            return f"this console is read-only: {self.policy.read_only}"
        loads = [c for c in await self.lab.containers() if c.role is Role.LOAD]
        if not loads:
            return "this project has no load generator"
        load = loads[0]
        if load.labels.get(ALLOW, "").lower() != "true":
            return f"{load.service}: the container has no label {ALLOW}=true"
        if any(load.id == t.container_id for i in self.live for t in i.targets):
            return f"{load.service} carries an injection; revert that first"
        await self._audit("load", None, on=on, container=load.name)
        if on and not load.running:
            await self.lab.engine.start(load.id)
        elif not on and load.running:
            await self.lab.engine.stop(load.id, 2)
        return f"load {'on' if on else 'off'}: {load.service}"

    async def expired(self) -> list[Injection]:
        """Live injections whose time is up; on another boot every one of them is."""
        return [
            i
            for i in self.live
            if not i.state.stuck
            and i.state is not InjectionState.REVERTING
            and (i.boot != boot_id() or boot_now() >= i.expires_boot)
        ]

    async def _audit(self, action: str, request: Request | None, **data: object) -> None:
        asked = {} if request is None else {"kind": request.kind, "target": request.selector, "params": request.params}
        with contextlib.suppress(StorageError):
            await audit.append(self._db, self.policy.who, action, {"lab": self.lab.id, **asked, **data})


def _frozen(target: ContainerFacts) -> Target:
    return Target(target.service, target.id, target.name, target.started_at)


def _no_kind(request: Request) -> Preview:
    known = ", ".join(sorted(KINDS))
    refusal = Refusal("UNKNOWN_KIND", f"there is no fault kind {request.kind!r}; there are: {known}")
    return Preview(request.kind, (), "", "", "", 0.0, "", refusal)
