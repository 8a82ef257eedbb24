"""`make screenshots`: the pictures in `screenshots/`, from a simulated cluster with a fixed seed and real keys."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parents[1] / "screenshots"
SEED = 1
DEADLINE_S = 120.0


async def main() -> int:
    """Take them all."""
    OUT.mkdir(exist_ok=True)
    await _story((120, 40))
    await _experiment((120, 40))
    await _compact((80, 24))
    return 0


async def _story(size: tuple[int, int]) -> None:
    from console.model.diagnosis import DiagnosisStatus

    app, session = await _app()
    async with app.run_test(size=size) as pilot:
        live = await session()
        await _until(pilot, lambda: len(live.view().cluster.workload.intervals) >= 25)
        _save(app, "overview")
        await pilot.press("j", "f")
        await _rest(pilot, 0.8)
        await pilot.press("enter")
        await _rest(pilot, 1.2)
        _save(app, "preview")
        await pilot.press("enter")
        await _until(pilot, lambda: bool(live.view().active))
        await _rest(pilot, 0.4)
        _save(app, "fault-live")
        await _until(pilot, lambda: live.diagnoser.run is not None and len(live.diagnoser.run.text) > 60)
        await _rest(pilot, 0.3)
        _save(app, "diagnosing")
        await _until(
            pilot, lambda: live.diagnoser.run is not None and live.diagnoser.run.status is DiagnosisStatus.DONE
        )
        await _until(pilot, lambda: all(at is not None for _, at in live.view().timer.lanes))
        await _rest(pilot, 0.6)
        _save(app, "detected")
        await pilot.press("ctrl+r")
        await _until(pilot, lambda: live.view().revert is not None and live.view().revert.finished)
        await _until(pilot, lambda: live.view().incidents[-1].over is not None)
        await _rest(pilot, 0.6)
        _save(app, "reverted")
        await live.close("the pictures are taken")


async def _experiment(size: tuple[int, int]) -> None:
    """One that runs, and its report."""
    app, session = await _app()
    async with app.run_test(size=size) as pilot:
        live = await session()
        await _until(pilot, lambda: len(live.view().cluster.workload.intervals) >= 5)
        await pilot.press("e", "slash", *"n-1", "enter", "down", "enter", "enter")
        await _until(pilot, lambda: _phase(live) == "fault" and bool(live.view().incidents))
        await _rest(pilot, 6.0)
        _save(app, "experiment")
        await _until(pilot, lambda: not live.view().experiment.running)
        await pilot.press("escape", "escape", "R")
        await _rest(pilot, 1.5)
        _save(app, "report")
        await live.close("the pictures are taken")


def _phase(live: Any) -> str:
    run = live.view().experiment
    return "" if run is None else str(run.phase)


async def _compact(size: tuple[int, int]) -> None:
    app, session = await _app()
    async with app.run_test(size=size) as pilot:
        live = await session()
        await _until(pilot, lambda: len(live.view().cluster.workload.intervals) >= 20)
        _save(app, "compact-80x24")
        await live.close("the pictures are taken")


async def _app() -> tuple[Any, Callable[[], Any]]:
    from console.session.opening import Options, open_session
    from console.ui.app import ConsoleApp

    opened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def connect() -> Any:
        session = await open_session(Options(sim=True, seed=SEED))
        await session.start()
        opened.set_result(session)
        return session

    async def session() -> Any:
        return await asyncio.wait_for(opened, DEADLINE_S)

    return ConsoleApp(connect, theme="chaos"), session


async def _rest(pilot: Any, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await pilot.pause()


async def _until(pilot: Any, done: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not done():  # noqa: ASYNC110 - the screen goes on meanwhile
            await asyncio.sleep(0.1)
    await _rest(pilot, 0.4)


def _save(app: Any, name: str) -> None:
    path = OUT / f"{name}.svg"
    path.write_text(app.export_screenshot(title="Chaos Console"))
    print(path.relative_to(OUT.parent))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="chaos-shots-") as home:
        os.environ["CHAOS_CONSOLE_HOME"] = home
        os.environ["CHAOS_CONSOLE_CONFIG"] = f"{home}/none.toml"
        sys.exit(asyncio.run(main()))
