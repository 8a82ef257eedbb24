"""Campaigns on disk: a row each, and a row per attempt at each of their runs, written before it and after it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from sqlite3 import Row
from typing import Any

import aiosqlite

from console.model.campaign import Budget, Campaign, CampaignState, ItemState, Slo, Spent, labelled
from console.model.experiment import Limits

from .database import Database
from .leases import acquire, holder, release

LEASE, LEASE_S = "campaign", 6.0


@dataclass(frozen=True, slots=True)
class StoredCampaign:
    """`options`: how its session was opened, so that a resumed one is opened alike. Times are Unix seconds."""

    id: str
    title: str
    source: str
    digest: str
    budget: Budget
    stop_on: tuple[str, ...]
    options: Mapping[str, Any]
    project: str
    mode: str
    lab: str
    began_wall: float
    ended_wall: float | None
    state: CampaignState
    reason: str


@dataclass(frozen=True, slots=True)
class StoredItem:
    """One attempt at one run. `raw`: the whole experiment as it was when the campaign began."""

    seq: int
    attempt: int
    name: str
    axes: Mapping[str, Any]
    source: str
    raw: Mapping[str, Any]
    state: ItemState
    reason: str
    run: str
    began_wall: float | None
    ended_wall: float | None
    spent: Spent

    @property
    def label(self) -> str:
        """For people."""
        return labelled(self.name, self.axes)


async def begin(db: Database, campaign: StoredCampaign, planned: Campaign) -> None:
    """Add a campaign and all that it is going to run. Raises StorageError."""
    c = campaign
    async with db.write() as connection:
        await connection.execute(
            "INSERT INTO campaigns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, '')",
            (
                c.id,
                c.title,
                c.source,
                c.digest,
                json.dumps(asdict(c.budget)),
                json.dumps(c.stop_on),
                json.dumps(dict(c.options)),
                c.project,
                c.mode,
                c.lab,
                c.began_wall,
                c.state.value,
            ),
        )
        for seq, item in enumerate(planned.items):
            values = (c.id, seq, 0, item.name, json.dumps(dict(item.axes)), item.experiment.source)
            raw = json.dumps(item.experiment.raw, default=str)
            await _add(connection, (*values, raw, ItemState.PLANNED.value))


async def _add(connection: aiosqlite.Connection, values: tuple[Any, ...]) -> None:
    await connection.execute(
        "INSERT INTO campaign_items (campaign, seq, attempt, name, axes, source, raw, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )


async def start_item(db: Database, campaign: str, item: StoredItem, run: str) -> None:
    """Before anything is done: it is running, under this run's id. Raises StorageError."""
    async with db.write() as connection:
        await connection.execute(
            "UPDATE campaign_items SET state = ?, run = ?, began_wall = ?"
            " WHERE campaign = ? AND seq = ? AND attempt = ?",
            (ItemState.RUNNING.value, run, time.time(), campaign, item.seq, item.attempt),
        )


async def note_spent(db: Database, campaign: str, item: StoredItem, spent: Spent) -> None:
    """What a run has cost so far: after a SIGKILL this is what is known of it."""
    async with db.write() as connection:
        await connection.execute(
            "UPDATE campaign_items SET spent_s = ?, target_s = ?, bad_s = ?, blind_s = ?"
            " WHERE campaign = ? AND seq = ? AND attempt = ?",
            (spent.time_s, spent.target_s, spent.bad_s, spent.blind_s, campaign, item.seq, item.attempt),
        )


async def end_item(db: Database, campaign: str, item: StoredItem, state: ItemState, reason: str) -> None:
    """It came to an end, or it is not going to be begun."""
    async with db.write() as connection:
        await connection.execute(
            "UPDATE campaign_items SET state = ?, reason = ?, ended_wall = ?"
            " WHERE campaign = ? AND seq = ? AND attempt = ?",
            (state.value, reason, time.time(), campaign, item.seq, item.attempt),
        )


async def again(db: Database, campaign: str, item: StoredItem) -> None:
    """Plan another attempt at what came to no result; the row of the first stays."""
    async with db.write() as connection:
        values = (campaign, item.seq, item.attempt + 1, item.name, json.dumps(dict(item.axes)), item.source)
        await _add(connection, (*values, json.dumps(item.raw), ItemState.PLANNED.value))


async def move(db: Database, campaign: str, state: CampaignState, reason: str = "") -> None:
    """Change a campaign's state; one that is running has no end yet."""
    ended = None if state is CampaignState.RUNNING else time.time()
    async with db.write() as connection:
        await connection.execute(
            "UPDATE campaigns SET state = ?, reason = ?, ended_wall = ? WHERE id = ?",
            (state.value, reason, ended, campaign),
        )


async def stored(db: Database) -> list[StoredCampaign]:
    """All of them, oldest first, in the state that they are really in."""
    rows = await db.rows("SELECT * FROM campaigns ORDER BY began_wall, id")
    return [await _present(db, _campaign(r)) for r in rows]


async def one(db: Database, campaign: str) -> StoredCampaign | None:
    """By its id, or by the beginning of one where that is enough."""
    values = (campaign, f"{campaign}%")
    rows = await db.rows("SELECT * FROM campaigns WHERE id = ? OR id LIKE ? ORDER BY id LIMIT 2", values)
    exact = [r for r in rows if r["id"] == campaign]
    found = exact or (rows if len(rows) == 1 else [])
    return await _present(db, _campaign(found[0])) if found else None


async def _present(db: Database, c: StoredCampaign) -> StoredCampaign:
    """A campaign that says it is running, and whose process is gone, is interrupted."""
    if c.state is not CampaignState.RUNNING:
        return c
    held = await holder(db, _room(c.id), LEASE)
    if held is not None and held.alive:
        return c
    return replace(c, state=CampaignState.INTERRUPTED, reason="its process ended in the middle")


async def items(db: Database, campaign: str) -> list[StoredItem]:
    """Every attempt, in the order they are run."""
    rows = await db.rows("SELECT * FROM campaign_items WHERE campaign = ? ORDER BY seq, attempt", (campaign,))
    return [_item(r) for r in rows]


# -- one process at a time --------------------------------------------------------------------------------------------


async def claim(db: Database, campaign: str, who: str) -> str:
    """Take or renew the right to carry it out. Empty on success, else who has it."""
    other = await acquire(db, _room(campaign), LEASE, who, LEASE_S)
    return "" if other is None else f"process {other.pid}"


async def leave(db: Database, campaign: str, who: str) -> None:
    """Give it back."""
    await release(db, _room(campaign), LEASE, who)


def _room(campaign: str) -> str:
    return f"campaign {campaign}"


# -- rows -------------------------------------------------------------------------------------------------------------


def _campaign(row: Row) -> StoredCampaign:
    values = {k: row[k] for k in row.keys()}  # noqa: SIM118 - a Row iterates over values
    return StoredCampaign(
        **{
            **values,
            "budget": _budget(json.loads(values["budget"])),
            "stop_on": tuple(json.loads(values["stop_on"])),
            "options": json.loads(values["options"]),
            "state": CampaignState(values["state"]),
        }
    )


def _budget(found: dict[str, Any]) -> Budget:
    slo = found["slo"]
    return Budget(**{**found, "slo": Slo(**{**slo, "limits": Limits(**slo["limits"])}) if slo else None})


def _item(row: Row) -> StoredItem:
    return StoredItem(
        seq=row["seq"],
        attempt=row["attempt"],
        name=row["name"],
        axes=json.loads(row["axes"]),
        source=row["source"],
        raw=json.loads(row["raw"]),
        state=ItemState(row["state"]),
        reason=row["reason"],
        run=row["run"],
        began_wall=row["began_wall"],
        ended_wall=row["ended_wall"],
        spent=Spent(row["spent_s"], row["target_s"], row["bad_s"], row["blind_s"]),
    )
