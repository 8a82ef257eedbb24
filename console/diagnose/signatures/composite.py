"""What is no signature of one component: a lost majority, an operation over several, and nothing that fits."""

from __future__ import annotations

from .base import Advice

PLACELESS = "placeless"  # a fault is likely and its place is not known

COMPOSITE: dict[str, Advice] = {
    "quorum-loss": Advice(
        "{c} has lost its majority",
        "Bring one member back first: that restores the majority. Force nothing while a disk may still be good.",
        ("docker start CONTAINER", "docker unpause CONTAINER"),
        ("Forcing recovery while members can come back loses writes.",),
        "critical",
    ),
    "planned": Advice(
        "a planned operation goes over {c}: one after the other stopped in order and came back",
        "Nothing; see that each is back before the next one goes.",
        severity="info",
    ),
    PLACELESS: Advice(
        "something slows the clients down, and no vantage point shows where",
        "Find the store first: compare their round trips, CPU against quota, log appends; then act on that one.",
        ("docker stats --no-stream", "curl -s STORE:20180/metrics | grep append_log_duration_seconds"),
    ),
    "unknown": Advice(
        "something is wrong and no signature fits",
        "Look at the findings below and run the test that separates the best two explanations.",
    ),
}
