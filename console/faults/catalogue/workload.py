"""Workload faults: what happens to the client, so that it is not taken for the cluster."""

from __future__ import annotations

from typing import ClassVar

from console.model.fault import Fault, TargetKind

from .process import Pause


class ClientPaused(Pause):
    """The load generator is frozen: no output, which is not zero output."""

    spec: ClassVar[Fault] = Fault(
        kind="client-paused",
        family="workload",
        title="Client paused",
        mechanism="docker pause on the load generator",
        signature="no new lines from the client while every store and PD member is well",
        help="The client is frozen; the cluster is not. Resumed on revert.",
        targets=(TargetKind.LOAD,),
        failure_type="resource",
        takes_away=False,
    )
