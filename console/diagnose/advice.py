"""What to say and do about each fault: the operator's action, commands to copy (never run), severity, risks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """`{c}` is the component, `{container}` its container name."""

    said: str
    action: str
    commands: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    severity: str = "warning"


ADVICE: dict[str, Advice] = {
    "kill": Advice(
        "{c} was killed",
        "Start {c} again. Before anything else check that no second node is down: two of three is the majority.",
        ("docker start {container}",),
        ("A second loss stops every region that has two replicas on the lost nodes.",),
        "critical",
    ),
    "stop": Advice(
        "{c} was stopped in an orderly way",
        "If this was planned, nothing. Otherwise start {c} again and ask who stopped it.",
        ("docker start {container}",),
    ),
    "restart": Advice(
        "{c} was restarted and is running again",
        "Nothing, if it stays up. Read its exit code and last log lines; a third restart is a crash loop.",
        ("docker logs --tail 50 {container}",),
        severity="info",
    ),
    "crash-loop": Advice(
        "{c} keeps dying and being started again",
        "Stop restarting {c} and read its log: a bad flag, a panic mark or a duplicate address does not heal.",
        ("docker logs --tail 100 {container}",),
        severity="critical",
    ),
    "memory": Advice(
        "{c} was killed by the kernel at its memory limit",
        "Raise the limit of {c} or cut its block cache, then start it; it will die again otherwise.",
        ("docker update --memory 2g --memory-swap 2g {container}", "docker start {container}"),
        severity="critical",
    ),
    "pause": Advice(
        "{c} is frozen: alive and not running",
        "Resume {c}. Do not restart it: it holds its data and needs only to run.",
        ("docker unpause {container}",),
        ("On waking, a frozen leader believes for a moment that it still leads.",),
        "critical",
    ),
    "partition": Advice(
        "{c} is cut off from the network",
        "Attach {c} to its network again, with its alias: without the alias nobody finds it by name.",
        ("docker network connect --alias {c} NETWORK {container}",),
        ("Its process is well: do not restart it, and do not remove the store.",),
        "critical",
    ),
    "isolate-pd": Advice(
        "{c} serves its data but cannot reach PD",
        "Repair the path between {c} and PD within 30 minutes, before PD starts to replace it. Leave the store alone.",
    ),
    "cpu": Advice(
        "{c} is starved of CPU by its quota",
        "Raise the CPU quota of {c}, or move its leaders away until it has enough.",
        ("docker update --cpu-quota -1 {container}",),
    ),
    "eviction": Advice(
        "the leaders of {c} are being evicted by a PD scheduler",
        "Ask who set it (rolling restarts do), then remove the scheduler.",
        ("pd-ctl scheduler show", "pd-ctl scheduler remove evict-leader-scheduler"),
        severity="info",
    ),
    "leader-transfer": Advice(
        "PD leadership was handed over from {c}, which is well",
        "Nothing. More than three changes in five minutes would be instability.",
        severity="info",
    ),
    "client-paused": Advice(
        "the load generator {c} is frozen; the cluster is not the cause",
        "Resume {c}. No data is not zero throughput.",
        ("docker unpause {container}",),
    ),
    "quorum-loss": Advice(
        "{c} has lost its majority",
        "Bring one member back first: that restores the majority. Force nothing while a disk may still be good.",
        ("docker start CONTAINER", "docker unpause CONTAINER"),
        ("Forcing recovery while members can come back loses writes.",),
        "critical",
    ),
    "planned": Advice(
        "a planned operation is under way on {c}", "Nothing; it is watched until it ends.", severity="info"
    ),
    "unknown": Advice(
        "something is wrong and no signature fits",
        "Look at the findings below and run the test that separates the best two explanations.",
    ),
}
