"""What a signature is.

A clue present adds `weight`; a clue that a working vantage point does not show after `by` seconds adds `missing`.
Weights are log-likelihood ratios: 1 weak, 2 strong, 4 decisive, -8 a contradiction. Sources: guides/tikv.md 5.1-5.4,
guides/diagnosis.md 3.2 and 5.2, the recorded faults, and `chaos-console eval`.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.model.names import Role

VETO = -8.0


@dataclass(frozen=True, slots=True)
class Clue:
    """One expectation of a signature."""

    name: str
    weight: float
    missing: float = 0.0
    by: float = 0.0


@dataclass(frozen=True, slots=True)
class Advice:
    """What to say and do: commands are to copy, never run. `{c}` is the component, `{container}` its container."""

    said: str
    action: str
    commands: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    severity: str = "warning"


@dataclass(frozen=True, slots=True)
class Signature:
    """One fault as it looks from outside. `prior`: log-odds before any evidence; `test`: what would settle it;
    `probe`: the read-only probe by which the console can run that test itself, empty where it cannot."""

    fault: str
    roles: tuple[Role, ...]
    clues: tuple[Clue, ...]
    advice: Advice
    prior: float = 0.0
    test: str = ""
    probe: str = ""


NODE = (Role.STORE, Role.PD)
ANY = (Role.STORE, Role.PD, Role.LOAD)
ALIVE = (Clue("docker.exited", VETO), Clue("docker.came-back", VETO))
# Faults that leave a process and its port well: whatever refuses or hangs is something else.
REACHABLE = (
    *ALIVE,
    Clue("reach.refused", VETO),
    Clue("reach.closed", VETO),
    Clue("reach.silent", -5),
    Clue("reach.unreachable", -5),
    Clue("engine.paused", VETO),
    Clue("engine.no-network", VETO),
)
