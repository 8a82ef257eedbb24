"""A store's status port: status, metrics on their grids, configuration, its own view of a region."""

from __future__ import annotations

import re

import httpx

from console.sim.server import SimServer

from .wires import client, order, until


def _metrics(sim: SimServer, store: str = "tikv1") -> dict[str, float]:
    text = client().get(sim.addresses.status[store] + "/metrics").text
    return {m[1]: float(m[2]) for m in re.finditer(r"^([a-z_]\S*) (\S+)$", text, re.MULTILINE)}


def test_the_names_of_the_guide_are_there(sim: SimServer) -> None:
    """Those of guides/tikv.md 3.2 that the physics moves."""
    found = set(_metrics(sim))
    names = {n.split("{")[0] for n in found}
    for name in (
        "tikv_raftstore_region_count",
        "tikv_raftstore_leader_missing",
        "tikv_raftstore_hibernated_peer_state",
        "tikv_raftstore_inspect_network_duration_seconds_bucket",
        "tikv_raftstore_slow_score",
        "tikv_grpc_msg_duration_seconds_count",
        "tikv_raftstore_append_log_duration_seconds_sum",
        "tikv_raftstore_commit_log_duration_seconds_sum",
        "tikv_raftstore_apply_log_duration_seconds_sum",
        "tikv_raftstore_request_wait_time_duration_secs_count",
        "raft_engine_write_duration_seconds_count",
        "tikv_thread_cpu_seconds_total",
        "process_cpu_seconds_total",
        "tikv_server_cpu_cores_quota",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "tikv_store_size_bytes",
        "tikv_pd_request_duration_seconds_count",
        "tikv_server_info",
    ):
        assert name in names, name
    assert 'tikv_raftstore_region_count{type="leader"}' in found
    assert 'tikv_raftstore_inspect_network_duration_seconds_count{source="4",target="1"}' in found


def test_histograms_are_cumulative_and_complete(sim: SimServer) -> None:
    """Buckets never fall, the last one is the count."""
    text = client().get(sim.addresses.status["tikv1"] + "/metrics").text
    buckets = re.findall(r'^tikv_grpc_msg_duration_seconds_bucket\{type="raw_get".*?le="(\S+?)"\} (\d+)$', text, re.M)
    counts = [int(n) for _, n in buckets]
    assert counts == sorted(counts)
    assert buckets[-1][0] == "+Inf"
    total = re.search(r'^tikv_grpc_msg_duration_seconds_count\{type="raw_get".*?\} (\d+)$', text, re.M)
    assert total
    assert int(total[1]) == counts[-1] > 1000


def test_counters_grow_and_start_anew_gauges_keep_their_grid(sim: SimServer) -> None:
    """region_count moves with the ten-second grid only; a restart resets counters under a new start time."""
    count = 'tikv_grpc_msg_duration_seconds_count{type="raw_put",priority="medium"}'
    first = _metrics(sim)
    until(lambda: _metrics(sim)[count] > first[count] + 500, "work")
    sim.call(lambda w: w.pd.schedule.evict(4))
    until(lambda: sim.call(lambda w: w.raft.leaders[4]) == 0, "eviction")
    until(lambda: _metrics(sim)['tikv_raftstore_region_count{type="leader"}'] == 0, "the gauge")
    order(sim, "restart", "tikv1")

    def fresh() -> bool:
        try:
            now = _metrics(sim)
        except httpx.HTTPError:
            return False
        return now[count] < first[count] and now["process_start_time_seconds"] > first["process_start_time_seconds"]

    until(fresh, "a fresh process")


def test_a_lost_peer_is_seen_in_the_matrix(sim: SimServer) -> None:
    """No samples to it any more; those to the other go on."""
    lost = 'tikv_raftstore_inspect_network_duration_seconds_count{source="1",target="4"}'
    kept = 'tikv_raftstore_inspect_network_duration_seconds_count{source="1",target="5"}'
    order(sim, "kill", "tikv1")
    before = _metrics(sim, "tikv0")
    until(lambda: _metrics(sim, "tikv0")[kept] > before[kept] + 20, "samples")
    assert _metrics(sim, "tikv0")[lost] == before[lost]


def test_configuration_and_regions(sim: SimServer) -> None:
    """Posted values show; a region tells who thinks it leads; what is not there is `path not found`."""
    url = sim.addresses.status["tikv1"]
    with client(base_url=url) as http:
        assert http.get("/config").json()["raftstore"]["pd-store-heartbeat-tick-interval"] == "10s"
        assert http.post("/config?persist=false", json={"raftstore.x": "y"}).status_code == 200
        assert http.get("/config").json()["raftstore"]["x"] == "y"
        assert http.post("/config", content=b"{").status_code == 500
        led = sim.call(lambda w: next(iter(w.raft.led_by(4))).id)
        view = http.get(f"/region/{led}").json()
        assert view["raft_status"]["soft_state"]["raft_state"] == "Leader"
        for path in ("/region/99999", "/region/x", "/fail/anything", "/nothing"):
            missing = http.get(path)
            assert (missing.status_code, missing.text) == (404, "path not found\n")
