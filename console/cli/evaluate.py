"""`chaos-console eval`: how soon failures are seen and how well they are explained, measured on simulated clusters."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import CHECK_FAILED, OK, UNREACHABLE, USAGE, Failure, emit_json, run_async

if TYPE_CHECKING:
    from console.evaluate.case import Case
    from console.evaluate.flight import Flown

QUICK_SEEDS, FULL_SEEDS = 1, 3


@click.command("eval")
@click.option("--seed", type=click.IntRange(0, 10**6), default=1, show_default=True, help="First seed.")
@click.option("--seeds", type=click.IntRange(1, 1000), help="How many seeds (default 3; with --quick 1).")
@click.option("--scenario", "ids", multiple=True, metavar="ID", help="Only this scenario; may be given again.")
@click.option("--blind", is_flag=True, help="Data-plane mode only.")
@click.option("--quick", is_flag=True, help="One severity and load of each, and floors that must hold.")
@click.option("--steady", type=click.FloatRange(0, 10_000), default=0.0, metavar="HOURS", help="And hours of noise.")
@click.option("--recorder", is_flag=True, help="Observe as the recorder of flight records does.")
@click.option(
    "--record", "records", multiple=True, type=click.Path(path_type=Path), help="Judge flight records instead."
)
@click.option("--diagnostician", type=click.Choice(["rules", "anthropic"]), default="rules", show_default=True)
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of Markdown.")
@click.option("--out", type=click.Path(path_type=Path), help="Write eval.json and eval.md there.")
def evaluate(
    seed: int,
    seeds: int | None,
    ids: tuple[str, ...],
    blind: bool,
    quick: bool,
    steady: float,
    recorder: bool,
    records: tuple[Path, ...],
    diagnostician: str,
    processes: int,
    as_json: bool,
    out: Path | None,
) -> int:
    """Fly scenarios and controls, judge them blind, and hold the answers against the truth."""
    from console.evaluate import floors, harness, report
    from console.evaluate.flight import MODES

    if records:
        return _records(records, blind)
    if diagnostician == "anthropic":
        _must_have_key()
    count = seeds or (QUICK_SEEDS if quick else FULL_SEEDS)
    chosen = list(range(seed, seed + count))
    cases = _cases(ids, chosen, quick=quick, steady=steady, recorder=recorder)
    modes = ("data-plane",) if blind else MODES
    began = time.perf_counter()
    try:
        flown = harness.fly_all(cases, processes=processes, progress=None if as_json else _progress)
    except harness.Broken as broken:
        raise Failure(str(broken), CHECK_FAILED) from broken
    result = harness.result(flown, modes, chosen)
    if diagnostician == "anthropic":
        _explain(result, flown)
    page = report.markdown(result, time.perf_counter() - began)
    if out is not None:
        _write(out, result, page)
    if as_json:
        emit_json(result)
    else:
        click.echo(page)
    fallen = floors.fallen(result) if quick and not ids and not recorder else []
    for line in fallen:
        click.echo(f"below the floor: {line}", err=True)
    return CHECK_FAILED if fallen else OK


def _cases(ids: tuple[str, ...], seeds: list[int], *, quick: bool, steady: float, recorder: bool) -> list[Case]:
    from console.catalogue import scenarios
    from console.evaluate import case, harness

    found = scenarios()
    unknown = next((i for i in ids if i not in found), None)
    if unknown is not None:
        raise Failure(f"no scenario {unknown!r}; `chaos-console catalogue list` shows them", USAGE)
    wanted = [found[i] for i in ids] if ids else list(found.values())
    barred = next((s for s in wanted if ids and s.not_checkable), None)
    if barred is not None:
        raise Failure(f"{barred.id} is not checkable: {barred.not_checkable}", USAGE)
    style: Any = "recorder" if recorder else "session"
    cases = case.suite(wanted, seeds, quick=quick, style=style)
    hours = steady
    turn = 0
    while hours > 0:
        cases.append(harness.steady(seeds[0] * 10_000 + turn, min(hours, 2.0), style))
        hours -= 2.0
        turn += 1
    return cases


def _progress(done: int, of: int, flown: Flown) -> None:
    if done % 10 == 0 or done == of:
        click.echo(f"  {done} of {of} flights; last {flown.case.title}", err=True)


def _must_have_key() -> None:
    from console.diagnose.anthropic import key_present

    if not key_present():
        raise Failure("the model cannot be asked: ANTHROPIC_API_KEY is not set", UNREACHABLE)


def _explain(result: dict[str, Any], flown: list[Flown]) -> None:
    from dataclasses import asdict

    from console.diagnose.anthropic import ModelSettings
    from console.evaluate import model
    from console.evaluate.score import row, summary

    explained, bill = run_async(model.explained(flown, ModelSettings(), lambda line: click.echo(line, err=True)))
    rows = [row(f, model.MODE) for f in explained]
    result["modes"][model.MODE] = summary(rows)
    result["flights"] += [{"mode": model.MODE, **asdict(r)} for r in rows]
    result["model"] = asdict(bill)


def _records(files: tuple[Path, ...], blind: bool) -> int:
    """Flight records against what their injector wrote."""
    from console.observe.record import RecordError, read
    from console.session.judging import report

    answers = []
    for file in files:
        for path in sorted(file.glob("*.jsonl*")) if file.is_dir() else [file]:
            try:
                record = read(path)
            except RecordError as error:
                raise Failure(str(error), USAGE) from error
            for mode in (True,) if blind else (False, True):
                answer = report(record, blind=mode, reveal=True)
                said = [f"{i['fault']} {i['component']} ({i['confidence']:.2f})" for i in answer["incidents"]]
                answers.append({"file": path.name, "mode": answer["mode"], "said": said, **answer["score"]})
    emit_json(answers)
    return OK if all(a["right"] for a in answers) else CHECK_FAILED


def _write(folder: Path, result: dict[str, Any], page: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "eval.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
        (folder / "eval.md").write_text(page, encoding="utf-8")
    except OSError as error:
        raise Failure(f"--out {folder}: {error.strerror or error}", USAGE) from error
