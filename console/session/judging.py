"""What `replay FILE --json` prints: a record judged from its observations, and, on request, held against the truth."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from console.diagnose.watch import Judged, Watch
from console.model.cluster import Workload
from console.model.names import service_of
from console.model.observation import DOCKER, LAB, YCSB, Observation
from console.observe.record import Record

VANTAGES = ("docker", "probe", "pd", "workload")
_PROBES = ("status", "direct", "tcp", "ping", "metrics")


def vantage_of(obs: Observation) -> str | None:
    """The vantage point an observation belongs to; None for what belongs to none (the injector, the console)."""
    if obs.src == DOCKER:
        return "docker"
    if obs.src == YCSB:
        return "workload"
    if obs.src in (LAB, "console"):
        return None
    return "probe" if obs.kind in _PROBES else "pd"


def judge(record: Record, *, blind: bool = False, without: Iterable[str] = ()) -> Watch:
    """Run detection and rules over a whole record. What the injector did is never shown to them."""
    hidden = set(without)
    watch = Watch(blind=blind, sparse=record.sparse)
    for obs in record.observations:
        if obs.src == LAB or vantage_of(obs) in hidden:
            continue
        watch.advance(obs.t)
        watch.feed(obs)
    watch.advance(record.duration)
    return watch


def report(record: Record, *, blind: bool = False, without: Iterable[str] = (), reveal: bool = False) -> dict[str, Any]:
    """The JSON object of flight-record.md, times on the record's own clock."""
    watch = judge(record, blind=blind, without=without)
    found = [_incident(j) for j in watch.judged]
    answer: dict[str, Any] = {
        "record": 1,
        "duration_s": round(record.duration, 3),
        "mode": "data-plane" if blind else "host-aware",
        "incidents": found,
        "throughput": _throughput(watch.cluster.workload),
    }
    if record.bad_lines:
        answer["skipped_lines"] = record.bad_lines
    if reveal:
        told = truth(record.observations)
        answer["truth"] = told
        answer["score"] = _score(told, found)
    return answer


def _incident(judged: Judged) -> dict[str, Any]:
    incident, d = judged.incident, judged.diagnosis
    return {
        "fault": d.fault,
        "component": d.component,
        "began_s": round(incident.began, 2),
        "detected_s": {k: round(v, 2) for k, v in incident.detected().items()},
        "over_s": None if incident.over is None else round(incident.over, 2),
        "confidence": d.confidence,
        "hypotheses": [
            {
                "fault": h.fault,
                "component": h.component,
                "confidence": h.confidence,
                "for": list(h.supporting),
                "against": list(h.against),
            }
            for h in d.hypotheses
        ],
        "narrative": d.narrative,
        "action": d.action,
    }


def _throughput(load: Workload) -> dict[str, Any]:
    ops = [i.ops for i in load.intervals]
    return {
        "intervals": len(ops),
        "median_ops": round(median(ops), 1) if ops else None,
        "min_ops": round(min(ops), 1) if ops else None,
    }


# What lab injectors write as a plain command, by the words in it.
_COMMANDS: tuple[tuple[str, str], ...] = (
    (r"docker kill\b", "kill"),
    (r"docker stop\b", "stop"),
    (r"docker pause\b", "pause"),
    (r"docker restart\b", "restart"),
    (r"network disconnect\b", "partition"),
    (r"update\b.*--cpu", "cpu"),
    (r"update\b.*--memory", "memory"),
    (r"netem.*loss|statistic.*probability", "loss"),
    (r"netem.*delay|NFQUEUE", "latency"),
    (r"\btbf\b|\bhtb\b", "bandwidth"),
    (r"leader/(resign|transfer)", "leader-transfer"),
)


def truth(observations: Iterable[Observation]) -> dict[str, Any] | None:
    """What the injector says it did: the first `lab` injection of the record; None where there is none."""
    for obs in observations:
        if obs.src == LAB and obs.kind == "inject":
            told = _told(obs.data)
            return {**told, "began_s": round(obs.t, 2), "ended_s": _ended(observations)}
    return None


def _ended(observations: Iterable[Observation]) -> float | None:
    return next((round(o.t, 2) for o in observations if o.src == LAB and o.kind in ("reverted", "revert")), None)


def _told(data: Any) -> dict[str, Any]:
    if isinstance(data, Mapping):
        return {"fault": data.get("kind", data.get("fault")), "target": data.get("target")}
    text = str(data)
    fault = next((f for pattern, f in _COMMANDS if re.search(pattern, text)), None)
    words = [service_of(w) for w in text.split() if re.search(r"(pd|tikv)\d+|ycsb", w)]
    target = words[-1] if words else None
    if fault == "pause" and target is not None and "ycsb" in target:
        fault = "client-paused"
    return {"fault": fault, "target": target, "command": text}


def _score(told: dict[str, Any] | None, found: list[dict[str, Any]]) -> dict[str, Any]:
    """The first incident against the truth; with nothing done, silence is right."""
    if told is None:
        return {"false_incidents": len(found), "right": not found}
    if not found:
        return {"detected": False, "right": False, "false_incidents": 0}
    best = min(found, key=lambda i: abs(i["began_s"] - told["began_s"]))
    first = min(best["detected_s"].values(), default=None)
    kind, place = best["fault"] == told["fault"], best["component"] == told["target"]
    return {
        "detected": True,
        "fault": kind,
        "component": place,
        "right": kind and place,
        "onset_error_s": round(best["began_s"] - told["began_s"], 2),
        "time_to_detect_s": None if first is None else round(first - told["began_s"], 2),
        "false_incidents": len(found) - 1,
    }
