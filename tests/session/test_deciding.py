"""The deciding test: read-only looks, one line, whatever is known or not."""

from __future__ import annotations

import socket

import pytest

from console.model.cluster import Cluster, Store, StoreMetrics
from console.model.diagnosis import Contest
from console.model.view import Details
from console.observe.directory import Directory
from console.session.deciding import decide


def contest(probe: str) -> Contest:
    return Contest(("pause of tikv1", "partition of tikv1"), "tikv1", "does its port accept", probe)


async def look(name: str) -> Details:
    return Details(name, "", ("one", "two"), inspected=(("state", "running"), ("id", "x"), ("networks", "none")))


async def found(probe: str, cluster: Cluster | None = None, directory: Directory | None = None) -> str:
    return await decide(contest(probe), cluster or Cluster(), directory or Directory(), look)


async def test_state_and_log_come_from_the_engine() -> None:
    assert (await found("state")).endswith("Found: state running; networks none")
    assert (await found("log")).endswith("Found: one | two")


async def test_the_port_is_really_asked() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        directory = Directory()
        directory.status["tikv1"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert (await found("port", directory=directory)).count("ConnectError") == 4
    assert "no address of tikv1 is known" in await found("port")


async def test_metrics_are_those_already_had() -> None:
    metrics = StoreMetrics(0.0, {}, {"append_s": 0.5, "append_n": 10.0, "net_n/4": 10.0})
    cluster = Cluster(t=4.0, stores={"tikv1": Store("tikv1", metrics=metrics)})
    assert "append 50.0 ms" in await found("metrics", cluster)
    assert "serves no metrics" in await found("metrics")


@pytest.mark.parametrize("probe", ["pd", "", "nonsense"])
async def test_it_always_says_something(probe: str) -> None:
    line = await found(probe)
    assert line.startswith("pause of tikv1 or partition of tikv1?")
    assert "\n" not in line
