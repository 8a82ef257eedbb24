"""A whole session on a real engine, and somebody else's hand on the cluster: what it sees, and what cannot break it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from console.model.cluster import Cluster
from console.session.core import Session
from tests.faults.fixtures import Sessions
from tests.faults.test_consoles import heard

from .realbed import RealBed

pytestmark = pytest.mark.engine
UNSAFE = {chr(c) for c in (*range(0x20), *range(0x7F, 0xA0))} - {"\n", "\t"}


async def watching(bed: RealBed, sessions: Sessions, *, blind: bool = False, record: bool = False) -> Session:
    """A session that has seen the cluster well and the load at work, and thinks nothing of it."""
    await bed.again("ycsb")  # what the client said of earlier tests is not to be read
    session = await sessions(blind=blind, record=record)
    await heard(session)

    def known(cluster: Cluster) -> bool:
        stores = [s.pd.state for s in cluster.stores.values() if s.pd is not None]
        return stores == ["Up"] * 3 and len(cluster.workload.intervals) >= 3

    assert await session.until(lambda: known(session.view().cluster), 30), session.view().cluster
    assert session.view().incidents == ()
    return session


@pytest.mark.parametrize("blind", [False, True], ids=["host-aware", "data-plane"])
@pytest.mark.parametrize(("by_hand", "target"), [("kill", "tikv1"), ("pause", "tikv2"), ("kill", "pd1")])
async def test_what_somebody_else_does_is_an_incident(
    bed: RealBed, sessions: Sessions, by_hand: str, target: str, blind: bool
) -> None:
    """`docker kill` or `pause` in another terminal: one incident, at the right component, over when it is back."""
    session = await watching(bed, sessions, blind=blind)
    await bed.docker(by_hand, bed.name(target))

    def found() -> bool:
        return any(i.component == target for i in session.view().incidents)

    assert await session.until(found, 30), [(i.component, i.findings) for i in session.view().incidents]
    assert session.view().injections == ()
    await bed.docker({"kill": "start", "pause": "unpause"}[by_hand], bed.name(target))

    def over() -> bool:
        return all(i.over is not None for i in session.view().incidents)

    assert await session.until(over, 60), [(i.component, i.findings) for i in session.view().incidents if not i.over]


async def test_hostile_answers_break_nothing(bed: RealBed, sessions: Sessions, tmp_path: Path) -> None:
    """Names, log lines and PD answers made to hurt: the session lives, shows none of it raw, and still sees a death."""
    name = "\x1b]0;owned\x07[bold]tikv9[/bold]\u202e"
    await bed.guest("tikv9", {"com.docker.compose.service": name, "[red]evil[/]": "\x1b[2J"})
    await bed.again("pd2", "STANDIN_HOSTILE=1")
    await bed.again("ycsb", "STANDIN_HOSTILE=1")
    session = await sessions()
    await heard(session)
    await asyncio.sleep(6)  # long enough for every answer and every line to have come
    assert session.view().cluster.sources["docker"].ok
    await bed.docker("kill", bed.name("tikv1"))

    def found() -> bool:
        return any("tikv1" in i.component for i in session.view().incidents)

    assert await session.until(found, 30), session.view().incidents
    view = session.view()
    said = [e.text for e in view.timeline] + [f.text for i in view.incidents for f in i.findings]
    assert not [text for text in said if set(text) & UNSAFE]
    await session.close("seen enough")
    (record,) = (tmp_path / "state" / "records").rglob("*.jsonl*")
    for row in record.read_text(errors="strict").splitlines() if record.suffix == ".jsonl" else ():
        json.loads(row)
