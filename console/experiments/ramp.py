"""Load steps: what all clients together get done, and rates as shares of the most they got done.

The second client's own log is not kept, so the stores are asked: how many requests each has answered. A request is no
operation (go-ycsb reads before it updates: workload A asks three times for two operations), so what an operation costs
is measured first, while the watched client is alone. What cannot be measured is said to be so, and never guessed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from console.model.cluster import Cluster, Interval, StoreMetrics
from console.model.experiment import Load, Step

KIND = "overload"
ARGUMENT = "percent_of_peak"
LEAST_RATE = 1.0  # operations/s; 0 would be as fast as it goes
SETTLE_S = 2.0  # until a second client has its connections
PATIENCE_S = 16.0  # beyond a step's own time: stores are asked every 5 s, and a client may print every 10
POLL_S = 0.5
_REQUESTS, _START = "grpc_n", "process_start_time_seconds"


class Unmeasured(Exception):
    """A load step could not be measured; one line that says so and why."""

    def __init__(self, why: str) -> None:
        super().__init__(f"could not be measured: {why}")


# -- the file -------------------------------------------------------------------------------------------------------


def percent(kind: str, arguments: Mapping[str, Any]) -> tuple[float | None, str]:
    """What an injection says of its percent of the peak, and what is wrong with it."""
    value = arguments.get(ARGUMENT)
    if value is None:
        return None, ""
    if kind != KIND:
        return None, f"only {KIND} has a rate that could be a share of a peak, {kind} has none"
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1 <= value <= 100:
        return None, f"{value!r} is not a number of percent from 1 to 100"
    params = arguments.get("params")
    if isinstance(params, Mapping) and "rate" in params:
        return None, "the rate follows from the peak, so params may not give one"
    return float(value), ""


def ordered(steps: Sequence[Step | None]) -> tuple[list[Step | None], dict[int, str]]:
    """The steps with those marked that measure a peak, and what is wrong with their order, by number."""
    shares = [n for n, s in enumerate(steps) if s is not None and s.percent is not None]
    if not shares:
        return list(steps), {}
    found: list[Step | None] = []
    wrong: dict[int, str] = {}
    measured, still_in = False, ""
    for n, step in enumerate(steps):
        if step is not None and n < shares[-1] and _unthrottled(step):
            step, measured = replace(step, peak=True), True
        if n in shares and not measured:
            wrong[n] = f"no peak is measured before it: an {KIND} step without a rate comes first"
        elif n in shares and still_in:
            wrong[n] = f"{still_in!r} is still in: a step revert_all must come between"
        if step is not None and (step.reverts or step.injects):
            still_in = "" if step.reverts else step.name
        found.append(step)
    return found, wrong


def _unthrottled(step: Step) -> bool:
    return step.kind == KIND and step.percent is None and not step.params.get("rate")


# -- measuring ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Client:
    """What the watched client did, over whole intervals of its own."""

    ops: float
    latency_ms: float | None
    errors_percent: float | None


class Meter:
    """Counts from `since` (session seconds) on; fed with the folded cluster."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._seen: dict[str, tuple[StoreMetrics, StoreMetrics]] = {}  # first and last

    def look(self, cluster: Cluster) -> None:
        """One more picture."""
        for name, store in cluster.stores.items():
            now = store.metrics
            if now is None or now.at < self._since or _REQUESTS not in now.values:
                continue
            first, last = self._seen.get(name, (now, now))
            again = first.values.get(_START) != now.values.get(_START)
            if again or now.values[_REQUESTS] < last.values[_REQUESTS]:
                first = now  # a restarted store counts from zero
            self._seen[name] = (first, now)

    def missing(self, cluster: Cluster) -> str:
        """What cannot be told yet; empty where all can."""
        serving = _serving(cluster)
        none = [n for n in serving if n not in self._seen and not _counted(cluster, n)]
        if none or not serving:
            return f"no count of requests is served by {', '.join(none) or 'any store'}"
        few = [n for n in serving if n not in self._seen or self._seen[n][0].at >= self._seen[n][1].at]
        if few:
            return f"{', '.join(few)} did not tell twice how many requests were answered"
        return "" if self._intervals(cluster) else "the watched client printed no interval"

    def requests(self, cluster: Cluster) -> float:
        """Requests/s of all stores that serve, each over its own time between two looks. Nothing may be missing."""
        pairs = [self._seen[n] for n in _serving(cluster)]
        return sum((b.values[_REQUESTS] - a.values[_REQUESTS]) / (b.at - a.at) for a, b in pairs)

    def client(self, cluster: Cluster) -> Client:
        """The watched client meanwhile. Nothing may be missing."""
        found = self._intervals(cluster)
        count, errors = sum(i.count for i in found), sum(i.errors for i in found)
        spent = sum(i.count * i.mean_us for i in found if i.mean_us is not None)
        timed = sum(i.count for i in found if i.mean_us is not None)
        return Client(
            count / sum(i.seconds for i in found),
            spent / timed / 1000 if timed else None,
            100 * errors / (count + errors) if count + errors else None,
        )

    def _intervals(self, cluster: Cluster) -> list[Interval]:
        """Those that lie within the time whole."""
        return [i for i in cluster.workload.intervals if i.seconds > 0 and i.t - i.seconds >= self._since]


def _serving(cluster: Cluster) -> list[str]:
    """Stores that should be counted."""
    stores = cluster.stores.items()
    return sorted(n for n, s in stores if not s.status.lost and (s.pd is None or s.pd.state != "Tombstone"))


def _counted(cluster: Cluster, name: str) -> bool:
    metrics = cluster.stores[name].metrics
    return metrics is not None and _REQUESTS in metrics.values


# -- a run ----------------------------------------------------------------------------------------------------------


class Ramp:
    """The load steps of one run. `wait` waits so many seconds and says False where the run was stopped; what was
    measured is added to `loads`."""

    def __init__(
        self,
        now: Callable[[], float],
        cluster: Callable[[], Cluster],
        wait: Callable[[float], Awaitable[bool]],
        loads: list[Load],
    ) -> None:
        self._now, self._cluster, self._wait, self._loads = now, cluster, wait, loads
        self._meter = Meter(now())
        self._alone = 0.0  # operations/s of the watched client by itself
        self._cost = 0.0  # requests of the stores an operation
        self._peak = 0.0  # operations/s
        self._offered = 0.0

    def begin(self, settle_s: float = 0.0) -> None:
        """Count from so many seconds on."""
        self._meter = Meter(self._now() + settle_s)

    def look(self) -> None:
        """One more picture."""
        self._meter.look(self._cluster())

    async def calibrate(self) -> bool:
        """What the watched client does by itself, and what an operation costs; before anything else brings load.
        False where the run was stopped. Raises Unmeasured."""
        if not await self._ready():
            return False
        cluster = self._cluster()
        alone, requests = self._meter.client(cluster).ops, self._meter.requests(cluster)
        if alone <= 0 or requests <= 0:
            raise Unmeasured("the watched client does nothing, so what an operation costs cannot be told")
        self._alone, self._cost = alone, requests / alone
        return True

    def rate(self, step: Step) -> float:
        """Operations/s of the second client, so that all together offer the step's share of the peak."""
        share = (step.percent or 0.0) / 100 * self._peak
        rate = max(LEAST_RATE, float(round(share - self._alone)))
        self._offered = self._alone + rate
        return rate

    async def end(self, step: Step) -> Load | None:
        """What was reached since `begin`; None where the run was stopped. Raises Unmeasured."""
        if not await self._ready():
            return None
        cluster = self._cluster()
        reached, client = self._meter.requests(cluster) / self._cost, self._meter.client(cluster)
        if step.peak:
            if reached <= 0:
                raise Unmeasured("the stores answered nothing")
            self._peak = reached
        offered = None if step.peak else self._offered
        load = Load(step.name, step.percent, offered, reached, client.latency_ms, client.errors_percent)
        self._loads.append(load)
        return load

    async def _ready(self) -> bool:
        """Wait until everything was told twice. False where the run was stopped. Raises Unmeasured."""
        end = self._now() + PATIENCE_S
        self.look()
        while said := self._meter.missing(self._cluster()):
            if self._now() >= end:
                raise Unmeasured(said)
            if not await self._wait(POLL_S):
                return False
            self.look()
        return True
