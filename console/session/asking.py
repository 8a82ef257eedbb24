"""Who answers when something is detected, and when: the rules by themselves, the model when asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from console.diagnose.anthropic import AnthropicDiagnostician, ModelSettings, key_present
from console.diagnose.bundle import build
from console.diagnose.contest import of_two
from console.diagnose.looks import Looker
from console.diagnose.stream import Chunk, Looked
from console.diagnose.watch import Judged, Watch
from console.model.diagnosis import Contest
from console.model.view import Details

from .diagnoser import RULES, Diagnoser, save_looks, save_prompt
from .settings import Diagnose

SETTLE_S = 0.6  # evidence of the first moment is gathered before anybody speaks
TAIL = 6
TAILS = 3  # components whose log goes into the bundle


class Asking:
    """`details`: where log tails come from; `prompts`: where what was asked is kept, None nowhere; `look`: what
    answers the model where it may look by itself."""

    def __init__(
        self,
        settings: Diagnose,
        watch: Watch,
        diagnoser: Diagnoser,
        details: Callable[[str], Awaitable[Details]],
        prompts: Path | None,
        look: Looker | None = None,
    ) -> None:
        self._look = look if settings.looks else None
        self._auto, self._watch, self._diagnoser = settings.auto, watch, diagnoser
        self._details, self._prompts = details, prompts
        url = settings.base_url or os.environ.get("ANTHROPIC_BASE_URL")
        self._model = AnthropicDiagnostician(ModelSettings(model=settings.model, base_url=url, looks=settings.looks))
        self._answered: set[str] = set()

    def follow(self, now: float) -> list[Judged]:
        """Answer new incidents once each; let the rules' finished answer follow the evidence. Returns the new ones."""
        fresh = []
        for judged in self._watch.judged[-5:]:
            incident = judged.incident
            if incident.id in self._answered:
                self._diagnoser.revise(judged)
            elif self._auto != "off" and now - incident.opened >= SETTLE_S:
                self._answered.add(incident.id)
                fresh.append(judged)
                if self._auto == "model" and key_present():
                    self._ask_model(judged)
                else:
                    self._diagnoser.rules(judged)
        return fresh

    def now(self) -> str:
        """Ask about the newest incident: the model where there is a key, else the rules, labelled so."""
        if not self._watch.judged:
            return "nothing to diagnose: no incident has been detected"
        judged = self._watch.judged[-1]
        self._answered.add(judged.incident.id)
        if key_present():
            self._ask_model(judged)
            return f"asking {self._model.settings.model} about {judged.incident.component}"
        self._diagnoser.rules(judged, "no ANTHROPIC_API_KEY: the rules answer")
        return f"the rules answer about {judged.incident.component} (no ANTHROPIC_API_KEY)"

    def contest(self) -> Contest | None:
        """What is at odds about the newest incident: rules against model, else two hypotheses of the rules."""
        if not self._watch.judged:
            return None
        rules, run = self._watch.judged[-1], self._diagnoser.run
        if run is not None and run.author != RULES and run.incident == rules.incident.id and run.diagnosis is not None:
            return of_two(rules.diagnosis, run.diagnosis) or rules.diagnosis.contest
        return rules.diagnosis.contest

    def _ask_model(self, judged: Judged) -> None:
        self._diagnoser.model(judged.incident.id, self._model.settings.model, self._chunks(judged))

    async def _chunks(self, judged: Judged) -> AsyncIterator[Chunk]:
        bundle = build(judged.incident, self._watch.cluster, await self._tails(judged))
        if self._prompts is not None:
            with contextlib.suppress(OSError):
                request = self._model.request(bundle)
                await asyncio.to_thread(save_prompt, self._prompts, judged.incident.id, request, bundle)
        looks: list[Looked] = []
        async for chunk in self._model.stream(bundle, self._look):
            looks += [chunk] if isinstance(chunk, Looked) else []
            yield chunk
        if looks and self._prompts is not None:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(save_looks, self._prompts, judged.incident.id, looks)

    async def _tails(self, judged: Judged) -> tuple[tuple[str, tuple[str, ...]], ...]:
        tails = []
        for name in judged.incident.components[:TAILS]:
            details = await self._details(name)
            if details.log:
                tails.append((name, details.log[-TAIL:]))
        return tuple(tails)

    async def close(self) -> None:
        """Stop answering."""
        await self._diagnoser.close()
        await self._model.close()
