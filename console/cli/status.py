"""`chaos-console status`: how the cluster stands, once, without a screen."""

from __future__ import annotations

from typing import Any

import click

from console.model.cluster import Store
from console.model.names import Role, natural
from console.model.view import Level, View

from .common import (
    CHECK_FAILED,
    OK,
    UNREACHABLE,
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
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--workload", is_flag=True, help="Wait until the client's throughput is known too (up to 30 s).")
@click.option("--wait", "seconds", type=click.FloatRange(0.5, 120), default=6.0, help="Seconds to observe at most.")
def status(as_json: bool, workload: bool, seconds: float, **given: Any) -> int:
    """Show how the cluster stands: exit 0 healthy, 1 degraded, 5 unreachable."""
    view, complete = run_async(_look(options(**given, read_only=True, record=False), seconds, workload))
    answered = any(p.reach.answered for m in view.cluster.members.values() for p in m.probes.values())
    if not (view.cluster.stores or view.cluster.containers or answered):
        raise Failure("nothing answered: neither engine, nor PD, nor a store", UNREACHABLE)
    if as_json:
        emit_json(as_data(view))
    else:
        _print(view)
    return OK if complete and view.level is Level.GREEN else CHECK_FAILED


async def _look(wanted: Any, seconds: float, workload: bool) -> tuple[View, bool]:
    session = await opened(wanted)
    try:
        complete = await observed(session, seconds)
        if workload:  # a client may print every ten seconds, and it takes two lines to make a difference
            await session.until(lambda: bool(session.view().cluster.workload.intervals), 30.0)
        return session.view(), complete
    finally:
        await session.close("status was shown")


def as_data(view: View) -> dict[str, Any]:
    """The picture as plain data; the same figures as on the screen."""
    cluster = view.cluster
    return {
        "project": view.project,
        "mode": view.mode.value,
        "level": view.level.value,
        "pd": {
            "leader": cluster.leader,
            "members": {n: _member(view, n) for n in sorted(cluster.members, key=natural)},
        },
        "stores": {n: _store(view, n) for n in sorted(_stores(view), key=natural)},
        "regions": {"total": cluster.regions.total, **dict(cluster.regions.counts)},
        "measured": _measured(view),
        "throughput": {"ops": cluster.workload.intervals[-1].ops if cluster.workload.intervals else None},
        "incidents": [{"component": i.component, "began_s": i.began, "over_s": i.over} for i in view.incidents],
        "injections": [
            {"id": i.id, "kind": i.kind, "target": i.component, "state": i.state.value} for i in view.active
        ],
        "disarmed": view.disarmed or None,
    }


def _measured(view: View) -> dict[str, Any]:
    from console.experiments.measuring import sample

    now = sample(view.cluster, view.now, "", (), view.level.value)
    names = ("ops", "latency_ms", "errors_percent", "coverage_percent", "stores", "members")
    return {name: getattr(now, name) for name in names}


def _stores(view: View) -> set[str]:
    """Stores PD or a probe knows, and containers that hold one."""
    boxes = {s for s, c in view.cluster.containers.items() if c.role is Role.STORE}
    return boxes | set(view.cluster.stores)


def _member(view: View, name: str) -> dict[str, Any]:
    member, box = view.cluster.members[name], view.cluster.containers.get(name)
    ping = member.probes.get("ping")
    return {
        "container": box.state if box else None,
        "answers": ping.reach.value if ping else None,
        "term": member.term,
        "leader": name == view.cluster.leader,
    }


def _store(view: View, name: str) -> dict[str, Any]:
    store, box = view.cluster.stores.get(name, Store(name)), view.cluster.containers.get(name)
    pd = store.pd
    return {
        "id": pd.id if pd else None,
        "address": pd.address if pd else None,
        "container": box.state if box else None,
        "probe": store.status.reach.value,
        "pd": pd.state if pd else None,
        "heartbeat_age_s": round(view.cluster.t - pd.beat_at, 1) if pd and pd.beat_at is not None else None,
        "leaders": pd.leaders if pd else None,
        "regions": pd.regions if pd else None,
    }


def _print(view: View) -> None:
    data = as_data(view)
    click.echo(f"{data['project']}  {data['mode']}  {data['level']}  PD leader {data['pd']['leader'] or 'unknown'}")
    members = data["pd"]["members"]
    table(
        [(n, m["container"] or "-", m["answers"] or "-", m["term"] or "-") for n, m in members.items()],
        ("pd", "container", "answers", "term"),
    )
    click.echo()
    table(
        [
            (
                n,
                s["id"] or "-",
                s["container"] or "-",
                s["probe"],
                s["pd"] or "-",
                _none(s["heartbeat_age_s"]),
                _none(s["leaders"]),
                _none(s["regions"]),
            )
            for n, s in data["stores"].items()
        ],
        ("store", "id", "container", "probe", "pd", "heartbeat", "leaders", "regions"),
    )
    for injection in data["injections"]:
        click.echo(f"injected: {injection['kind']} on {injection['target']} ({injection['id']}, {injection['state']})")
    if data["disarmed"]:
        click.echo(f"disarmed: {data['disarmed']}")


def _none(value: object) -> object:
    return "-" if value is None else value
