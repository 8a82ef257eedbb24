"""The revert engine: the one way back, for the kill switch, expiry, quit, a crash, the watchdog and `revert`.

Parallel, idempotent, each injection on its own: one that fails does not stop the others. Verified by reading back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from console.model.fault import Injection, InjectionState, Outcome, Revert
from console.observe.engine import EngineError
from console.storage import StorageError
from console.storage.journal import Journal

from .catalogue import KINDS
from .kind import Check, FaultKind, Gone, Undo
from .lab import Lab

ATTEMPTS = 3  # of an undo that the engine answers with an error
PAUSE_MAX_S = 2.0
UNDO_S = 25.0  # deadline of one injection's undo, all attempts together
VERIFY_S = 40.0  # a store's first heartbeat after a start may take 10 s, PD's word a little longer
STABLE_S = 2.0  # how long it must stay up: what starts and dies again is PARTIAL
Progress = Callable[[Revert], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a rollback is; durations in real seconds."""

    undo_s: float = UNDO_S
    verify_s: float = VERIFY_S
    stable_s: float = STABLE_S
    poll_s: float = 0.25


async def revert_many(
    lab: Lab,
    journal: Journal,
    injections: Sequence[Injection],
    *,
    progress: Progress | None = None,
    on_undone: Callable[[Injection], None] | None = None,
    pace: Pace | None = None,
) -> tuple[Revert, ...]:
    """Put back all of these at once. `on_undone`: the fault is undone, its verification goes on."""

    async def one(injection: Injection) -> Revert:
        result = await revert_one(lab, journal, injection, on_undone=on_undone, pace=pace)
        if progress is not None:
            progress(result)
        return result

    return tuple(await asyncio.gather(*(one(i) for i in injections)))


async def revert_one(
    lab: Lab,
    journal: Journal,
    injection: Injection,
    *,
    on_undone: Callable[[Injection], None] | None = None,
    pace: Pace | None = None,
) -> Revert:
    """Put back one injection, whatever state it is in; a half-applied one most of all. Never raises for the world's
    faults: they are in the result."""
    pace = pace or Pace()
    began = time.monotonic()
    kind = KINDS.get(injection.kind)
    if kind is None:
        why = f"this console does not know the kind {injection.kind!r}; undo it by hand"
        return await _end(journal, injection, InjectionState.FAILED, Outcome.FAILED, why, (), began)
    if not injection.undo:
        why = "nothing had been planned yet, so nothing was done"
        return await _end(journal, injection, InjectionState.REVERTED, Outcome.COMPLETE, why, (), began)
    injection = await _mark(journal, injection)
    undo = dict(injection.undo)
    try:
        error = await _undo(lab, kind, undo, pace)
        if error is not None and error.away:
            why = f"{error}; it is tried again until the engine answers"
            return await _end(journal, injection, InjectionState.REVERTING, Outcome.FAILED, why, (), began)
        if error is not None:
            return await _end(journal, injection, InjectionState.FAILED, Outcome.FAILED, str(error), (), began)
        if on_undone is not None:
            on_undone(injection)
        checks = await _verify(lab, kind, undo, pace)
    except Gone as gone:
        return await _end(journal, injection, InjectionState.GONE, Outcome.COMPLETE, str(gone), (), began)
    said = tuple(c.said for c in checks if c.ok)
    wrong = [c.said for c in checks if not c.ok]
    if wrong:
        why = "; ".join(wrong)
        return await _end(journal, injection, InjectionState.PARTIAL, Outcome.PARTIAL, why, said, began)
    return await _end(
        journal, injection, InjectionState.REVERTED, Outcome.COMPLETE, "put back and verified", said, began
    )


async def _mark(journal: Journal, injection: Injection) -> Injection:
    """Note that it begins. A journal that cannot be written does not hold up putting things back."""
    try:
        return await journal.move(injection, InjectionState.REVERTING)
    except StorageError:
        return injection


async def _end(
    journal: Journal,
    injection: Injection,
    state: InjectionState,
    outcome: Outcome,
    detail: str,
    verified: tuple[str, ...],
    began: float,
) -> Revert:
    note = detail
    try:
        await journal.move(injection, state, detail, verified=verified)
    except StorageError as error:
        note = f"{detail} (the journal could not be written: {error})"
    seconds = time.monotonic() - began
    return Revert(injection.id, injection.kind, injection.component, outcome, note, verified, seconds)


async def _undo(lab: Lab, kind: FaultKind, undo: Undo, pace: Pace) -> EngineError | None:
    """None when the undo went through, else the last error. An engine that answers with an error gets a few attempts,
    one that does not answer all the time there is."""
    last: EngineError = EngineError("no attempt was made")
    deadline = time.monotonic() + pace.undo_s
    refused = 0
    pause = pace.poll_s
    while refused < ATTEMPTS and (left := deadline - time.monotonic()) > 0:
        try:
            async with asyncio.timeout(left):
                await kind.revert(lab, undo)
            return None
        except EngineError as error:
            last = error
            refused += not error.away
        except TimeoutError:
            last = EngineError(f"the engine did not carry out the undo within {pace.undo_s:g} s", away=True)
        await asyncio.sleep(max(0.0, min(pause, deadline - time.monotonic())))
        pause = min(2 * pause, PAUSE_MAX_S)
    return last


async def _verify(lab: Lab, kind: FaultKind, undo: Undo, pace: Pace) -> list[Check]:
    """Read back until all is well for `stable_s`, or time is up; then what was read last."""
    deadline = time.monotonic() + pace.verify_s
    well_since: float | None = None
    checks: list[Check] = [Check(False, "nothing could be read back")]
    while True:
        checks = await _look(kind.verify(lab, undo), pace)
        now = time.monotonic()
        if all(c.ok for c in checks):
            well_since = well_since if well_since is not None else now
            if now - well_since >= pace.stable_s:
                return checks
        else:
            well_since = None
        if now >= deadline or any(not c.ok and c.settled for c in checks):
            return checks
        await asyncio.sleep(pace.poll_s)


async def _look(reading: Awaitable[list[Check]], pace: Pace) -> list[Check]:
    try:
        async with asyncio.timeout(pace.verify_s):
            return await reading
    except EngineError as error:
        return [Check(False, str(error), settled=False)]
    except TimeoutError:
        return [Check(False, "the engine did not answer while reading back", settled=False)]


def summary(results: Sequence[Revert]) -> Outcome:
    """The worst of them; COMPLETE for none."""
    outcomes = {r.outcome for r in results}
    for worst in (Outcome.FAILED, Outcome.PARTIAL):
        if worst in outcomes:
            return worst
    return Outcome.COMPLETE
