"""Carrying out a line of the command line: each verb ends in the same place as its key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from console.ui.commands import Command, Problem, parse
from console.ui.keys import verbs
from console.ui.messages import FilterGiven

if TYPE_CHECKING:
    from console.ui.app import ConsoleApp

Carrier = Callable[["ConsoleApp", Command], Awaitable[None]]


async def carry_out(app: ConsoleApp, text: str) -> None:
    """Parse and do, or say what is wrong."""
    command = parse(text, app.view)
    if isinstance(command, Problem):
        app.say(command.sentence, "warn")
        return
    key = next(k for k in verbs() if k.verb == command.verb)
    if not app.allows(key):
        app.say(app.read_only_line, "warn")
        return
    carrier = _CARRIERS.get(command.verb)
    if carrier is not None:
        await carrier(app, command)
    else:  # a verb without arguments of its own is its key
        await app.current.run_action(key.action)


async def _inject(app: ConsoleApp, command: Command) -> None:
    from console.ui.overlays.preview import PreviewForm

    fault = next(e.fault for e in app.view.faults if e.fault.kind == command.kind)
    form = PreviewForm(fault, command.target, duration_s=command.number, params=command.params)
    await app.current.open(form)


async def _revert(app: ConsoleApp, command: Command) -> None:
    app.operator.revert_named(command.text)


async def _kill(app: ConsoleApp, command: Command) -> None:  # noqa: ARG001
    app.operator.kill()


async def _arm(app: ConsoleApp, command: Command) -> None:
    if command.text:
        app.operator.arm(command.text)
    else:
        await app.current.action_arm()


async def _theme(app: ConsoleApp, command: Command) -> None:
    if command.text:
        app.set_theme(command.text)
    else:
        app.next_theme()


async def _note(app: ConsoleApp, command: Command) -> None:
    if app.session is not None:
        app.session.note(command.text)
        app.say("noted on the timeline", "good")


async def _details(app: ConsoleApp, command: Command) -> None:
    app.details(command.target)


async def _filter(app: ConsoleApp, command: Command) -> None:
    app.current.post_message(FilterGiven(command.text, done=True))


async def _cancel(app: ConsoleApp, command: Command) -> None:  # noqa: ARG001
    if not app.operator.cancel_diagnosis():
        app.say("no diagnosis is streaming", "info")


async def _decide(app: ConsoleApp, command: Command) -> None:  # noqa: ARG001
    app.operator.decide()


async def _seek(app: ConsoleApp, command: Command) -> None:
    if app.session is None or app.view.playback is None:
        app.say("seek works in a replay", "warn")
    elif command.number is not None:
        app.session.seek(command.number)


async def _speed(app: ConsoleApp, command: Command) -> None:
    if app.session is None or app.view.playback is None:
        app.say("speed works in a replay", "warn")
    elif command.number is not None:
        app.session.set_speed(command.number)


async def _next(app: ConsoleApp, command: Command) -> None:  # noqa: ARG001
    if app.session is None or app.view.chapter is None:
        app.say("next works in a demo", "warn")
    else:
        app.session.next_chapter()


async def _abort(app: ConsoleApp, command: Command) -> None:  # noqa: ARG001
    if app.view.chapter is None:
        app.say("no demo is running", "warn")
    else:
        app.operator.abort_demo()


async def _zoom(app: ConsoleApp, command: Command) -> None:  # noqa: ARG001
    from console.ui.screens.dashboard import Dashboard

    if isinstance(app.current, Dashboard):
        app.current.action_zoom()


_CARRIERS: dict[str, Carrier] = {
    "inject": _inject,
    "revert": _revert,
    "kill-switch": _kill,
    "arm": _arm,
    "theme": _theme,
    "note": _note,
    "details": _details,
    "filter": _filter,
    "cancel": _cancel,
    "decide": _decide,
    "seek": _seek,
    "speed": _speed,
    "next": _next,
    "abort-demo": _abort,
    "zoom": _zoom,
}
