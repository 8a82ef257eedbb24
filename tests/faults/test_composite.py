"""Several targets as one: in turn, a whole majority, or by the game master's choice (S2-53, S2-88)."""

from __future__ import annotations

import time

from console.faults.actor import Request
from console.model.fault import Outcome, Refusal

from .bed import Bed, rows
from .fixtures import Hands, Sessions, watched


async def test_a_rolling_restart_takes_one_after_the_other(bed: Bed, hands: Hands) -> None:
    """All stores have new start times, in order, and at no time was more than one of them gone."""
    hand = await hands()
    services = ("tikv0", "tikv1", "tikv2")
    before = {s: (await bed.inspect(s))["State"]["StartedAt"] for s in services}
    began = await bed.now()
    done = await hand.actor.inject(Request("rolling-restart", "all-stores", {"grace": 1}), watched(), time.monotonic())
    assert not isinstance(done, Refusal), done
    assert [i.component for i in done] == [*services]
    after = {s: (await bed.inspect(s))["State"]["StartedAt"] for s in services}
    assert all(after[s] > before[s] for s in services)
    steps = [c for c in await bed.changes(began) if c.split()[0] in ("die", "start")]
    gone: set[str] = set()
    for step in steps:
        action, name = step.split()
        gone = gone | {name} if action == "die" else gone - {name}
        assert len(gone) <= 1, steps
    assert set(rows(hand.database).values()) == {"reverted"}


async def test_quorum_loss_needs_leave_and_room(bed: Bed, hands: Hands) -> None:
    """A majority is taken only where it is asked for, allowed, and within the limit; and comes back whole."""
    narrow, wide = await hands(), await hands(limit=2)

    async def ask(hand: object, target: str, allow: bool) -> object:
        request = Request("quorum-loss", target, {}, 60, allow_quorum_loss=allow)
        return await hand.actor.inject(request, watched(), time.monotonic())  # type: ignore[attr-defined]

    for hand, target, allow, code in (
        (wide, "majority", False, "QUORUM"),
        (narrow, "majority", True, "BLAST_RADIUS"),
        (wide, "pd1", True, "WRONG_TARGET"),
    ):
        refused = await ask(hand, target, allow)
        assert isinstance(refused, Refusal)
        assert refused.code == code
    pictures = {s: await bed.picture(s) for s in ("pd0", "pd1", "pd2")}
    done = await ask(wide, "majority", True)
    assert not isinstance(done, Refusal), done
    states = [(await bed.inspect(s))["State"]["Status"] for s in ("pd0", "pd1", "pd2")]
    assert sorted(states) == ["paused", "paused", "running"]
    results = await wide.actor.revert_all("enough", disarm=False)
    assert [r.outcome for r in results] == [Outcome.COMPLETE] * 2, results
    assert {s: await bed.picture(s) for s in pictures} == pictures


async def test_the_game_master_keeps_it_secret_until_it_is_over(bed: Bed, sessions: Sessions) -> None:
    """What was chosen is in no view, no event and no answer while it lasts, and is told when it was put back."""
    session = await sessions(seed=7)
    assert await session.until(lambda: bool(session.view().cluster.containers and session.view().cluster.leader), 20)
    await session.operations.check()
    told = len(session.timeline.events)
    done = await session.inject("game-master", "random", {}, 60)
    assert not isinstance(done, Refusal), done
    (real,) = session.parts.actor.live  # type: ignore[union-attr]
    (shown,) = session.view().active
    assert (done.kind, shown.kind, shown.component) == ("hidden", "hidden", "hidden")
    assert real.component not in repr((done, shown, session.view().timer))
    ours = [e.text for e in session.timeline.events[told:] if e.source == "operator"]
    assert ours
    assert not any(real.kind in t or real.component in t for t in ours)
    await session.revert(real.id)
    assert f"it was {real.kind} on {real.component}" in [e.text for e in session.timeline.events]
    assert session.view().injections[-1].kind == real.kind
