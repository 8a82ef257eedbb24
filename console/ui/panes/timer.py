"""Detection timer pane: one running clock from the moment of injection, and a lane for everyone who may notice."""

from __future__ import annotations

from collections.abc import Callable

from textual.timer import Timer as Ticker

from console.model.incident import Vantage
from console.model.view import Timer, View
from console.ui.lines import EMPTY, Line, Span, cells, chain, line, pad, plain, wrap
from console.ui.panes.base import Pane
from console.ui.widgets.digits import figures
from console.ui.widgets.listing import Row
from console.ui.words import mmss, mmss_tenths, tenths

CLOCK_WIDTH = 25
VALUE_WIDTH = 8
_SCALES = (5, 10, 20, 30, 60, 120, 300, 600)
LANES = tuple(v.value for v in Vantage)


def stopped_at(timer: Timer) -> float:
    """When a timer that runs no more stopped: the last thing it knows of."""
    known = [timer.zero, timer.returned, *(t for _, t in timer.lanes), timer.first_token, timer.diagnosed,
             timer.reverted, timer.recovered]  # fmt: skip
    return max(t for t in known if t is not None)


def elapsed(timer: Timer, now: float) -> float:
    """Seconds on the clock."""
    return max(0.0, (now if timer.running else stopped_at(timer)) - timer.zero)


def lanes(timer: Timer) -> list[tuple[str, float | None]]:
    """Every vantage point and its time to detect in seconds; those the timer does not name have seen nothing."""
    seen = dict(timer.lanes)
    names = [*LANES, *(n for n in seen if n not in LANES)]
    return [(n, None if seen.get(n) is None else max(0.0, (seen[n] or 0.0) - timer.zero)) for n in names]


def milestones(timer: Timer) -> list[tuple[str, float | None]]:
    """What comes after detection, in seconds since zero."""
    points = (("first token", timer.first_token), ("diagnosed", timer.diagnosed), ("reverted", timer.reverted),
              ("recovered", timer.recovered))  # fmt: skip
    return [(name, None if t is None else max(0.0, t - timer.zero)) for name, t in points]


def headline(timer: Timer, now: float) -> Line:
    """How far ahead of the cluster's own control plane we were."""
    times = {name: t for name, t in lanes(timer) if t is not None}
    own = {name: t for name, t in times.items() if name != Vantage.PD}
    pd = times.get(Vantage.PD)
    if not times:
        return line(("nobody has seen it yet" if timer.running else "nobody saw it", "dim"))
    if not own:
        return line(("PD saw it, nobody else has", "warn"))
    first = min(own.values())
    if pd is not None:
        if pd < first:
            return line((f"PD was {tenths(first - pd)} earlier", "warn"))
        return line((f"seen {tenths(pd - first)} before PD", "accent"))
    if timer.running:
        return line(("PD has noticed nothing, ", "accent"), (f"{mmss(elapsed(timer, now) - first)} ahead", "accent"))
    return line(("PD never noticed", "accent"))


class DetectionTimer(Pane):
    """Large digits, four lanes, four milestones."""

    number = 4
    title = "Detection timer"
    brief = "Detection"

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock  # the session clock, for the digits between two views
        self._ticker: Ticker | None = None

    def on_mount(self) -> None:
        self._ticker = self.set_interval(0.1, self.rebuild, pause=True)

    def watch_view(self) -> None:
        timer = self.view.timer
        if self._ticker is not None:
            held = self.view.playback is not None and not self.view.playback.playing
            if timer is not None and timer.running and not held and self._shown_now and not self.collapsed:
                self._ticker.resume()
            else:
                self._ticker.pause()
        self.rebuild()

    @property
    def _shown_now(self) -> bool:
        """True while the dashboard is what is shown."""
        return self.screen.is_current

    def _now(self, view: View) -> float:
        return max(view.now, self._clock()) if view.timer is not None and view.timer.running else view.now

    def items(self, columns: int) -> list[Row]:
        timer = self.view.timer
        if timer is None:
            return [Row(r) for r in self._idle(columns)]
        now = self._now(self.view)
        tall = self._tall
        rows = [(name, t) for name, t in (lanes(timer) + milestones(timer) if tall else lanes(timer))]
        room = columns - CLOCK_WIDTH
        right = [self._lane(name, t, timer, now, room) for name, t in rows]
        if tall:
            right.insert(len(LANES), EMPTY)
        left = [*figures(mmss_tenths(elapsed(timer, now)), "strong"), self._returned(timer)]
        if tall:
            left += [EMPTY, *(line((r, "accent")) for r in wrap(plain(headline(timer, now)), CLOCK_WIDTH - 3))]
        out = [
            line(*pad(left[n] if n < len(left) else EMPTY, CLOCK_WIDTH), *(right[n] if n < len(right) else EMPTY))
            for n in range(max(len(left), len(right)))
        ]
        if not tall:
            out += [headline(timer, now), self._after(timer, columns)]
        return [Row(r) for r in out]

    @property
    def _tall(self) -> bool:
        """Room for every milestone in a lane of its own."""
        return self.body_height >= 9

    def _idle(self, columns: int) -> list[Line]:
        """The clock at rest, and the lanes that will be filled."""
        wide = 12 if self._tall else 9
        names = [*LANES, *(("", *(n for n, _ in milestones(Timer("", 0.0)))) if self._tall else ())]
        right = [line(*pad(line((n, "dim")), wide), ("—" if n else "", "faint")) for n in names]
        left = [*figures("00:00.0", "faint"), EMPTY]
        left += [EMPTY] * (len(right) - len(left))
        rows = [line(*pad(a, CLOCK_WIDTH), *b) for a, b in zip(left, right, strict=True)]
        starts = line(("the clock starts just before the engine is called", "dim"))
        hint = chain([starts, line(("f", "key"), (" injects", "dim"))], columns)
        return rows if self._tall else [*rows, hint]

    def _returned(self, timer: Timer) -> Line:
        if timer.returned is None:
            return EMPTY
        return line(("call +", "dim"), (tenths(timer.returned - timer.zero), "dim"))

    def _lane(self, name: str, t: float | None, timer: Timer, now: float, room: int) -> Line:
        """One lane: who, a track to the moment it saw, and the time."""
        first = min((v for n, v in lanes(timer) if v is not None), default=None)
        wide = 12 if self._tall else 9  # "first token", "workload"
        label = pad(line((name, "t" if t is not None else "dim")), wide)
        value = _value(t, timer, "accent" if t is not None and t == first and name in LANES else "strong")
        track = room - wide - VALUE_WIDTH - 1
        drawn = _track(t, timer, now, track) if track >= 6 else EMPTY
        gap: Span = (" " * (VALUE_WIDTH - cells(value[0])), "t")
        return line(*label, *pad(drawn, max(0, track)), (" " if drawn else "", "t"), gap, value)

    def _after(self, timer: Timer, columns: int) -> Line:
        """The milestones in one line."""
        parts = [
            line((f"{name} ", "dim"), _value(t, timer, "strong"))
            for name, t in milestones(timer)
            if t is not None or timer.running
        ]
        return chain(parts, columns)

    def heading(self) -> Line:
        timer = self.view.timer
        return line(*super().heading(), (f"  {timer.title}" if timer is not None else "", "act"))

    def summary(self) -> list[Line]:
        timer = self.view.timer
        if timer is None:
            return [line(("starts with the injection", "dim"))]
        seen = sum(t is not None for _, t in lanes(timer))
        return [
            line((mmss(elapsed(timer, self.view.now)), "strong"), (f" {timer.title}", "act")),
            line((f"seen by {seen} of {len(LANES)}", "t" if seen else "dim")),
            headline(timer, self.view.now),
        ]


def _value(t: float | None, timer: Timer, seen: str) -> Span:
    if t is not None:
        return (tenths(t), seen)
    return ("waiting", "dim") if timer.running else ("not seen", "dim")


def _track(t: float | None, timer: Timer, now: float, room: int) -> Line:
    """A line to the moment something was seen; dotted and growing while it is waited for."""
    span = elapsed(timer, now)
    scale = next((s for s in _SCALES if s >= span), span or 1.0)
    if t is None:
        length = round(min(1.0, span / scale) * (room - 1)) if timer.running else 0
        return line(("╌" * length, "faint"))
    length = round(min(1.0, t / scale) * (room - 1))
    return line(("━" * length, "info"), ("●", "info"))
