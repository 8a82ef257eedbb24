"""`chaos-console catalogue`: the failure scenarios, what each looks like, and whether it is told right here."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from .common import CHECK_FAILED, OK, USAGE, Failure, emit_json, table

if TYPE_CHECKING:
    from console.catalogue import Scenario
    from console.evaluate.score import Row

PASSED, FAILED, NOT_CHECKABLE = "passed", "failed", "not checkable"


@click.group()
def catalogue() -> None:
    """The 36 failure scenarios."""


def _all() -> dict[str, Scenario]:
    from console.catalogue import BadScenario, scenarios

    try:
        return scenarios()
    except BadScenario as bad:
        raise Failure(str(bad), USAGE) from bad


def _one(wanted: str) -> Scenario:
    found = _all()
    by_number = {str(s.number): s for s in found.values()}
    scenario = found.get(wanted) or by_number.get(wanted)
    if scenario is None:
        import difflib

        near = difflib.get_close_matches(wanted, found, 1)
        raise Failure(f"no scenario {wanted!r}" + (f"; did you mean {near[0]!r}?" if near else ""), USAGE)
    return scenario


@catalogue.command("list")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def listed(as_json: bool) -> int:
    """Every scenario in a line."""
    found = _all().values()
    if as_json:
        emit_json([{**asdict(s), "not_checkable": s.not_checkable} for s in found])
        return OK
    rows = [(s.number, s.id, s.name, s.where, "not checkable" if s.not_checkable else "checkable") for s in found]
    table(rows, ("no", "id", "name", "injectable", "here"))
    return OK


@catalogue.command()
@click.argument("id_", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def show(id_: str, as_json: bool) -> int:
    """One scenario: signature, look-alikes, what to do."""
    s = _one(id_)
    if as_json:
        emit_json({**asdict(s), "not_checkable": s.not_checkable})
        return OK
    where = {"live": "can be injected live", "simulated": "simulated only", "neither": "cannot be injected"}[s.where]
    click.echo(f"{s.number}. {s.name} ({s.id})")
    click.echo(f"   {where}{': ' + s.reason if s.reason else ''}")
    click.echo(f"   a right answer: {' or '.join(s.answer.faults) or '-'}, component {s.answer.component}")
    if s.not_checkable:
        click.echo(f"   not checkable here: {s.not_checkable}")
    click.echo(f"   severities {', '.join(s.stage.severities)}; loads {', '.join(s.stage.loads)}")
    click.echo("\nWhat each vantage point shows")
    for vantage, text in s.signature.items():
        click.echo(f"   {vantage:9s} {text}")
    click.echo("\nWhat looks like it, and what tells it apart")
    for other, text in s.look_alikes.items():
        click.echo(f"   {other}: {text}")
    click.echo(f"\nWhat to do\n   {s.action}")
    return OK


@catalogue.command()
@click.argument("id_", metavar="ID|all")
@click.option("--seed", type=click.IntRange(0, 10**6), default=1, show_default=True)
@click.option("--blind/--host-aware", default=True, show_default=True, help="Mode that is judged.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def run(id_: str, seed: int, blind: bool, as_json: bool) -> int:
    """Stage a scenario on a simulated cluster and check that it is seen and told right.

    A scenario whose check cannot be made here is `not checkable`: neither passed nor failed.
    """
    chosen = list(_all().values()) if id_ == "all" else [_one(id_)]
    results = _checked(chosen, seed, "data-plane" if blind else "host-aware")
    if as_json:
        emit_json(results)
    else:
        table([(r["id"], r["result"], r["said"]) for r in results], ("id", "result", "why"))
        count = {state: sum(r["result"] == state for r in results) for state in (PASSED, FAILED, NOT_CHECKABLE)}
        click.echo(", ".join(f"{n} {state}" for state, n in count.items()))
    return CHECK_FAILED if any(r["result"] == FAILED for r in results) else OK


def _checked(chosen: list[Scenario], seed: int, mode: str) -> list[dict[str, str]]:
    from console.evaluate import case, harness
    from console.evaluate.score import row

    cases = [
        case.of(s, s.stage.severities[-1], s.stage.loads[0], seed * 1000 + s.number)
        for s in chosen
        if not s.not_checkable
    ]
    try:
        rows = {f.case.name: row(f, mode) for f in harness.fly_all(cases)}
    except harness.Broken as broken:
        raise Failure(str(broken), CHECK_FAILED) from broken
    return [_result(s, rows.get(s.id)) for s in chosen]


def _result(scenario: Scenario, told: Row | None) -> dict[str, str]:
    if told is None:
        return {"id": scenario.id, "result": NOT_CHECKABLE, "said": scenario.not_checkable}
    wrong = []
    if told.wanted and told.detected is None:
        wrong.append("nothing was seen")
    elif told.wanted and not told.right:
        wrong.append(f"said {told.said} {told.said_component}, it was {'/'.join(told.wanted)} {told.component}")
    wrong += [f"false alarm {n}" for n in told.needless]
    if wrong:
        return {"id": scenario.id, "result": FAILED, "said": "; ".join(wrong)}
    if not told.wanted:
        return {"id": scenario.id, "result": PASSED, "said": "no alarm, as is right"}
    said = f"{told.said} {told.said_component} ({told.confidence:.2f}) after {told.detected:.2f} s"
    return {"id": scenario.id, "result": PASSED, "said": said}
