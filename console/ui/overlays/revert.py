"""The kill switch at work: how many injections are back, how each was verified, and what did not come back."""

from __future__ import annotations

from console.model.fault import Outcome, Revert
from console.model.view import RevertProgress
from console.ui.lines import EMPTY, Line, bar, line, wrap
from console.ui.messages import Notice
from console.ui.overlays.base import Overlay
from console.ui.widgets.listing import Row
from console.ui.words import plural, tenths

OUTCOMES = {Outcome.COMPLETE: ("●", "ok"), Outcome.PARTIAL: ("▲", "warn"), Outcome.FAILED: ("✖", "bad")}


def result_rows(revert: Revert, columns: int) -> list[Row]:
    """One rollback: outcome, what was read back to know it."""
    glyph, style = OUTCOMES[revert.outcome]
    head = line((f"{glyph} {revert.outcome.value:<8} ", style), (f"{revert.component} ", "strong"), (revert.kind, "t"),
                (f"  {tenths(revert.seconds)}", "dim"))  # fmt: skip
    rows = [Row(head)]
    tone = "dim" if revert.outcome is Outcome.COMPLETE else "warn"
    lines = [(t, "dim") for t in revert.verified] + ([(revert.detail, tone)] if revert.detail else [])
    for text, text_style in lines:
        rows += [Row(line(("  ", "t"), (r, text_style))) for r in wrap(text, columns - 2)]
    return rows


class RevertOverlay(Overlay):
    """Progress of a revert; it stays until it is read."""

    columns = 84
    words = "Kill switch"

    def __init__(self) -> None:
        super().__init__()
        self.results: tuple[Revert, ...] | None = None  # what the call returned, once it has

    @property
    def progress(self) -> RevertProgress:
        """What the session reports, or what the call returned."""
        seen = self.view.revert
        if self.results is not None:
            return RevertProgress(len(self.results), len(self.results), self.results, True)
        return seen if seen is not None and not seen.finished else RevertProgress(len(self.view.active), 0)

    @property
    def finished(self) -> bool:
        """True when everything that can be put back is."""
        return self.results is not None

    @property
    def whole(self) -> bool:
        """True when everything came back."""
        return all(r.outcome is Outcome.COMPLETE for r in self.results or ())

    def done(self, results: tuple[Revert, ...]) -> None:
        """The revert returned."""
        self.results = results
        self.show()

    def title(self) -> str:
        return self.words

    def items(self, columns: int) -> list[Row]:
        now = self.progress
        if now.finished and not now.results:
            return [Row(line(("● ", "ok"), ("nothing was injected; nothing to put back", "t"))), *self.ending(columns)]
        part = now.done / now.total if now.total else 0.0
        back = sum(r.outcome is Outcome.COMPLETE for r in now.results)
        label = f" {back} of {now.total} back" if now.finished else f" {now.done} of {now.total} done"
        tone = "ok" if self.whole else "warn"
        rows = [Row(line(*bar(part, max(10, columns - len(label) - 2), tone), (label, "strong"))), Row(EMPTY)]
        for revert in now.results:
            rows += result_rows(revert, columns)
        waiting = now.total - len(now.results)
        if waiting > 0 and not now.finished:
            rows.append(Row(line((f"reverting {plural(waiting, 'injection')}…", "warn"))))
        return rows + self.ending(columns)

    def ending(self, columns: int) -> list[Row]:
        """What follows, once it is over."""
        if not self.finished:
            return []
        text = "The console is disarmed: A arms it again, with a reason."
        if not self.whole:
            text = "Something did not come back: see above, then `chaos-console revert` or by hand. " + text
        return [Row(EMPTY), *(Row(line((r, "dim" if self.whole else "bad"))) for r in wrap(text, columns))]

    def foot(self) -> Line:
        return line(("enter", "key"), (" close", "dim")) if self.finished else EMPTY

    async def accept(self) -> None:
        await self.cancel()

    async def cancel(self) -> None:
        if self.finished:
            self.host.close_overlay()
        else:
            self.post_message(Notice("a revert cannot be stopped; it goes on to its end", "warn"))


class QuitOverlay(RevertOverlay):
    """Leaving: reverts first, then exits; stays only where something did not come back."""

    words = "Leaving: reverting first"

    def items(self, columns: int) -> list[Row]:
        if not self.finished and not self.progress.total:
            return [Row(line(("closing the session and its record…", "t")))]
        return super().items(columns)

    def ending(self, columns: int) -> list[Row]:
        if not self.finished or self.whole:
            return []
        text = "Something did not come back. The watchdog goes on trying after this console has left."
        return [Row(EMPTY), *(Row(line((r, "bad"))) for r in wrap(text, columns))]

    def foot(self) -> Line:
        return line(("enter", "key"), (" leave", "dim")) if self.finished else EMPTY

    async def cancel(self) -> None:
        if self.finished:
            self.console.leave()
        else:
            self.post_message(Notice("reverting before leaving; this cannot be stopped", "warn"))
