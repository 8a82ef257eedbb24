"""The game master: breaks something of its own choice and keeps it to itself until it is over."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from console.faults.actor import Request
from console.faults.catalogue import KINDS
from console.model.fault import Fault, Injection, Refusal, Target, TargetKind
from console.model.view import FaultEntry

NAME = "game-master"
HIDDEN = "hidden"
TRIES = 5
SPEC = Fault(
    kind=NAME,
    family="composite",
    title="Game master",
    mechanism="one fault of the others, chosen by chance, kept secret until it is put back",
    signature="find out",
    help="For drills: what it did and where is shown when it is over. Start with --blind to be given no hints.",
    targets=(TargetKind.STORE, TargetKind.PD),
    default_duration_s=120,
)


class GameMaster:
    """Chooses by its seed; remembers what is still a secret."""

    def __init__(self, seed: int | None) -> None:
        self._rng = random.Random(seed)
        self._secret: set[str] = set()
        self._before: frozenset[str] | None = None  # while it plays: what was there already; the rest is secret

    async def play(
        self,
        request: Request,
        faults: Sequence[FaultEntry],
        there: Collection[str],
        inject: Callable[[Request], Awaitable[tuple[Injection, ...] | Refusal]],
    ) -> tuple[Injection, ...] | Refusal:
        """Inject something that works here; the refusal of the last try where none was let through. `there`: ids of
        the injections so far."""
        self._before, kept = frozenset(there), set(self._secret)
        done: tuple[Injection, ...] | Refusal = Refusal("UNAVAILABLE", "nothing was played")
        try:
            done = await self._play(request, faults, inject)
        finally:
            self._before = None
            self._secret = kept | (set() if isinstance(done, Refusal) else {i.id for i in done})
        return done

    async def _play(
        self,
        request: Request,
        faults: Sequence[FaultEntry],
        inject: Callable[[Request], Awaitable[tuple[Injection, ...] | Refusal]],
    ) -> tuple[Injection, ...] | Refusal:
        able = [e.fault for e in faults if _may(e)]
        if not able:
            return Refusal("UNAVAILABLE", "no kind that could be played works here")
        refusal = Refusal("UNAVAILABLE", "nothing could be played")
        for fault in self._rng.sample(able, min(TRIES, len(able))):
            duration = request.duration_s if request.duration_s is not None else SPEC.default_duration_s
            done = await inject(replace(request, kind=fault.kind, params={}, duration_s=duration))
            if not isinstance(done, Refusal):
                return done
            refusal = done
            if done.code not in ("NO_TARGET", "WRONG_TARGET", "NOT_HERE", "UNAVAILABLE", "QUORUM", "NOT_APPLIED"):
                break
        return refusal

    def reveal(self, injection: str) -> bool:
        """It is over. True where it had been a secret."""
        known = injection in self._secret
        self._secret.discard(injection)
        return known

    def shown(self, injection: Injection) -> Injection:
        """What may be shown of it."""
        if self._before is not None and injection.id not in self._before:
            self._secret.add(injection.id)
        if injection.id not in self._secret:
            return injection
        masked = tuple(Target(HIDDEN, "", HIDDEN, "") for _ in injection.targets)
        return replace(injection, kind=HIDDEN, targets=masked, params={}, undo={}, note="", verified=())


def _may(entry: FaultEntry) -> bool:
    """Ends with its injection, changes something an observer can see, and needs no permission of its own."""
    kind = KINDS.get(entry.fault.kind)
    plain = kind is not None and not kind.momentary and not entry.fault.majority and not entry.fault.one_by_one
    quiet = entry.fault.kind in ("scheduling-stopped", "store-limit")
    return plain and not quiet and entry.availability.ok and entry.availability.known
