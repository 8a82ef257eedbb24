"""Arming the console again after a kill switch: only with a reason, which goes to the audit log."""

from __future__ import annotations

from console.ui.lines import Line, line, wrap
from console.ui.messages import ArmAsked, Notice
from console.ui.overlays.command import Prompt
from console.ui.widgets.listing import Row


class ArmPrompt(Prompt):
    """Asks why."""

    def title(self) -> str:
        return "Arm the console"

    def items(self, columns: int) -> list[Row]:
        if self.view.disarmed:
            text = f"Disarmed: {self.view.disarmed}. Type the reason for arming again; it goes to the audit log."
        else:
            text = "The console is armed already."
        return [Row(line((r, "t"))) for r in wrap(text, columns)]

    def foot(self) -> Line:
        return line(("enter", "key"), (" arm", "dim"), (" · ", "faint"), ("esc", "key"), (" leave it", "dim"))

    async def accept(self) -> None:
        reason = self.input.value.strip()
        if not self.view.disarmed:
            self.host.close_overlay()
        elif not reason:
            self.host.post_message(Notice("a reason is needed to arm the console", "warn"))
        else:
            self.host.close_overlay()
            self.host.post_message(ArmAsked(reason))
