"""Diagnosis pane: the answer as it is written, then ranked hypotheses, what would decide, and what to do."""

from __future__ import annotations

from console.model.diagnosis import Diagnosis, DiagnosisRun, DiagnosisStatus, Hypothesis
from console.model.text import clean_block
from console.model.view import View
from console.ui.keys import Where, bindings
from console.ui.lines import EMPTY, Line, bar, chain, line, pad, width, wrap
from console.ui.messages import DecisionAsked, Notice
from console.ui.panes.base import Pane
from console.ui.widgets.listing import Row
from console.ui.words import amount, mmss, tenths

_STATUS = {
    DiagnosisStatus.STREAMING: ("streaming", "accent"),
    DiagnosisStatus.DONE: ("done", "ok"),
    DiagnosisStatus.CANCELLED: ("cancelled", "warn"),
    DiagnosisStatus.FAILED: ("failed", "bad"),
}
_SEVERITY = {"critical": "chip-bad", "warning": "chip-warn", "info": "chip-info"}
LABEL = 10
BAR = 16


def contradiction(view: View) -> DiagnosisRun | None:
    """The other author's answer to the same incident, where it names another fault or component."""
    run = view.diagnosis
    if run is None or run.diagnosis is None:
        return None
    mine = (run.diagnosis.fault, run.diagnosis.component)
    for other in reversed(view.earlier):
        if other.incident == run.incident and other.author != run.author and other.diagnosis is not None:
            return other if (other.diagnosis.fault, other.diagnosis.component) != mine else None
    return None


def deciding(run: DiagnosisRun, other: DiagnosisRun) -> str:
    """The test that tells two answers apart: from a hypothesis that names the rival, else the first test there is."""
    for a, b in ((run, other), (other, run)):
        if a.diagnosis is None or b.diagnosis is None:
            continue
        rival = (b.diagnosis.fault, b.diagnosis.component)
        found = [h.test for h in a.diagnosis.hypotheses if (h.fault, h.component) == rival and h.test]
        if found:
            return found[0]
    tests = [h.test for r in (run, other) if r.diagnosis is not None for h in r.diagnosis.hypotheses if h.test]
    return tests[0] if tests else ""


def _paragraph(text: str, columns: int, style: str = "t", lead: Line = EMPTY, indent: int = 0) -> list[Line]:
    """Wrapped text with something before its first line."""
    rows = wrap(clean_block(text), columns - indent)
    first = pad(lead, indent) if indent else lead
    return [line(*(first if n == 0 else ((" " * indent, "t"),)), (row, style)) for n, row in enumerate(rows)]


class DiagnosisView(Pane):
    """What the diagnosticians say."""

    number = 5
    title = "Diagnosis"
    sticks = True
    BINDINGS = bindings(Where.DIAGNOSIS)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._shown: tuple[str, float, DiagnosisStatus] | None = None  # the request on screen

    def watch_view(self) -> None:
        """A new request is followed as it is written; a finished answer is shown from its beginning."""
        run = self.view.diagnosis
        now = None if run is None else (run.author, run.started, run.status)
        before, self._shown = self._shown, now
        if now is not None and now != before:
            fresh = before is None or before[:2] != now[:2]
            read_along = self.follow
            self.set_follow(now[2] is DiagnosisStatus.STREAMING and (fresh or self.follow))
            if fresh or read_along:
                self.first = 0
        self.rebuild()

    def action_decide(self) -> None:
        """Run the test that decides; its result goes to the timeline too."""
        self.post_message(DecisionAsked())

    def action_copy(self) -> None:
        """Copy what the answer recommends; the console itself runs none of it."""
        run = self.view.diagnosis
        commands = run.diagnosis.commands if run is not None and run.diagnosis is not None else ()
        if commands:
            self.app.copy_to_clipboard("\n".join(commands))
        said = (
            ("commands copied; the console runs none of them", "good") if commands else ("no commands to copy", "info")
        )
        self.post_message(Notice(*said))

    @property
    def streaming(self) -> bool:
        """True while an answer is being written."""
        run = self.view.diagnosis
        return run is not None and run.status is DiagnosisStatus.STREAMING

    def foot(self) -> Line:
        if self.streaming:
            return super().foot() if not self.follow else line(("esc", "key"), (" cancels", "dim"))
        below = len(self._items) - self.first - self.body_height
        return line((f"{below} more below", "dim")) if below > 0 else EMPTY

    def items(self, columns: int) -> list[Row]:
        run = self.view.diagnosis
        if run is None:
            return [Row(r) for r in self._nothing(columns)]
        rows = self._status_line(run, columns)
        if run.diagnosis is not None:
            rows += [EMPTY, verdict(run.diagnosis, columns)]
        rows += self._contradiction(run, columns)
        text = run.text or (run.diagnosis.narrative if run.diagnosis is not None else "")
        if text:
            rows += [EMPTY, *_paragraph(text.rstrip(), columns)]
        elif run.status is DiagnosisStatus.STREAMING:
            rows += [EMPTY, line(("waiting for the first token", "dim"))]
        rows += self._contest(run, columns)
        if run.diagnosis is not None:
            rows += answer(run.diagnosis, columns)
        if run.verdict:
            rows += [EMPTY, *_paragraph(run.verdict, columns, "accent", line(("revealed", "head")), LABEL)]
        return [Row(r) for r in rows]

    def _nothing(self, columns: int) -> list[Line]:
        text = "The explanation of an incident is written here. It begins by itself when something is detected."
        return [EMPTY, *_paragraph(text, columns, "dim"), line(("d", "key"), (" asks now", "dim"))]

    def _status_line(self, run: DiagnosisRun, columns: int) -> list[Line]:
        word, style = _STATUS[run.status]
        took = "" if run.finished is None else f" in {tenths(run.finished - run.started)}"
        parts = [line((run.author, "strong")), line((word, style), (took, "dim"))]
        if run.first_text is not None:
            parts.append(line(("first token ", "dim"), tenths(run.first_text - run.started)))
        if run.tokens_out is not None:
            parts.append(line((f"{amount(run.tokens_in or 0)} in, {amount(run.tokens_out)} out", "dim")))
        if run.cost_usd is not None:
            parts.append(line((f"${run.cost_usd:.4f}", "dim")))
        parts.append(line((run.incident, "dim")))
        rows = [chain(parts, columns)]
        if run.error:
            rows += _paragraph(run.error, columns, "bad", line(("✖ ", "bad")), 2)
        if run.note:
            rows += _paragraph(run.note, columns, "dim")
        return rows

    def _contradiction(self, run: DiagnosisRun, columns: int) -> list[Line]:
        other = contradiction(self.view)
        if other is None or other.diagnosis is None or run.diagnosis is None:
            return []
        mine, theirs = run.diagnosis, other.diagnosis
        say = f"{run.author} says {mine.fault} {mine.component}, {other.author} says {theirs.fault} {theirs.component}."
        rows = [EMPTY, line(("▲ CONTRADICTION ", "chip-warn")), *_paragraph(say, columns, "warn")]
        test = deciding(run, other)
        return rows + (_paragraph(test, columns, "strong", line(("decide by", "head")), LABEL) if test else [])

    def _contest(self, run: DiagnosisRun, columns: int) -> list[Line]:
        """Two hypotheses of one answer at odds; two authors at odds are told above."""
        contest = run.diagnosis.contest if run.diagnosis is not None else None
        if contest is None:
            return []
        odds = f"{contest.between[0]} or {contest.between[1]}?"
        rows = [EMPTY, *_paragraph(odds, columns, "warn", line(("at odds", "head")), LABEL)]
        rows += _paragraph(contest.test, columns, "t", line(("decide by", "head")), LABEL)
        if contest.probe:
            rows.append(line(*pad(EMPTY, LABEL), ("enter", "key"), (" looks now, and changes nothing", "dim")))
        return rows

    def status(self) -> Line:
        run = self.view.diagnosis
        if run is None:
            return EMPTY
        word, style = _STATUS[run.status]
        return line((run.author, "dim"), (f" {word}", style))

    def summary(self) -> list[Line]:
        run = self.view.diagnosis
        if run is None:
            return [line(("nothing to explain", "dim"))]
        word, style = _STATUS[run.status]
        head = line((word, style), (f" {run.author}", "dim"))
        found = run.diagnosis
        if found is None:
            return [head, line((run.error, "bad"))] if run.error else [head]
        top = line((f"{found.fault} {found.component}", "strong"), (f" {found.confidence:.2f}", "accent"))
        clash = line(("▲ CONTRADICTION", "warn")) if contradiction(self.view) is not None else EMPTY
        return [clash, top, head]


def verdict(found: Diagnosis, columns: int) -> Line:
    """The answer in one line: what, where, how sure, how bad."""
    head = line((f"{found.fault} ", "strong"), (found.component, "strong"), (f"  {found.confidence:.2f}", "accent"))
    return chain([head, line((f" {found.severity} ", _SEVERITY.get(found.severity, "badge")))], columns, ("  ", "t"))


def answer(found: Diagnosis, columns: int) -> list[Line]:
    """A finished answer: what to do first, then why: action, commands, risks, hypotheses."""
    rows: list[Line] = [EMPTY]
    rows += _paragraph(found.action, columns, "strong", line(("action", "head")), LABEL)
    for n, command in enumerate(found.commands):
        lead = line(("commands", "head")) if n == 0 else EMPTY
        rows += _paragraph(command, columns, "info", lead, LABEL)
    if found.commands:
        rows.append(line((" " * LABEL, "t"), ("never run by the console; ", "dim"), ("c", "key"), (" copies", "dim")))
    for n, risk in enumerate(found.risks):
        rows += _paragraph(risk, columns, "warn", line(("risks", "head")) if n == 0 else EMPTY, LABEL)
    if _onset(found):
        rows.append(line(*pad(line(("since", "head")), LABEL), *_onset(found)))
    rows.append(EMPTY)
    for rank, hypothesis in enumerate(found.hypotheses, 1):
        rows += _hypothesis(rank, hypothesis, columns)
    return rows


def _onset(found: Diagnosis) -> Line:
    began = "" if found.onset is None else mmss(found.onset)
    affects = f"affects {', '.join(found.affected)}" if found.affected else ""
    return line((" · ".join(filter(None, (began, affects))), "t"))


def _hypothesis(rank: int, h: Hypothesis, columns: int) -> list[Line]:
    """One hypothesis: a bar, evidence for and against, the test that would tell."""
    tone = "accent" if rank == 1 else "dim"
    name = line((f"{rank} ", "dim"), (f"{h.fault} ", "strong"), (h.component, "strong"))
    right = line(*bar(h.confidence, BAR, tone), (f" {h.confidence:.2f}", tone))
    room = columns - width(right) - 1
    rows = [line(*pad(name, room), " ", *right)]
    for text in h.supporting:
        rows += _paragraph(text, columns - 2, "t", line("  ", ("+ ", "ok")), 4)
    for text in h.against:
        rows += _paragraph(text, columns - 2, "t", line("  ", ("− ", "bad")), 4)
    if h.test:
        rows += _paragraph(h.test, columns - 2, "info", line("  ", ("test ", "head")), 7)
    return rows
