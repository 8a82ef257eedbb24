"""Every key of the console in one table: bindings, help screen, footer and command line are generated from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from textual.binding import Binding


class Where(StrEnum):
    """Where a key works; the value is the heading in the help screen."""

    APP = "Anywhere, under any dialog and in any input"
    SCREEN = "Every screen"
    DASHBOARD = "Dashboard"
    LIST = "Moving in a pane or a list"
    TOPOLOGY = "Topology"
    FAULTS = "Faults"
    DIAGNOSIS = "Diagnosis"
    DETAILS = "Details"
    EVENTS = "Timeline screen"
    INCIDENTS = "Incidents"
    EXPERIMENTS = "Experiments"
    REPORTS = "Reports"
    PAIR = "A screen of two lists"
    REPLAY = "Replay"
    DEMO = "Demo"
    DIALOG = "Dialogs"
    OVER = "A screen over the dashboard"


@dataclass(frozen=True, slots=True)
class Key:
    """One action: its keys, its words, and where it works.

    `priority` keys are seen before the focused widget gets them: the kill switch, and those that open an input line,
    so that what is typed right after them goes into the line and not to a pane.
    `show` weighs it in the footer (0: never there). `fault` marks what changes the system: off in read-only mode.
    `verb` is its command line word, `usage` the arguments that word takes.
    """

    id: str
    keys: str
    label: str
    help: str
    where: Where
    show: int = 0
    priority: bool = False
    fault: bool = False
    verb: str = ""
    usage: str = ""

    @property
    def action(self) -> str:
        """The Textual action name."""
        name, bracket, arguments = self.id.partition("(")
        return name.replace("-", "_") + bracket + arguments

    @property
    def shown(self) -> str:
        """The keys as people write them: `↑/k`, `?/f1`, `ctrl+r`."""
        return "/".join(_NAMES.get(k, k) for k in self.keys.split(",")) if self.keys else ""

    @property
    def first(self) -> str:
        """The first of its keys as people write it."""
        return self.shown.split("/")[0] if self.keys != "slash" else "/"


_NAMES = {
    "question_mark": "?", "colon": ":", "slash": "/", "escape": "esc", "up": "↑", "down": "↓", "left": "←",
    "right": "→", "left_square_bracket": "[", "right_square_bracket": "]", "pageup": "pgup", "pagedown": "pgdn",
    "plus": "+", "minus": "-", "shift+left": "shift+←", "shift+right": "shift+→",
}  # fmt: skip

_W = Where
KEYS: tuple[Key, ...] = (
    Key("kill", "ctrl+r", "KILL SWITCH", "revert every injection at once, without asking, then disarm", _W.APP,
        priority=True, verb="kill-switch"),
    Key("quit", "ctrl+q,ctrl+c", "quit", "revert what is injected, then leave", _W.APP, priority=True),
    Key("diagnose", "d", "diagnose", "diagnose the newest incident now", _W.SCREEN, show=70, verb="diagnose"),
    Key("cancel", "", "cancel", "cancel the streaming diagnosis", _W.SCREEN, verb="cancel"),
    Key("load", "y", "load", "start or stop the workload", _W.SCREEN, show=66, fault=True, verb="load"),
    Key("incidents", "i", "incidents", "list of incidents with who saw them and when", _W.SCREEN, show=40,
        verb="incidents"),
    Key("timeline", "t", "timeline", "the whole event timeline", _W.SCREEN, show=44, verb="timeline"),
    Key("experiments", "e", "experiments", "experiments: hypothesis, steady state, proof", _W.SCREEN, show=42,
        verb="experiments"),
    Key("reports", "R", "reports", "reports of past runs, and two of them side by side", _W.SCREEN, show=41,
        verb="reports"),
    Key("filter", "slash", "filter", "show only what contains a text (!text: what does not)", _W.SCREEN, show=50,
        verb="filter", usage="[TEXT]", priority=True),
    Key("arm", "A", "arm", "allow injections again after the kill switch, with a reason", _W.SCREEN, fault=True,
        verb="arm", usage="REASON", priority=True),
    Key("revert", "", "revert", "put one injection back; with no name: the kill switch", _W.SCREEN,
        verb="revert", usage="[TARGET|ID]"),
    Key("note", "", "note", "put a line of your own on the timeline", _W.SCREEN, verb="note", usage="TEXT"),
    Key("screenshot", "s", "screenshot", "save the screen as SVG", _W.SCREEN, verb="screenshot"),
    Key("theme", "T", "theme", "next colour theme", _W.SCREEN, verb="theme", usage="NAME"),
    Key("suspend", "ctrl+z", "suspend", "back to the shell; fg returns", _W.SCREEN),
    Key("back", "escape", "back", "cancel a streaming diagnosis, else go back; never quits", _W.SCREEN),
    Key("command", "colon,ctrl+p", "command", "command line with completion", _W.SCREEN, show=88, priority=True),
    Key("help", "question_mark,f1", "help", "every key that works here", _W.SCREEN, show=92, verb="help"),
    Key("quit-soft", "q", "quit", "revert what is injected, then leave", _W.SCREEN, show=60, verb="quit"),
    Key("next-pane", "tab", "pane", "next pane", _W.DASHBOARD, show=30),
    Key("prev-pane", "shift+tab", "pane", "previous pane", _W.DASHBOARD),
    Key("pane(1)", "1", "topology", "go to Topology", _W.DASHBOARD),
    Key("pane(2)", "2", "throughput", "go to Throughput", _W.DASHBOARD),
    Key("pane(3)", "3", "faults", "go to Faults", _W.DASHBOARD),
    Key("pane(4)", "4", "timer", "go to the detection timer", _W.DASHBOARD),
    Key("pane(5)", "5", "diagnosis", "go to Diagnosis", _W.DASHBOARD),
    Key("pane-left", "h,left", "pane", "pane to the left", _W.DASHBOARD),
    Key("pane-right", "l,right", "pane", "pane to the right", _W.DASHBOARD),
    Key("retry", "r", "try again", "connect again after a failure", _W.DASHBOARD),
    Key("zoom", "z", "zoom", "open the focused pane over the whole screen, and back", _W.DASHBOARD, show=34,
        verb="zoom"),
    Key("inject", "f", "inject", "choose a fault for the selected target", _W.DASHBOARD, show=100, fault=True,
        verb="inject", usage="KIND TARGET [SECONDS] [NAME=VALUE]"),
    Key("up", "up,k", "up", "one row up", _W.LIST),
    Key("down", "down,j", "down", "one row down", _W.LIST),
    Key("page-up", "pageup", "page up", "one page up", _W.LIST),
    Key("page-down", "pagedown", "page down", "one page down", _W.LIST),
    Key("top", "g", "top", "first row", _W.LIST),
    Key("bottom", "G", "bottom", "last row; follow what is added", _W.LIST),
    Key("home", "home", "top", "first row", _W.LIST),
    Key("end", "end", "bottom", "last row; follow what is added", _W.LIST),
    Key("choose", "enter", "details", "details and log of the selected component", _W.TOPOLOGY, show=96,
        verb="details", usage="COMPONENT"),
    Key("choose", "enter", "choose", "inject the selected kind; details of the selected injection", _W.FAULTS, show=96),
    Key("undo", "x", "revert one", "put the selected injection back", _W.FAULTS, show=94),
    Key("hold", "space", "pause", "pause scrolling, or follow again", _W.DIAGNOSIS, show=80),
    Key("decide", "enter", "decide", "run the test that decides between two explanations (it only looks)", _W.DIAGNOSIS,
        show=82, verb="decide"),
    Key("copy", "c", "copy", "copy the recommended commands to the clipboard", _W.DIAGNOSIS, show=78),
    Key("hold", "space", "pause", "pause the log, or follow it again", _W.DETAILS, show=95),
    Key("reload", "r", "reload", "ask again", _W.DETAILS, show=94),
    Key("hold", "space", "pause", "pause the timeline, or follow it again", _W.EVENTS, show=95),
    Key("choose", "enter", "details", "details of the incident's component", _W.INCIDENTS, show=96),
    Key("choose", "enter", "run", "run the selected experiment; it is shown first, and asked once more", _W.EXPERIMENTS,
        show=96),
    Key("choose", "enter", "read", "go to the report's text; esc comes back", _W.REPORTS, show=96),
    Key("mark", "m", "mark", "mark a run; two marked ones are compared", _W.REPORTS, show=95),
    Key("other-list", "tab,shift+tab", "other list", "move in the other list", _W.PAIR, show=93),
    Key("play", "space", "play/pause", "play or pause the record", _W.REPLAY, show=99),
    Key("step(-1)", "left", "−1 s", "one second back", _W.REPLAY, show=97),
    Key("step(1)", "right", "+1 s", "one second on", _W.REPLAY, show=98),
    Key("step(-10)", "shift+left", "−10 s", "ten seconds back", _W.REPLAY),
    Key("step(10)", "shift+right", "+10 s", "ten seconds on", _W.REPLAY),
    Key("slower", "left_square_bracket", "slower", "half the speed", _W.REPLAY),
    Key("faster", "right_square_bracket", "faster", "twice the speed", _W.REPLAY, show=90),
    Key("to-start", "home", "start", "to the start of the record", _W.REPLAY),
    Key("to-end", "end", "end", "to the end of the record", _W.REPLAY),
    Key("seek", "", "seek", "go to a time in the record", _W.REPLAY, verb="seek", usage="SECONDS"),
    Key("speed", "", "speed", "play the record at N times its speed", _W.REPLAY, verb="speed", usage="FACTOR"),
    Key("next", "space", "next chapter", "go on to the next chapter", _W.DEMO, show=99, verb="next"),
    Key("abort", "escape", "abort demo", "abort the demo and revert", _W.DEMO, show=74, verb="abort-demo"),
    Key("back", "escape", "back", "back to where you came from", _W.OVER, show=94),
    Key("close", "escape,q", "back", "close without doing anything", _W.DIALOG, show=90),
    Key("accept", "enter", "accept", "do it", _W.DIALOG, show=95),
    Key("less", "left,minus,h", "less", "one step less", _W.DIALOG),
    Key("more", "right,plus,l", "more", "one step more", _W.DIALOG),
)  # fmt: skip


def at(where: Where) -> tuple[Key, ...]:
    """The keys of one place, in table order."""
    return tuple(k for k in KEYS if k.where is where)


def bindings(where: Where) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Textual bindings of one place."""
    return [
        Binding(k.keys, k.action, k.label, show=False, priority=k.priority, tooltip=k.help, id=f"{where.name}.{k.id}")
        for k in at(where)
        if k.keys
    ]


def rebound(key: Key, keymap: Mapping[str, str]) -> Key:
    """The key as a user's keymap (action id: keys) has it; the kill switch keeps its own key besides."""
    wanted = keymap.get(key.id)
    if not wanted:
        return key
    return replace(key, keys=f"{key.keys},{wanted}" if key.id == "kill" else wanted)


def textual_keymap(keymap: Mapping[str, str]) -> dict[str, str]:
    """A user's keymap by the ids of the bindings."""
    return {f"{k.where.name}.{k.id}": rebound(k, keymap).keys for k in KEYS if k.id in keymap and k.keys}


def unknown(keymap: Mapping[str, str]) -> list[str]:
    """Action ids in a keymap that are none of ours."""
    known = {k.id for k in KEYS if k.keys}
    return sorted(set(keymap) - known)


def by_action(action: str) -> Key | None:
    """The first key that runs a Textual action of this name."""
    return next((k for k in KEYS if k.action.split("(")[0] == action), None)


def verbs() -> tuple[Key, ...]:
    """Every action that has a command line word."""
    return tuple(k for k in KEYS if k.verb)
