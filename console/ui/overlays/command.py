"""Input lines at the bottom of the screen: the command line with completion, and the filter."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Input

from console.ui.commands import Problem, Suggestion, common_start, complete, parse
from console.ui.lines import Line, chain, line, pad, whole_words
from console.ui.messages import CommandGiven, FilterGiven
from console.ui.overlays.base import Overlay
from console.ui.themes import NAMES
from console.ui.widgets.listing import Row

SHOWN = 8
WORD = 26


class LineInput(Input):
    """Textual's input without blinking: an idle line writes nothing to the terminal."""

    def __init__(self, value: str = "", placeholder: str = "") -> None:
        super().__init__(value, placeholder=placeholder, select_on_focus=False, compact=True)
        self.cursor_blink = False


class Prompt(Overlay):
    """A framed sheet with an input line under it."""

    docked = True
    prompt = ":"

    def __init__(self, value: str = "") -> None:
        super().__init__()
        self.input = LineInput(value)

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield self.input

    @property
    def focus_target(self) -> Widget:
        return self.input

    def ready(self) -> None:
        self.add_class("prompt")
        self.sheet.can_focus = False

    def fit(self) -> None:
        super().fit()
        rows = len(self.items(self.app.size.width - 4))
        self.styles.height = min(SHOWN, max(1, rows)) + 3

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        await self.accept()


class CommandPrompt(Prompt):
    """`:`. Suggestions as you type, tab completes, up and down choose, history when the line is empty."""

    history: list[str] = []  # of this run of the console, oldest first

    def __init__(self, value: str = "") -> None:
        super().__init__(value)
        self.found: list[Suggestion] = []
        self._browsed = 0  # how far back in the history
        self._theme_before = ""

    def ready(self) -> None:
        super().ready()
        self._theme_before = self.app.theme
        self.found = complete(self.input.value, self.view)

    def title(self) -> str:
        return "Command"

    def foot(self) -> Line:
        parts = [line(("enter", "key"), (" run", "dim")), line(("tab", "key"), (" complete", "dim")),
                 line(("↑↓", "key"), (" choose, history", "dim")), line(("esc", "key"), (" close", "dim"))]  # fmt: skip
        return chain(parts, 60)

    def items(self, columns: int) -> list[Row]:
        if not self.found:
            problem = parse(self.input.value, self.view)
            say = problem.sentence if isinstance(problem, Problem) else "enter runs it"
            return [Row(whole_words(say, columns, "warn" if isinstance(problem, Problem) else "ok"))]
        return [
            Row(line(*pad(line((s.word, "strong")), WORD), *whole_words(s.hint, columns - WORD, "dim")), s.line)
            for s in self.found
        ]

    def on_input_changed(self) -> None:
        self.found = complete(self.input.value, self.view)
        self._preview_theme()
        self.show()

    def _preview_theme(self) -> None:
        """`theme NAME` shows the theme while it is being chosen."""
        verb, _, name = self.input.value.partition(" ")
        if verb == "theme" and name in NAMES:
            self.console.preview_theme(name)
        elif self.app.theme != self._theme_before:
            self.console.preview_theme(self._theme_before)

    def on_key(self, event: events.Key) -> None:
        """Up, down and tab, which the input leaves alone."""
        moves = {"up": -1, "down": 1, "ctrl+p": -1, "ctrl+n": 1}
        if event.key in moves:
            event.stop()
            event.prevent_default()
            self._up_down(moves[event.key])
        elif event.key in ("tab", "right") and (event.key == "tab" or self._at_end):
            event.stop()
            event.prevent_default()
            self._complete()

    @property
    def _at_end(self) -> bool:
        return self.input.cursor_position == len(self.input.value)

    def _up_down(self, direction: int) -> None:
        into_history = not self.input.value and self.history and direction < 0
        if into_history or self._browsed:
            self._browsed = max(0, min(len(self.history), self._browsed - direction))
            self._type(self.history[-self._browsed] if self._browsed else "")
        else:
            self.sheet.move(direction)

    def _complete(self) -> None:
        """Type what all suggestions share, or the one under the cursor."""
        shared = common_start([s.line for s in self.found])
        if len(self.found) == 1:
            self._type(shared + " ")
        elif len(shared) > len(self.input.value):
            self._type(shared)
        elif self.sheet.cursor:
            self._type(self.sheet.cursor + " ")

    def _type(self, text: str) -> None:
        self.input.value = text
        self.input.cursor_position = len(text)

    async def accept(self) -> None:
        typed = self.input.value.strip()
        if isinstance(parse(typed, self.view), Problem) and self.sheet.cursor.startswith(typed) and typed:
            chosen = self.sheet.cursor  # half a word is meant as the suggestion under the cursor
            if isinstance(parse(chosen, self.view), Problem):
                self._type(chosen + " ")
                return
            typed = chosen
        self.host.close_overlay()
        if typed:
            if not self.history or self.history[-1] != typed:
                self.history.append(typed)
            self.host.post_message(CommandGiven(typed))

    async def cancel(self) -> None:
        if self.app.theme != self._theme_before:
            self.console.preview_theme(self._theme_before)
        self.host.close_overlay()


class FilterPrompt(Prompt):
    """`/`. Filters while you type; enter keeps it, esc clears it."""

    def title(self) -> str:
        return "Filter"

    def foot(self) -> Line:
        return line(("enter", "key"), (" keep", "dim"), (" · ", "faint"), ("esc", "key"), (" clear", "dim"))

    def items(self, columns: int) -> list[Row]:
        return [Row(whole_words("show what contains this text; !text shows what does not", columns, "dim"))]

    def on_input_changed(self) -> None:
        self.host.post_message(FilterGiven(self.input.value))

    async def accept(self) -> None:
        self.host.close_overlay()
        self.host.post_message(FilterGiven(self.input.value, done=True))

    async def cancel(self) -> None:
        self.host.close_overlay()
        self.host.post_message(FilterGiven("", done=True))
