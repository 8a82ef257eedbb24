"""PD's real answers (recorded from v8.5.5) reduced to the flight record's bodies."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from console.observe import pd
from tests.conftest import RECORDS

SAMPLES = RECORDS / "pd-api-samples-v8.5.5.txt"


def sample(request: str) -> Any:
    """The body PD gave to a request, from the recorded samples."""
    text = SAMPLES.read_text()
    match = re.search(rf"^=== {re.escape(request)}\n(.*?)\n+--> ", text, re.S | re.M)
    assert match, request
    return json.loads(match[1])


def test_stores() -> None:
    (row,) = pd.reduce_stores({"count": 1, "stores": [sample("GET /pd/api/v1/store/1")]})
    assert (row["id"], row["addr"], row["state"]) == (1, "127.0.0.1:21161", "Up")
    assert (row["last_heartbeat"], row["leaders"], row["regions"]) == (1795176846871033098, 4, 12)


def test_zero_values_that_pd_leaves_out_are_zero() -> None:
    body = {"stores": [{"store": {"id": 1, "address": "a:1", "state_name": "Up"}, "status": {}}]}
    (row,) = pd.reduce_stores(body)
    assert (row["leaders"], row["regions"]) == (0, 0)


def test_members_health_leader() -> None:
    assert pd.reduce_members(sample("GET /pd/api/v1/members")) == {"leader": "pd3", "etcd_leader": "pd3", "n": 3}
    assert pd.reduce_health(sample("GET /pd/api/v1/health")) == {"pd1": True, "pd2": True, "pd3": True}
    assert pd.reduce_leader(sample("GET /pd/api/v1/leader")) == {"name": "pd3"}


def test_an_election() -> None:
    assert pd.reduce_members({"members": [{}, {}, {}], "leader": {}}) == {"leader": None, "etcd_leader": None, "n": 3}
    assert pd.reduce_leader(None) is None


def test_regions() -> None:
    assert pd.reduce_regions(sample("GET /pd/api/v1/stats/region")) == {
        "count": 12,
        "leaders": {"1": 4, "2": 4, "3": 4},
    }


def test_etcd_numbers_are_strings() -> None:
    assert pd.reduce_etcd({"leader": "123", "raftTerm": "7"}) == {"leader": "123", "term": 7}


@pytest.mark.parametrize(
    "reduce", [pd.reduce_stores, pd.reduce_members, pd.reduce_regions, pd.reduce_count, pd.reduce_etcd]
)
@pytest.mark.parametrize("body", [[], "x", 3, None])
def test_another_shape_is_a_bad_answer_not_a_crash(reduce: Any, body: Any) -> None:
    with pytest.raises((pd.BadAnswer, ValueError)):
        reduce(body)
