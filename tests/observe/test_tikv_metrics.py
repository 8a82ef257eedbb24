"""A store's metrics page reduced: what is wanted, added up, and nothing that is not a number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.observe.tikv_metrics import reduce_metrics
from console.sim.physics.spec import ClusterSpec
from console.sim.physics.world import World
from console.sim.wire.tikv_metrics import tikv_metrics

PAGE = """# HELP tikv_grpc_msg_duration_seconds Bucketed histogram
# TYPE tikv_grpc_msg_duration_seconds histogram
tikv_grpc_msg_duration_seconds_bucket{type="raw_get",le="0.5"} 9
tikv_grpc_msg_duration_seconds_sum{type="raw_get",priority="medium"} 1.5
tikv_grpc_msg_duration_seconds_sum{type="raw_put",priority="medium"} 2
tikv_raftstore_region_count{type="leader"} 4
tikv_raftstore_region_count{type="region"} 12
tikv_raftstore_inspect_network_duration_seconds_count{target="4",source="1"} 600
tikv_raftstore_inspect_network_duration_seconds_count{target="x y",source="1"} 7
process_start_time_seconds 1795180000
tikv_server_cpu_cores_quota NaN
tikv_raftstore_leader_missing nonsense
tikv_raftstore_slow_score{type="disk"} 1 1795180000000
"""


def test_only_what_is_wanted() -> None:
    assert reduce_metrics(PAGE) == {
        "grpc_s": 3.5,
        "leaders": 4.0,
        "net_n/4": 600.0,
        "process_start_time_seconds": 1795180000.0,
        "slow_score": 1.0,
    }


def test_the_simulated_page_has_all_that_tells_faults_apart() -> None:
    world = World(ClusterSpec())
    world.advance(30)
    world.settle()
    values = reduce_metrics(tikv_metrics(world, next(iter(world.stores.values()))))
    assert {"append_s", "commit_n", "wait_s", "cores", "available", "pd_failures", "cpu_s", "slow_score"} <= set(values)


@given(st.text(max_size=300))
def test_any_text_is_survived(text: str) -> None:
    assert all(isinstance(v, float) for v in reduce_metrics(text).values())
    reduce_metrics("tikv_grpc_msg_duration_seconds_sum{" + text)
