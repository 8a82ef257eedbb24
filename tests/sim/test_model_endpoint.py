"""The Anthropic-compatible endpoint against the SDK the console uses: every way a stream can go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import pytest

from console.sim.server import SimServer
from console.sim.wire.model_answer import fill
from console.sim.wire.model_server import SCENARIOS, ModelBehaviour, ModelEndpoint

from .wires import client, until

SCHEMA = {
    "type": "object",
    "required": ["narrative", "fault", "component", "confidence", "hypotheses"],
    "properties": {
        "narrative": {"type": "string"},
        "fault": {"type": "string", "enum": ["kill", "pause", "partition"]},
        "component": {"type": "string"},
        "confidence": {"type": "number"},
        "hypotheses": {
            "type": "array",
            "items": {"type": "object", "required": ["fault"], "properties": {"fault": {"type": "string"}}},
        },
    },
}
REQUEST: dict[str, Any] = {
    "model": "claude-haiku-5-5",
    "max_tokens": 2000,
    "messages": [{"role": "user", "content": "tikv2 is silent since a pause"}],
    "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
}


@pytest.fixture
def model(simulator: Callable[..., SimServer]) -> SimServer:
    """A simulator whose model is quick."""
    return simulator(model=ModelBehaviour(pace_s=0.0, stall_s=30.0))


async def _say(server: SimServer, scenario: str, patience: float = 10.0) -> Any:
    headers = {"x-scenario": scenario}
    asker = anthropic.AsyncAnthropic(
        api_key="k", base_url=server.addresses.anthropic, max_retries=0, timeout=patience, default_headers=headers
    )
    async with asker, asker.messages.stream(**REQUEST) as stream:
        texts = [e.text async for e in stream if e.type == "text"]
        return texts, stream.current_message_snapshot


async def test_a_good_answer_comes_in_pieces_with_the_narrative_first(model: SimServer) -> None:
    """Of the schema's shape, filled from words in the prompt."""
    texts, message = await _say(model, "good")
    assert len(texts) > 8
    answer = json.loads("".join(texts))
    assert list(answer) == SCHEMA["required"]
    assert (answer["fault"], answer["component"]) == ("pause", "tikv2")
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens > 10


async def test_thinking_comes_before_the_text(model: SimServer) -> None:
    """A block of its own with a signature."""
    texts, message = await _say(model, "thinking")
    assert [b.type for b in message.content] == ["thinking", "text"]
    assert json.loads("".join(texts))


@pytest.mark.parametrize(("scenario", "reason"), [("max-tokens", "max_tokens"), ("refusal", "refusal")])
async def test_answers_that_stop_early_say_why(model: SimServer, scenario: str, reason: str) -> None:
    """No exception; the stop reason tells."""
    texts, message = await _say(model, scenario)
    assert message.stop_reason == reason
    with pytest.raises(json.JSONDecodeError):
        json.loads("".join(texts))


async def test_a_body_that_just_ends_is_no_error_and_no_answer(model: SimServer) -> None:
    """stop_reason None."""
    texts, message = await _say(model, "cut")
    assert texts
    assert message.stop_reason is None


async def test_an_error_event_in_mid_stream(model: SimServer) -> None:
    """Raised as a status error with code 200."""
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        await _say(model, "error")


@pytest.mark.parametrize("scenario", ["reset", "stall", "hang"])
async def test_connections_that_break_or_fall_silent(model: SimServer, scenario: str) -> None:
    """Whatever the SDK raises, it raises; the server notes the hang-up."""
    with pytest.raises((anthropic.APIError, httpx2.HTTPError)):
        await _say(model, scenario, patience=1.0)
    if scenario != "reset":
        until(lambda: model.model.requests[-1].hung_up, "the hang-up")


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ("401", anthropic.AuthenticationError),
        ("429", anthropic.RateLimitError),
        ("500", anthropic.InternalServerError),
        ("529", anthropic.APIStatusError),
    ],
)
async def test_refusals_before_the_stream(model: SimServer, scenario: str, kind: type[Exception]) -> None:
    """Typed errors."""
    with pytest.raises(kind):
        await _say(model, scenario)


async def test_a_script_is_played_in_order(model: SimServer) -> None:
    """One scenario a request, then the default; requests are kept."""
    model.model.play(["429", "529"])
    for kind in (anthropic.RateLimitError, anthropic.APIStatusError):
        with pytest.raises(kind):
            await _say(model, "no-such-scenario")
    await _say(model, "")
    assert [r.scenario for r in model.model.requests] == ["429", "529", "good"]
    assert model.model.requests[-1].body["messages"] == REQUEST["messages"]
    with pytest.raises(ValueError, match="unknown scenario"):
        model.model.play(["nonsense"])


async def test_a_cancelled_request_is_noticed(simulator: Callable[..., SimServer]) -> None:
    """The server sees the other side go."""
    server = simulator(model=ModelBehaviour(pace_s=0.05))
    task = asyncio.create_task(_say(server, "good"))
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(until, lambda: server.model.requests[-1].hung_up, "the hang-up")


def test_other_requests(model: SimServer) -> None:
    """Whole answers, token counts, and what is not a request at all."""
    url = model.addresses.anthropic
    with client(base_url=url) as http:
        whole = http.post("/v1/messages", json={**REQUEST}).json()
        assert json.loads(whole["content"][0]["text"])["component"] == "tikv2"
        assert http.post("/v1/messages/count_tokens", json=REQUEST).json()["input_tokens"] > 10
        assert http.get("/v1/messages").status_code == 404
        for body in (b"", b"{", b"[]", b"{}"):
            assert http.post("/v1/messages", content=body).status_code == 400


@pytest.mark.parametrize("schema", [None, {}, {"type": "boolean"}, {"type": "integer"}, {"enum": ["a", "b"]}, SCHEMA])
def test_any_schema_can_be_filled(schema: Any) -> None:
    """Never an exception."""
    assert fill(schema, "b") is not None


def test_every_scenario_is_known() -> None:
    """The list is what the endpoint accepts."""
    endpoint = ModelEndpoint()
    endpoint.play(SCENARIOS)
    assert len(endpoint.behaviour.script) == len(SCENARIOS)
