"""Experiment runs that have begun: a row before anything is done, so that one which never ends is known too."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from sqlite3 import Row

from console.model.experiment import Experiment
from console.model.fault import Injection

from .database import Database, StorageError
from .journal import Journal
from .processes import Process, this

INTERRUPTED, RUNNING = "INTERRUPTED", "RUNNING"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is carried out. `owner`: the console's name in the journal; `record`: its flight record."""

    project: str
    mode: str
    lab: str
    owner: str
    record: str


@dataclass(frozen=True, slots=True)
class BegunRun:
    """A run's first row. `broke`: why it ended early, where its process could still say so. `began_wall`: Unix s."""

    id: str
    experiment: str
    source: str
    max_targets: int
    place: Place
    began_wall: float
    folder: str
    process: Process
    broke: str = ""

    @property
    def status(self) -> str:
        """Of one without a row among the runs that ended."""
        return INTERRUPTED if self.broke or not self.process.alive else RUNNING

    @property
    def why(self) -> str:
        """One sentence for whoever asks why there is no report."""
        if self.broke:
            return self.broke
        if self.status == RUNNING:
            return f"process {self.process.pid} is running it"
        return f"process {self.process.pid} ended in the middle of it"


async def begin(db: Database, run: str, e: Experiment, place: Place, began_wall: float, folder: str) -> None:
    """Add one. Raises StorageError: then nothing may be begun."""
    me = this()
    async with db.write() as connection:
        await connection.execute(
            "INSERT INTO runs_begun (id, experiment, source, max_targets, project, mode, lab, owner, began_wall,"
            " folder, record, pid, process, boot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run,
                e.title,
                e.source,
                e.max_targets,
                place.project,
                place.mode,
                place.lab,
                place.owner,
                began_wall,
                folder,
                place.record,
                me.pid,
                me.start,
                me.boot,
            ),
        )


async def broke(db: Database, run: str, why: str) -> None:
    """Note that it ended without a result. A database that fails now is no further harm: the process says it too."""
    with contextlib.suppress(StorageError):
        async with db.write() as connection:
            await connection.execute("UPDATE runs_begun SET broke = ? WHERE id = ?", (why, run))


async def unended(db: Database) -> list[BegunRun]:
    """Runs with no row of their end, oldest first: under way, or interrupted."""
    rows = await db.rows(
        "SELECT * FROM runs_begun WHERE id NOT IN (SELECT id FROM runs) ORDER BY began_wall, id"
    )  # fmt: skip
    return [_begun(r) for r in rows]


async def one(db: Database, run: str) -> BegunRun | None:
    """By its id, or by the beginning of one where that is enough; whether it ended or not."""
    rows = await db.rows("SELECT * FROM runs_begun WHERE id = ? OR id LIKE ? ORDER BY id LIMIT 2", (run, f"{run}%"))
    exact = [r for r in rows if r["id"] == run]
    found = exact or (rows if len(rows) == 1 else [])
    return _begun(found[0]) if found else None


async def injections(db: Database, run: BegunRun, until: float = 1e12) -> list[Injection]:
    """What was injected by the run's console, in the run's lab, from its beginning to `until` (Unix seconds)."""
    rows = await db.rows(
        "SELECT id FROM injections WHERE lab = ? AND owner = ? AND began_wall >= ? AND began_wall <= ?"
        " ORDER BY began_wall, id",
        (run.place.lab, run.place.owner, run.began_wall, until),
    )
    journal = Journal(db, run.place.lab)
    found = [await journal.get(r["id"]) for r in rows]
    return [i for i in found if i is not None]


def _begun(row: Row) -> BegunRun:
    place = Place(row["project"], row["mode"], row["lab"], row["owner"], row["record"])
    process = Process(row["pid"], row["process"], row["boot"])
    return BegunRun(
        row["id"], row["experiment"], row["source"], row["max_targets"], place, row["began_wall"], row["folder"],
        process, row["broke"],
    )  # fmt: skip
