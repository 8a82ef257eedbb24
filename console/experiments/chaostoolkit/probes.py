"""Probes for Chaos Toolkit: the cluster's state as the console sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .command import console, failed

__all__ = ["coverage_percent", "errors_percent", "latency_ms", "level", "members_answering", "stores_up", "throughput"]

Configuration = Mapping[str, Any] | None


def stores_up(configuration: Configuration = None) -> int:
    """Stores that answer and that PD calls Up."""
    return int(_measured("stores", configuration))


def members_answering(configuration: Configuration = None) -> int:
    """PD members that answer."""
    return int(_measured("members", configuration))


def coverage_percent(configuration: Configuration = None) -> float:
    """Share of regions that have a leader."""
    return _measured("coverage_percent", configuration)


def throughput(configuration: Configuration = None) -> float:
    """Operations per second of the client's last interval."""
    return _measured("ops", configuration)


def latency_ms(configuration: Configuration = None) -> float:
    """Mean latency of the client's last interval."""
    return _measured("latency_ms", configuration)


def errors_percent(configuration: Configuration = None) -> float:
    """Share of failed operations in the client's last interval."""
    return _measured("errors_percent", configuration)


def level(configuration: Configuration = None) -> str:
    """GREEN, YELLOW, ORANGE, RED or BLIND."""
    return str(_status(configuration)["level"])


def _status(configuration: Configuration) -> Any:
    return console(["status", "--workload"], configuration, ok=(0, 1))


def _measured(name: str, configuration: Configuration) -> float:
    value = _status(configuration)["measured"].get(name)
    if value is None:
        raise failed(f"{name} could not be measured")
    return float(value)
