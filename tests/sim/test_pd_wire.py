"""PD over HTTP: every recorded answer of a real PD v8.5.5 against ours, and how asking fails."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import httpx
import pytest

from console.sim.server import SimServer

from .wires import client, order, samples, until

V1 = "/pd/api/v1"
SAMPLES = samples()
_OTHER = {"GET /pd/api/v1/operators"}  # none are under way here


def _url(sim: SimServer, member: str | None = None) -> str:
    name = member or sim.call(lambda w: w.pd.elections.leader or "")
    return sim.addresses.pd[name]


def _leader(sim: SimServer) -> str:
    return sim.call(lambda w: w.pd.elections.leader or "")


def _follower(sim: SimServer) -> str:
    return next(n for n in sim.addresses.pd if n != _leader(sim))


def shape(value: Any) -> Any:
    """The form of a JSON value: keys in order, kinds of leaves."""
    if isinstance(value, dict):
        if value and all(k.isdigit() for k in value):
            return {"<id>": shape(next(iter(value.values())))}
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, (int, float)) else "text"


def _whole(body: str) -> Any:
    """The recorded JSON, or None where the recording cut it short."""
    try:
        return json.loads(body)
    except ValueError:
        return None


@pytest.fixture(scope="module")
def still() -> Any:
    """One undisturbed simulator for questions."""
    with SimServer(seed=3, speed=10.0, warmup=30.0, stores=3) as server:
        yield server


@pytest.mark.parametrize("asked", [a for a in SAMPLES if a != "GET /pd/api/v1/foo"])
def test_answers_have_the_form_of_the_real_ones(still: SimServer, asked: str) -> None:
    """Status, content type, keys and their order, kinds of values."""
    status, kind, body = SAMPLES[asked]
    path = asked.split(" ", 1)[1]
    answer = client().get(_url(still) + path)
    assert answer.status_code == status
    if kind:
        assert answer.headers["content-type"].lower() == kind.lower()
    real = _whole(body)
    if real is None or asked in _OTHER:
        return
    ours = answer.json()
    if isinstance(real, str):
        assert ours == real
    elif "/config" in asked and not asked.endswith("rules"):
        assert {k: v for k, v in shape(ours).items() if k in real and k != "log"} == {
            k: v for k, v in shape(real).items() if k in ours and k != "log"
        }
    elif "/regions" in asked and isinstance(ours, dict):
        assert set(ours) == set(real)
    else:
        assert shape(ours) == shape(real)


@pytest.mark.parametrize("asked", ["/stores", "/store/1", "/members", "/regions/key?limit=1", "/hotspot/regions/read"])
def test_long_answers_have_the_same_keys_in_the_same_order(still: SimServer, asked: str) -> None:
    """Read key by key out of the recording, which cuts long answers short."""
    import re

    path = f"{V1}{asked}"
    _, _, body = SAMPLES[f"GET {path}"]
    real = re.findall(r'"([a-z_]+)":', body)
    ours = re.findall(r'"([a-z_]+)":', client().get(_url(still) + path).text)
    first = list(dict.fromkeys(real))
    assert [k for k in dict.fromkeys(ours) if k in first] == [k for k in first if k in ours]
    missing = set(first) - set(ours)
    assert not missing


def test_sizes_are_the_same_to_the_byte_where_the_content_is(still: SimServer) -> None:
    """Indentation and newlines as Go writes them."""
    url = _url(still)
    for path, size in (("/stores/check?state=disconnected", 33), ("/regions/count", 37), ("/schedulers", 165),
                       ("/region/id/5", 182), ("/regions/check/miss-peer", 24), ("/config/replicate", 188),
                       ("/checker/rule", 22), ("/store/99", 47)):  # fmt: skip
        assert len(client().get(f"{url}{V1}{path}").content) == size, path


def test_stores_come_in_another_order_each_time(still: SimServer) -> None:
    """PD walks a map."""
    url = f"{_url(still)}{V1}/stores"
    with client() as http:
        orders = {tuple(s["store"]["id"] for s in http.get(url).json()["stores"]) for _ in range(40)}
    assert len(orders) > 1


def test_numbers_agree_with_each_other(still: SimServer) -> None:
    """Heartbeat in nanoseconds, uptime of the last beat, counts that add up."""
    with client(base_url=_url(still) + V1) as http:
        stores = {s["store"]["id"]: s for s in http.get("/stores").json()["stores"]}
        stats = http.get("/stats/region").json()
        count = http.get("/regions/count").json()["count"]
        listed = http.get("/regions").json()
    assert count == listed["count"] == len(listed["regions"]) == 12
    assert {int(k): v for k, v in stats["store_leader_count"].items()} == {
        i: s["status"]["leader_count"] for i, s in stores.items()
    }
    for s in stores.values():
        beat, start = s["store"]["last_heartbeat"], s["store"]["start_timestamp"]
        assert float(s["status"]["uptime"].rstrip("s").replace("m", "0")[-5:] or 0) >= 0
        assert 0 <= beat / 1e9 - start < 1e7
        assert s["status"]["capacity"] == "100GiB"
    by_leader = [r["leader"]["store_id"] for r in listed["regions"]]
    assert {s: by_leader.count(s) for s in stores} == {s: v["status"]["leader_count"] for s, v in stores.items()}


def test_regions_are_found_by_key_and_paged(still: SimServer) -> None:
    """Hexadecimal keys, half-open ranges, the last end_key leads on."""
    with client(base_url=_url(still) + V1) as http:
        seen, key = [], ""
        while True:
            page = http.get("/regions/key", params={"key": key, "limit": 5, "format": "hex"}).json()
            seen += [r["id"] for r in page["regions"]]
            key = page["regions"][-1]["end_key"]
            if not key:
                break
        assert seen == sorted(seen)
        assert len(seen) == 12
        second = http.get(f"/region/id/{seen[1]}").json()
        assert http.get(f"/region/key/{second['start_key']}", params={"format": "hex"}).json()["id"] == seen[1]
        of_store = http.get("/regions/store/1", params={"type": "leader"}).json()
        assert {r["leader"]["store_id"] for r in of_store["regions"]} == {1}


def test_etcd_status_is_each_members_own(still: SimServer) -> None:
    """Numbers as text; the leader is a member id."""
    ids = {m["member_id"] for m in client().get(f"{_url(still)}{V1}/members").json()["members"]}
    for url in still.addresses.pd.values():
        answer = client().post(f"{url}/v3/maintenance/status", json={}).json()
        assert int(answer["leader"]) in ids
        assert int(answer["raftTerm"]) >= 2
        assert int(answer["header"]["member_id"]) in ids


def test_metrics_have_the_names_of_the_guide(still: SimServer) -> None:
    """Leader-only series are the leader's."""
    leader = client().get(f"{_url(still)}/metrics").text
    follower = client().get(f"{_url(still, _follower(still))}/metrics").text
    for name in ("pd_cluster_status{", "pd_scheduler_store_status{", "pd_regions_status{", "service_member_role{",
                 "etcd_server_has_leader 1", 'pd_server_etcd_state{type="term"}', "pd_config_status{",
                 'pd_cluster_status{type="store_up_count",engine="tikv",store=""} 3'):  # fmt: skip
        assert name in leader
    assert "pd_regions_status" not in follower
    assert 'service_member_role{service="PD"} 0' in follower


# -- orders ----------------------------------------------------------------------------------------------------------


def test_scheduler_and_checker_orders(sim: SimServer) -> None:
    """Eviction, pause, removal; DELETE answers null."""
    with client(base_url=_url(sim) + V1) as http:
        added = http.post("/schedulers", json={"name": "evict-leader-scheduler", "store_id": 4})
        assert added.status_code == 200
        assert "evict-leader-scheduler" in http.get("/schedulers").json()
        ranges = http.get("/scheduler-config/evict-leader-scheduler/list").json()
        assert list(ranges["store-id-ranges"]) == ["4"]
        until(lambda: http.get("/store/4").json()["status"]["leader_count"] == 0, "eviction")
        gone = http.delete("/schedulers/evict-leader-scheduler-4")
        assert (gone.status_code, gone.json()) == (200, None)
        assert http.delete("/schedulers/evict-leader-scheduler-4").status_code == 404
        assert http.post("/schedulers/balance-leader-scheduler", json={"delay": 300}).status_code == 200
        assert http.get("/schedulers?status=paused").json() == ["balance-leader-scheduler"]
        assert http.post("/schedulers/balance-leader-scheduler", json={"delay": 0}).status_code == 200
        assert http.get("/schedulers?status=paused").json() == []
        assert http.post("/checker/rule", json={"delay": 300}).status_code == 200
        assert http.get("/checker/rule").json() == {"paused": True}
        assert http.post("/schedulers", json={"name": "no-such-scheduler"}).status_code == 400


def test_configuration_orders(sim: SimServer) -> None:
    """Persisted edits show; expiring ones do not; wrong ones are refused."""
    with client(base_url=_url(sim) + V1) as http:
        assert http.post("/config", json={"schedule.max-store-down-time": "1m"}).status_code == 200
        assert http.get("/config/schedule").json()["max-store-down-time"] == "1m0s"
        ttl = http.post("/config", params={"ttlSecond": 60}, json={"schedule.leader-schedule-limit": 0})
        assert ttl.json() == "The ttl config is updated."
        assert http.get("/config/schedule").json()["leader-schedule-limit"] == 4
        for bad in ({"nothing.such": 1}, {"schedule.leader-schedule-limit": "x"}):
            assert http.post("/config", json=bad).status_code == 400
        for broken in (b"", b"{", b"[1]", b'"x"', b"\xff"):
            assert http.post("/config", content=broken).status_code == 400


def test_operators(sim: SimServer) -> None:
    """transfer-leader with its own word for the store; shown while it runs, recorded after."""
    with client(base_url=_url(sim) + V1) as http:
        region = http.get("/regions/store/1?type=leader").json()["regions"][0]["id"]
        wrong = http.post("/operators", json={"name": "transfer-leader", "region_id": region, "store_id": 4})
        assert (wrong.status_code, wrong.json()) == (400, "missing store id to transfer leader to")
        right = http.post("/operators", json={"name": "transfer-leader", "region_id": region, "to_store_id": 4})
        assert right.status_code == 200
        until(lambda: http.get("/operators/records").status_code == 200, "a record")
        assert "transfer leader from store 1 to store 4" in http.get("/operators/records").json()[0]


def test_leader_orders(sim: SimServer) -> None:
    """Resign, and transfer to a member."""
    old, to = _leader(sim), _follower(sim)
    with client() as http:
        assert http.post(f"{_url(sim)}{V1}/leader/resign").status_code == 200
        until(lambda: _leader(sim) not in ("", old), "a new leader")
        now = _leader(sim)
        to = next(n for n in sim.addresses.pd if n not in (now, old)) if now != to else old
        assert http.post(f"{_url(sim)}{V1}/leader/transfer/{to}").status_code == 200
        until(lambda: _leader(sim) == to, "the transfer")
        assert http.post(f"{_url(sim)}{V1}/leader/transfer/nobody").status_code == 500


def test_a_store_is_not_let_go_where_too_few_would_be_left(sim: SimServer) -> None:
    """Three stores, three replicas."""
    with client(base_url=_url(sim) + V1) as http:
        refused = http.delete("/store/4")
        assert refused.status_code == 400
        assert "ErrStoresNotEnough" in refused.text
        assert http.delete("/store/99").status_code == 404


@pytest.mark.parametrize("path", ["/pd/api/v1/foo", "/pd/api/v1/regions/check/nothing", "/foo", "/pd/api/v2/foo"])
def test_unknown_paths_are_gos_own_404(still: SimServer, path: str) -> None:
    """Plain text."""
    answer = client().get(_url(still) + path)
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    ["/store/x", "/regions/store/x", "/region/id/x", "/regions/key?limit=x", "/regions/key?format=hex&key=zz",
     "/stores?state=9", "/schedulers?status=x"],
)  # fmt: skip
def test_nonsense_is_a_400(still: SimServer, path: str) -> None:
    """Never a 500."""
    assert client().get(f"{_url(still)}{V1}{path}").status_code == 400


def test_wrong_methods_and_huge_bodies(still: SimServer) -> None:
    """405, 413."""
    url = _url(still) + V1
    assert client().put(f"{url}/stores").status_code == 405
    assert client().post(f"{url}/config", content=b"x" * (2 << 20)).status_code == 413


# -- how asking fails ------------------------------------------------------------------------------------------------


def test_followers_pass_on_what_they_cannot_answer(sim: SimServer) -> None:
    """Same answer by every member; with follower handling a follower has no cluster."""
    urls = list(sim.addresses.pd.values())
    with client(headers={}) as http:
        assert len({json.dumps(sorted(http.get(f"{u}{V1}/stats/region").json().items())) for u in urls}) == 1
        follower = sim.addresses.pd[_follower(sim)]
        allow = {"PD-Allow-follower-handle": "true"}
        assert http.get(f"{follower}{V1}/leader", headers=allow).json()["name"] == _leader(sim)
        alone = http.get(f"{follower}{V1}/stores", headers=allow)
        assert (alone.status_code, alone.json()) == (
            500,
            "[PD:cluster:ErrNotBootstrapped]TiKV cluster not bootstrapped, please start TiKV first",
        )
        panic = http.get(f"{follower}{V1}/hotspot/stores", headers=allow)
        assert panic.status_code == 500
        assert "nil pointer" in panic.text


def test_a_killed_leader_is_500_at_once_and_then_another_leads(sim: SimServer) -> None:
    """`redirect failed`; /health names it; members keep it in their list."""
    old, follower = _leader(sim), _follower(sim)
    url = sim.addresses.pd[follower] + V1
    order(sim, "kill", old)
    with client() as http:
        failed = http.get(f"{url}/stores")
        assert (failed.status_code, failed.text) == (500, "[PD:apiutil:ErrRedirect]redirect failed\n")
        assert {m["name"]: m["health"] for m in http.get(f"{url}/health").json()}[old] is False
        until(lambda: http.get(f"{url}/stores").status_code == 200, "a new leader")
        members = http.get(f"{url}/members").json()
        assert members["leader"]["name"] != old
        assert {m["name"] for m in members["members"]} == set(sim.addresses.pd)
        with pytest.raises(httpx.ConnectError):
            http.get(f"{sim.addresses.pd[old]}{V1}/ping")


def test_a_frozen_leader_makes_followers_hang(sim: SimServer) -> None:
    """The proxy has no time-out of its own; /health takes three seconds; local questions are answered."""
    old, follower = _leader(sim), _follower(sim)
    url = sim.addresses.pd[follower] + V1
    order(sim, "pause", old)
    with client() as http:
        with pytest.raises(httpx.ReadTimeout):
            http.get(f"{url}/stores", timeout=0.3)
        assert http.get(f"{url}/ping", timeout=5).status_code == 200
        assert http.get(f"{url}/leader", headers={"PD-Allow-follower-handle": "1"}).json()["name"] == old
        began = time.monotonic()
        health = {m["name"]: m["health"] for m in http.get(f"{url}/health").json()}
        assert health[old] is False
        assert time.monotonic() - began >= 0.25  # three seconds at ten times the speed
        until(lambda: http.get(f"{url}/leader", headers={"PD-Allow-follower-handle": "1"}).json()["name"] != old)
        assert http.get(f"{url}/stores").status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            http.get(f"{sim.addresses.pd[old]}{V1}/ping", timeout=0.3)


def test_without_quorum_no_leader_is_found_after_three_seconds(sim: SimServer) -> None:
    """503 for what needs a leader; null from local memory; /health still answers."""
    survivor = _leader(sim)
    for name in sim.addresses.pd:
        if name != survivor:
            order(sim, "kill", name)
    url = sim.addresses.pd[survivor] + V1
    allow = {"PD-Allow-follower-handle": "true"}
    with client() as http:
        until(lambda: http.get(f"{url}/leader", headers=allow).json() is None, "the step down")
        began = time.monotonic()
        failed = http.get(f"{url}/leader")
        assert (failed.status_code, failed.text) == (503, "[PD:apiutil:ErrRedirectNoLeader]redirect finds no leader\n")
        assert time.monotonic() - began >= 0.25
        assert sum(m["health"] for m in http.get(f"{url}/health").json()) == 1
        assert http.get(url.replace("/v1", "/v2") + "/ready").status_code == 503


def test_many_ask_at_once_while_members_come_and_go(sim: SimServer) -> None:
    """Nobody gets a broken answer: HTTP codes PD knows, or a connection that ends."""
    seen: set[Any] = set()
    stop = threading.Event()

    def ask(url: str) -> None:
        with client(timeout=1.0) as http:
            while not stop.is_set():
                try:
                    seen.add(http.get(f"{url}{V1}/stores").status_code)
                except httpx.HTTPError as error:
                    seen.add(type(error).__name__)

    threads = [threading.Thread(target=ask, args=(u,)) for u in sim.addresses.pd.values() for _ in range(2)]
    for thread in threads:
        thread.start()
    for verb in ("pause", "unpause", "kill", "start"):
        order(sim, verb, "pd0")
        time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join(5)
    assert 200 in seen
    assert seen <= {200, 500, 503, "ReadTimeout", "ConnectError", "ReadError", "RemoteProtocolError", "ConnectTimeout"}
