"""What several commands share: options, settings, output, and failures with their exit codes."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from console.model.text import clean

if TYPE_CHECKING:
    from console.session.core import Session
    from console.session.opening import Options

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
OK, CHECK_FAILED, USAGE, REFUSED, ROLLBACK, UNREACHABLE, NOT_RUN, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130


class Failure(click.ClickException):
    """One line on stderr and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override] # click reads it from the instance
        """The code of this failure."""
        return self.code


def cluster_options(command: F) -> F:
    """Which cluster, and with what rights."""
    for option in reversed(
        (
            click.option("--project", metavar="NAME", help="Compose project to work on."),
            click.option("--pd", "pd", metavar="URL[,URL]", help="PD addresses, for observing only."),
            click.option("--docker-host", metavar="URL", help="Engine to use instead of the docker CLI's."),
            click.option("--sim/--live", "sim", default=None, help="Simulated cluster, or a live one or nothing."),
            click.option("--seed", type=click.IntRange(0, 2**31), help="Seed of the simulation and of random targets."),
            click.option("--speed", type=click.FloatRange(0.1, 100), default=1.0, help="Simulated seconds per second."),
            click.option("--blind", is_flag=True, help="Data-plane mode: of Docker only running, exited, restarting."),
        )
    ):
        command = option(command)
    return command


def options(
    *,
    project: str | None = None,
    pd: str | None = None,
    docker_host: str | None = None,
    sim: bool | None = None,
    seed: int | None = None,
    speed: float = 1.0,
    blind: bool = False,
    **more: Any,
) -> Options:
    """Options of a session from what the command line gave and the settings file holds."""
    from console.session.opening import Options
    from console.session.settings import SettingsError, load

    if pd and (sim or project):
        raise Failure("--pd observes PD alone; it does not go with --sim or --project", USAGE)
    try:
        settings = load()
    except SettingsError as error:
        raise Failure(str(error), USAGE) from error
    urls = tuple(u for u in (pd or "").split(",") if u.strip())
    return Options(
        sim=sim,
        project=project,
        pd=urls,
        docker_host=docker_host,
        seed=seed,
        speed=speed,
        blind=blind,
        settings=settings,
        **more,
    )


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; SIGINT, SIGTERM and SIGHUP cancel it, and after its clean-up leave with 128 + n."""
    return asyncio.run(_ended_by_signals(work))


async def _ended_by_signals(work: Coroutine[Any, Any, T]) -> T:
    # SIGINT is asyncio's own: it cancels this coroutine, and main turns the KeyboardInterrupt into 130.
    task, loop, got = asyncio.ensure_future(work), asyncio.get_running_loop(), list[int]()

    def end(number: int) -> None:
        got.append(number)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, number)
    try:
        return await task
    except asyncio.CancelledError:
        if got:
            raise SystemExit(128 + got[0]) from None
        raise
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


async def opened(wanted: Options) -> Session:
    """A started session. Raises Failure."""
    from console.session.opening import OpenError, open_session

    try:
        session = await open_session(wanted)
    except OpenError as error:
        raise Failure(str(error), error.code) from error
    await session.start()
    return session


async def observed(session: Session, seconds: float = 15.0) -> bool:
    """Wait until the engine (or PD, where there is none) and the stores have been heard; False when time is up."""

    def heard() -> bool:
        cluster = session.view().cluster
        has_engine = session.parts.plan.engine is not None
        complete = all(s.pd is not None and (s.status.at > 0 or not has_engine) for s in cluster.stores.values())
        well = cluster.t >= cluster.observer.sick_until  # starting up is hard work; what is seen in it says little
        return bool(cluster.stores and cluster.leader and complete and well) and (
            not has_engine or bool(cluster.containers)
        )

    return await session.until(heard, seconds)


def emit_json(value: Any) -> None:
    """One JSON object on stdout."""
    click.echo(json.dumps(value, indent=2, default=str))


def table(rows: Iterable[Sequence[object]], head: Sequence[str]) -> None:
    """Aligned plain columns; the last one takes what it needs."""
    texts = [[clean(c, 300) for c in r] for r in rows]
    widths = [max(len(h), *(len(r[i]) for r in texts), 0) if texts else len(h) for i, h in enumerate(head)]
    click.echo("  ".join(h.upper().ljust(w) for h, w in zip(head, widths, strict=True)).rstrip())
    for row in texts:
        click.echo("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())
