"""What is no signature of one component: a lost majority, an operation over several, and nothing that fits."""

from __future__ import annotations

from .base import Advice

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
    "unknown": Advice(
        "something is wrong and no signature fits",
        "Look at the findings below and run the test that separates the best two explanations.",
    ),
}
