"""What a poll measures of the folded cluster, and whether that is a steady state."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from console.faults.aborts import metric
from console.model.cluster import Cluster
from console.model.experiment import Limits, Sample
from console.model.incident import Incident


def sample(cluster: Cluster, t: float, phase: str, incidents: Sequence[Incident], level: str) -> Sample:
    """The system now."""
    total, leaderless = cluster.regions.total, metric("leaderless", cluster)
    coverage = None if not total or leaderless is None else 100 * (total - leaderless) / total
    stores, members = metric("stores", cluster), metric("members", cluster)
    names = {c for i in incidents if i.over is None for c in i.components}
    return Sample(
        t=t,
        phase=phase,
        ops=metric("throughput", cluster),
        latency_ms=metric("latency", cluster),
        errors_percent=metric("errors", cluster),
        coverage_percent=coverage,
        stores=None if stores is None else int(stores),
        members=None if members is None else int(members),
        level=level,
        deviating=tuple(sorted(names)),
    )


def deviations(samples: Sequence[Sample], limits: Limits) -> list[str]:
    """Why these samples are no steady state, a sentence each; empty where they are one. What was never measured is one
    of them: no baseline, no experiment."""
    found = []
    for name, values, limit in (
        ("latency", [s.latency_ms for s in samples if s.latency_ms is not None], limits.latency_ms),
        ("errors", [s.errors_percent for s in samples if s.errors_percent is not None], limits.errors_percent),
    ):
        unit = "ms" if name == "latency" else "%"
        if not values:
            found.append(f"{name} could not be measured")
        elif (middle := statistics.median(values)) > limit:
            found.append(f"{name} {middle:.3g} {unit} is over {limit:g} {unit}")
    coverage = [s.coverage_percent for s in samples if s.coverage_percent is not None]
    if not coverage:
        found.append("coverage could not be measured")
    elif min(coverage) < limits.coverage_percent:
        found.append(f"coverage {min(coverage):.4g} % is below {limits.coverage_percent:g} %")
    open_ones = sorted({c for s in samples[-1:] for c in s.deviating})
    if open_ones:
        found.append(f"an incident is open: {', '.join(open_ones)}")
    return found
