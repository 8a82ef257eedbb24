"""`faults`, `inject`, `revert`, `injections`, `arm`: the fault engine without a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from console.model.fault import Injection, Outcome, Preview, Refusal, Revert
from console.model.text import clean

from .common import (
    CHECK_FAILED,
    OK,
    REFUSED,
    ROLLBACK,
    UNREACHABLE,
    USAGE,
    Failure,
    cluster_options,
    emit_json,
    observed,
    opened,
    options,
    run_async,
    table,
)

if TYPE_CHECKING:
    from console.faults.actor import Request
    from console.session.core import Session
    from console.session.opening import Options

BASELINE_S = 30.0  # a client may print a line every ten seconds, and it takes two to make a difference
_REFUSED_USAGE = ("UNKNOWN_KIND", "BAD_PARAMETER", "BAD_DURATION", "BAD_SELECTOR", "BAD_ABORT")


@click.command()
@cluster_options
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def faults(as_json: bool, **given: Any) -> int:
    """List every fault kind: its mechanism, and whether it can work here."""
    entries = run_async(_faults(options(**given, read_only=True, record=False)))
    rows = [
        {
            "kind": e.fault.kind,
            "family": e.fault.family,
            "targets": [t.value for t in e.fault.targets],
            "mechanism": e.fault.mechanism,
            "signature": e.fault.signature,
            "params": {
                p.name: {"default": p.default, "low": p.low, "high": p.high, "unit": p.unit} for p in e.fault.params
            },
            "available": e.availability.ok,
            "reason": e.availability.reason or None,
            "remedy": e.availability.remedy or None,
        }
        for e in entries
    ]
    if as_json:
        emit_json(rows)
        return OK
    table(
        [
            (
                r["kind"],
                r["family"],
                "/".join(r["targets"]),
                "yes" if r["available"] else "no",
                r["reason"] or r["mechanism"],
            )
            for r in rows
        ],
        ("kind", "family", "targets", "works", "mechanism, or why not"),
    )
    return OK


async def _faults(wanted: Options) -> Any:
    session = await opened(wanted)
    try:
        await session.operations.check()
        return session.operations.faults
    finally:
        await session.close("the catalogue was shown")


def parse_params(pairs: tuple[str, ...]) -> dict[str, float]:
    """`name=value` pairs. Raises Failure naming the one that is wrong."""
    params = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        try:
            params[name.strip()] = float(value)
        except ValueError:
            sign = ""
        if not sign or not name.strip():
            raise Failure(f"--param {pair!r}: expected name=number", USAGE)
    return params


@click.command()
@click.argument("kind")
@click.argument("target")
@cluster_options
@click.option("--duration", type=float, metavar="S", help="Seconds until it is put back by itself (1 to 600).")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the kind.")
@click.option("--watch", is_flag=True, help="Stay until it is over; ctrl+c puts it back.")
@click.option("--abort-if", multiple=True, metavar="CONDITION", help="Put it back when so: 'errors > 5%'.")
@click.option("--allow-quorum-loss", is_flag=True, help="Let it take a majority, where the limit allows so many.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; touch nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def inject(
    kind: str,
    target: str,
    duration: float | None,
    params: tuple[str, ...],
    watch: bool,
    abort_if: tuple[str, ...],
    allow_quorum_loss: bool,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Inject KIND on TARGET and leave; the watchdog puts it back when its time is up. With --watch or --abort-if: stay.

    TARGET is a service or container name, pd-leader, pd-follower, store-with-most-leaders, store-of-region:7, load,
    a label (zone=a), n-1, n-2, a share (40%) or chance: random, random:2, random:2@SEED.
    """
    if given.get("sim"):
        raise Failure("a simulated cluster lives inside its console; serve one with `sim` and use --docker-host", USAGE)
    from console.faults.actor import Request

    stay = watch or bool(abort_if)
    request = Request(kind, target, parse_params(params), duration, allow_quorum_loss, abort_if)
    wanted = options(**given, detached=not stay)
    if stay and not dry_run:
        return run_async(_inject_and_stay(wanted, request, as_json))
    answer = run_async(_inject(wanted, request, dry_run))
    if isinstance(answer, Preview):
        return _previewed(answer, as_json)
    done = _carried_out(answer)
    if as_json:
        emit_json([_as_data(i) for i in done] if len(done) > 1 else _as_data(done[0]))
    else:
        for i in done:
            seconds = i.expires_wall - i.began_wall
            click.echo(f"{i.id}: {i.kind} on {i.component}, put back by itself after {seconds:.0f} s")
    return OK


def _carried_out(answer: tuple[Injection, ...] | Refusal) -> tuple[Injection, ...]:
    if isinstance(answer, Refusal):
        raise Failure(f"{answer.code}: {answer.sentence}", USAGE if answer.code in _REFUSED_USAGE else REFUSED)
    return answer


async def _watched(session: Session) -> None:
    if not await observed(session):
        raise Failure("the cluster cannot be observed, and what cannot be watched is not broken", UNREACHABLE)


async def _inject(wanted: Options, request: Request, dry_run: bool) -> tuple[Injection, ...] | Refusal | Preview:
    session = await opened(wanted)
    try:
        await _watched(session)
        if dry_run:
            return await session.operations.preview(request)
        return await session.operations.inject_all(request)
    finally:
        await session.close("injected and left to the watchdog")


async def _inject_and_stay(wanted: Options, request: Request, as_json: bool) -> int:
    """Until nothing of it is live any more: its time was up, a condition tripped, or somebody put it back."""
    session = await opened(wanted)
    told = len(session.timeline.events)

    def over() -> bool:
        nonlocal told
        events = session.timeline.events
        for event in events[told:] if not as_json else ():
            click.echo(f"{event.t:8.1f}  {event.source:<10} {clean(event.text, 500)}")
        told = len(events)
        return not session.parts.actor or not session.parts.actor.live

    ids: list[str] = []
    try:
        await _watched(session)
        if any(word in condition for condition in request.abort_if for word in ("throughput", "errors", "latency")):
            await session.until(lambda: bool(session.view().cluster.workload.intervals), BASELINE_S)
        ids = [i.id for i in _carried_out(await session.operations.inject_all(request))]
        await session.until(over, max(i.expires_wall - i.began_wall for i in session.view().injections) + 90)
    finally:
        await session.close("the watch was ended")
    return _ended(session, ids, as_json)


def _ended(session: Session, ids: Sequence[str], as_json: bool) -> int:
    ours = [i for i in session.view().injections if i.id in ids]
    tripped = {k: str(t) for k, t in session.operations.tripped.items() if k in ids}
    if as_json:
        emit_json([{**_as_data(i), "aborted": tripped.get(i.id)} for i in ours])
    else:
        for i in ours:
            click.echo(f"{i.id}: {i.kind} on {i.component}: {i.state.value}, {clean(i.note, 300)}")
        for why in tripped.values():
            click.echo(f"aborted: {why}", err=True)
    if any(i.state.live for i in ours):
        return ROLLBACK
    return CHECK_FAILED if tripped else OK


def _previewed(preview: Preview, as_json: bool) -> int:
    data = {
        "kind": preview.kind,
        "targets": [t.container_name for t in preview.targets],
        "mechanism": preview.mechanism,
        "signature": preview.signature,
        "quorum": preview.quorum,
        "expires_s": preview.expires_s,
        "undo": preview.undo,
        "refused": {"code": preview.refusal.code, "sentence": preview.refusal.sentence} if preview.refusal else None,
    }
    if as_json:
        emit_json(data)
    else:
        for key, value in data.items():
            if value not in (None, [], ""):
                shown = ", ".join(value) if isinstance(value, list) else value
                click.echo(f"{key:>10}  {shown['sentence'] if isinstance(shown, dict) else shown}")
    return REFUSED if preview.refusal else OK


def _as_data(i: Injection) -> dict[str, Any]:
    return {
        "id": i.id,
        "kind": i.kind,
        "target": i.component,
        "containers": [t.container_name for t in i.targets],
        "state": i.state.value,
        "params": dict(i.params),
        "began": i.began_wall,
        "expires": i.expires_wall,
        "owner": i.owner,
        "note": i.note,
        "verified": list(i.verified),
    }


@click.command()
@click.argument("injection", required=False)
@click.option("--keep-armed", is_flag=True, help="Put everything back without disarming.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def revert(injection: str | None, keep_armed: bool, as_json: bool) -> int:
    """Put back one INJECTION, or everything (which also disarms), whoever injected it."""
    from console.session.putting_back import put_back

    results, unreachable = run_async(put_back(injection, disarm=not keep_armed))
    if as_json:
        emit_json([_result(r) for r in results])
    else:
        for r in results:
            click.echo(f"{r.injection}: {r.kind} on {r.component}: {r.outcome.value}, {r.detail}")
            for said in r.verified:
                click.echo(f"    {said}")
        if not results and not unreachable:
            click.echo("nothing is injected" if injection is None else "")
    for why in unreachable:
        click.echo(f"chaos-console: {why}", err=True)
    if injection is not None and not results and not unreachable:
        raise Failure(f"no live injection {injection!r}", USAGE)
    if any(r.outcome is not Outcome.COMPLETE for r in results):
        return ROLLBACK
    return UNREACHABLE if unreachable else OK


def _result(r: Revert) -> dict[str, Any]:
    return {
        "id": r.injection,
        "kind": r.kind,
        "target": r.component,
        "outcome": r.outcome.value,
        "detail": r.detail,
        "verified": list(r.verified),
        "seconds": round(r.seconds, 2),
    }


@click.command()
@click.option("--all", "everything", is_flag=True, help="Past ones too.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def injections(everything: bool, as_json: bool) -> int:
    """List what is injected, in every lab this machine knows."""
    from console.session.putting_back import listed

    rows = [_as_data(i) for i in run_async(listed(everything))]
    if as_json:
        emit_json(rows)
    elif not rows:
        click.echo("nothing is injected")
    else:
        table(
            [(r["id"], r["kind"], r["target"], r["state"], r["note"]) for r in rows],
            ("id", "kind", "target", "state", "note"),
        )
    return OK


@click.command()
@click.argument("reason")
@click.option("--project", metavar="NAME", help="The lab's Compose project, where there are several.")
def arm(reason: str, project: str | None) -> int:
    """Allow injections again after a kill switch; the REASON goes to the audit log."""
    from console.session.putting_back import arm_labs

    armed = run_async(arm_labs(reason, project))
    if isinstance(armed, Refusal):
        raise Failure(armed.sentence, USAGE)
    click.echo("\n".join(f"armed: {lab}" for lab in armed) if armed else "nothing was disarmed")
    return OK
