"""The Docker Engine API: with plain HTTP, with the Python SDK the console uses."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import docker as sdk
import docker.errors
import httpx
import pytest

from console.sim.server import SimServer

from .wires import engine_http, order, state, until

INSPECT_KEYS = [
    "Id",
    "Created",
    "Path",
    "Args",
    "State",
    "Image",
    "ResolvConfPath",
    "HostnamePath",
    "HostsPath",
    "LogPath",
    "Name",
    "RestartCount",
    "Driver",
    "Platform",
    "MountLabel",
    "ProcessLabel",
    "AppArmorProfile",
    "ExecIDs",
    "HostConfig",
    "GraphDriver",
    "Mounts",
    "Config",
    "NetworkSettings",
]
LIST_KEYS = [
    "Id",
    "Names",
    "Image",
    "ImageID",
    "Command",
    "Created",
    "Ports",
    "Labels",
    "State",
    "Status",
    "HostConfig",
    "NetworkSettings",
    "Mounts",
]
STATS_KEYS = [
    "read",
    "preread",
    "pids_stats",
    "blkio_stats",
    "num_procs",
    "storage_stats",
    "cpu_stats",
    "precpu_stats",
    "memory_stats",
    "name",
    "id",
    "networks",
]


@pytest.fixture
def engine(sim: SimServer) -> Iterator[Any]:
    """The SDK's client on the simulator."""
    client = sdk.DockerClient(base_url=sim.addresses.docker_host, version="1.41", timeout=20)
    yield client
    client.close()


def _events(sim: SimServer, **query: str) -> tuple[list[dict[str, Any]], threading.Thread]:
    """A list that fills with events until the thread is over (`until` seconds of the world from now)."""
    found: list[dict[str, Any]] = []

    def read() -> None:
        # a stream that is still open when the simulator goes is cut, as with a real engine
        with (
            contextlib.suppress(httpx.HTTPError),
            engine_http(sim) as http,
            http.stream("GET", "/events", params=query) as answer,
        ):
            ready.set()
            for line in answer.iter_lines():
                if line:
                    found.append(json.loads(line))

    ready = threading.Event()
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert ready.wait(10)
    return found, thread


# -- the engine -----------------------------------------------------------------------------------------------------


def test_ping_version_info(sim: SimServer) -> None:
    """Negotiation: 1.41, by GET and HEAD, with or without a version in the path."""
    with engine_http(sim) as http:
        for method in ("GET", "HEAD"):
            answer = http.request(method, "http://docker/_ping")
            assert (answer.status_code, answer.headers["api-version"], answer.headers["ostype"]) == (
                200,
                "1.41",
                "linux",
            )
        assert http.get("/version").json()["ApiVersion"] == "1.41"
        info = http.get("/info").json()
        assert (info["Containers"], info["ContainersRunning"], info["CgroupVersion"]) == (7, 7, "1")
        assert http.get("http://docker/v1.99/info").status_code == 400
        assert "too old" in http.get("http://docker/v1.10/info").text
        missing = http.get("/nothing")
        assert (missing.status_code, missing.json()) == (404, {"message": "page not found"})


def test_the_socket_is_for_this_user_only(sim: SimServer) -> None:
    """0600 in a directory 0700."""
    import os
    import stat

    path = sim.addresses.docker_host.removeprefix("unix://")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700


# -- containers -----------------------------------------------------------------------------------------------------


def test_list_and_inspect_have_the_engines_shape(sim: SimServer) -> None:
    """Keys in the engine's order; labels of Compose and of consent."""
    with engine_http(sim) as http:
        rows = http.get("/containers/json").json()
        assert {r["Names"][0] for r in rows} == {
            f"/tikvlab-{s}-1" for s in ("pd0", "pd1", "pd2", "tikv0", "tikv1", "tikv2", "ycsb")
        }
        assert list(rows[0]) == LIST_KEYS
        view = http.get("/containers/tikvlab-tikv0-1/json").json()
    assert list(view) == INSPECT_KEYS
    labels = view["Config"]["Labels"]
    assert labels["com.docker.compose.service"] == "tikv0"
    assert labels["com.docker.compose.project"] == "tikvlab"
    assert labels["chaos-console.allow"] == "true"
    assert list(view["State"]) == (
        [
            "Status",
            "Running",
            "Paused",
            "Restarting",
            "OOMKilled",
            "Dead",
            "Pid",
            "ExitCode",
            "Error",
            "StartedAt",
            "FinishedAt",
        ]
    )
    assert view["State"]["FinishedAt"] == "0001-01-01T00:00:00Z"
    network = view["NetworkSettings"]["Networks"]["tikvlab_chaos"]
    assert "tikv0" in network["Aliases"]
    published = view["NetworkSettings"]["Ports"]["20180/tcp"][0]
    assert sim.addresses.status["tikv0"] == f"http://{published['HostIp']}:{published['HostPort']}"
    if sim.addresses.direct:
        assert network["IPAddress"] == sim.addresses.direct["tikv0"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"label": ["com.docker.compose.project=tikvlab"]}, 7),
        ({"label": ["com.docker.compose.service=tikv0"]}, 1),
        ({"label": {"chaos-console.allow": True}}, 7),
        ({"label": ["chaos-console.allow=false"]}, 0),
        ({"name": ["tikv"]}, 7),
        ({"name": ["tikv0"]}, 1),
        ({"name": ["^/tikvlab-pd"]}, 3),
        ({"status": ["running"]}, 7),
        ({"status": ["exited"]}, 0),
        ({"network": ["tikvlab_chaos"]}, 7),
        ({"network": ["bridge"]}, 0),
    ],
)
def test_lists_are_filtered(sim: SimServer, filters: dict[str, Any], count: int) -> None:
    """By label, name, status, network, in both ways of writing."""
    with engine_http(sim) as http:
        assert len(http.get("/containers/json", params={"filters": json.dumps(filters)}).json()) == count


@pytest.mark.parametrize(
    ("filters", "status", "message"),
    [
        ("bad", 500, "invalid character 'b' looking for beginning of value"),
        ('{"foo":["x"]}', 400, "Invalid filter 'foo'"),
        ('{"status":["foo"]}', 400, "Invalid filter 'status=foo'"),
        ("[1]", 400, "invalid filter"),
        ('{"label":3}', 400, "invalid filter"),
    ],
)
def test_bad_filters_are_refused_in_the_engines_words(sim: SimServer, filters: str, status: int, message: str) -> None:
    """And codes."""
    with engine_http(sim) as http:
        answer = http.get("/containers/json", params={"filters": filters})
    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_errors_are_the_engines(sim: SimServer) -> None:
    """Codes and words as measured on a real 20.10.24."""
    name = "tikvlab-tikv1-1"
    with engine_http(sim) as http:
        id_ = http.get(f"/containers/{name}/json").json()["Id"]

        def refused(path: str, **more: Any) -> tuple[int, str]:
            answer = http.post(path, **more)
            return answer.status_code, answer.json()["message"] if answer.content else ""

        assert refused("/containers/nope/stop") == (404, "No such container: nope")
        assert refused(f"/containers/{name}/unpause") == (500, f"Container {id_} is not paused")
        assert refused(f"/containers/{name}/start") == (304, "")
        assert refused(f"/containers/{name}/kill?signal=FOO") == (400, "Invalid signal: FOO")
        assert refused(f"/containers/{name}/stop?t=abc")[0] == 500
        assert refused(f"/containers/{name}/update", json={"Memory": 1000}) == (
            400, "Minimum memory limit allowed is 6MB",
        )  # fmt: skip
        assert refused(f"/containers/{name}/update", json={"CpuQuota": "x"}) == (
            500, "json: cannot unmarshal string into Go struct field UpdateConfig.CpuQuota of type int64",
        )  # fmt: skip
        assert refused("/networks/nope/connect", json={"Container": name}) == (404, "network nope not found")
        assert refused("/networks/tikvlab_chaos/connect", json={"Container": "nope"})[0] == 404
        assert refused("/networks/tikvlab_chaos/connect", json={"Container": name})[0] == 403
        assert refused("/networks/bridge/disconnect", json={"Container": name})[0] == 500
        assert refused(f"/containers/{name}/pause")[0] == 204
        assert refused(f"/containers/{name}/pause") == (409, f"Container {id_} is already paused")
        assert refused(f"/containers/{name}/exec", json={"Cmd": ["ls"]}) == (
            409, f"Container {name} is paused, unpause the container before exec",
        )  # fmt: skip
        assert refused(f"/containers/{name}/kill")[0] == 204
        assert refused(f"/containers/{name}/kill") == (
            409, f"Cannot kill container: {name}: Container {id_} is not running",
        )  # fmt: skip
        assert refused(f"/containers/{name}/stop") == (304, "")
        assert http.delete("/containers/tikvlab-pd0-1").status_code == 409


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b"{}" * 10])
def test_broken_bodies_never_break_the_engine(sim: SimServer, body: bytes) -> None:
    """Refused with a message, not with a traceback."""
    with engine_http(sim) as http:
        for path in ("/containers/tikvlab-tikv1-1/update", "/networks/tikvlab_chaos/connect", "/containers/create"):
            answer = http.post(path, content=body)
            assert answer.status_code in (400, 404, 500)
            assert answer.json()["message"]
        assert http.get("/containers/json").status_code == 200


def test_the_sdk_kills_starts_pauses_and_limits(engine: Any) -> None:
    """The console's own way in."""
    store = engine.containers.get("tikvlab-tikv1-1")
    store.kill()
    store.reload()
    assert (store.status, store.attrs["State"]["ExitCode"]) == ("exited", 137)
    assert store.attrs["NetworkSettings"]["Ports"] == {}
    store.start()
    store.reload()
    assert store.status == "running"
    store.pause()
    store.reload()
    assert (store.status, store.attrs["State"]["Paused"]) == ("paused", True)
    store.unpause()
    store.update(cpu_quota=20_000, cpu_period=100_000)
    store.reload()
    assert store.attrs["HostConfig"]["CpuQuota"] == 20_000
    store.restart(timeout=5)
    store.stop(timeout=5)
    assert store.wait()["StatusCode"] == 0
    assert [c.name for c in engine.containers.list(filters={"status": "exited"})] == ["tikvlab-tikv1-1"]
    with pytest.raises(docker.errors.NotFound, match="No such container"):
        engine.containers.get("nobody")


def test_the_sdk_cuts_and_joins(engine: Any) -> None:
    """Alias and address come back when they are asked for, and only then."""
    network, store = engine.networks.get("tikvlab_chaos"), engine.containers.get("tikvlab-tikv1-1")
    before = store.attrs["NetworkSettings"]["Networks"]["tikvlab_chaos"]
    network.disconnect(store)
    store.reload()
    assert store.attrs["NetworkSettings"]["Networks"] == {}
    network.connect(store)
    store.reload()
    assert "tikv1" not in store.attrs["NetworkSettings"]["Networks"]["tikvlab_chaos"]["Aliases"]
    network.disconnect(store)
    network.connect(store, aliases=["tikv1"], ipv4_address=before["IPAddress"])
    store.reload()
    after = store.attrs["NetworkSettings"]["Networks"]["tikvlab_chaos"]
    assert after["IPAddress"] == before["IPAddress"]
    assert "tikv1" in after["Aliases"]
    with pytest.raises(docker.errors.APIError, match="already exists"):
        network.connect(store)
    network.reload()
    assert len(network.attrs["Containers"]) == 7


# -- events ---------------------------------------------------------------------------------------------------------


def test_events_come_as_they_happen_in_the_engines_form(sim: SimServer) -> None:
    """Containers with the old fields, networks without; labels, exit code, signal."""
    found, _ = _events(sim)
    order(sim, "kill", "tikv1")
    until(lambda: len(found) == 3, "three events")
    kill, die, left = found
    assert list(kill) == ["status", "id", "from", "Type", "Action", "Actor", "scope", "time", "timeNano"]
    assert list(left) == ["Type", "Action", "Actor", "scope", "time", "timeNano"]
    assert kill["Actor"]["Attributes"]["signal"] == "9"
    assert die["Actor"]["Attributes"]["exitCode"] == "137"
    assert die["Actor"]["Attributes"]["com.docker.compose.service"] == "tikv1"
    assert left["Actor"]["Attributes"] == {"container": kill["id"], "name": "tikvlab_chaos", "type": "bridge"}
    assert kill["timeNano"] <= die["timeNano"] <= left["timeNano"]
    assert kill["time"] == kill["timeNano"] // 10**9


def test_events_are_filtered_and_ended(sim: SimServer) -> None:
    """By type, action, container, label; `since` gives the past, `until` ends the stream."""
    wall = sim.call(lambda w: w.ground.wall())
    order(sim, "pause", "tikv1")
    order(sim, "unpause", "tikv1")
    order(sim, "kill", "tikv2")
    now = sim.call(lambda w: w.ground.wall())

    def past(**filters: list[str]) -> list[str]:
        query = {"since": f"{wall:.6f}", "until": f"{now:.6f}", "filters": json.dumps(filters)}
        found, thread = _events(sim, **query)
        thread.join(10)
        assert not thread.is_alive()
        return [e["Action"] for e in found]

    assert past() == ["pause", "unpause", "kill", "die", "disconnect"]
    assert past(type=["network"]) == ["disconnect"]
    assert past(event=["die", "pause"]) == ["pause", "die"]
    assert past(container=["tikvlab-tikv1-1"]) == ["pause", "unpause"]
    assert past(label=["com.docker.compose.service=tikv2"]) == ["kill", "die"]
    with engine_http(sim) as http:
        assert http.get("/events", params={"since": "abc"}).status_code == 500


def test_a_hundred_listeners_come_and_go(sim: SimServer) -> None:
    """Nothing is left of a listener that hung up."""
    before = sim.call(lambda w: len(w.engine.bus.listeners))
    streams = [_events(sim, until=f"{sim.call(lambda w: w.ground.wall()) + 3:.3f}") for _ in range(30)]
    until(lambda: not any(t.is_alive() for _, t in streams), "their end")
    until(lambda: sim.call(lambda w: len(w.engine.bus.listeners)) == before, "forgetting them")


# -- logs and statistics ---------------------------------------------------------------------------------------------


def test_logs_tail_since_and_stamps(engine: Any, sim: SimServer) -> None:
    """Frames that the SDK takes apart."""
    load = engine.containers.get("tikvlab-ycsb-1")
    whole = load.logs().decode().splitlines()
    assert whole[0].startswith("Using request distribution")
    assert load.logs(tail=2).decode().count("\n") == 2
    stamped = load.logs(tail=1, timestamps=True).decode().split(" ", 1)[0]
    assert len(stamped) == len("2026-11-20T14:35:10.757753186Z")
    recent = load.logs(since=int(sim.call(lambda w: w.ground.wall())) - 3).decode().splitlines()
    assert 0 < len(recent) < 40
    with engine_http(sim) as http:
        none = http.get("/containers/tikvlab-ycsb-1/logs")
    assert (none.status_code, none.json()["message"]) == (400, "Bad parameters: you must choose at least one stream")


def test_logs_are_followed_to_the_end_of_the_container(engine: Any) -> None:
    """The stream ends with the process; in the middle of a pause it is silent."""
    load = engine.containers.get("tikvlab-ycsb-1")
    lines: list[bytes] = []
    stream = load.logs(stream=True, follow=True, tail=0)
    reader = threading.Thread(target=lambda: lines.extend(stream), daemon=True)
    reader.start()
    until(lambda: len(lines) > 5, "new lines")
    load.pause()
    count = len(lines)
    time.sleep(0.3)
    assert len(lines) <= count + 1
    load.unpause()
    until(lambda: len(lines) > count + 3, "more lines")
    load.stop()
    reader.join(10)
    assert not reader.is_alive()
    assert b"Run finished" in b"".join(lines)


def test_statistics_are_shaped_as_cgroup_v1(engine: Any, sim: SimServer) -> None:
    """One with its predecessor, one at once, and a stream; a dead container's is empty."""
    store = engine.containers.get("tikvlab-tikv0-1")
    sample = store.stats(stream=False)
    assert list(sample) == STATS_KEYS
    assert sample["cpu_stats"]["cpu_usage"]["total_usage"] > sample["precpu_stats"]["cpu_usage"]["total_usage"] > 0
    assert sample["memory_stats"]["limit"] == 1 << 30
    assert sample["memory_stats"]["usage"] > sample["memory_stats"]["stats"]["rss"] > 100 << 20
    assert sample["networks"]["eth0"]["rx_bytes"] > 0
    two = [s for s, _ in zip(store.stats(stream=True, decode=True), range(3), strict=False)]
    totals = [s["cpu_stats"]["cpu_usage"]["total_usage"] for s in two]
    assert totals == sorted(totals)
    assert two[1]["precpu_stats"] == two[0]["cpu_stats"]
    order(sim, "kill", "tikv0")
    with engine_http(sim) as http:
        dead = http.get("/containers/tikvlab-tikv0-1/stats?stream=0").json()
    assert dead["cpu_stats"]["cpu_usage"]["total_usage"] == 0
    assert dead["memory_stats"] == {}


def test_throttling_is_counted(engine: Any) -> None:
    """Periods and seconds under a quota that is too small."""
    store = engine.containers.get("tikvlab-tikv0-1")
    store.update(cpu_quota=4_000, cpu_period=100_000)

    def throttled() -> int:
        return int(store.stats(stream=False)["cpu_stats"]["throttling_data"]["throttled_periods"])

    until(lambda: throttled() > 5, "throttled periods")


# -- containers of others --------------------------------------------------------------------------------------------


def test_a_helper_in_the_targets_namespace_lives_and_goes(engine: Any) -> None:
    """Created, started, asked to run something, removed: the way fault helpers will come."""
    target = engine.containers.get("tikvlab-tikv1-1")
    helper = engine.containers.run(
        "busybox:1",
        ["sleep", "600"],
        detach=True,
        name="helper-1",
        network_mode=f"container:{target.id}",
        cap_add=["NET_ADMIN"],
        labels={"chaos-console.injection": "x"},
    )
    helper.reload()
    assert helper.status == "running"
    assert helper.attrs["HostConfig"]["NetworkMode"] == f"container:{target.id}"
    assert helper.attrs["HostConfig"]["CapAdd"] == ["NET_ADMIN"]
    assert helper.attrs["NetworkSettings"]["Networks"] == {}
    code, output = helper.exec_run(["echo", "inside"])
    assert (code, output) == (0, b"inside\n")
    code, output = helper.exec_run(["sh", "-c", "exit 7"])
    assert code == 7
    code, output = helper.exec_run(["nosuch"])
    assert code == 126
    assert b"executable file not found" in output
    helper.stop(timeout=0)
    assert helper.wait()["StatusCode"] == 137
    helper.remove()
    with pytest.raises(docker.errors.NotFound):
        engine.containers.get("helper-1")


def test_a_program_that_ends_ends_its_container(engine: Any) -> None:
    """With its output and its code; without the program there is no start."""
    assert engine.containers.run("busybox:1", ["echo", "hello"], remove=True) == b"hello\n"
    with pytest.raises(docker.errors.ContainerError):
        engine.containers.run("busybox:1", ["false"], remove=True)
    with pytest.raises(docker.errors.APIError, match="executable file not found"):
        engine.containers.run("busybox:1", ["nosuch"], remove=True)
    with pytest.raises(docker.errors.ImageNotFound):
        engine.images.get("nope:1")
    with pytest.raises(docker.errors.APIError):
        engine.containers.run("nope:1")


def test_names_are_taken_once(sim: SimServer) -> None:
    """409 with the engine's long sentence; odd names are refused."""
    body = {"Image": "busybox:1", "Cmd": ["sleep", "1"]}
    with engine_http(sim) as http:
        assert http.post("/containers/create?name=one", json=body).status_code == 201
        again = http.post("/containers/create?name=one", json=body)
        assert (again.status_code, "is already in use by container" in again.text) == (409, True)
        assert http.post("/containers/create?name=bad%20name", json=body).status_code == 400
        gone = {**body, "HostConfig": {"NetworkMode": "container:nope"}}
        assert http.post("/containers/create?name=two", json=gone).status_code == 201
        assert http.post("/containers/two/start").json()["message"] == "No such container: nope"
        assert http.delete("/containers/two").status_code == 204


def test_wait_tells_the_exit_code(engine: Any, sim: SimServer) -> None:
    """While it is asked, and after."""
    store = engine.containers.get("tikvlab-tikv1-1")
    codes: list[int] = []
    waiter = threading.Thread(target=lambda: codes.append(store.wait()["StatusCode"]), daemon=True)
    waiter.start()
    time.sleep(0.1)
    order(sim, "kill", "tikv1")
    waiter.join(10)
    assert codes == [137]
    assert state(sim, "tikv1") == "exited"
