"""Container names to services (S1-07, S1-27)."""

from __future__ import annotations

import pytest

from console.model.names import Role, host_of, natural, role_of, service_of


@pytest.mark.parametrize(
    ("container", "service"),
    [
        ("operator-tikv-tikv0-1", "tikv0"),
        ("tikvlab_tikv0_1", "tikv0"),
        ("tikv0", "tikv0"),
        ("proj_tikv2_1", "tikv2"),
        ("tikv-pd0-1", "pd0"),
        ("tikv-tikv12-1", "tikv12"),
        ("/x-ycsb-1", "ycsb"),
        ("a-tikv_1", "tikv1"),
        ("tikv-grafana-1", "tikv-grafana-1"),
    ],
)
def test_service_of(container: str, service: str) -> None:
    assert service_of(container) == service


def test_the_project_part_is_never_a_store() -> None:
    assert role_of(service_of("tikv-prometheus-1")) is Role.OTHER


def test_roles() -> None:
    assert [role_of(s) for s in ("pd0", "tikv9", "ycsb", "go-ycsb", "grafana")] == [
        Role.PD,
        Role.STORE,
        Role.LOAD,
        Role.LOAD,
        Role.OTHER,
    ]


@pytest.mark.parametrize(
    ("address", "host"),
    [("tikv0:20160", "tikv0"), ("http://pd0:2379/pd", "pd0"), ("[::1]:80", "::1"), ("plain", "plain")],
)
def test_host_of(address: str, host: str) -> None:
    assert host_of(address) == host


def test_natural_order() -> None:
    assert sorted(["tikv10", "tikv2", "tikv1"], key=natural) == ["tikv1", "tikv2", "tikv10"]
