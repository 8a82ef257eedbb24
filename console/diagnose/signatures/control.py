"""PD told to do something, or to leave it."""

from __future__ import annotations

from console.model.names import Role

from .base import ALIVE, VETO, Advice, Clue, Signature

CONTROL: tuple[Signature, ...] = (
    Signature(
        "eviction",
        (Role.STORE,),
        (
            *ALIVE,
            Clue("pd.evicting", 6, -6),
            Clue("pd.leaders-left", 1),
            Clue("reach.fine", 1, -3, 4),
            Clue("reach.silent", -6),
            Clue("reach.refused", -6),
        ),
        Advice(
            "the leaders of {c} are being evicted by a PD scheduler",
            "Ask who set it (rolling restarts do), then remove the scheduler.",
            ("pd-ctl scheduler show", "pd-ctl scheduler remove evict-leader-scheduler"),
            severity="info",
        ),
        prior=-0.5,
        test="PD's scheduler list names evict-leader for this store",
        probe="pd",
    ),
    Signature(
        "leader-transfer",
        (Role.PD,),
        (
            *ALIVE,
            Clue("pd.leader-moved-quietly", 6, -6, 5),
            Clue("reach.refused", -6),
            Clue("reach.silent", -6),
            Clue("pd.unhealthy", -4),
        ),
        Advice(
            "PD leadership was handed over from {c}, which is well",
            "Nothing. More than three changes in five minutes would be instability.",
            severity="info",
        ),
        test="the old leader answers /ping and holds the same start time",
        probe="pd",
    ),
    Signature(
        "scheduling-stopped",
        (Role.PD,),
        (Clue("pd.scheduling-stopped", 9, VETO), *ALIVE, Clue("reach.silent", -6), Clue("reach.refused", -6)),
        Advice(
            "PD schedules nothing: its limits are zero",
            "Ask who stopped it, then restore the limits. Until then nothing is balanced and nothing lost is replaced.",
            ("pd-ctl config show schedule",),
        ),
        prior=-0.5,
        test="PD's schedule configuration against what it was",
        probe="pd",
    ),
)
