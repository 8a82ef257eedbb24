"""The clients themselves: frozen, or asking for more than there is."""

from __future__ import annotations

from console.model.names import Role

from .base import ALIVE, VETO, Advice, Clue, Signature

_LOAD = (Role.LOAD,)
_UNHURT = (
    Clue("workload.no-lines", VETO),
    Clue("workload.client-refused", -5),
    Clue("workload.client-keepalive", -5),
    Clue("workload.client-timed-out", -5),
    Clue("workload.client-no-such-host", -5),
    *ALIVE,
)

CLIENT: tuple[Signature, ...] = (
    Signature(
        "client-paused",
        _LOAD,
        (
            *ALIVE,
            Clue("workload.no-lines", 4, -6, 4),
            Clue("engine.paused", 4, -1, 3),
        ),
        Advice(
            "the load generator {c} is frozen; the cluster is not the cause",
            "Resume {c}. No data is not zero throughput.",
            ("docker unpause {container}",),
        ),
        test="docker inspect of the client: State.Paused; a stalled cluster prints lines with the same Count",
        probe="state",
    ),
    Signature(
        "overload",
        _LOAD,
        (
            *_UNHURT,
            Clue("busy.foreign-load", 12),
            Clue("busy.all-busy", 6, -5, 12),
            Clue("busy.one-busy", -4),
            Clue("workload.fallen", 1),
            Clue("workload.client-busy", 2),
        ),
        Advice(
            "the clients ask for more than the cluster has; no store is at fault",
            "Lower the offered load, or find who brings the rest of it; {c} gets only its share.",
        ),
        prior=-1,
        test="every store serves more than before while this client gets less",
        probe="metrics",
    ),
    Signature(
        "hot-keys",
        _LOAD,
        (
            *_UNHURT,
            Clue("busy.one-busy", 6, -5, 12),
            Clue("busy.all-busy", -4),
            Clue("workload.fallen", 1),
            Clue("workload.client-busy", 1),
        ),
        Advice(
            "one region is hot: one store works alone",
            "Split or scatter the hot region, move its leader; find the client that hammers it.",
            ("pd-ctl region topwrite 5",),
        ),
        prior=-1,
        test="PD's query list: one region far above the rest",
        probe="pd",
    ),
)
