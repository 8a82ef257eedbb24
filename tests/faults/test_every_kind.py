"""Every kind of fault on every target it fits: felt by others, put back to what was, step by step in the journal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.faults.catalogue import KINDS
from console.model.fault import InjectionState, Outcome, Refusal, TargetKind

from .bed import Bed, rows, steps
from .feeling import FEEL, Sight
from .fixtures import Hand

TARGETS = {TargetKind.STORE: "tikv1", TargetKind.PD: "pd1", TargetKind.LOAD: "ycsb"}
CASES = [
    (name, TARGETS[target]) for name, kind in KINDS.items() for target in kind.spec.targets if not kind.spec.majority
]
WHOLE = ["intent", "applying", "applied", "verified", "reverting", "reverted"]


async def looking(bed: Bed, kind: str, target: str) -> Sight:
    """How things are, before anything is injected."""
    given = {p.name: p.default for p in KINDS[kind].spec.params}
    params = {**given, **bed.params.get(kind, {})}
    told = await bed.told() if KINDS[kind].spec.family == "control plane" else {}
    return Sight(bed, target, "", await bed.inspect(target), told, await bed.now(), params)


@pytest.mark.parametrize(("kind", "target"), CASES)
async def test_there_and_back(bed: Bed, hand: Hand, kind: str, target: str) -> None:
    """Injected, visible with docker, curl and iptables-save; reverted, and all is as it was (E4, E5, S1-16)."""
    target = (await bed.told())["leader"] if kind == "leader-transfer" else target
    able = (await hand.actor.availability())[kind]
    assert able.ok == (kind not in bed.cannot), (able, bed.cannot.get(kind))
    before, picture = await looking(bed, kind, target), await bed.pictures()
    if not able.ok:
        await refused(bed, hand, kind, target, "UNAVAILABLE", able.reason)
        return
    if kind == "memory" and not before.before["HostConfig"]["Memory"]:
        await refused(bed, hand, kind, target, "NOT_HERE", "no memory limit")
        return
    injection = await hand.injected(kind, target, **before.params)
    assert await FEEL[kind](replace(before, injection=injection.id))
    if kind in ("kill", "stop", "partition"):
        assert await bed.curl(target) in ("unpublished", "refused")
    if KINDS[kind].momentary:
        assert steps(hand.database, injection.id) == ["intent", "applying", "applied", "reverted"]
    else:
        assert steps(hand.database, injection.id) == WHOLE[:4]
        assert injection.state is InjectionState.VERIFIED
    (result,) = await hand.actor.revert_these([injection.id])
    assert result.outcome is Outcome.COMPLETE, result.detail
    assert await bed.pictures() == picture
    assert await bed.helpers() == []
    if target != "ycsb":
        assert await bed.curl(target) == 200
    if before.told:
        assert await bed.told() == before.told
    if not KINDS[kind].momentary:
        assert steps(hand.database, injection.id) == WHOLE
    assert not hand.actor.live


def test_every_kind_is_looked_at() -> None:
    """A kind that nobody can see from outside is not tested."""
    assert set(FEEL) == set(KINDS)


async def refused(bed: Bed, hand: Hand, kind: str, target: str, code: str, why: str) -> None:
    """What cannot work here is refused with the reason and never begun."""
    began = await bed.now()
    said = await hand.inject(kind, target)
    assert isinstance(said, Refusal)
    assert said.code == code
    assert why in said.sentence
    assert await bed.changes(began) == []
    assert rows(hand.database) == {}


async def test_a_stop_takes_its_grace_only_when_it_must(bed: Bed, hand: Hand) -> None:
    """A target deaf to SIGTERM is killed when the grace is over, and comes back all the same."""
    await bed.stubborn("tikv2")
    picture = await bed.picture("tikv2")
    injection = await hand.injected("stop", "tikv2", grace=1)
    assert (await bed.inspect("tikv2"))["State"]["ExitCode"] == 137
    (result,) = await hand.actor.revert_these([injection.id])
    assert result.outcome is Outcome.COMPLETE, result.detail
    assert await bed.picture("tikv2") == picture


async def test_by_role(bed: Bed, hand: Hand) -> None:
    """A role becomes one frozen container; what has the role later does not matter (S2-88)."""
    injection = await hand.injected("pause", "random")
    (target,) = injection.targets
    raw = await bed.inspect(target.service)
    assert (raw["Id"], raw["State"]["StartedAt"]) == (target.container_id, target.started_at)
    assert raw["State"]["Paused"]
