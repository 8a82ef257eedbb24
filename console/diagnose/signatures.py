"""The signature table: what each fault shows, to whom, how soon, and what it cannot show.

A clue present adds `weight`; a clue that a working vantage point does not show after `by` seconds adds `missing`.
Weights are log-likelihood ratios: 1 weak, 2 strong, 4 decisive, -8 a contradiction. Sources: guides/tikv.md 5.1-5.4,
guides/diagnosis.md 3.2 and 5.2, and the recorded faults. Adding a signature is one entry here.
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
class Signature:
    """One fault as it looks from outside. `prior`: log-odds before any evidence."""

    fault: str
    roles: tuple[Role, ...]
    clues: tuple[Clue, ...]
    prior: float = 0.0
    test: str = ""


_NODE = (Role.STORE, Role.PD)
_ANY = (Role.STORE, Role.PD, Role.LOAD)
_ALIVE = (Clue("docker.exited", VETO), Clue("docker.came-back", VETO))

SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "kill",
        _ANY,
        (
            Clue("docker.exited", 2, -6, 2),
            Clue("docker.exit-137", 2),
            Clue("docker.exit-0", -4),
            Clue("docker.exit-143", -3),
            Clue("docker.running", VETO),
            Clue("docker.came-back", -2),
            Clue("docker.died-often", -3),
            Clue("engine.oom", -6),
            Clue("engine.event-kill", 1.5),
            Clue("engine.event-term", -4),
            Clue("engine.event-restart", -4),
            Clue("reach.refused", 2, -2, 2),
            Clue("reach.closed", 2),
            Clue("reach.gone", 1),
            Clue("reach.silent", -3),
            Clue("reach.fine", VETO),
            Clue("workload.client-refused", 2),
            Clue("workload.client-reset", 2),
            Clue("workload.client-no-such-host", 0.5),
            Clue("workload.client-timed-out", -1.5),
            Clue("pd.unhealthy", 1),
        ),
        test="docker inspect: State.Status is exited, code 137, OOMKilled false",
    ),
    Signature(
        "stop",
        _ANY,
        (
            Clue("docker.exited", 2, -6, 2),
            Clue("docker.exit-0", 3),
            Clue("docker.exit-143", 3),
            Clue("docker.exit-137", -2),
            Clue("docker.running", VETO),
            Clue("docker.came-back", -4),
            Clue("docker.died-often", -3),
            Clue("engine.oom", -6),
            Clue("engine.event-term", 3.5),
            Clue("engine.event-stop", 2),
            Clue("engine.event-restart", -4),
            Clue("reach.refused", 2, -2, 2),
            Clue("reach.closed", 1),
            Clue("reach.silent", -3),
            Clue("reach.fine", VETO),
            Clue("workload.client-reset", -1),
        ),
        prior=-0.5,
        test="the exit code: 0 or 143 after SIGTERM, 137 after SIGKILL; leaders leave before an orderly stop",
    ),
    Signature(
        "restart",
        _ANY,
        (
            Clue("docker.came-back", 5, -6, 6),
            Clue("docker.exited", 1, -6, 2),
            Clue("docker.running", VETO),
            Clue("docker.died-often", -6),
            Clue("engine.event-restart", 5),
            Clue("engine.oom", -4),
            Clue("reach.silent", -2),
        ),
        prior=-0.5,
        test="StartedAt is newer than the onset and the process has been up since",
    ),
    Signature(
        "crash-loop",
        _ANY,
        (
            Clue("docker.died-often", 6, -6),
            Clue("docker.restarting", 4),
            Clue("docker.exit-1", 2),
            Clue("docker.running", VETO),
        ),
        prior=-1,
        test="docker logs: the last lines before each exit",
    ),
    Signature(
        "memory",
        _ANY,
        (
            Clue("engine.oom", 8, -5, 1),
            Clue("docker.exited", 1, -6, 2),
            Clue("docker.exit-137", 1),
            Clue("docker.exit-0", -6),
        ),
        prior=-1,
        test="docker inspect: State.OOMKilled",
    ),
    Signature(
        "pause",
        _NODE,
        (
            *_ALIVE,
            Clue("engine.paused", 6, -3, 2),
            Clue("engine.event-pause", 1),
            Clue("engine.no-network", VETO),
            Clue("reach.silent", 4, -3, 4),
            Clue("reach.refused", -6),
            Clue("reach.closed", -6),
            Clue("reach.gone", -4),
            Clue("reach.unreachable", -3),
            Clue("reach.fine", VETO),
            Clue("workload.client-keepalive", 1.5),
            Clue("workload.client-deadline", 0.5),
            Clue("workload.client-refused", -4),
            Clue("workload.client-reset", -3),
            Clue("workload.client-no-such-host", -5),
            Clue("workload.client-timed-out", -2),
            Clue("workload.stalled", 0.5),
            Clue("pd.fresh", -4),
        ),
        test="its port accepts a connection and no byte follows; CPU use is exactly zero",
    ),
    Signature(
        "partition",
        _NODE,
        (
            *_ALIVE,
            Clue("engine.no-network", 6, -3, 3),
            Clue("engine.event-disconnect", 1),
            Clue("engine.paused", VETO),
            Clue("docker.alive-but-refused", 5),
            Clue("reach.unreachable", 4),
            Clue("reach.refused", 0.5, -0.5, 2),
            Clue("reach.fine", VETO),
            Clue("workload.client-no-such-host", 1.5),
            Clue("workload.client-timed-out", 2),
            Clue("workload.client-keepalive", 1),
            Clue("workload.client-refused", -4),
            Clue("workload.client-reset", -2.5),
            Clue("pd.heartbeat-late", 1, -3, 16),
            Clue("pd.unhealthy", 0.5),
        ),
        prior=-0.5,
        test="docker inspect: State.Running true and Networks empty, or SYNs to its own address unanswered",
    ),
    Signature(
        "isolate-pd",
        (Role.STORE,),
        (
            *_ALIVE,
            Clue("pd.heartbeat-late", 3, -5, 16),
            Clue("pd.leaders-stayed", 2),
            Clue("pd.leaders-left", -2),
            Clue("reach.fine", 3, -5, 3),
            Clue("reach.refused", VETO),
            Clue("reach.silent", VETO),
            Clue("workload.fine", 1),
            Clue("workload.stalled", -2),
            Clue("engine.paused", VETO),
            Clue("engine.no-network", VETO),
        ),
        prior=-0.5,
        test="the store's own tikv_pd_request failures rise while its data path answers",
    ),
    Signature(
        "cpu",
        (Role.STORE, Role.PD),
        (
            *_ALIVE,
            Clue("engine.throttled", 7, -4, 5),
            Clue("engine.event-update", 1),
            Clue("workload.fallen", 1),
            Clue("reach.refused", -5),
            Clue("reach.silent", -2),
            Clue("reach.fine", 0.5),
        ),
        prior=-0.5,
        test="docker stats: throttled periods rise and CPU stays at the quota",
    ),
    Signature(
        "eviction",
        (Role.STORE,),
        (*_ALIVE, Clue("pd.evicting", 5, -6), Clue("pd.leaders-left", 2, -3, 10), Clue("reach.fine", 1, -3)),
        prior=-0.5,
        test="PD's scheduler list names evict-leader for this store",
    ),
    Signature(
        "leader-transfer",
        (Role.PD,),
        (
            *_ALIVE,
            Clue("pd.leader-moved-quietly", 6, -6, 5),
            Clue("reach.refused", -6),
            Clue("reach.silent", -6),
            Clue("pd.unhealthy", -4),
        ),
        test="the old leader answers /ping and holds the same start time",
    ),
    Signature(
        "client-paused",
        (Role.LOAD,),
        (
            *_ALIVE,
            Clue("workload.no-lines", 4, -4, 4),
            Clue("engine.paused", 4, -1, 3),
        ),
        test="docker inspect of the client: State.Paused; a stalled cluster prints lines with the same Count",
    ),
)
