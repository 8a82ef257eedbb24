"""The model as diagnostician: one streaming request with a structured answer whose narrative comes first.

Facts about SDK and wire: guides/diagnosis.md 2. The SDK is imported on first use only (0.8 s, 66 MB).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from console.model.diagnosis import Diagnosis, Hypothesis
from console.model.fault import WORDS
from console.model.text import clean, clean_block, redact

from .bundle import Bundle
from .prompt import SYSTEM, schema, user_text
from .stream import Answer, Chunk, DiagnosisFailed, Text, Thinking, Usage

if TYPE_CHECKING:
    import anthropic

DEFAULT_MODEL = "claude-haiku-5-5"
WHOLE_S = 60.0
GAP_S = 15.0  # between two events; pings do not count
CONNECT_S = 5.0
MAX_TOKENS = 4000
# USD per million tokens, in and out; for the pane's estimate only.
PRICES: dict[str, tuple[float, float]] = {
    "claude-haiku-5-5": (0.10, 0.50),
    "claude-sonnet-5-5": (2.0, 10.0),
    "claude-opus-5-5": (4.0, 20.0),
}


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Where and whom to ask. Durations in real seconds."""

    model: str = DEFAULT_MODEL
    base_url: str | None = None
    whole_s: float = WHOLE_S
    gap_s: float = GAP_S
    headers: Mapping[str, str] | None = None


def key_present() -> bool:
    """True where the environment holds a credential; nothing is read but that it is there."""
    return bool(os.environ.get("ANTHROPIC_API_KEY") or os.environ.get("ANTHROPIC_AUTH_TOKEN"))


def cost(model: str, tokens_in: int, tokens_out: int) -> float | None:
    """Estimated USD, None for a model whose price is not known here."""
    price = PRICES.get(model)
    return None if price is None else (tokens_in * price[0] + tokens_out * price[1]) / 1e6


class _RawHypothesis(msgspec.Struct):
    fault: str
    component: str
    probability: float
    supporting: list[str]
    contradicting: list[str]
    test: str


class _Raw(msgspec.Struct):
    narrative: str
    fault: str
    component: str
    confidence: float
    hypotheses: list[_RawHypothesis]
    severity: str
    affected_components: list[str]
    recommended_action: str
    action_commands: list[str]
    risks: list[str]


class AnthropicDiagnostician:
    """One object per process: it keeps the connection pool."""

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self._client: anthropic.AsyncAnthropic | None = None

    def request(self, bundle: Bundle) -> dict[str, Any]:
        """The request exactly as it is sent, for the operator to read and for the record."""
        asked: dict[str, Any] = {
            "model": self.settings.model,
            "max_tokens": MAX_TOKENS,
            "system": [{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral"}}],
            "messages": [{"role": "user", "content": user_text(bundle)}],
            "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": schema()}},
        }
        if "haiku" in self.settings.model:
            asked["thinking"] = {"type": "disabled"}  # first text sooner; the larger models do not allow it
        return asked

    async def stream(self, bundle: Bundle) -> AsyncIterator[Chunk]:
        """Text as it is written, then the validated answer. Raises DiagnosisFailed with one clear line."""
        sdk = await asyncio.to_thread(_import)
        try:
            async with asyncio.timeout(self.settings.whole_s):
                async for chunk in self._stream(sdk, bundle):
                    yield chunk
        except DiagnosisFailed:
            raise
        except TimeoutError as error:
            raise DiagnosisFailed(f"the answer was not finished within {self.settings.whole_s:g} s") from error
        except sdk.AuthenticationError as error:
            raise DiagnosisFailed("the API key was refused (401); check ANTHROPIC_API_KEY") from error
        except sdk.RateLimitError as error:
            raise DiagnosisFailed("rate limited (429); ask again in a moment") from error
        except sdk.APIStatusError as error:
            raise DiagnosisFailed(f"the API failed: {_status(error)}") from error
        except sdk.APITimeoutError as error:
            raise DiagnosisFailed("the API did not answer in time") from error
        except sdk.APIConnectionError as error:
            raise DiagnosisFailed(f"the API cannot be reached at {self._where(sdk)}") from error
        except sdk.APIError as error:
            raise DiagnosisFailed(f"the API failed: {_line(error)}") from error
        except _wire_errors() as error:
            raise DiagnosisFailed(f"the answer was cut in the middle ({type(error).__name__})") from error
        except (TypeError, ValueError) as error:
            raise DiagnosisFailed(f"the request could not be made: {_line(error)}") from error

    async def _stream(self, sdk: Any, bundle: Bundle) -> AsyncIterator[Chunk]:
        client = self._open(sdk)
        shown = ""
        thinking = False
        async with client.messages.stream(**self.request(bundle), extra_headers=self.settings.headers) as stream:
            events = stream.__aiter__()
            while True:
                try:
                    event = await asyncio.wait_for(events.__anext__(), self.settings.gap_s)
                except StopAsyncIteration:
                    break
                except TimeoutError as error:
                    why = f"nothing came for {self.settings.gap_s:g} s; what had come is kept"
                    raise DiagnosisFailed(why) from error
                if event.type == "text":
                    narrative = _narrative(event)
                    if len(narrative) > len(shown):
                        yield Text(clean_block(narrative[len(shown) :]))
                        shown = narrative
                elif event.type in ("thinking", "content_block_start") and not shown and not thinking:
                    thinking = True
                    yield Thinking()
            message = _final(stream)
        yield Usage(message.usage.input_tokens, message.usage.output_tokens)
        yield _finish(message, bundle)

    def _open(self, sdk: Any) -> anthropic.AsyncAnthropic:
        if self._client is None:
            import httpx2

            self._client = sdk.AsyncAnthropic(
                base_url=self.settings.base_url,
                max_retries=0,  # one request per press; asking again is the operator's to do
                timeout=httpx2.Timeout(self.settings.gap_s + 1, connect=CONNECT_S),
            )
        client = self._client
        assert client is not None
        if not (client.api_key or client.auth_token):
            raise DiagnosisFailed("no ANTHROPIC_API_KEY in the environment")
        return client

    def _where(self, sdk: Any) -> str:
        return str(self._open(sdk).base_url).rstrip("/")

    async def close(self) -> None:
        """Close the connection pool."""
        if self._client is not None:
            await self._client.close()
            self._client = None


def _import() -> Any:
    import anthropic

    return anthropic


def _wire_errors() -> tuple[type[Exception], ...]:
    import httpx2

    return (httpx2.HTTPError,)


def _status(error: Any) -> str:
    """The API's own words; an error that arrives inside a running stream carries status 200."""
    said = getattr(error, "api_message", None) or getattr(error, "message", None) or str(error)
    kind = getattr(error, "type", None) or "error"
    where = "in the middle of the answer" if error.status_code == 200 else f"status {error.status_code}"
    return clean(redact(f"{kind}, {where}: {said}"), 200)


def _line(error: BaseException) -> str:
    return clean(redact(str(error)), 160)


def _narrative(event: Any) -> str:
    """The narrative as far as it is written, out of JSON that is still growing."""
    if not event.snapshot.lstrip().startswith("{"):
        return str(event.snapshot)
    try:
        parsed = event.parsed_snapshot()
    except ValueError:
        return ""
    value = parsed.get("narrative", "") if isinstance(parsed, Mapping) else ""
    return value if isinstance(value, str) else ""


def _final(stream: Any) -> Any:
    try:
        return stream.current_message_snapshot
    except AssertionError as error:
        raise DiagnosisFailed("the stream ended before it began") from error


def _finish(message: Any, bundle: Bundle) -> Answer:
    if message.stop_reason == "refusal":
        raise DiagnosisFailed("the model declined to answer")
    if message.stop_reason == "max_tokens":
        raise DiagnosisFailed(f"the answer hit the limit of {MAX_TOKENS} tokens and is not complete")
    if message.stop_reason is None:
        raise DiagnosisFailed("the answer was cut in the middle; what had come is kept")
    text = "".join(b.text for b in message.content if b.type == "text")
    return _parse(text, bundle)


def _parse(text: str, bundle: Bundle) -> Answer:
    try:
        raw = msgspec.json.decode(text, type=_Raw)
    except msgspec.DecodeError as error:
        raise DiagnosisFailed(f"the answer is not in the agreed form: {_line(error)}") from error
    known = set(bundle.ids)
    cited = {i for h in raw.hypotheses for i in (*h.supporting, *h.contradicting)}
    allowed = {*bundle.components, "cluster", "pd", "tikv"}
    doubts = []
    if cited - known:
        doubts.append("cites evidence that does not exist")
    if any(part.strip() not in allowed for part in raw.component.split(",")):
        doubts.append("names a component that does not exist")
    if not cited & known:
        doubts.append("cites no evidence")
    if raw.fault not in WORDS:
        doubts.append("names a fault outside the catalogue")
    return Answer(_diagnosis(raw, bundle), f"ungrounded: {'; '.join(doubts)}" if doubts else "")


def _diagnosis(raw: _Raw, bundle: Bundle) -> Diagnosis:
    lines = dict(_cited(bundle))
    hypotheses = tuple(
        Hypothesis(
            fault=clean(h.fault, 40),
            component=clean(h.component, 80),
            confidence=_share(h.probability),
            supporting=tuple(lines.get(i, clean(i, 80)) for i in h.supporting[:6]),
            against=tuple(lines.get(i, clean(i, 80)) for i in h.contradicting[:6]),
            test=clean(h.test, 300),
        )
        for h in sorted(raw.hypotheses, key=lambda h: -h.probability)[:4]
    )
    return Diagnosis(
        fault=clean(raw.fault, 40),
        component=clean(raw.component, 80),
        confidence=_share(raw.confidence),
        narrative=clean_block(raw.narrative, 4000),
        hypotheses=hypotheses,
        action=clean(raw.recommended_action, 600),
        commands=tuple(clean(c, 200) for c in raw.action_commands[:6]),
        severity=raw.severity if raw.severity in ("critical", "warning", "info") else "warning",
        risks=tuple(clean(r, 300) for r in raw.risks[:4]),
        affected=tuple(clean(c, 60) for c in raw.affected_components[:10]),
    )


def _share(value: float) -> float:
    return max(0.0, min(1.0, value)) if value == value else 0.0


def _cited(bundle: Bundle) -> list[tuple[str, str]]:
    return [
        (line[1 : line.index("]")], line[line.index("]") + 2 :])
        for line in bundle.text.splitlines()
        if line.startswith("[E") and "]" in line
    ]
