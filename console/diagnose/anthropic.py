"""The model as diagnostician: one streaming request with a structured answer whose narrative comes first.

Facts about SDK and wire: guides/diagnosis.md 2. The SDK is imported on first use only (0.8 s, 66 MB).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from console.model.text import clean, clean_block, redact

from .answer import MAX_TOKENS, finished, one_line
from .bundle import Bundle
from .looks import LOOKS, Looker
from .prompt import SYSTEM, schema, user_text
from .stream import Chunk, DiagnosisFailed, Looked, Text, Thinking, Usage

if TYPE_CHECKING:
    import anthropic

DEFAULT_MODEL = "claude-haiku-5-5"
WHOLE_S = 60.0
GAP_S = 15.0  # between two events; pings do not count
CONNECT_S = 5.0
# USD per million tokens, in and out; for the pane's estimate only.
_SENT = {"type", "text", "id", "name", "input", "thinking", "signature"}  # of a block, what goes back
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
    looks: int = 0  # how often it may look by itself; 0: it judges by what it is given


def key_present() -> bool:
    """True where the environment holds a credential; nothing is read but that it is there."""
    return bool(os.environ.get("ANTHROPIC_API_KEY") or os.environ.get("ANTHROPIC_AUTH_TOKEN"))


def cost(model: str, tokens_in: int, tokens_out: int) -> float | None:
    """Estimated USD, None for a model whose price is not known here."""
    price = PRICES.get(model)
    return None if price is None else (tokens_in * price[0] + tokens_out * price[1]) / 1e6


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
        if self.settings.looks:
            asked["tools"] = list(LOOKS)
        if "haiku" in self.settings.model:
            asked["thinking"] = {"type": "disabled"}  # first text sooner; the larger models do not allow it
        return asked

    async def stream(self, bundle: Bundle, look: Looker | None = None) -> AsyncIterator[Chunk]:
        """Text as it is written, then the validated answer; `look` answers what the model asks in between.

        Raises DiagnosisFailed with one clear line.
        """
        sdk = await asyncio.to_thread(_import)
        try:
            async with asyncio.timeout(self.settings.whole_s):
                async for chunk in self._rounds(sdk, bundle, look):
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
            raise DiagnosisFailed(f"the API failed: {one_line(error)}") from error
        except _wire_errors() as error:
            raise DiagnosisFailed(f"the answer was cut in the middle ({type(error).__name__})") from error
        except (TypeError, ValueError) as error:
            raise DiagnosisFailed(f"the request could not be made: {one_line(error)}") from error

    async def _rounds(self, sdk: Any, bundle: Bundle, look: Looker | None) -> AsyncIterator[Chunk]:
        """One request; where the model looks by itself, one more after each look, up to the limit."""
        asked, looked, read, written = self.request(bundle), 0, 0, 0
        if look is None:
            asked.pop("tools", None)
        while True:
            got: list[Any] = []
            async for chunk in self._stream(sdk, asked, got):
                yield chunk
            message = got[0]
            read, written = read + message.usage.input_tokens, written + message.usage.output_tokens
            yield Usage(read, written)
            if look is None or message.stop_reason != "tool_use":
                break
            results = []
            for call in (b for b in message.content if b.type == "tool_use"):
                looked += 1
                said = await look(call.name, call.input) if looked <= self.settings.looks else "no more looks are left"
                yield Looked(call.name, dict(call.input), said)
                results.append({"type": "tool_result", "tool_use_id": call.id, "content": said})
            said_so_far = [b.model_dump(exclude_none=True, include=_SENT) for b in message.content]
            turns = [{"role": "assistant", "content": said_so_far}, {"role": "user", "content": results}]
            asked["messages"] = [*asked["messages"], *turns]
            if looked >= self.settings.looks:
                asked["tool_choice"] = {"type": "none"}
        yield finished(message, bundle)

    async def _stream(self, sdk: Any, asked: Mapping[str, Any], got: list[Any]) -> AsyncIterator[Chunk]:
        """The chunks of one request; its whole message is put into `got`."""
        client = self._open(sdk)
        shown = ""
        thinking = False
        async with client.messages.stream(**asked, extra_headers=self.settings.headers) as stream:
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
            got.append(_final(stream))

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
