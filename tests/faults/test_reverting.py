"""Putting back: again, at once, after others had their hands in it, and while it is still being done."""

from __future__ import annotations

import asyncio
import time

import pytest

from console.faults.rollback import Pace
from console.model.fault import InjectionState, Outcome, Refusal

from .bed import Bed, rows, steps
from .fixtures import Hand, Hands


async def test_a_second_revert_changes_nothing(bed: Bed, hand: Hand) -> None:
    """Pressing twice is pressing once (S2-87): the same answer, and no call that changes anything."""
    injection = await hand.injected("pause", "tikv1")
    assert (await hand.actor.revert_these([injection.id]))[0].outcome is Outcome.COMPLETE
    began, picture = await bed.now(), await bed.picture("tikv1")
    again = await hand.actor.revert_these([injection.id])
    assert [r.outcome for r in again] == [Outcome.COMPLETE]
    assert await hand.actor.revert_all("again", disarm=False) == ()
    assert await bed.changes(began) == []
    assert await bed.picture("tikv1") == picture


@pytest.mark.parametrize(("kind", "target"), [("pause", "tikv1"), ("kill", "pd1"), ("partition", "tikv1")])
async def test_two_reverts_at_once(bed: Bed, hands: Hands, kind: str, target: str) -> None:
    """The kill switch, twice, and another process beside it: every one of them says COMPLETE (E5)."""
    one, two = await hands(), await hands()
    picture = await bed.picture(target)
    injection = await one.injected(kind, target)
    await two.actor.refresh()
    results = await asyncio.gather(
        one.actor.revert_these([injection.id]),
        one.actor.revert_all("the kill switch", disarm=False),
        two.actor.revert_all("another console", disarm=False),
    )
    assert [r.outcome for rs in results for r in rs] == [Outcome.COMPLETE] * 3, results
    assert await bed.picture(target) == picture
    assert rows(one.database) == {injection.id: "reverted"}


UNDONE = [
    ("pause", "tikv1", "unpause"),
    ("kill", "tikv1", "start"),
    ("stop", "pd1", "start"),
    ("partition", "tikv1", "network connect"),
    ("client-paused", "ycsb", "unpause"),
]


@pytest.mark.parametrize(("kind", "target", "by_hand"), UNDONE)
async def test_after_somebody_put_it_back_by_hand(bed: Bed, hand: Hand, kind: str, target: str, by_hand: str) -> None:
    """Undone by docker in another terminal: reverting finds nothing to do and says COMPLETE."""
    picture = await bed.picture(target)
    ((network, end),) = picture["networks"].items()
    await hand.injected(kind, target)
    more = [w for a in end["aliases"] for w in ("--alias", a)] + [network] if by_hand == "network connect" else []
    await bed.docker(*by_hand.split(), *more, bed.name(target))
    began = await bed.now()
    (result,) = await hand.actor.revert_all("too late", disarm=False)
    assert result.outcome is Outcome.COMPLETE, result.detail
    assert await bed.changes(began) == []
    assert await bed.picture(target) == picture


async def test_after_the_frozen_process_was_killed(bed: Bed, hand: Hand) -> None:
    """Killed while it was paused: the pause went with the process; what killed it is not ours to undo."""
    injection = await hand.injected("pause", "tikv1")
    await bed.docker("kill", bed.name("tikv1"))
    await bed.becomes("tikv1", "exited")
    (result,) = await hand.actor.revert_all("too late", disarm=False)
    assert result.outcome is Outcome.COMPLETE
    assert rows(hand.database) == {injection.id: "gone-with-target"}
    assert (await bed.inspect("tikv1"))["State"]["Status"] == "exited"


async def test_after_it_was_attached_again_without_its_name(bed: Bed, hand: Hand) -> None:
    """Attached again by hand, but nobody finds it by name: the revert gives it its alias back."""
    picture = await bed.picture("tikv1")
    await hand.injected("partition", "tikv1")
    (network,) = picture["networks"]
    await bed.docker("network", "connect", network, bed.name("tikv1"))
    assert (await bed.picture("tikv1"))["networks"][network]["aliases"] == []
    (result,) = await hand.actor.revert_all("half done", disarm=False)
    assert result.outcome is Outcome.COMPLETE, result.detail
    assert await bed.picture("tikv1") == picture


@pytest.mark.parametrize("kind", ["pause", "kill", "stop", "partition", "restart"])
async def test_after_the_container_was_removed(bed: Bed, hand: Hand, kind: str) -> None:
    """Removed: gone with its target, which is no failure and stays none."""
    injection = await hand.injected(kind, "tikv1")
    await bed.docker("rm", "-f", bed.name("tikv1"))
    (result,) = await hand.actor.revert_these([injection.id])
    assert result.outcome is Outcome.COMPLETE
    assert rows(hand.database) == {injection.id: "gone-with-target"}
    assert "removed" in result.detail


@pytest.mark.parametrize("kind", ["pause", "kill", "partition"])
async def test_a_new_container_of_the_same_name_is_not_touched(bed: Bed, hand: Hand, kind: str) -> None:
    """The target is a container, not a name (S2-88): its successor is nobody's business."""
    injection = await hand.injected(kind, "tikv1")
    await bed.recreate("tikv1")
    await bed.docker("stop", "-t", "0", bed.name("tikv1"))  # were it taken for the old one, it would be started
    began, before = await bed.now(), await bed.inspect("tikv1")
    (result,) = await hand.actor.revert_these([injection.id])
    assert result.outcome is Outcome.COMPLETE
    assert rows(hand.database) == {injection.id: "gone-with-target"}
    after = await bed.inspect("tikv1")
    assert (after["Id"], after["State"]) == (before["Id"], before["State"])
    assert await bed.changes(began) == []


async def test_what_starts_and_dies_again_is_partial(bed: Bed, hands: Hands) -> None:
    """A start that returned success and a process that was dead a moment later: PARTIAL, not COMPLETE (S1-18)."""
    await bed.brief("tikv1")
    hand = await hands(pace=Pace(undo_s=10, verify_s=5, stable_s=2, poll_s=0.05))
    injection = await hand.injected("kill", "tikv1")
    (result,) = await hand.actor.revert_these([injection.id])
    assert result.outcome is Outcome.PARTIAL
    assert "tikv1" in result.detail
    assert rows(hand.database) == {injection.id: "partial"}
    assert steps(hand.database, injection.id)[-2:] == ["reverting", "partial"]
    refused = await hand.inject("pause", "tikv2")
    assert isinstance(refused, Refusal)
    assert (refused.code, injection.id in refused.sentence) == ("STUCK", True)


async def test_one_that_cannot_be_put_back_does_not_stop_the_others(bed: Bed, hands: Hands) -> None:
    """Two at once, one of them hopeless: the other is back, and each has its own answer (E5)."""
    hand = await hands(pace=Pace(undo_s=5, verify_s=4, stable_s=1, poll_s=0.05), limit=2)
    await bed.brief("tikv1")
    hopeless = await hand.injected("kill", "tikv1")
    fine = await hand.injected("pause", "tikv2")
    results = {r.injection: r.outcome for r in await hand.actor.revert_all("both", disarm=False)}
    assert results == {hopeless.id: Outcome.PARTIAL, fine.id: Outcome.COMPLETE}
    assert (await bed.picture("tikv2"))["status"] == "running"


async def test_the_kill_switch_while_a_stop_is_under_way(bed: Bed, hand: Hand) -> None:
    """The engine waits out the grace, the operator does not (S2-55): whatever the call still does is undone too."""
    await bed.stubborn("tikv1")
    began = await bed.now()
    injecting = asyncio.create_task(hand.inject("stop", "tikv1", grace=9))

    async def signalled() -> bool:
        return any(c.startswith("kill") for c in await bed.changes(began))

    await bed.until(signalled, "SIGTERM")
    pressed = time.monotonic()
    (result,) = await hand.actor.revert_all("the kill switch", disarm=False)
    assert time.monotonic() - pressed < 9 + 6, "it waited for more than the grace"
    refused = await injecting
    assert isinstance(refused, Refusal) or result.outcome is Outcome.COMPLETE

    async def quiet() -> bool:
        state = (await bed.inspect("tikv1"))["State"]
        done = hand.actor.injections[-1].state is InjectionState.REVERTED
        return bool(state["Running"] and done and hand.actor.quiet)

    await bed.until(quiet, "tikv1 running and nothing under way", 30)
    assert (await bed.picture("tikv1"))["status"] == "running"
    assert rows(hand.database) == {result.injection: "reverted"}
