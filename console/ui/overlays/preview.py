"""The preview of one injection: what it would do, whether it is allowed, duration and parameters to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual import events
from textual.timer import Timer

from console.model.fault import Fault, Param, Preview
from console.ui.lines import EMPTY, Line, chain, line, pad, wrap
from console.ui.messages import InjectAsked, Notice, PreviewAsked
from console.ui.overlays.base import Overlay
from console.ui.widgets.listing import Row

LABEL = 12
DURATION = Param("duration", 300.0, 5.0, 600.0, "s", "the fault ends by itself after this time")
ASK_AFTER_S = 0.15  # typing "120" asks once, not three times


def step_of(param: Param) -> float:
    """A round step: about a twentieth of the range, one significant digit."""
    raw = (param.high - param.low) / 20
    if raw <= 0:
        return 1.0
    digits = f"{raw:.0e}"
    return float(digits)


def shown(value: float) -> str:
    """A parameter value without needless zeros."""
    return f"{value:g}"


class PreviewForm(Overlay):
    """`enter` injects, `esc` goes back to the choice."""

    columns = 84

    def __init__(
        self,
        fault: Fault,
        target: str,
        *,
        duration_s: float | None = None,
        params: Mapping[str, float] | None = None,
        back: Callable[[], Overlay] | None = None,
    ) -> None:
        super().__init__()
        self.fault = fault
        self.target = target
        self.fields = (DURATION, *fault.params)
        self.values = {p.name: (params or {}).get(p.name, p.default) for p in fault.params}
        self.values[DURATION.name] = min(DURATION.high, duration_s or fault.default_duration_s)
        self.preview: Preview | None = None
        self.sent = False  # the injection was asked for and has not answered yet
        self.trouble = ""
        self._typed = ""
        self._back = back
        self._asking: Timer | None = None

    # what the app tells it

    def ready(self) -> None:
        self.ask()

    def ask(self) -> None:
        """Ask the session what this would do."""
        self.post_message(PreviewAsked(*self.request()))

    def request(self) -> tuple[str, str, dict[str, float], float]:
        """Kind, target, parameters, duration."""
        params = {k: v for k, v in self.values.items() if k != DURATION.name}
        return (self.fault.kind, self.target, params, self.values[DURATION.name])

    def answer(self, preview: Preview) -> None:
        """What the session said."""
        self.preview = preview
        self.show()

    def refused(self, sentence: str) -> None:
        """The injection was not carried out."""
        self.sent = False
        self.trouble = sentence
        self.show()

    # drawing

    def title(self) -> str:
        return f"{self.fault.kind} on {self.target}"

    def items(self, columns: int) -> list[Row]:
        rows = [*self._text("what", self.fault.title, columns, "strong"), *self._answer(columns), Row(EMPTY)]
        for param in self.fields:
            rows.append(Row(self._field(param, columns), f"p:{param.name}"))
        problem = self.problem
        if problem:
            rows += [Row(EMPTY), *self._text("✖ refused", problem, columns, "bad", "bad")]
        elif self.sent:
            rows += [Row(EMPTY), Row(line(("injecting…", "act")))]
        return rows

    @property
    def problem(self) -> str:
        """Why it cannot be injected as it stands."""
        for param in self.fields:
            wrong = param.check(self.values[param.name])
            if wrong:
                return wrong
        if self.preview is not None and self.preview.refusal is not None:
            return self.preview.refusal.sentence
        return self.trouble

    def _answer(self, columns: int) -> list[Row]:
        preview = self.preview
        if preview is None:
            return [Row(line(("asking the guard…", "dim")))]
        targets = ", ".join(f"{t.service} ({t.container_name})" for t in preview.targets) or self.target
        return [
            *self._text("targets", targets, columns),
            *self._text("mechanism", preview.mechanism, columns),
            *self._text("you will see", preview.signature, columns),
            *self._text("quorum", preview.quorum, columns, "warn"),
            *self._text("undone by", preview.undo, columns),
            *self._text("expires", f"by itself after {shown(preview.expires_s)} s", columns, "dim"),
        ]

    def _text(self, label: str, text: str, columns: int, style: str = "t", label_style: str = "head") -> list[Row]:
        rows = wrap(text, columns - LABEL - 1) if text else []
        leads = [pad(line((label if n == 0 else "", label_style)), LABEL + 1) for n in range(len(rows))]
        return [Row(line(*lead, (r, style))) for lead, r in zip(leads, rows, strict=True)]

    def _field(self, param: Param, columns: int) -> Line:
        here = self._current is param and self._typed
        value = f"{self._typed}_" if here else shown(self.values[param.name])
        limits = f"{shown(param.low)} to {shown(param.high)}"
        name = pad(line((param.name, "head")), LABEL + 1)
        head = line(*name, (f" {value} ", "field"), f" {param.unit}")
        return chain([head, line((limits, "dim")), line((param.help, "dim"))], columns, ("  ", "t"))

    def foot(self) -> Line:
        parts = [line(("enter", "key"), (" inject", "dim"))] if not self.problem else []
        parts += [line(("←/→", "key"), (" change", "dim")), line(("0-9", "key"), (" type", "dim")),
                  line(("esc", "key"), (" back", "dim"))]  # fmt: skip
        return chain(parts, 60)

    # changing

    @property
    def _current(self) -> Param | None:
        if not self.is_mounted:
            return None
        return next((p for p in self.fields if f"p:{p.name}" == self.sheet.cursor), None)

    def change(self, name: str, value: float) -> None:
        """Set a field; the preview is asked for again when typing pauses."""
        self.values[name] = value
        self.trouble = ""
        self.show()
        if self._asking is not None:
            self._asking.stop()
        self._asking = self.set_timer(ASK_AFTER_S, self.ask)

    def _step(self, direction: int) -> None:
        param = self._current
        if param is not None:
            self._typed = ""
            value = self.values[param.name] + direction * step_of(param)
            self.change(param.name, round(max(param.low, min(param.high, value)), 6))

    def action_less(self) -> None:
        self._step(-1)

    def action_more(self) -> None:
        self._step(1)

    def on_key(self, event: events.Key) -> None:
        """Digits type a value into the field under the cursor."""
        param = self._current
        if param is None:
            return
        if event.character is not None and (event.character.isdigit() or event.character == "."):
            self._typed += event.character if event.character != "." or "." not in self._typed else ""
        elif event.key == "backspace":
            self._typed = self._typed[:-1]
        else:
            return
        event.stop()
        self.change(param.name, float(self._typed) if self._typed.strip(".") else param.low)

    def on_listing_moved(self) -> None:
        self._typed = ""

    # deciding

    async def accept(self) -> None:
        if self.sent:
            return
        if self.problem:
            self.post_message(Notice(self.problem, "warn"))
        elif self.preview is None:
            self.post_message(Notice("one moment: the guard has not answered yet", "info"))
        else:
            self.sent = True
            self.show()
            self.post_message(InjectAsked(*self.request()))

    async def cancel(self) -> None:
        """Back to where it came from."""
        if self._back is not None:
            await self.host.open(self._back())
        else:
            self.host.close_overlay()
