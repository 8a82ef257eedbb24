"""Throughput pane: the workload's last interval in large figures, and a plot with fault and detection marks."""

from __future__ import annotations

from console.model.cluster import Interval
from console.ui.lines import EMPTY, Line, chain, line, pad, width
from console.ui.load import Load, latest, load_state, silence
from console.ui.panes.base import Pane
from console.ui.standing import stalest
from console.ui.widgets.chart import plot
from console.ui.widgets.digits import figures
from console.ui.widgets.listing import Row
from console.ui.words import age, amount, millis, short, tenths

FIGURES_WIDTH = 21  # six digits and a comma


def mean_ms(interval: Interval) -> float | None:
    """Mean latency of one interval."""
    return None if interval.mean_us is None else interval.mean_us / 1000


class Throughput(Pane):
    """What the workload's own output says."""

    number = 2
    title = "Throughput"

    def items(self, columns: int) -> list[Row]:
        high = self.body_height
        last = latest(self.view)
        if last is None:
            return [Row(r) for r in self._nothing(columns)]
        rows = self._large(last, columns) if high >= 9 and columns >= 44 else [self._small(last, columns)]
        work = self.view.cluster.workload
        rows += plot(work.intervals, self.view.marks, self.view.now, columns, high - len(rows))
        return [Row(r) for r in rows]

    def _nothing(self, columns: int) -> list[Line]:
        state = load_state(self.view)
        known = bool(self.view.cluster.containers)
        hint = chain(
            [line((state.value, "dim")), line(("y", "key"), (" starts it", "dim")) if known else EMPTY], columns
        )
        return [EMPTY, line(("ops/s of every interval appear here.", "dim")), hint]

    def _large(self, last: Interval, columns: int) -> list[Line]:
        state = load_state(self.view)
        live = state in (Load.FLOWS, Load.ZERO)
        number = amount(last.ops) if last.ops < 999_999.5 else short(last.ops)
        style = "area-zero" if state is Load.ZERO else "strong"
        big = figures(number, style) if live else figures("--", "dim")
        beside = (self._headline(last, state, columns - FIGURES_WIDTH - 2), *self._numbers(last, columns))
        return [(*pad(b, FIGURES_WIDTH + 2), *text) for b, text in zip(big, beside, strict=True)]

    def _headline(self, last: Interval, state: Load, room: int) -> Line:
        if state is Load.SILENT:
            return chain([line(("no new lines for ", "warn"), (age(silence(self.view) or 0), "warn")),
                          line(("the client is silent", "dim"))], room)  # fmt: skip
        if state is Load.ZERO:
            return chain([line(("0 ops/s", "bad")), line((state.value, "dim"))], room)
        if state is not Load.FLOWS:
            return chain([line((state.value, "dim")), line(("y", "key"), (" starts it", "dim"))], room)
        return line(("ops/s ", "strong"), (f"in the last {tenths(last.seconds)}", "dim"))

    def _numbers(self, last: Interval, columns: int) -> tuple[Line, Line]:
        room = columns - FIGURES_WIDTH - 2
        mean, p99, errors = self._parts(last)
        return (chain([mean, errors], room, ("   ", "t")), p99)

    def _small(self, last: Interval, columns: int) -> Line:
        state = load_state(self.view)
        if state is Load.FLOWS:
            head = line((amount(last.ops), "strong"), (" ops/s", "t"))
        else:
            head = self._headline(last, state, columns)
        return chain([head, *self._parts(last)], columns)

    def _parts(self, last: Interval) -> tuple[Line, Line, Line]:
        """Mean of the interval, the 99th percentile with its honest label, errors."""
        p99 = "—" if last.p99_us is None else millis(last.p99_us / 1000)
        return (
            line(("mean ", "dim"), millis(mean_ms(last))),
            line(("p99 since start ", "dim"), p99),
            line(("errors ", "dim"), (amount(last.errors), "bad" if last.errors else "t")),
        )

    def status(self) -> Line:
        found = stalest(self.view, ("ycsb", "workload", "load"))
        return EMPTY if found is None else line((f"{found[0].name} stale {age(found[1])}", "warn"))

    def summary(self) -> list[Line]:
        last = latest(self.view)
        if last is None:
            return [line((load_state(self.view).value, "dim"))]
        state = load_state(self.view)
        mean, p99, errors = self._parts(last)
        if state is Load.FLOWS:
            return [line((amount(last.ops), "strong"), " ops/s"), mean, errors, p99]
        return [self._headline(last, state, max(20, self.size.width - width(self.heading()) - 8)), p99]
