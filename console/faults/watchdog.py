"""The watchdog: a small process of its own that puts back what a console no longer answers for.

It reverts when a console's lease is lost, when an injection's time is up and its console has not acted, and it ends
when nothing is left. It survives the terminal's end and needs nothing but the database and the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from console.model.fault import DETACHED, Injection
from console.observe.engine import EngineError
from console.storage import Database, StorageError, audit
from console.storage.journal import Journal
from console.storage.leases import CONSOLE, WATCHDOG, acquire, boot_id, boot_now, holder, release

from . import rollback
from .lab import Lab

POLL_S = 1.0
LEASE_S = 5.0
CONSOLE_GRACE_S = 3.0  # a living console reverts its own; the watchdog steps in this much later
IDLE_S = 10.0  # ends after so long with nothing live
START_S = 10.0
GIVE_UP_S = 1800.0  # an engine that stays away for so long after the last expiry is not coming back by itself
_log = logging.getLogger("chaos-console.watchdog")


async def overdue(journal: Journal, db: Database) -> list[Injection]:
    """Live injections nobody else will put back any more."""
    console = await holder(db, journal.lab, CONSOLE)
    found = []
    for injection in await journal.live():
        if injection.state.stuck:
            continue
        grace = 0.0 if injection.owner == DETACHED else CONSOLE_GRACE_S
        expired = injection.boot != boot_id() or boot_now() >= injection.expires_boot + grace
        kept = injection.owner == DETACHED or (
            console is not None and console.holder == injection.owner and console.alive
        )
        if expired or not kept:
            found.append(injection)
    return found


async def watch(lab: Lab, db: Database, *, stop: asyncio.Event | None = None, idle_s: float = IDLE_S) -> int:
    """Run until nothing has been live for `idle_s`. Returns how many injections it put back."""
    stop = stop or asyncio.Event()
    journal, me = Journal(db, lab.id), f"watchdog {os.getpid()}"
    quiet_since = time.monotonic()
    reverted = 0
    while not stop.is_set():
        try:
            if await acquire(db, lab.id, WATCHDOG, me, LEASE_S) is not None:
                return reverted  # another one is on watch
            due = await overdue(journal, db)
            if due:
                reverted += await _put_back(lab, db, journal, due)
            left = [i for i in await journal.live() if not i.state.stuck]
            if left:
                quiet_since = time.monotonic()
            if left and all(i.boot == boot_id() and boot_now() - i.expires_boot > GIVE_UP_S for i in left):
                _log.error("given up: %d injection(s), and the engine has been away too long", len(left))
                break  # the next console and `revert` go on from the journal
        except (StorageError, EngineError) as error:
            _log.warning("%s", error)
        if time.monotonic() - quiet_since > idle_s:
            break
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), POLL_S)
    with contextlib.suppress(StorageError):
        await release(db, lab.id, WATCHDOG, me)
    return reverted


async def _put_back(lab: Lab, db: Database, journal: Journal, due: list[Injection]) -> int:
    results = await rollback.revert_many(lab, journal, due)
    for r in results:
        _log.info("%s %s on %s: %s %s", r.injection, r.kind, r.component, r.outcome, r.detail)
        with contextlib.suppress(StorageError):
            await audit.append(
                db, "watchdog", "revert", {"lab": lab.id, "id": r.injection, "outcome": r.outcome, "detail": r.detail}
            )
    return len(results)


def command(database: Path, engine_url: str, project: str, lab: str) -> list[str]:
    """The command line of a watchdog for this lab."""
    where = ["--database", str(database), "--docker-host", engine_url, "--project", project, "--lab", lab]
    return [sys.executable, "-m", "console.faults.watchdog", *where]


def spawn(database: Path, engine_url: str, project: str, lab: str) -> int:
    """Start a watchdog that outlives us: own session, no terminal. Returns its pid. Raises OSError."""
    log = database.with_name("watchdog.log")
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as sink:
        process = subprocess.Popen(
            command(database, engine_url, project, lab),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            close_fds=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        )
    return process.pid


async def ensure(db: Database, database: Path, engine_url: str, project: str, lab: str) -> None:
    """Have a watchdog on watch before anything is injected. Raises OSError where none comes up."""
    deadline = time.monotonic() + START_S
    spawned = False
    while True:
        watching = await holder(db, lab, WATCHDOG)
        if watching is not None and watching.alive:
            return
        if not spawned:
            await asyncio.to_thread(spawn, database, engine_url, project, lab)
            spawned = True
        if time.monotonic() > deadline:
            raise OSError(f"the watchdog did not start within {START_S:g} s; see {database.with_name('watchdog.log')}")
        await asyncio.sleep(0.05)


def main() -> None:
    """Entry point of the process."""
    import argparse

    parser = argparse.ArgumentParser(prog="chaos-console watchdog")
    for name in ("--database", "--docker-host", "--project", "--lab"):
        parser.add_argument(name, required=True)
    given = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    _log.setLevel(logging.INFO)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_main(Path(given.database), given.docker_host, given.project, given.lab))


async def _main(database: Path, url: str, project: str, lab_id: str) -> None:
    from console.observe.engine import Engine, endpoint

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    db = await Database.open(database)
    lab = Lab(lab_id, Engine(endpoint(url)), project)
    try:
        await watch(lab, db, stop=stop)
    finally:
        await lab.engine.close()
        await db.close()


if __name__ == "__main__":
    main()
