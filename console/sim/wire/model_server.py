"""An Anthropic-compatible Messages endpoint for offline tests: streams, and fails in every way a real one can.

The scenario is chosen by the request header `x-scenario`, by a list consumed one request at a time, or by a default.
Facts: guides/diagnosis.md 2.2, 2.5, 2.6.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from .http import TooLong, asked
from .model_answer import fill

SCENARIOS = ("good", "text", "thinking", "max-tokens", "refusal", "error", "cut", "reset", "stall", "pings", "hang",
             "looks", "401", "429", "500", "529")  # fmt: skip
PIECE = 14  # characters a delta
MAX_RECORDS = 200
_ERRORS = {
    "401": ("authentication_error", "invalid x-api-key"),
    "429": ("rate_limit_error", "This request would exceed your organization's rate limit"),
    "500": ("api_error", "Internal server error"),
    "529": ("overloaded_error", "Overloaded"),
}


@dataclass(slots=True)
class Recorded:
    """One request as it came, and how it ended. `pieces`: events written."""

    scenario: str
    headers: dict[str, str]
    body: dict[str, Any]
    pieces: int = 0
    hung_up: bool = False
    done: bool = False


@dataclass(slots=True)
class ModelBehaviour:
    """How the endpoint behaves. `pace_s`: real seconds between deltas; `stall_s`: how long silences last."""

    default: str = "good"
    script: deque[str] = field(default_factory=deque)
    pace_s: float = 0.01
    stall_s: float = 3600.0
    retry_after: str = "1"


class ModelEndpoint:
    """Serves `/v1/messages`; `requests` are the last ones seen."""

    def __init__(self, behaviour: ModelBehaviour | None = None) -> None:
        self.behaviour = behaviour or ModelBehaviour()
        self.requests: deque[Recorded] = deque(maxlen=MAX_RECORDS)
        self._count = 0

    def play(self, scenarios: Iterable[str]) -> None:
        """Use these for the next requests, one each. Raises ValueError for a name it does not know."""
        listed = list(scenarios)
        unknown = [s for s in listed if s not in SCENARIOS]
        if unknown:
            raise ValueError(f"unknown scenario {unknown[0]}; known: {', '.join(SCENARIOS)}")
        self.behaviour.script.extend(listed)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        try:
            question = await asked(request)
            body = json.loads(question.body or b"{}")
        except (TooLong, ValueError):
            return self._error(400, "invalid_request_error", "The request body is not valid JSON")
        if question.path == "/v1/messages/count_tokens" and question.method == "POST":
            return web.json_response({"input_tokens": max(1, len(question.body) // 4)})
        if question.path != "/v1/messages" or question.method != "POST":
            return self._error(404, "not_found_error", "Not found")
        if not isinstance(body, dict) or not isinstance(body.get("messages"), list) or "model" not in body:
            return self._error(400, "invalid_request_error", "messages: Field required")
        scenario = self._scenario(question.headers)
        record = Recorded(scenario, question.headers, body)
        self.requests.append(record)
        if scenario in _ERRORS:
            record.done = True
            return self._error(int(scenario), *_ERRORS[scenario])
        try:
            if scenario == "hang":
                await self._silence(request, record)
                raise ConnectionResetError("hung up")
            if not body.get("stream"):
                record.done = True
                return web.json_response(self._whole(body))
            return await self._stream(request, record)
        except (ConnectionError, asyncio.CancelledError):
            record.hung_up = True
            raise

    def _scenario(self, headers: dict[str, str]) -> str:
        named = headers.get("x-scenario", "")
        if named in SCENARIOS:
            return named
        return self.behaviour.script.popleft() if self.behaviour.script else self.behaviour.default

    def _error(self, status: int, kind: str, message: str) -> web.Response:
        self._count += 1
        headers = {"request-id": f"req_sim_{self._count}"}
        if status in (429, 529):
            headers["retry-after"] = self.behaviour.retry_after
        body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": headers["request-id"]}
        return web.json_response(body, status=status, headers=headers)

    # -- streaming -------------------------------------------------------------------------------------------------

    async def _stream(self, request: web.BaseRequest, record: Recorded) -> web.StreamResponse:
        self._count += 1
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-cache",
                "request-id": f"req_sim_{self._count}",
            }
        )
        await response.prepare(request)
        async for event in self._events(request, record):
            if event is None:
                return await self._cut(request, response, clean=record.scenario == "cut")
            await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
            record.pieces += 1
        record.done = True
        return response

    async def _cut(self, request: web.BaseRequest, response: web.StreamResponse, clean: bool) -> web.StreamResponse:
        """End the body in order but too early, or tear the connection down."""
        if clean:
            await response.write_eof()
        elif request.transport is not None:
            assert isinstance(request.transport, asyncio.Transport)
            request.transport.abort()
        return response

    async def _silence(self, request: web.BaseRequest, record: Recorded) -> None:
        """Say nothing until the other side has gone."""
        left = self.behaviour.stall_s
        while left > 0:
            if request.transport is None or request.transport.is_closing():
                record.hung_up = True
                return
            await asyncio.sleep(min(0.05, left))
            left -= 0.05

    async def _events(self, request: web.BaseRequest, record: Recorded) -> AsyncIterator[dict[str, Any] | None]:
        """The events of a scenario; None where the connection is to be cut."""
        scenario, body = record.scenario, record.body
        yield {"type": "message_start", "message": {**self._message(body), "content": []}}
        yield {"type": "ping"}
        if scenario == "refusal":
            details = {"type": "refusal", "category": "cyber", "explanation": "declined"}
            yield _ending("refusal", 4, stop_details=details)
            yield {"type": "message_stop"}
            return
        if scenario == "looks" and (call := self._call(body)) is not None:
            for event in call:
                yield event
            return
        index = 0
        if scenario == "thinking":
            async for event in self._thinking():
                yield event
            index = 1
        text = self._text(body) if scenario != "text" else "The store stopped answering; its process is gone."
        stop_at = len(text) * 3 // 5 if scenario in ("max-tokens", "error", "cut", "reset", "stall", "pings") else None
        yield {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}
        for at in range(0, len(text[:stop_at]), PIECE):
            delta = {"type": "text_delta", "text": text[at : min(at + PIECE, stop_at or len(text))]}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
            await asyncio.sleep(self.behaviour.pace_s)
        async for broken in self._broken(request, record):
            yield broken
        if scenario in ("error", "cut", "reset", "stall", "pings"):
            return
        yield {"type": "content_block_stop", "index": index}
        yield _ending("max_tokens" if scenario == "max-tokens" else "end_turn", len(text) // 4)
        yield {"type": "message_stop"}

    async def _broken(self, request: web.BaseRequest, record: Recorded) -> AsyncIterator[dict[str, Any] | None]:
        """How a stream that breaks off breaks off; nothing for one that does not."""
        if record.scenario == "error":
            yield {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        elif record.scenario in ("cut", "reset"):
            yield None
        elif record.scenario == "stall":
            await self._silence(request, record)
        elif record.scenario == "pings":
            left = self.behaviour.stall_s
            while left > 0 and not (request.transport is None or request.transport.is_closing()):
                yield {"type": "ping"}
                await asyncio.sleep(0.2)
                left -= 0.2
            record.hung_up = True

    def _call(self, body: dict[str, Any]) -> list[dict[str, Any]] | None:
        """The events of one tool call, of the tools in turn; None where none may be called."""
        tools, choice = body.get("tools"), body.get("tool_choice")
        if not isinstance(tools, list) or not tools or (isinstance(choice, dict) and choice.get("type") == "none"):
            return None
        tool = tools[len(body["messages"]) // 2 % len(tools)]
        given = json.dumps(fill(tool["input_schema"], json.dumps(body["messages"])))
        block = {"type": "tool_use", "id": f"toolu_sim_{self._count}", "name": tool["name"], "input": {}}
        delta = {"type": "input_json_delta", "partial_json": given}
        return [
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            _ending("tool_use", len(given) // 4),
            {"type": "message_stop"},
        ]

    async def _thinking(self) -> AsyncIterator[dict[str, Any]]:
        yield {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        }
        for piece in ("Two vantage points agree. ", "The port refuses, so the process is gone, not frozen."):
            yield {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": piece}}
            await asyncio.sleep(self.behaviour.pace_s)
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}}
        yield {"type": "content_block_stop", "index": 0}

    # -- content ---------------------------------------------------------------------------------------------------

    def _text(self, body: dict[str, Any]) -> str:
        config = body.get("output_config")
        wanted = config.get("format") if isinstance(config, dict) else body.get("output_format")
        schema = wanted.get("schema") if isinstance(wanted, dict) else None
        prompt = json.dumps(body.get("messages"), ensure_ascii=False)
        return (
            json.dumps(fill(schema, prompt), ensure_ascii=False) if schema else str(fill({}, prompt) or "All is well.")
        )

    def _message(self, body: dict[str, Any]) -> dict[str, Any]:
        tokens = max(1, len(json.dumps(body)) // 4)
        return {
            "id": f"msg_sim_{self._count}",
            "type": "message",
            "role": "assistant",
            "model": str(body.get("model")),
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {
                "input_tokens": tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": 1,
            },
        }

    def _whole(self, body: dict[str, Any]) -> dict[str, Any]:
        text = self._text(body)
        message = self._message(body)
        usage = {**message["usage"], "output_tokens": len(text) // 4}
        return {**message, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": usage}


def _ending(reason: str, tokens: int, **more: Any) -> dict[str, Any]:
    delta = {"stop_reason": reason, "stop_sequence": None, **more}
    return {"type": "message_delta", "delta": delta, "usage": {"output_tokens": max(1, tokens)}}
