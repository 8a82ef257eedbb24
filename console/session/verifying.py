"""Is all well again after a run: the cluster now, our traces in it, what it logged, the run's own evidence."""

from __future__ import annotations

import asyncio
import datetime
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.faults import orphans
from console.faults.lab import Lab
from console.model.cluster import Cluster
from console.model.names import Role, natural
from console.model.text import clean, redact
from console.observe.engine import ContainerFacts, EngineError
from console.storage import Database, audit, begun
from console.storage.begun import BegunRun
from console.storage.journal import Journal
from console.storage.runs import StoredRun

FILES = ("report.md", "report.json", "behaviour.jsonl", "recovery.json", "plot.svg")
SICK = ("miss-peer", "down-peer", "offline-peer")
LOG_LINES = 4000
SKEW_S = 5.0  # an engine whose clock is further off than this says nothing of when a line was written
_STAMP = re.compile(r"^\[(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{3} [+-]\d\d:\d\d)\] \[(ERROR|FATAL|PANIC)\]")
_BARE = re.compile(r"^(panic:|fatal error:|thread '.*' panicked)")


@dataclass(frozen=True, slots=True)
class Line:
    """One check. `passed` None: it could not be made, and `said` says why."""

    name: str
    passed: bool | None
    said: str


# -- the run's own evidence -------------------------------------------------------------------------------------------


async def evidence(db: Database, run: StoredRun | None, begin: BegunRun | None) -> list[Line]:
    """Journal, files, row and audit log; needs no cluster."""
    lines = [await _journal(db, run, begin)]
    if run is None:
        why = f"it is {begin.status}: {begin.why}" if begin is not None else "it is not known"
        return [*lines, Line("files", None, f"{why}; it left no files")]
    lines.append(await asyncio.to_thread(_files, run))
    lines.append(await asyncio.to_thread(_consistent, run))
    rows = await audit.read(db)
    broken = audit.broken(rows)
    mine = [r for r in rows if r.action == "run" and json.loads(r.data).get("id") == run.id]
    agrees = bool(mine) and json.loads(mine[-1].data).get("status") == run.status
    said = broken or (
        "the chain holds, and has this run with its status" if agrees else "the log does not have this run"
    )
    return [*lines, Line("audit log", broken is None and agrees, said)]


async def _journal(db: Database, run: StoredRun | None, begin: BegunRun | None) -> Line:
    if begin is None:
        return Line("injections", None, "the run is older than what links it to its injections")
    found = await begun.injections(db, begin, run.ended_wall if run is not None else 1e12)
    live = [i for i in found if i.state.live]
    if live:
        said = ", ".join(f"{i.id} {i.kind} on {i.component} is {i.state.value}" for i in live)
        return Line("injections", False, f"{said}; `chaos-console revert` puts back")
    return Line("injections", True, f"{len(found)} of this run in the journal, none of them live")


def _files(run: StoredRun) -> Line:
    folder = Path(run.folder)
    missing = [name for name in FILES if not (folder / name).is_file() or not (folder / name).stat().st_size]
    if missing:
        return Line("files", False, f"missing or empty in {folder}: {', '.join(missing)}")
    return Line("files", True, f"{len(FILES)} in {folder}")


def _consistent(run: StoredRun) -> Line:
    """`report.json`, its row in the database and `report.md` must tell the same."""
    try:
        data = json.loads((Path(run.folder) / "report.json").read_text())
        text = (Path(run.folder) / "report.md").read_text()
    except (OSError, ValueError) as error:
        return Line("report", False, f"cannot be read: {clean(error, 200)}")
    # Both went through JSON once; what JSON cannot hold (a date in somebody's file) became text in one of them only.
    if json.loads(json.dumps(data, default=str)) != json.loads(json.dumps(run.journal, default=str)):
        return Line("report", False, "report.json is not what the database has of this run")
    ours = data["chaos-console"]
    if (ours["id"], ours["status"], ours["rollback"]) != (run.id, run.status, run.rollback):
        return Line("report", False, "the journal tells of another status than its row")
    if f"**Status: {run.status}**" not in text or f"`{run.id}`" not in text:
        return Line("report", False, "report.md tells of another run or status")
    return Line("report", True, "report.json, report.md and the database tell the same")


# -- the cluster now --------------------------------------------------------------------------------------------------


def health(cluster: Cluster) -> list[Line]:
    """PD members, stores and regions, each by name."""
    lines = [_member(cluster, name) for name in sorted(cluster.members, key=natural)]
    lines += [_store(cluster, name) for name in sorted(cluster.stores, key=natural)]
    if cluster.regions.total is None:
        return [*lines, Line("regions", None, "PD was not heard on them")]
    sick = {k: n for k, n in cluster.regions.counts.items() if k in SICK and n}
    said = ", ".join(f"{n} {k}" for k, n in sorted(sick.items())) or "no missing, down or offline peer"
    return [*lines, Line("regions", not sick, f"{cluster.regions.total}: {said}")]


def _member(cluster: Cluster, name: str) -> Line:
    ping = cluster.members[name].probes.get("ping")
    if ping is None or not ping.at:
        return Line(name, None, "PD member, not asked yet")
    leads = ", leads" if cluster.leader == name else ""
    return Line(name, not ping.lost, f"PD member, {ping.reach.value}{leads}")


def _store(cluster: Cluster, name: str) -> Line:
    store = cluster.stores[name]
    state = store.pd.state if store.pd is not None else None
    if state is None or not store.status.at:
        return Line(name, None, f"store, PD says {state or 'nothing'}, status port {store.status.reach.value}")
    return Line(
        name, state == "Up" and not store.status.lost, f"store, {state}, status port {store.status.reach.value}"
    )


# -- traces and logs --------------------------------------------------------------------------------------------------


async def traces(db: Database, lab: Lab) -> Line:
    """What bears our mark and no live injection answers for. Raises EngineError."""
    live = await Journal(db, lab.id).live()
    found = await orphans.look(lab, {i.id for i in live}, {t.container_id for i in live for t in i.targets})
    return Line(
        "traces", not found, "; ".join(str(o) for o in found) or "nothing bears our mark and is not accounted for"
    )


async def logs(lab: Lab, began_wall: float, ended_wall: float, now_wall: float) -> list[Line]:
    """ERROR and FATAL lines of every component since the run began. While the fault was in they are to be expected;
    what comes after the run's end is not. Raises EngineError."""
    info = await lab.engine.info()
    skew = _skew(str(info.get("SystemTime", "")), now_wall)
    if skew is None or abs(skew) > SKEW_S:
        off = "is not known" if skew is None else f"is {skew:+.0f} s from ours"
        return [Line("logs", None, f"the engine's clock {off}, so the age of a line cannot be told")]
    boxes = [c for c in await lab.containers() if c.role in (Role.PD, Role.STORE, Role.LOAD)]
    return list(await asyncio.gather(*(_log(lab, box, began_wall, ended_wall) for box in boxes)))


async def _log(lab: Lab, box: ContainerFacts, began_wall: float, ended_wall: float) -> Line:
    name = f"log of {box.service}"
    try:
        text = await lab.engine.log_tail(box.id, LOG_LINES)
    except EngineError as error:
        return Line(name, None, clean(error, 200))
    during, after = errors(text.splitlines(), began_wall, ended_wall)
    meanwhile = f"{len(during)} error line(s) during the run" + (f", first: {_shown(during[0])}" if during else "")
    if after:
        return Line(name, False, f"{len(after)} error line(s) since its end, first: {_shown(after[0])}; {meanwhile}")
    return Line(name, True, f"none since its end; {meanwhile}")


def errors(lines: Sequence[str], began_wall: float, ended_wall: float) -> tuple[list[str], list[str]]:
    """Error lines of between two times (Unix seconds), and later ones. A panic bears no time: it has that of the line
    before it."""
    during, after = list[str](), list[str]()
    at = 0.0
    for line in lines:
        stamp = _STAMP.match(line)
        at = _time(line, at)
        if (stamp or _BARE.match(line)) and at >= began_wall:
            (after if at > ended_wall else during).append(line)
    return during, after


def _time(line: str, before: float) -> float:
    try:
        return datetime.datetime.strptime(line[1:31], "%Y/%m/%d %H:%M:%S.%f %z").timestamp()
    except ValueError:
        return before


def _shown(line: str) -> str:
    return redact(clean(line, 160))


def _skew(engine: str, now_wall: float) -> float | None:
    """Seconds by which the engine's clock is ahead of ours; its time comes with nanoseconds, which nobody can read."""
    try:
        text = re.sub(r"(\.\d{6})\d*", r"\1", engine).replace("Z", "+00:00")
        return datetime.datetime.fromisoformat(text).timestamp() - now_wall
    except ValueError:
        return None


def as_data(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """For a script."""
    return [{"check": x.name, "passed": x.passed, "said": x.said} for x in lines]
