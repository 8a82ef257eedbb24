"""The same flights judged by the model: detection is ours, the explanation is its."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from console.diagnose.anthropic import AnthropicDiagnostician, ModelSettings
from console.diagnose.stream import Answer, DiagnosisFailed, Usage

from .flight import Flown, View

MODE = "data-plane, model"


@dataclass
class Bill:
    """What it took."""

    asked: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


async def explained(
    flown: Sequence[Flown], settings: ModelSettings, told: Callable[[str], None]
) -> tuple[list[Flown], Bill]:
    """Each flight with an incident and the model's ranking in place of the rules'. A failure counts as unknown."""
    bill, out = Bill(), []
    diagnostician = AnthropicDiagnostician(settings)
    try:
        for one in flown:
            out.append(await _one(diagnostician, one, bill, told))
    finally:
        await diagnostician.close()
    return out, bill


async def _one(by: AnthropicDiagnostician, one: Flown, bill: Bill, told: Callable[[str], None]) -> Flown:
    view = one.views["data-plane"]
    if one.bundle is None or not view.seen:
        return replace(one, views={MODE: view})
    bill.asked += 1
    ranked: tuple[tuple[str, str, float], ...] = (("unknown", "", 0.0),)
    try:
        async for chunk in by.stream(one.bundle):
            if isinstance(chunk, Usage):
                bill.tokens_in, bill.tokens_out = bill.tokens_in + chunk.tokens_in, bill.tokens_out + chunk.tokens_out
            elif isinstance(chunk, Answer):
                d = chunk.diagnosis
                rest = tuple((h.fault, h.component, h.confidence) for h in d.hypotheses)
                ranked = ((d.fault, d.component, d.confidence), *rest)
    except DiagnosisFailed as failed:
        bill.failed += 1
        told(f"{one.case.title}: {failed}")
    seen = tuple(replace(s, ranked=ranked) if n == 0 else s for n, s in enumerate(view.seen))
    return replace(one, views={MODE: View(seen, ranked)})
