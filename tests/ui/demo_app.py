"""The real screen on a scripted session, to look at and to measure: `python -m tests.ui.demo_app --help`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from console.model.intents import SessionApi
from console.ui.app import ConsoleApp
from console.ui.run import run_app


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--state", default="", help="show this sample view and nothing moving")
    options.add_argument("--theme", default=None)
    options.add_argument("--connect-s", type=float, default=0.0, help="seconds until there is a session")
    options.add_argument("--fail", default="", help="connecting fails with this message")
    options.add_argument("--fail-on", default="", help="this call of the session raises")
    options.add_argument("--inject", action="store_true", help="begin with a fault in")
    options.add_argument("--close-s", type=float, default=0.0, help="seconds a close takes")
    options.add_argument("--calls", default="", help="write the calls of the session to this file at the end")
    given = options.parse_args()

    from tests.ui import fakes
    from tests.ui.fake_session import FakeSession
    from tests.ui.moving import MovingSession

    session = FakeSession(fakes.STATES[given.state]) if given.state else MovingSession()
    session.fail_on = given.fail_on

    async def connect() -> SessionApi:
        await asyncio.sleep(given.connect_s)
        if given.fail:
            raise OSError(given.fail)
        if given.inject:
            await session.inject("kill", "tikv1", {}, 300.0)
        return session

    code = run_app(ConsoleApp(connect, theme=given.theme, screenshot_dir=Path("/tmp"), close_deadline_s=10.0))
    if given.calls:
        Path(given.calls).write_text("".join(f"{name} {args}\n" for name, args in session.calls), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
