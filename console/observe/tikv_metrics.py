"""A store's own metrics: the status port's `/metrics`, bounded, reduced to the few numbers that tell faults apart.

Names and meanings: guides/tikv.md 3.2 (v8.5.5). Flushed by TiKV every 1 to 10 s, so it is asked every 5 s. A store
that serves none (404) is asked once a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from console.model.observation import Observation

from .clock import Clock
from .source import Emit, Health, SourceError, every

if TYPE_CHECKING:
    import httpx

METRICS_S = 5.0
NONE_SERVED_S = 60.0
DEADLINE_S = 2.0
MAX_BYTES = 6_000_000  # of text; a store of a few thousand regions serves about 1 MB
MAX_PEERS = 64

# series -> (label that must have this value or None, our name); equal names are added up
_PLAIN: dict[str, tuple[tuple[str, str] | None, str]] = {
    "process_start_time_seconds": (None, "process_start_time_seconds"),
    "process_cpu_seconds_total": (None, "cpu_s"),
    "process_resident_memory_bytes": (None, "rss"),
    "tikv_server_memory_quota_bytes": (None, "memory_quota"),
    "tikv_server_cpu_cores_quota": (None, "cores"),
    "tikv_raftstore_leader_missing": (None, "leader_missing"),
    "tikv_raftstore_slow_score": (("type", "disk"), "slow_score"),
    "tikv_raftstore_region_count": (("type", "leader"), "leaders"),
    "tikv_pd_reconnect_total": (("type", "failure"), "pd_failures"),
    "tikv_storage_engine_async_request_total": (("status", "err_disk_full"), "disk_full_errors"),
    "tikv_store_size_bytes": (("type", "available"), "available"),
    "tikv_grpc_msg_duration_seconds_sum": (None, "grpc_s"),
    "tikv_grpc_msg_duration_seconds_count": (None, "grpc_n"),
    "tikv_raftstore_append_log_duration_seconds_sum": (None, "append_s"),
    "tikv_raftstore_append_log_duration_seconds_count": (None, "append_n"),
    "tikv_raftstore_commit_log_duration_seconds_sum": (None, "commit_s"),
    "tikv_raftstore_commit_log_duration_seconds_count": (None, "commit_n"),
    "tikv_raftstore_request_wait_time_duration_secs_sum": (None, "wait_s"),
    "tikv_raftstore_request_wait_time_duration_secs_count": (None, "wait_n"),
}
# series -> (label whose value becomes part of our name, our name)
_BY_PEER: dict[str, tuple[str, str]] = {
    "tikv_server_report_failure_msg_total": ("store_id", "unreachable"),
    "tikv_raftstore_inspect_network_duration_seconds_sum": ("target", "net_s"),
    "tikv_raftstore_inspect_network_duration_seconds_count": ("target", "net_n"),
}


def reduce_metrics(text: str) -> dict[str, float]:
    """`{our name: value}` of a Prometheus page; what is not a number or not wanted is left out."""
    out: dict[str, float] = {}
    for line in text.splitlines():
        if not line or line[0] == "#":
            continue
        series, brace, rest = line.partition("{")
        if brace:
            labels, _, value = rest.rpartition("} ")
        else:
            series, _, value = line.partition(" ")
            labels = ""
        name = _name(series, labels, len(out))
        if name is None:
            continue
        try:
            number = float(value.split(" ", 1)[0])
        except ValueError:
            continue
        if number == number:
            out[name] = out.get(name, 0.0) + number
    return out


def _name(series: str, labels: str, known: int) -> str | None:
    plain = _PLAIN.get(series)
    if plain is not None:
        wanted, name = plain
        return name if wanted is None or _label(labels, wanted[0]) == wanted[1] else None
    peer = _BY_PEER.get(series)
    if peer is None or known > len(_PLAIN) + 3 * MAX_PEERS:
        return None
    value = _label(labels, peer[0])
    return f"{peer[1]}/{value}" if value.isdigit() else None


def _label(labels: str, name: str) -> str:
    start = f",{labels}".find(f',{name}="')
    if start < 0:
        return ""
    start += len(name) + 2
    return labels[start : labels.find('"', start)]


class StoreMetricsSource:
    """Asks one store for its metrics."""

    def __init__(self, name: str, url: Callable[[], str | None], clock: Clock, emit: Emit) -> None:
        self.name = name
        self._url, self._clock, self._emit = url, clock, emit
        self.health = Health(f"{name} metrics", emit, clock, METRICS_S)

    async def run(self) -> None:
        """Until cancelled."""
        import httpx

        deadline = self._clock.real(DEADLINE_S)
        async with httpx.AsyncClient(timeout=deadline, trust_env=False) as client:
            await every(self._clock, METRICS_S, lambda: self._once(client))

    async def _once(self, client: httpx.AsyncClient) -> None:
        import httpx

        url = self._url()
        if url is None:
            return
        try:
            text = await self._page(client, url)
        except httpx.HTTPError:
            return  # the probe beside us says how the store fares; a page that did not come is only missing
        if text is None:
            await self._clock.sleep(NONE_SERVED_S)
            return
        values = reduce_metrics(text)
        if values:
            self._emit(Observation(self._clock.now(), self.name, "metrics", values))
        self.health.ok()

    async def _page(self, client: httpx.AsyncClient, url: str) -> str | None:
        """The page, or None where none is served. Raises SourceError for one that never ends."""
        parts, size = [], 0
        async with client.stream("GET", f"{url}/metrics") as response:
            if response.status_code != 200:
                return None
            async for part in response.aiter_bytes():
                parts.append(part)
                size += len(part)
                if size > MAX_BYTES:
                    raise SourceError(f"{self.name}: its metrics page is longer than {MAX_BYTES:,} bytes")
        return b"".join(parts).decode(errors="replace")
