"""Faults pane: what is injected now and how long it still lasts, then the catalogue and what can work here."""

from __future__ import annotations

from itertools import groupby

from console.model.fault import Injection, InjectionState
from console.model.view import FaultEntry, View
from console.ui.keys import Where, bindings
from console.ui.lines import EMPTY, Line, bar, cells, chain, cut, line, pad, safe, whole_words, width, wrap
from console.ui.messages import Notice, RevertAsked
from console.ui.panes.base import Pane
from console.ui.standing import left_of
from console.ui.widgets.listing import Row, kept
from console.ui.words import age, mmss, plural

_STATE_TONE = {
    InjectionState.INTENT: "act",
    InjectionState.APPLYING: "act",
    InjectionState.APPLIED: "bad",
    InjectionState.VERIFIED: "bad",
    InjectionState.REVERTING: "warn",
    InjectionState.PARTIAL: "chip-bad",
    InjectionState.FAILED: "chip-bad",
}
_STATE_WORD = {InjectionState.PARTIAL: "NOT WHOLLY REVERTED", InjectionState.FAILED: "REVERT FAILED"}
KIND_WIDTH = 18
LABEL = 14
INJECTION, KIND = "injection:", "kind:"


def lifetime(injection: Injection, view: View) -> float:
    """The part of its life an injection has left, 0 to 1."""
    whole = injection.expires_wall - injection.began_wall
    return left_of(injection, view) / whole if whole > 0 else 0.0


def running_for(injection: Injection, view: View) -> str:
    """`12s in`: how long it has been in the system."""
    return f"{age(view.wall - injection.began_wall)} in"


class Faults(Pane):
    """Active injections and the catalogue."""

    number = 3
    title = "Faults"
    BINDINGS = bindings(Where.FAULTS)

    @property
    def kind(self) -> str:
        """The fault kind under the cursor, if one is."""
        return self.cursor.removeprefix(KIND) if self.cursor.startswith(KIND) else ""

    @property
    def injection(self) -> str:
        """The id of the injection under the cursor, if one is."""
        return self.cursor.removeprefix(INJECTION) if self.cursor.startswith(INJECTION) else ""

    def action_undo(self) -> None:
        """Put the injection under the cursor back, or the only one there is."""
        active = self.view.active
        chosen = self.injection or (active[0].id if len(active) == 1 else "")
        if chosen:
            self.post_message(RevertAsked(chosen))
        else:
            self.post_message(Notice("no injection is selected", "info"))

    def items(self, columns: int) -> list[Row]:
        view = self.view
        rows = [r for i in view.active for r in self._injection(i, columns)]
        if not rows:
            off = view.read_only or view.playback is not None or not view.cluster.containers
            hint = EMPTY if off else line(("f", "key"), (" injects on the selected target", "dim"))
            nothing = "nothing is injected" if view.cluster.containers else "this console has injected nothing"
            rows = [Row(chain([line((f"○ {nothing}", "dim")), hint], columns))]
        rows.append(Row(EMPTY))
        if not view.faults:
            waits = f"waiting for {view.starting}" if view.starting else "the kinds of faults appear here"
            return [*rows, Row(line((waits, "dim")))]
        rows += kept(self._catalogue(columns), self.wanted)
        kind = self.kind or next((i.kind for i in view.active if i.id == self.injection), "")
        entry = next((e for e in view.faults if e.fault.kind == kind), None)
        about = about_kind(entry, columns) if entry is not None else []
        spare = self.body_height - len(rows)
        return [*rows, Row(EMPTY), *(Row(r) for r in about[: spare - 1])] if spare > 4 else rows

    def cursor_moved(self) -> None:
        """Where there is room, what the kind under the cursor is stands below the catalogue."""
        self.rebuild()

    # injections

    def _injection(self, injection: Injection, columns: int) -> list[Row]:
        view = self.view
        tone = _STATE_TONE.get(injection.state, "dim")
        state = _STATE_WORD.get(injection.state, injection.state.value)
        what = line(("◆ ", "act"), (injection.component, "strong"), (f"  {injection.kind}", "act"))
        since = line((running_for(injection, view), "dim"))
        top = line(*what, "  ", *chain([line((state, tone)), since], columns - width(what) - 2))
        if injection.state.stuck:
            note = injection.note or "a human has to look: chaos-console injections"
            return [Row(top, INJECTION + injection.id), Row(cut(line(("  ", "t"), (note, "warn")), columns))]
        left = left_of(injection, view)
        label = line((f" {mmss(left)} left", "warn" if left < 30 else "t"))
        room = max(6, min(60, columns - width(label) - 2))
        drain = line("  ", *bar(lifetime(injection, view), room, "act"), *label)
        return [Row(top, INJECTION + injection.id), Row(drain)]

    # catalogue

    def _catalogue(self, columns: int) -> list[Row]:
        rows: list[Row] = []
        for family, entries in groupby(self.view.faults, key=lambda e: e.fault.family):
            rows.append(Row(line((family, "head"))))
            rows += [Row(entry_line(e, columns), KIND + e.fault.kind) for e in entries]
        return rows

    # frame

    def status(self) -> Line:
        view = self.view
        if not view.faults:
            return EMPTY
        if not all(e.availability.known for e in view.faults):
            return line((f"{len(view.faults)} kinds, not checked{'' if view.read_only else ' yet'}", "dim"))
        can = sum(e.availability.ok for e in view.faults)
        return line((f"{can} of {len(view.faults)} work here", "dim"))

    def foot(self) -> Line:
        if self.injection:
            return line(("x", "key"), (" reverts this one", "dim"))
        return EMPTY

    def summary(self) -> list[Line]:
        view = self.view
        if not view.active:
            can = sum(e.availability.ok for e in view.faults)
            known = view.faults and all(e.availability.known for e in view.faults)
            kinds = [line((f"{plural(can, 'kind')} work here", "dim"))] if known else []
            return [line(("nothing is injected", "dim")), *kinds]
        return [
            line(("◆ ", "act"), (f"{i.component} ", "strong"), (i.kind, "act"), f" {mmss(left_of(i, view))} left")
            for i in view.active
        ]


def about_kind(entry: FaultEntry, columns: int) -> list[Line]:
    """What a kind looks like to an observer, what it fits, what can be set."""
    fault = entry.fault
    fits = ", ".join(t.value for t in fault.targets)
    said = [("you will see", fault.signature), ("about", fault.help), ("fits", fits)]
    said += [(p.name, f"{p.low:g} to {p.high:g} {p.unit}, {p.default:g} by default: {p.help}") for p in fault.params]
    if entry.availability.remedy:
        said.append(("remedy", entry.availability.remedy))
    rows = [line((fault.title, "strong"), (f"  {fault.family}", "dim"))]
    for label, text in said:
        for n, part in enumerate(wrap(text, columns - LABEL) if text else []):
            rows.append(line(*pad(line((label if n == 0 else "", "head")), LABEL), (part, "t")))
    return rows


def entry_line(entry: FaultEntry, columns: int) -> Line:
    """One kind: name and mechanism, or dimmed with the reason why it cannot work here."""
    fault, able = entry.fault, entry.availability
    kind = safe(fault.kind)
    kind_width = max(KIND_WIDTH if columns >= 50 else 14, cells(kind) + 1)
    if able.ok:
        head = line("  ", *pad(line((kind, "t")), kind_width))
        return line(*head, *whole_words(fault.mechanism, columns - width(head), "dim"))
    head = line("  ", *pad(line((kind, "faint")), kind_width), ("✖ ", "faint"))
    return line(*head, *whole_words(able.reason, columns - width(head), "faint"))
