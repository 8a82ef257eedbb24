"""How ports fare under each fault, seen from the host as a prober sees them (guides/diagnosis.md 3.2)."""

from __future__ import annotations

import socket
import sys

import pytest

from console.sim.physics.netns import Rule
from console.sim.server import SimServer

from .wires import order, place, probe, until

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux binds all of 127/8 and drops SYNs to a full queue"
)


def _faces(sim: SimServer) -> tuple[tuple[str, int], tuple[str, int]]:
    """tikv1's published status port and its own address."""
    return place(sim.addresses.status["tikv1"]), (sim.addresses.direct["tikv1"], 20180)


def _rule(sim: SimServer, rule: Rule | None) -> None:
    sim.call(lambda w: w.container("tikv1").netns.add(rule) if rule else w.container("tikv1").netns.clear())


@linux
@pytest.mark.parametrize(
    ("fault", "published", "direct"),
    [
        ("kill", "refused", "refused"),
        ("stop", "refused", "refused"),
        ("pause", "silent", "silent"),
        ("cut", "refused", "unreachable"),
        ("drop", "silent", "unreachable"),
        ("reject", "closed", "refused"),
    ],
)
def test_each_fault_is_felt_at_both_faces_and_goes_away(
    sim: SimServer, fault: str, published: str, direct: str
) -> None:
    """New connections: as measured, but for a killed container's own address, which is refused here."""
    faces = _faces(sim)
    assert [probe(*f) for f in faces] == ["ok", "ok"]
    if fault in ("drop", "reject"):
        _rule(sim, Rule("in", "drop" if fault == "drop" else "reject"))
    else:
        order(sim, fault, "tikv1")
    assert [probe(*f) for f in faces] == [published, direct]
    if fault in ("drop", "reject"):
        _rule(sim, None)
    else:
        order(sim, {"kill": "start", "stop": "start", "pause": "unpause", "cut": "join"}[fault], "tikv1")
    until(lambda: [probe(*f) for f in faces] == ["ok", "ok"], "recovery")


@linux
@pytest.mark.parametrize(("fault", "published", "direct"), [
    ("kill", "ended", "ended"), ("pause", "held", "held"), ("cut", "ended", "held"),
])  # fmt: skip
def test_idle_connections_tell_a_death_from_a_cut(sim: SimServer, fault: str, published: str, direct: str) -> None:
    """The FIN of a killed process; silence of a frozen or a cut one, but the published port of a cut one closes."""
    held = [socket.create_connection(f, timeout=5) for f in _faces(sim)]
    order(sim, fault, "tikv1")
    seen = []
    for connection, expected in zip(held, (published, direct), strict=True):
        connection.settimeout(5.0 if expected == "ended" else 0.4)
        try:
            seen.append("ended" if connection.recv(10) == b"" else "data")
        except TimeoutError:
            seen.append("held")
        except ConnectionError:
            seen.append("ended")
        connection.close()
    assert seen == [published, direct]


@linux
def test_the_grpc_port_accepts_and_holds(sim: SimServer) -> None:
    """20160 on the container's own address; closed by pause_grpc while the status port answers."""
    address = sim.addresses.direct["tikv1"]
    with socket.create_connection((address, 20160), timeout=5) as held:
        held.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        held.settimeout(0.2)
        with pytest.raises(TimeoutError):
            held.recv(10)
    host, port = place(sim.addresses.status["tikv1"])
    with socket.create_connection((host, port), timeout=5) as status:
        status.sendall(b"PUT /pause_grpc HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert status.recv(64).startswith(b"HTTP/1.1 200")
    assert probe(address, 20160) == "refused"
    assert probe(host, port) == "ok"


def test_what_was_asked_of_a_frozen_process_is_answered_after_the_thaw(sim: SimServer) -> None:
    """Connections queue in the kernel meanwhile."""
    face = place(sim.addresses.status["tikv1"])
    order(sim, "pause", "tikv1")
    waiting = []
    for _ in range(5):
        connection = socket.create_connection(face, timeout=5)
        connection.sendall(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.settimeout(10)
        waiting.append(connection)
    order(sim, "unpause", "tikv1")
    for connection in waiting:
        assert connection.recv(64).startswith(b"HTTP/1.1 200")
        connection.close()


def test_a_booting_store_is_not_there_yet(sim: SimServer) -> None:
    """Through the published port: accepted by the proxy and closed; then it answers."""
    face = place(sim.addresses.status["tikv1"])
    order(sim, "restart", "tikv1")
    seen = set()

    def answered() -> bool:
        seen.add(probe(*face))
        return "ok" in seen

    until(answered, "the status port")
    assert "closed" in seen


def test_latency_of_a_shaped_link_is_felt(sim: SimServer) -> None:
    """50 ms of the world's time is 5 ms at ten times the speed: at least that, whatever the machine."""
    import time

    _rule(sim, Rule("out", "delay", delay_s=2.0))
    began = time.monotonic()
    assert probe(*place(sim.addresses.status["tikv1"]), wait=10) == "ok"
    assert time.monotonic() - began >= 0.2
