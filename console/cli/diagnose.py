"""`diagnose` and `incidents`: what is wrong now, said by rules or model, without a screen."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from console.model.diagnosis import Diagnosis, DiagnosisRun, DiagnosisStatus

from .common import (
    CHECK_FAILED,
    NOT_RUN,
    OK,
    Failure,
    cluster_options,
    emit_json,
    observed,
    opened,
    options,
    run_async,
    table,
)


@click.command()
@cluster_options
@click.option(
    "--wait", "seconds", type=click.FloatRange(1, 600), default=20.0, help="Seconds to watch for an incident."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def diagnose(seconds: float, as_json: bool, **given: Any) -> int:
    """Watch for an incident and diagnose it: exit 0 where nothing is wrong, 1 where something is."""
    run = run_async(_diagnose(options(**given, read_only=True), seconds))
    if run is None:
        if as_json:
            emit_json({"incident": None})
        else:
            click.echo(f"no incident in {seconds:g} s")
        return OK
    if run.status is not DiagnosisStatus.DONE or run.diagnosis is None:
        raise Failure(run.error or "no answer", NOT_RUN)
    if as_json:
        emit_json({"incident": run.incident, "author": run.author, "note": run.note or None, **_data(run.diagnosis)})
    else:
        _print(run, run.diagnosis)
    return CHECK_FAILED


async def _diagnose(wanted: Any, seconds: float) -> DiagnosisRun | None:
    session = await opened(wanted)
    try:
        await observed(session)
        if not await session.until(lambda: bool(session.judged), seconds):
            return None
        await asyncio.sleep(min(3.0, seconds))  # more evidence than the first symptom
        session.diagnose()
        await session.until(lambda: not session.diagnoser.streaming, 90)
        return session.diagnoser.run
    finally:
        await session.close("the diagnosis is done")


def _data(d: Diagnosis) -> dict[str, Any]:
    return {
        "fault": d.fault,
        "component": d.component,
        "confidence": d.confidence,
        "narrative": d.narrative,
        "severity": d.severity,
        "action": d.action,
        "commands": list(d.commands),
        "hypotheses": [
            {
                "fault": h.fault,
                "component": h.component,
                "confidence": h.confidence,
                "for": list(h.supporting),
                "against": list(h.against),
                "test": h.test,
            }
            for h in d.hypotheses
        ],
    }


def _print(run: DiagnosisRun, d: Diagnosis) -> None:
    click.echo(f"{run.author}{f' ({run.note})' if run.note else ''}: {d.fault} on {d.component}, {d.confidence:.0%}")
    click.echo(d.narrative)
    for h in d.hypotheses:
        click.echo(f"  {h.confidence:4.0%} {h.fault} on {h.component}")
        for line in h.supporting[:3]:
            click.echo(f"       + {line}")
        for line in h.against[:3]:
            click.echo(f"       - {line}")
    click.echo(f"do: {d.action}")
    for command in d.commands:
        click.echo(f"    {command}")


@click.command()
@cluster_options
@click.option("--wait", "seconds", type=click.FloatRange(1, 600), default=5.0, help="Seconds to watch.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def incidents(seconds: float, as_json: bool, **given: Any) -> int:
    """List what is wrong with the cluster now: exit 0 nothing, 1 something."""
    found = run_async(_incidents(options(**given, read_only=True), seconds))
    if as_json:
        emit_json(found)
    elif found:
        table(
            [(f["fault"], f["component"], f["began_s"], f["confidence"]) for f in found],
            ("fault", "component", "began", "confidence"),
        )
    else:
        click.echo("no incident")
    return CHECK_FAILED if found else OK


async def _incidents(wanted: Any, seconds: float) -> list[dict[str, Any]]:
    session = await opened(wanted)
    try:
        await observed(session)
        await asyncio.sleep(seconds)
        return [
            {
                "fault": j.diagnosis.fault,
                "component": j.diagnosis.component,
                "began_s": round(j.incident.began, 1),
                "detected_s": j.incident.detected(),
                "confidence": j.diagnosis.confidence,
            }
            for j in session.judged
            if j.incident.over is None
        ]
    finally:
        await session.close("the incidents are listed")
