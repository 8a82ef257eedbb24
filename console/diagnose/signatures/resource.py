"""Short of something: CPU, disk, space."""

from __future__ import annotations

from console.model.names import Role

from .base import REACHABLE, VETO, Advice, Clue, Signature

_SLOW = (Role.STORE, Role.PD, Role.OTHER)

RESOURCE: tuple[Signature, ...] = (
    Signature(
        "cpu",
        _SLOW,
        (
            *REACHABLE,
            Clue("engine.throttled", 7, -2, 5),
            Clue("engine.event-update", 1),
            Clue("metrics.fewer-cores", 7),
            Clue("metrics.cpu-waits", 4, -1, 15),
            Clue("metrics.disk-waits", -5),
            Clue("metrics.peers-lost", -6),
            Clue("metrics.peers-slow", -4),
            Clue("metrics.pd-lost", -4),
            Clue("metrics.disk-full", VETO),
            Clue("rtt.starved", 3),
            Clue("rtt.shifted", -2),
            Clue("rtt.lossy", -3),
            Clue("pd.slow-score", -2),
            Clue("pd.leaders-left", -3),
            Clue("pd.heartbeat-late", -3),
            Clue("workload.fallen", 0.5),
            Clue("workload.client-keepalive", -3),
            Clue("workload.client-timed-out", -3),
            Clue("shape.part", 1.5),
            Clue("shape.plateau", -0.5),
            Clue("shape.ragged", -1),
            Clue("shape.next-to-nothing", -2),
            Clue("busy.all-busy", -5),
            Clue("busy.one-busy", -3),
        ),
        Advice(
            "{c} is starved of CPU by its quota",
            "Raise the CPU quota of {c}, or move its leaders away until it has enough.",
            ("docker update --cpu-quota -1 {container}",),
        ),
        prior=-0.5,
        test="docker stats: throttled periods rise and CPU stays at the quota",
        probe="state",
    ),
    Signature(
        "disk-slow",
        _SLOW,
        (
            *REACHABLE,
            Clue("metrics.disk-waits", 6, -3, 15),
            Clue("metrics.commit-waits", 1),
            Clue("metrics.disk-full", -6),
            Clue("metrics.peers-slow", -5),
            Clue("metrics.peers-lost", -6),
            Clue("metrics.fewer-cores", -5),
            Clue("pd.slow-score", 5),
            Clue("pd.leaders-left", -1),
            Clue("rtt.lossy", -4),
            Clue("rtt.shifted", -4),
            Clue("engine.throttled", -6),
            Clue("workload.fallen", 0.5),
            Clue("shape.plateau", 0.5),
            Clue("shape.trickle", 0.5),
            Clue("busy.all-busy", -5),
            Clue("busy.one-busy", -4),
        ),
        Advice(
            "the disk of {c} is slow",
            "Evict the leaders of {c} and replace its disk; PD does so by itself only at a slow score of 100.",
            ("pd-ctl scheduler add evict-leader-scheduler STORE_ID",),
            severity="warning",
        ),
        prior=-0.5,
        test="tikv_raftstore_append_log_duration_seconds is up on this store alone",
        probe="metrics",
    ),
    Signature(
        "disk-full",
        (Role.STORE,),
        (
            *REACHABLE,
            Clue("metrics.disk-full", 8, -4, 70),
            Clue("pd.no-space", 6),
            Clue("workload.stalled", 1),
            Clue("workload.client-busy", 0.5),
        ),
        Advice(
            "the disk of {c} is full: it reads and does not write",
            "Free space on the volume of {c} or extend it; its placeholder file is the reserve.",
            severity="critical",
        ),
        prior=-1,
        test="its available space is zero in PD's store list; writes are refused with DiskFull, reads are not",
        probe="metrics",
    ),
)
