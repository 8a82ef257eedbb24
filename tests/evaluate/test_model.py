"""The model as diagnostician: asked once a flight, scored like the rules, its failures counted."""

from __future__ import annotations

import pytest

from console.catalogue import scenarios
from console.cli.main import run
from console.diagnose.anthropic import ModelSettings
from console.evaluate import model
from console.evaluate.case import control, of
from console.evaluate.flight import fly
from console.evaluate.score import row
from console.sim.server import SimServer

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


def test_without_a_key_nothing_is_flown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    assert run(["eval", "--quick", "--diagnostician", "anthropic"]) == 5
    shown = capsys.readouterr()
    assert "ANTHROPIC_API_KEY is not set" in shown.err
    assert "flights" not in shown.err


async def test_a_flight_is_explained_by_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    crash, quiet = fly(of(scenarios()["store-crash"], "full", "target", 21)), fly(control(0, 21))
    with SimServer(warmup=1.0) as server:
        settings = ModelSettings(base_url=server.addresses.anthropic)
        explained, bill = await model.explained([crash, quiet], settings, lambda line: None)
    assert (bill.asked, bill.failed) == (1, 0)
    assert bill.tokens_in > 0
    told = row(explained[0], model.MODE)
    assert told.component_top1
    assert explained[1].views[model.MODE].seen == ()


async def test_a_model_that_cannot_be_reached_counts_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    crash = fly(of(scenarios()["store-crash"], "full", "target", 21))
    said: list[str] = []
    settings = ModelSettings(base_url="http://127.0.0.1:9", whole_s=5.0)
    explained, bill = await model.explained([crash], settings, said.append)
    assert bill.failed == 1
    assert len(said) == 1
    assert row(explained[0], model.MODE).said == "unknown"
