"""What carries our mark and is in no journal is found and taken away, and nothing else is (S1-16, E5)."""

from __future__ import annotations

import pytest

from console.faults import orphans
from console.faults.lab import HELPER, Lab
from console.model.fault import Injection
from console.observe.engine import Engine, endpoint

from .bed import Bed
from .fixtures import Hand, Hands, Sessions

NEEDS = [("one-way", "tikv1"), ("bandwidth", "tikv1"), ("disk-full", "tikv1"), ("loss", "pd1")]


async def able(hand: Hand, kind: str) -> None:
    here = (await hand.actor.availability())[kind]
    if not here.ok:
        pytest.skip(f"{kind} cannot work on this engine: {here.reason}")


async def marks(bed: Bed, lab: Lab) -> list[str]:
    """Everything of ours that the engine and the namespaces still show."""
    return [*await bed.helpers(), *(str(o) for o, _ in await orphans.sweep(lab, (), ()))]


@pytest.mark.parametrize(("kind", "target"), NEEDS)
async def test_with_no_journal_at_all(
    bed: Bed, lab: Lab, hand: Hand, monkeypatch: pytest.MonkeyPatch, kind: str, target: str
) -> None:
    """The helper is killed without a chance to clean up, its container removed, the database lost: found by mark."""
    await able(hand, kind)
    params = {"megabytes": 3.0} if kind == "disk-full" else {}
    picture = await bed.picture(target)
    injection = await hand.injected(kind, target, 60, **params)
    helper = (await bed.docker("ps", "-q", "--filter", f"label={HELPER}={injection.id}")).split()
    assert helper
    await bed.docker("kill", *helper)  # SIGKILL: it cannot undo what it did
    await bed.docker("rm", *helper)
    found = await orphans.sweep(lab, (), ())
    assert [o.injection or injection.id for o, _ in found] == [injection.id], found
    assert [e for _, e in found] == [""]
    assert await marks(bed, lab) == []
    assert await bed.picture(target) == picture


async def test_what_is_live_is_left_alone(bed: Bed, lab: Lab, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known injections keep their helpers and rules; so does another project's lab."""
    await able(hand, "one-way")
    monkeypatch.setattr(orphans, "YOUNG_S", 0.0)
    injection: Injection = await hand.injected("one-way", "tikv1", 60)
    (target,) = injection.targets
    assert await orphans.sweep(lab, {injection.id}, {target.container_id}) == []
    assert await orphans.sweep(lab, {injection.id}, ()) == []
    other = Lab("another engine/another", Engine(endpoint(bed.docker_host)), "another")
    assert await orphans.sweep(other, (), ()) == []
    await other.engine.close()
    (found,) = await orphans.helpers(lab, ())
    assert found.injection == injection.id, "and without the journal it is an orphan"


async def test_a_console_looks_when_it_starts(bed: Bed, hands: Hands, sessions: Sessions) -> None:
    """With a state directory of its own, the next console finds what the first one's journal knows alone."""
    hand = await hands()
    await able(hand, "one-way")
    injection = await hand.injected("one-way", "tikv1", 60)
    helper = (await bed.docker("ps", "-q", "--filter", f"label={HELPER}={injection.id}")).split()
    await bed.docker("kill", *helper)
    session = await sessions()
    told = "which no journal knows; removed"
    assert await session.until(lambda: any(told in e.text for e in session.timeline.events), 30)
    assert (await bed.docker("ps", "-aq", "--filter", f"label={HELPER}={injection.id}")).split() == []
