"""What both diagnosticians yield while they answer, and how each failure reads in one line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from console.model.diagnosis import Diagnosis


@dataclass(frozen=True, slots=True)
class Text:
    """More of the narrative."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model is at work and has written nothing yet."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens so far."""

    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class Looked:
    """The model looked at something by itself, and what it was told."""

    tool: str
    asked: Mapping[str, object]
    said: str

    @property
    def line(self) -> str:
        """For the operator."""
        return f"[looks: {self.tool} {' '.join(str(v) for v in self.asked.values())}]".replace(" ]", "]")


@dataclass(frozen=True, slots=True)
class Answer:
    """The finished, validated answer; `note` says what of it could not be trusted."""

    diagnosis: Diagnosis
    note: str = ""


class DiagnosisFailed(Exception):
    """No valid answer; the message is one line. What was streamed before stays."""


Chunk = Text | Thinking | Usage | Looked | Answer
WORDS_PER_S = 30.0


async def rules_stream(diagnosis: Diagnosis, words_per_s: float = WORDS_PER_S) -> AsyncIterator[Chunk]:
    """The rules' answer at reading pace, as the model's would come. `words_per_s` 0: at once."""
    for word in re.findall(r"\S+\s*", diagnosis.narrative):
        yield Text(word)
        if words_per_s:
            await asyncio.sleep(1 / words_per_s)
    yield Answer(diagnosis)
