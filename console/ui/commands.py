"""The command line as a grammar: what can be typed, what completes it, what is wrong with it. No widget, no session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from console.model.fault import Fault
from console.model.names import natural
from console.model.selectors import open_form
from console.model.view import View
from console.ui.keys import Key, verbs
from console.ui.overlays.inject import targets_for
from console.ui.themes import NAMES

SUGGESTIONS = 8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One completion: the whole line it would make, the word shown, and a hint."""

    line: str
    word: str
    hint: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command that can be carried out. `text` is everything after the verb."""

    verb: str
    text: str = ""
    kind: str = ""
    target: str = ""
    number: float | None = None
    params: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line is no command, in one sentence."""

    sentence: str


def _verb(word: str) -> Key | None:
    return next((k for k in verbs() if k.verb == word), None)


def _fault(view: View, kind: str) -> Fault | None:
    return next((e.fault for e in view.faults if e.fault.kind == kind), None)


def nearest(word: str, choices: Sequence[str]) -> str:
    """` (did you mean …?)` where one of the choices is close, else nothing."""
    from difflib import get_close_matches

    found = get_close_matches(word, choices, 1, 0.6)
    return f" — did you mean {found[0]}?" if found else ""


# parsing


def parse(text: str, view: View) -> Command | Problem:
    """A typed line as a command, or what is wrong with it."""
    words = text.split()
    if not words:
        return Problem("nothing was typed")
    verb, rest = words[0], words[1:]
    key = _verb(verb)
    if key is None:
        return Problem(f"no command {verb}{nearest(verb, [k.verb for k in verbs()])}")
    after = text.strip()[len(verb) :].strip()
    if verb == "inject":
        return _inject(rest, view)
    if verb in ("seek", "speed"):
        return _number(verb, after, key)
    if verb == "theme" and after not in NAMES:
        return Command(verb) if not after else Problem(f"no theme {after}: {', '.join(NAMES)}")
    if verb == "details":
        return _component(after, view)
    if verb in ("note", "arm") and not after:
        return Command(verb) if verb == "arm" else Problem("note what? note TEXT")
    if rest and not key.usage:
        return Problem(f"{verb} takes no argument")
    return Command(verb, after)


def _number(verb: str, text: str, key: Key) -> Command | Problem:
    try:
        value = float(text)
    except ValueError:
        return Problem(f"{verb} {key.usage}: {text or 'nothing'} is not a number")
    if verb == "speed" and value <= 0:
        return Problem("a speed is above 0")
    return Command(verb, text, number=value)


def _component(name: str, view: View) -> Command | Problem:
    known = [n for n in targets_for(view) if n in view.cluster.containers or n in _components(view)]
    if not name:
        return Problem("details of what? details COMPONENT")
    if name not in known:
        return Problem(f"no component {name}{nearest(name, known)}")
    return Command("details", name, target=name)


def _components(view: View) -> list[str]:
    return sorted({*view.cluster.stores, *view.cluster.members}, key=natural)


def _inject(words: Sequence[str], view: View) -> Command | Problem:
    """`KIND TARGET [SECONDS] [NAME=VALUE]`."""
    if len(words) < 2:
        return Problem("inject KIND TARGET [SECONDS] [NAME=VALUE]: a kind and a target are needed")
    kind, target, *options = words
    fault = _fault(view, kind)
    if fault is None:
        return Problem(f"no fault kind {kind}{nearest(kind, [e.fault.kind for e in view.faults])}")
    fitting = targets_for(view, fault)
    if target not in fitting and not open_form(target):
        if target in targets_for(view):
            return Problem(f"{kind} does not fit {target}; it fits {', '.join(t.value for t in fault.targets)}")
        return Problem(f"no target {target}{nearest(target, fitting)}")
    duration: float | None = None
    params: dict[str, float] = {}
    for option in options:
        name, equals, value = option.partition("=")
        try:
            number = float(value if equals else option)
        except ValueError:
            return Problem(f"{option} is neither seconds nor NAME=VALUE")
        if not equals:
            duration = number
        elif name not in {p.name for p in fault.params}:
            names = ", ".join(p.name for p in fault.params) or "none"
            return Problem(f"{kind} has no parameter {name}; it has {names}")
        else:
            params[name] = number
    return Command("inject", " ".join(words), kind, target, duration, params)


# completing


def complete(text: str, view: View) -> list[Suggestion]:
    """What could come next, best first."""
    words = text.split(" ")
    if len(words) == 1:
        return _match(words[0], "", [(k.verb, f"{k.usage}  {k.help}".strip()) for k in verbs()])
    verb = words[0]
    head = " ".join(words[:-1]) + " "
    return _match(words[-1], head, _arguments(verb, words[1:-1], view))[:SUGGESTIONS]


def _arguments(verb: str, before: Sequence[str], view: View) -> list[tuple[str, str]]:
    """Words that may follow, with a hint each."""
    if verb == "inject":
        return _inject_arguments(before, view)
    if before:
        return []
    if verb == "details":
        return [(n, "") for n in targets_for(view) if n in view.cluster.containers or n in _components(view)]
    if verb == "theme":
        return [(n, "") for n in NAMES]
    if verb == "revert":
        return [(i.component, f"{i.kind}, {i.state.value}") for i in view.active]
    return []


def _inject_arguments(before: Sequence[str], view: View) -> list[tuple[str, str]]:
    if not before:
        return [
            (e.fault.kind, e.fault.mechanism if e.availability.ok else f"cannot work here: {e.availability.reason}")
            for e in sorted(view.faults, key=lambda e: not e.availability.ok)
        ]
    fault = _fault(view, before[0])
    if len(before) == 1:
        return [(n, "") for n in targets_for(view, fault)]
    if fault is None:
        return []
    given = {w.partition("=")[0] for w in before[2:]}
    rest = [(f"{p.name}={p.default:g}", f"{p.unit}  {p.low:g} to {p.high:g}  {p.help}") for p in fault.params]
    seconds = [("60", "seconds until it ends by itself"), ("300", "")] if len(before) == 2 else []
    return seconds + [r for r in rest if r[0].partition("=")[0] not in given]


def _match(word: str, head: str, choices: Sequence[tuple[str, str]]) -> list[Suggestion]:
    """Choices that begin with a word, then those that contain it."""
    low = word.lower()
    begin = [c for c in choices if c[0].lower().startswith(low)]
    within = [c for c in choices if low in c[0].lower() and c not in begin]
    return [Suggestion(head + name, name, hint) for name, hint in (*begin, *within)]


def common_start(lines: Sequence[str]) -> str:
    """The longest beginning all lines share: what `tab` types."""
    if not lines:
        return ""
    low, high = min(lines), max(lines)
    n = next((n for n, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return low[:n]
