"""Opening a session: which cluster, by what means, with which rights; one clear line where it cannot be had."""

from __future__ import annotations

import asyncio
import getpass
import os
import platform
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from console.diagnose.watch import Watch
from console.faults.actor import Actor, Policy
from console.faults.lab import ALLOW, Lab
from console.faults.watchdog import ensure
from console.model.fault import DETACHED
from console.model.names import Role, role_of
from console.model.view import Mode
from console.observe.clock import Clock
from console.observe.engine import Endpoint, Engine, EngineError, endpoint
from console.observe.engine.client import PROJECT, SERVICE
from console.observe.pd import names_of
from console.observe.sources import Plan
from console.storage import Database, StorageError
from console.storage.journal import EMBEDDED, bury_embedded, remember_lab

from .core import Session
from .housekeeping import Keeper
from .parts import Parts
from .recording import Recording
from .reports import Reports
from .settings import Settings, state_dir
from .trials import Trials

FIND_S = 2.0


class OpenError(Exception):
    """The session cannot be opened; the message is one line, `code` the exit code it deserves."""

    def __init__(self, message: str, code: int = 5) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for. `sim` None: simulated only where no lab is found."""

    sim: bool | None = None
    project: str | None = None
    pd: tuple[str, ...] = ()
    docker_host: str | None = None
    seed: int | None = None
    speed: float = 1.0
    blind: bool = False
    read_only: bool = False
    detached: bool = False  # what is injected stays when this process ends; the watchdog puts it back
    record: bool = True
    settings: Settings = field(default_factory=Settings)
    home: Path = field(default_factory=state_dir)


async def open_session(options: Options) -> Session:
    """A session, not yet started. Raises OpenError."""
    if options.pd:
        return await _pd_only(options)
    if options.sim is not True:
        found = await _find(options)
        if found is not None:
            return await _live(options, *found)
    return await _simulated(options)


# -- live ------------------------------------------------------------------------------------------------------------


async def _find(options: Options) -> tuple[Engine, str] | None:
    """The engine and project to attach to, or None where a simulation should stand in."""
    wanted = options.project or options.docker_host or options.sim is False
    try:
        engine = Engine(endpoint(options.docker_host))
        async with asyncio.timeout(None if wanted else FIND_S):
            projects = await _projects(engine)
    except (EngineError, TimeoutError) as error:
        if wanted:
            raise OpenError(f"the Docker engine cannot be reached: {error or 'no answer'}") from error
        return None
    if options.project:
        if options.project in projects:
            return engine, options.project
        known = ", ".join(sorted(projects)) or "none"
        raise OpenError(f"no Compose project {options.project!r} with TiKV or PD containers here (there are: {known})")
    allowed = sorted(p for p, ok in projects.items() if ok)
    chosen = allowed or (sorted(projects) if wanted else [])
    if len(chosen) > 1:
        raise OpenError(f"several clusters are here, name one with --project: {', '.join(chosen)}", 2)
    if chosen:
        return engine, chosen[0]
    await engine.close()
    if wanted:
        raise OpenError("no Compose project with TiKV or PD containers is running; `chaos-console up` starts one")
    return None


async def _projects(engine: Engine) -> dict[str, bool]:
    """Compose projects that hold PD or TiKV, and whether they allow chaos."""
    projects: dict[str, bool] = {}
    for row in await engine.containers({PROJECT: None, SERVICE: None}):
        labels = row.get("Labels") or {}
        if role_of(str(labels.get(SERVICE, ""))) in (Role.PD, Role.STORE) and row.get("State") != "removing":
            name = str(labels[PROJECT])
            projects[name] = projects.get(name, False) or str(labels.get(ALLOW, "")).lower() == "true"
    return projects


async def _live(options: Options, engine: Engine, project: str) -> Session:
    try:
        lab = await Lab.of(engine, project)
    except EngineError as error:
        raise OpenError(f"the Docker engine cannot be reached: {error}") from error
    return await _with_lab(options, lab, Mode.LIVE, Clock(), engine.where, watchdog=True, closers=(engine.close,))


async def _with_lab(
    options: Options,
    lab: Lab,
    mode: Mode,
    clock: Clock,
    where: Endpoint,
    *,
    watchdog: bool,
    closers: tuple[Callable[[], Awaitable[None]], ...],
) -> Session:
    path = options.home / "console.db"
    try:
        db = await Database.open(path)
        await bury_embedded(db)
        await remember_lab(db, lab.id, where.url, lab.project)
    except StorageError as error:
        raise OpenError(
            f"the journal cannot be opened, so nothing could be undone after a crash: {error}", 6
        ) from error
    policy = Policy(
        who=who(),
        owner=DETACHED if options.detached else f"console {uuid.uuid4().hex[:12]}",
        limit=options.settings.safety.limit,
        read_only="started with --read-only" if options.read_only else "",
        seed=options.seed,
    )

    async def ensure_watchdog() -> None:
        await ensure(db, path, where.url, lab.project, lab.id)

    actor = Actor(lab, db, policy, clock=clock.now, before_first=ensure_watchdog if watchdog else None)
    keeper = Keeper(actor, db)
    if not options.read_only and not options.detached:
        policy.read_only = await keeper.claim()
    parts = Parts(
        mode=mode,
        project=lab.project,
        clock=clock,
        plan=Plan(engine=lab.engine, project=lab.project, poll_s=options.settings.observe.poll),
        settings=options.settings,
        watch=Watch(blind=options.blind),
        actor=actor,
        keeper=keeper,
        recording=_recording(options, mode, lab.project, clock),
        trials=Trials(options.home, db),
        reports=Reports(db),
        closers=(*closers, db.close),
    )
    session = Session(parts)
    if db.set_aside is not None:
        why = f"the database was damaged and has been set aside as {db.set_aside.name}; a new one was begun"
        session.timeline.add(0.0, "console", why, "bad")
    return session


def _recording(options: Options, mode: Mode, project: str, clock: Clock) -> Recording | None:
    if not options.record:
        return None
    stamp = _iso(clock.started_wall)
    header = {"started_at": stamp, "cluster": {"project": project, "mode": mode.value}, "dense": False}
    record = options.settings.record
    try:
        return Recording(options.home / "records", project, header, keep=record.keep, megabytes=record.megabytes)
    except OSError as error:
        raise OpenError(f"the flight record cannot be written: {error}", 6) from error


def _iso(wall: float) -> str:
    import datetime

    return datetime.datetime.fromtimestamp(wall, datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def who() -> str:
    """Who acts: user, machine and process, for journal and audit log."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{name}@{platform.node()} pid {os.getpid()}"


# -- PD only ----------------------------------------------------------------------------------------------------------


async def _pd_only(options: Options) -> Session:
    urls = [u if "://" in u else f"http://{u}" for u in (x.strip().rstrip("/") for x in options.pd) if u]
    clock = Clock()
    parts = Parts(
        mode=Mode.LIVE,
        project=", ".join(u.split("://", 1)[1] for u in urls),
        clock=clock,
        plan=Plan(pd=await names_of(urls), poll_s=options.settings.observe.poll),
        settings=options.settings,
        watch=Watch(blind=options.blind),
        no_actor="only PD is known (--pd): there is no engine to act through",
        recording=_recording(options, Mode.LIVE, "pd", clock),
    )
    return Session(parts)


# -- simulated ---------------------------------------------------------------------------------------------------------


async def _simulated(options: Options) -> Session:
    from console.sim.server import SimServer

    server = SimServer(seed=options.seed if options.seed is not None else 1, speed=options.speed)
    addresses = await asyncio.to_thread(server.start)
    engine = Engine(endpoint(addresses.docker_host))
    lab = Lab(f"{EMBEDDED}{uuid.uuid4().hex[:12]}/{addresses.project}", engine, addresses.project)

    async def stop() -> None:
        await asyncio.to_thread(server.close)

    session = await _with_lab(
        options, lab, Mode.SIMULATED, Clock(options.speed), engine.where, watchdog=False, closers=(engine.close, stop)
    )
    for line in (f"DOCKER_HOST={addresses.docker_host}", f"PD_URL={','.join(addresses.pd.values())}"):
        session.timeline.add(0.0, "simulated", line)
    return session
