"""Sessions as consoles: expiry by itself, one console a lab, what an ending puts back, who obeys the kill switch."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from console.model.fault import Injection, Refusal
from console.session.core import Session

from .bed import Bed, rows
from .fixtures import Sessions


async def heard(session: Session) -> None:
    """Wait until it has seen the cluster."""
    assert await session.until(lambda: len(session.view().cluster.containers) >= 7, 20), "it saw no cluster"


async def injected(session: Session, kind: str, target: str, seconds: float | None = None) -> Injection:
    """One injection; a refusal fails the test."""
    done = await session.inject(kind, target, {}, seconds)
    assert isinstance(done, Injection), done
    return done


@pytest.mark.parametrize(("kind", "target"), [("pause", "tikv1"), ("partition", "tikv2")])
async def test_expiry_by_itself(bed: Bed, sessions: Sessions, kind: str, target: str) -> None:
    """At the end of its duration it is put back, with nobody's doing (S2-33, S2-91)."""
    session = await sessions()
    await heard(session)
    picture = await bed.picture(target)
    injection = await injected(session, kind, target, 2)
    assert await bed.picture(target) != picture

    async def back() -> bool:
        return rows(session.parts.recording.path.parents[1] / "console.db")[injection.id] == "reverted"  # type: ignore[union-attr]

    await bed.until(back, "the end of the injection")
    assert await bed.picture(target) == picture
    texts = [e.text for e in session.view().timeline]
    assert any("reached its end" in t for t in texts)
    assert any("rollback COMPLETE" in t for t in texts)


async def test_a_second_console_may_look(bed: Bed, sessions: Sessions) -> None:
    """One console a lab may inject; the next one is read-only and says who holds it; later it may take over."""
    first = await sessions()
    second = await sessions(record=False)
    view = second.view()
    assert view.read_only
    assert first.parts.actor is not None
    assert first.parts.actor.policy.owner in view.read_only_reason
    await asyncio.gather(heard(first), heard(second))
    began = await bed.now()
    refused = await second.inject("pause", "tikv1", {}, None)
    assert isinstance(refused, Refusal)
    assert refused.code == "READ_ONLY"
    assert await bed.changes(began) == []
    injection = await injected(first, "pause", "tikv1")

    async def known() -> bool:
        return injection.id in {i.id for i in second.view().active}

    await bed.until(known, "the first console's injection on the second")
    await second.close("only looking")
    assert (await bed.inspect("tikv1"))["State"]["Paused"], "a read-only console put back what is not its own"
    await first.close("done")
    third = await sessions(record=False)
    assert not third.view().read_only


async def test_closing_puts_back(bed: Bed, sessions: Sessions) -> None:
    """Quit is a revert (S1-18), and what it says is what docker says."""
    session = await sessions()
    await heard(session)
    picture = await bed.picture("pd1")
    await injected(session, "kill", "pd1")
    results = await session.close("quit")
    assert [r.outcome.value for r in results] == ["COMPLETE"]
    assert await bed.picture("pd1") == picture
    assert await session.close("quit again") == results


@pytest.mark.parametrize("seconds", [0.1, 0.25, 0.4, 0.7])
async def test_leaving_at_once_leaves_nothing(bed: Bed, sessions: Sessions, seconds: float) -> None:
    """Closed while it still finds out what can work here, in containers of its own: they are gone."""
    session = await sessions(record=False)
    await asyncio.sleep(seconds)
    await session.close("a mistake")
    assert await bed.helpers() == []


async def test_the_kill_switch_is_obeyed_by_the_other_console(bed: Bed, sessions: Sessions) -> None:
    """Pressed here, seen there; armed here, seen there (E5)."""
    first, second = await sessions(), await sessions(record=False)
    await asyncio.gather(heard(first), heard(second))
    await injected(first, "pause", "tikv0")
    await first.revert_all("too loud")
    assert (await bed.inspect("tikv0"))["State"]["Status"] == "running"

    async def lever(engaged: bool) -> Any:
        await bed.until(lambda: _same(bool(second.view().disarmed), engaged), "the lever on the other console")

    await lever(True)
    assert "too loud" in second.view().disarmed
    assert await first.arm("quiet now") is None
    await lever(False)
    await injected(first, "pause", "tikv0")


async def _same(one: bool, other: bool) -> bool:
    return one == other
