"""Running the test that decides between two explanations: read-only looks, one line of what was found each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from console.model.cluster import Cluster, Probe
from console.model.diagnosis import Contest
from console.model.names import Role, role_of
from console.model.text import clean, redact
from console.model.view import Details
from console.observe import probe
from console.observe.directory import Directory

DEADLINE_S = 1.0
TRIES = 4
Look = Callable[[str], Awaitable[Details]]


async def decide(contest: Contest, cluster: Cluster, directory: Directory, details: Look) -> str:
    """Run the contest's probe; one line. Asks nothing of whatever injects, changes nothing."""
    name = contest.component.split(",")[0]
    if contest.probe == "state":
        found = await _state(name, details)
    elif contest.probe == "log":
        found = await _log(name, details)
    elif contest.probe == "port":
        found = await _port(name, directory)
    elif contest.probe == "metrics":
        found = _metrics(name, cluster)
    elif contest.probe == "pd":
        found = _pd(cluster)
    else:
        found = "this one is for you: the console has no look of its own for it"
    return redact(clean(f"{' or '.join(contest.between)}? {contest.test}. Found: {found}", 600))


async def _state(name: str, details: Look) -> str:
    seen = await details(name)
    if seen.error:
        return seen.error
    wanted = ("state", "started", "restarts", "networks", "limits")
    return "; ".join(f"{label} {value}" for label, value in seen.inspected if label in wanted)


async def _log(name: str, details: Look) -> str:
    seen = await details(name)
    return seen.error or (" | ".join(line[:120] for line in seen.log[-3:]) or "its log is empty")


async def _port(name: str, directory: Directory) -> str:
    """Fresh connections, one after the other: how each ended and how long it took."""
    store = role_of(name) is Role.STORE
    url = (directory.status if store else directory.pd).get(name)
    if url is None:
        return f"no address of {name} is known"
    answers = []
    for _ in range(TRIES):
        answer = await probe.get(url, "/status" if store else "/pd/api/v1/ping", DEADLINE_S)
        how = f"HTTP {answer['status']}" if "status" in answer else str(answer["error"])
        answers.append(f"{how} in {answer['rtt_ms']:.1f} ms")
        await asyncio.sleep(0.1)
    return f"{name}: {', '.join(answers)}"


_SHOWN = {
    "append_s": ("append_n", "append"),
    "commit_s": ("commit_n", "commit"),
    "wait_s": ("wait_n", "wait for a thread"),
    "grpc_s": ("grpc_n", "request"),
}


def _metrics(name: str, cluster: Cluster) -> str:
    store = cluster.stores.get(name)
    if store is None or store.metrics is None or not store.metrics.rates:
        return f"{name} serves no metrics here"
    rates = store.metrics.rates
    means = [
        f"{label} {rates[total] / rates[count] * 1000:.1f} ms"
        for total, (count, label) in _SHOWN.items()
        if total in rates and rates.get(count, 0.0) > 0
    ]
    links = [f"{k.removeprefix('net_n/')} {v:.0f}/s" for k, v in sorted(rates.items()) if k.startswith("net_n/")]
    failing = f"PD failures {rates.get('pd_failures', 0.0):.1f}/s"
    return f"{name} {cluster.t - store.metrics.at:.0f} s ago: {', '.join([*means, failing])}; links {', '.join(links)}"


def _pd(cluster: Cluster) -> str:
    answering = [n for n, m in cluster.members.items() if (p := m.probes.get("ping")) is not None and _well(p)]
    schedulers = ", ".join(cluster.schedulers) or "none known"
    return f"PD leader {cluster.leader or 'none'}; answering {', '.join(sorted(answering))}; schedulers {schedulers}"


def _well(seen: Probe) -> bool:
    return seen.reach.answered
