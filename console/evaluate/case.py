"""What is flown: a scenario or a control with a severity, a load and a seed; and the lists of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from console.catalogue import Scenario

from .observer import Style

LOADS: Mapping[str, int | None] = {"idle": 600, "target": 3000, "full": None}
SEVERITY = {"mild": 0.5, "full": 1.0}
CONTROL_SHARE = 0.4
# Controls that are no scenario: nothing, the motions without an effect, load that comes and goes.
CONTROLS = (("nothing", "all-stores"), ("sham", "store"), ("load-step", "load"), ("sham", "pd-leader"))


@dataclass(frozen=True, slots=True)
class Case:
    """One flight to be. `faults` empty: nothing is to be found. `info`: found or not, no alarm may be raised."""

    name: str
    act: str
    target: str
    severity: str
    load: str
    seed: int
    lasts_s: float
    stores: int = 3
    faults: tuple[str, ...] = ()
    data_plane: tuple[str, ...] = ()
    component: str = "none"
    elsewhere: tuple[str, ...] = ()
    control: bool = False
    family: str = "other"
    style: Style = "session"

    @property
    def title(self) -> str:
        """One line."""
        return f"{self.name} {self.severity} {self.load} seed {self.seed}"


def of(scenario: Scenario, severity: str, load: str, seed: int, style: Style = "session") -> Case:
    """A scenario as a case. Only for one whose check can be made."""
    stage, answer = scenario.stage, scenario.answer
    faults = tuple(f for f in answer.faults if f != "none")
    return Case(
        name=scenario.id,
        act=stage.act,
        target=stage.target,
        severity=severity,
        load=load,
        seed=seed,
        lasts_s=stage.lasts_s,
        stores=stage.stores,
        faults=faults,
        data_plane=answer.data_plane,
        component=answer.component,
        elsewhere=answer.elsewhere,
        control=stage.control,
        family=scenario.family,
        style=style,
    )


def control(number: int, seed: int, style: Style = "session") -> Case:
    """The n-th control of a seed."""
    chance = Random(f"control/{seed}/{number}")
    act, target = CONTROLS[number % len(CONTROLS)]
    return Case(
        name=act,
        act=act,
        target=target,
        severity=chance.choice(tuple(SEVERITY)),
        load=chance.choice(tuple(LOADS)),
        seed=seed * 1000 + number,
        lasts_s=40.0,
        control=True,
        style=style,
    )


def suite(
    found: Iterable[Scenario],
    seeds: Iterable[int],
    *,
    quick: bool = False,
    style: Style = "session",
) -> list[Case]:
    """Scenario x severity x load x seed, and controls so that they are at least 40 % of all.

    `quick`: one severity and one load of each, in turn over the seeds.
    """
    cases: list[Case] = []
    checkable = [s for s in found if not s.not_checkable]
    for seed in seeds:
        staged: list[Case] = []
        for scenario in checkable:
            grid = [(sev, load) for sev in scenario.stage.severities for load in scenario.stage.loads]
            chosen = [grid[(seed + scenario.number) % len(grid)]] if quick else grid
            staged += [
                of(scenario, sev, load, seed * 1000 + 100 + n * 7 + scenario.number * 31, style)
                for n, (sev, load) in enumerate(chosen)
            ]
        have = sum(c.control for c in staged)
        real = len(staged) - have
        wanted = max(0, -(-int(real * CONTROL_SHARE * 10) // int((1 - CONTROL_SHARE) * 10)) - have)
        cases += staged + [control(n, seed, style) for n in range(wanted)]
    return cases
