"""A network that is there and bad: packets lost, late, squeezed; a link that comes and goes."""

from __future__ import annotations

from console.model.names import Role

from .base import ALIVE, NODE, REACHABLE, VETO, Advice, Clue, Signature

_SLOW = (Role.STORE, Role.PD, Role.OTHER)  # OTHER: something is slow and nobody can say where
# What a slow network is not.
_NOT_INSIDE = (
    *REACHABLE,
    Clue("engine.throttled", -6),
    Clue("metrics.disk-waits", -6),
    Clue("metrics.cpu-waits", -4),
    Clue("metrics.fewer-cores", -5),
    Clue("metrics.disk-full", VETO),
    Clue("metrics.peers-lost", -5),
    Clue("pd.slow-score", -3),
    Clue("pd.leaders-left", -3),
    Clue("pd.heartbeat-late", -3),
    Clue("busy.all-busy", -4),
    Clue("busy.one-busy", -4),
)

SHAPING: tuple[Signature, ...] = (
    Signature(
        "loss",
        _SLOW,
        (
            *_NOT_INSIDE,
            Clue("rtt.lossy", 5),
            Clue("rtt.shifted", -4),
            Clue("metrics.peers-slow", 3),
            Clue("metrics.commit-waits", 0.5),
            Clue("shape.ragged", 1.5),
            Clue("shape.next-to-nothing", 1.5),
            Clue("shape.plateau", -2),
            Clue("workload.fallen", 0.5),
            Clue("shape.trickle", 2),
            Clue("shape.even", -2),
        ),
        Advice(
            "{c} loses packets",
            "Move the leaders away from {c} and replace the path; TCP survives, at the price of waiting.",
            ("pd-ctl scheduler add evict-leader-scheduler STORE_ID",),
        ),
        prior=-0.5,
        test="round trips to it come in steps and with time-outs; retransmits rise (/proc/PID/net/snmp RetransSegs)",
        probe="port",
    ),
    Signature(
        "latency",
        _SLOW,
        (
            *_NOT_INSIDE,
            Clue("rtt.shifted", 6, -2, 8),
            Clue("rtt.lossy", -4),
            Clue("rtt.starved", -3),
            Clue("metrics.peers-slow", 2),
            Clue("metrics.commit-waits", 0.5),
            Clue("shape.even", 3),
            Clue("shape.plateau", 1.5),  # a closed loop with the same delay on every turn is as flat as a cap
            Clue("shape.next-to-nothing", -0.5),
            Clue("workload.fallen", 0.5),
        ),
        Advice(
            "every packet of {c} is late by the same",
            "Move the leaders away from {c} until the path is repaired. PD evicts by itself only from 1 s on.",
            ("pd-ctl scheduler add evict-leader-scheduler STORE_ID",),
        ),
        prior=-0.5,
        test="the median of its round trips has risen and the spread has not; nothing is lost",
        probe="port",
    ),
    Signature(
        "bandwidth",
        _SLOW,
        (
            *_NOT_INSIDE,
            Clue("rtt.lossy", -2),
            Clue("rtt.shifted", -2),
            Clue("rtt.starved", -2),
            Clue("metrics.commit-waits", -1),
            Clue("metrics.peers-slow", -3),
            Clue("shape.plateau", 3, -3, 10),
            Clue("shape.ragged", -4),
            Clue("shape.next-to-nothing", -2),
            Clue("workload.fallen", 0.5),
        ),
        Advice(
            "the link of {c} is narrow: throughput stands on a flat plateau",
            "Find the link whose bytes out are constant (docker stats), lift the cap, spread its leaders.",
            ("docker stats --no-stream",),
        ),
        prior=-0.5,
        test="bytes out of one container are constant while the others' vary",
        probe="state",
    ),
    Signature(
        "flapping",
        NODE,
        (
            *ALIVE,
            Clue("reach.flaps", 8, -2, 25),
            Clue("reach.twice", 5),
            Clue("engine.flaps", 8),
            Clue("engine.paused", -6),
            Clue("engine.no-network", -2),
            Clue("docker.died-often", VETO),
            Clue("reach.fine", VETO),
        ),
        Advice(
            "the network of {c} comes and goes",
            "Stabilise the link of {c} before anything else; evict its leaders meanwhile. No restarts.",
            ("pd-ctl scheduler add evict-leader-scheduler STORE_ID",),
        ),
        prior=-2,
        test="three changes a minute and more between answering and silence, with the same process throughout",
        probe="port",
    ),
)
