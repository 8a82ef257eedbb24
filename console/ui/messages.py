"""What panes, dialogs and the command line ask for; the app hands intents to the operator, who asks the session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from console.ui.operator import Operator


class Notice(Message):
    """One line for the operator. `tone`: good, warn, bad, info."""

    def __init__(self, text: str, tone: str = "info") -> None:
        super().__init__()
        self.text = text
        self.tone = tone


class Intent(Message):
    """Something the session is to do."""

    def carry(self, operator: Operator) -> None:
        """Hand it over."""
        raise NotImplementedError


class PreviewAsked(Intent):
    """What would this injection do?"""

    def __init__(self, kind: str, target: str, params: Mapping[str, float], duration_s: float) -> None:
        super().__init__()
        self.kind = kind
        self.target = target
        self.params = dict(params)
        self.duration_s = duration_s

    def carry(self, operator: Operator) -> None:
        operator.preview(self)


class InjectAsked(PreviewAsked):
    """Inject it."""

    def carry(self, operator: Operator) -> None:
        operator.inject(self)


class RevertAsked(Intent):
    """Put one injection back."""

    def __init__(self, injection: str) -> None:
        super().__init__()
        self.injection = injection

    def carry(self, operator: Operator) -> None:
        operator.revert(self.injection)


class DecisionAsked(Intent):
    """Run the test that decides between two explanations."""

    def carry(self, operator: Operator) -> None:
        operator.decide()


class ArmAsked(Intent):
    """Allow injections again, with the reason for the audit log."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def carry(self, operator: Operator) -> None:
        operator.arm(self.reason)


class CommandGiven(Message):
    """A line of the command line was entered."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class FilterGiven(Message):
    """The text of a filter as it is typed; `done` when it was entered."""

    def __init__(self, text: str, done: bool = False) -> None:
        super().__init__()
        self.text = text
        self.done = done
