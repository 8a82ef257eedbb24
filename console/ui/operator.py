"""Operator: carries what was asked for to the session, in workers of the app, and says what came of it.

The workers belong to the app and not to the dialog that asked: closing a dialog never cuts an injection short.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from console.model.fault import Injection, Outcome, Refusal, Revert
from console.model.intents import SessionApi
from console.ui.messages import InjectAsked, PreviewAsked
from console.ui.words import tenths

if TYPE_CHECKING:
    from console.ui.app import ConsoleApp

NOT_CONNECTED = "not connected yet; this console has injected nothing"


class Operator:
    """Every intent of the person at the keyboard."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app
        self._killing = False
        self._leaving = False
        self.kill_wanted = False  # pressed before there was a session

    @property
    def session(self) -> SessionApi | None:
        """The session, once there is one."""
        return self._app.session

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._app.run_worker(work, name=name, group="operator", description=name, exit_on_error=True)

    def warm_up(self) -> None:
        """What the kill switch shows is loaded before it is needed."""
        import console.ui.overlays.revert  # noqa: F401

    # reverting

    def kill(self) -> None:
        """The kill switch: everything back, at once, from anywhere."""
        if self.session is None:
            self.kill_wanted = True
            self._app.say(f"{NOT_CONNECTED}; the kill switch is pulled as soon as it is", "warn")
        elif self._killing or self._leaving:
            self._app.say("already reverting", "warn")
        else:
            self._killing = True
            self._app.say("reverting…", "warn", keep=True)
            self._start(self._kill(self.session), "kill switch")

    async def _kill(self, session: SessionApi) -> None:
        from console.ui.overlays.revert import RevertOverlay

        overlay = RevertOverlay()
        try:
            work = self._app.run_worker(session.revert_all("kill switch"), name="revert all", group="operator")
            await self._painted()  # that the key was felt is seen at once; the dialog may take a frame
            await self._app.current.open(overlay)
            results = await work.wait()
        finally:
            self._killing = False
        overlay.done(results)
        self._app.say(*_told(results))

    async def _painted(self) -> None:
        """Until what was said is on the terminal."""
        painted = asyncio.Event()
        self._app.call_after_refresh(painted.set)
        await painted.wait()

    def revert(self, injection: str) -> None:
        """Put one injection back."""
        if self.session is None:
            self._app.say(NOT_CONNECTED, "warn")
        else:
            self._start(self._revert(self.session, injection), "revert one")

    async def _revert(self, session: SessionApi, injection: str) -> None:
        self._app.say("reverting…", "info")
        self._app.say(*_told((await session.revert(injection),)))

    def revert_named(self, name: str) -> None:
        """Put back what has this id, or is on this target; with no name, everything."""
        if not name:
            self.kill()
            return
        found = [i for i in self._app.view.active if name in (i.id, i.component, *(t.service for t in i.targets))]
        if not found:
            self._app.say(f"nothing is injected on {name}", "warn")
        for injection in found:
            self.revert(injection.id)

    def quit(self) -> None:
        """Revert, close, leave. `esc` does not stop it."""
        if not self._leaving:
            self._leaving = True
            self._start(self._quit(), "quit")

    async def _quit(self) -> None:
        from console.ui.overlays.revert import QuitOverlay

        overlay = QuitOverlay()
        closing = self._app.ending.begin("quit")
        await self._app.current.open(overlay)
        await closing
        overlay.done(self._app.ending.results)
        if self._app.ending.whole:
            self._app.leave()
        elif self._app.ending.error:
            self._app.say(self._app.ending.error, "bad")

    # injecting

    def preview(self, asked: PreviewAsked) -> None:
        """Ask what an injection would do; the newest question wins."""
        if self.session is not None:
            self._app.run_worker(self._preview(self.session, asked), name="preview", group="preview", exclusive=True)

    async def _preview(self, session: SessionApi, asked: PreviewAsked) -> None:
        from console.ui.overlays.preview import PreviewForm

        found = await session.preview(asked.kind, asked.target, asked.params, asked.duration_s)
        form = self._app.current.overlay
        if isinstance(form, PreviewForm) and form.request()[:2] == (asked.kind, asked.target):
            form.answer(found)

    def inject(self, asked: InjectAsked) -> None:
        """Guard, journal, act, verify: the session does it, this waits for the answer."""
        if self._app.read_only:
            self._app.say(self._app.read_only_line, "warn")
        elif self.session is None:
            self._app.say(NOT_CONNECTED, "warn")
        else:
            self._start(self._inject(self.session, asked), "inject")

    async def _inject(self, session: SessionApi, asked: InjectAsked) -> None:
        from console.ui.overlays.preview import PreviewForm

        result = await session.inject(asked.kind, asked.target, asked.params, asked.duration_s)
        form = self._app.current.overlay
        mine = isinstance(form, PreviewForm) and form.sent
        if isinstance(result, Refusal):
            if mine and isinstance(form, PreviewForm):
                form.refused(result.sentence)
            self._app.say(f"refused: {result.sentence}", "warn")
            return
        if mine:
            self._app.current.close_overlay()
        self._app.say(*_injected(result))

    def arm(self, reason: str) -> None:
        """Allow injections again."""
        if self._app.read_only:
            self._app.say(self._app.read_only_line, "warn")
        elif self.session is not None:
            self._start(self._arm(self.session, reason), "arm")

    async def _arm(self, session: SessionApi, reason: str) -> None:
        refusal = await session.arm(reason)
        self._app.say(*(("armed", "good") if refusal is None else (f"refused: {refusal.sentence}", "warn")))

    # the rest

    def toggle_load(self) -> None:
        """Workload on or off."""
        if self.session is None:
            self._app.say(NOT_CONNECTED, "warn")
        else:
            self._start(self._load(self.session), "load")

    async def _load(self, session: SessionApi) -> None:
        self._app.say(await session.toggle_load(), "info")

    def diagnose(self) -> None:
        """Ask for a diagnosis now."""
        self._app.say(NOT_CONNECTED if self.session is None else self.session.diagnose(), "info")

    def decide(self) -> None:
        """Run the deciding test: read-only looks, one line of what was found."""
        if self.session is None:
            self._app.say(NOT_CONNECTED, "warn")
        else:
            self._app.run_worker(self._decide(self.session), name="decide", group="decide", exclusive=True)

    async def _decide(self, session: SessionApi) -> None:
        self._app.say("looking…", "info")
        self._app.say(await session.decide(), "info")

    def cancel_diagnosis(self) -> bool:
        """Cancel a streaming diagnosis; False where none streams."""
        if self.session is None or not self.session.cancel_diagnosis():
            return False
        self._app.say("diagnosis cancelled", "info")
        return True

    def abort_demo(self) -> None:
        """End a demo early; the session reverts what it did."""
        if self.session is not None:
            self._start(self._abort(self.session), "abort demo")

    async def _abort(self, session: SessionApi) -> None:
        self._app.say("demo aborted, reverting", "warn")
        await session.abort_demo()


def _injected(injection: Injection) -> tuple[str, str]:
    took = ""
    if injection.called is not None and injection.returned is not None:
        took = f", the call returned after {tenths(injection.returned - injection.called)}"
    return (f"{injection.kind} is in {injection.component} ({injection.state.value}{took})", "good")


def _told(results: tuple[Revert, ...]) -> tuple[str, str]:
    """What came of a revert, in one line."""
    if not results:
        return ("nothing was injected; nothing to put back", "good")
    bad = [r for r in results if r.outcome is not Outcome.COMPLETE]
    if bad:
        what = "; ".join(f"{r.kind} on {r.component} {r.outcome.value}: {r.detail}" for r in bad)
        return (f"not everything came back: {what}", "bad")
    return ("; ".join(f"{r.kind} on {r.component} is back, verified" for r in results), "good")
