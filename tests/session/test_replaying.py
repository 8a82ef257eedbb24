"""A replay that cannot go on says so: standing still is not an answer (U-4)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from console.model.observation import Observation
from console.observe.record import Record
from console.session.replaying import ReplaySession

RECORD = Path(__file__).parents[1] / "records" / "steady.jsonl.gz"


async def test_what_stops_it_is_on_the_timeline(monkeypatch: pytest.MonkeyPatch) -> None:
    from console.observe.record import read

    record: Record = read(RECORD)
    session = ReplaySession(record)
    whole = session._watch.feed

    def feed(obs: Observation) -> bool:
        if obs.t > 5:
            raise RuntimeError("a \x1b[31mbad line")
        return whole(obs)

    monkeypatch.setattr(session._watch, "feed", feed)
    await session.start()
    session.play_pause()
    await asyncio.wait({session._tasks[0]})
    await asyncio.sleep(0)
    session.seek(60)
    told = [e for e in session.view().timeline if "cannot be shown beyond" in e.text]
    assert [e.tone for e in told] == ["bad"]
    assert "\x1b" not in told[0].text
    assert session.view().now <= 5
    await session.close("the test is over")
