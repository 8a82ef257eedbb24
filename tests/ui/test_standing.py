"""The state word and what is stale."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.model.fault import InjectionState
from console.model.view import Mode
from console.ui.standing import all_stale, danger, stale, stalest, word

from . import fakes
from .happenings import injection


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("healthy", "SAFE"),
        ("starting", "STARTING"),
        ("injected", "FAULT LIVE"),
        ("reverting", "REVERTING"),
        ("disarmed", "DISARMED"),
        ("stuck", "NOT REVERTED"),
        ("blind", "BLIND"),
        ("replay", "PLAYING"),
        ("paused", "PAUSED"),
        ("read_only", "SAFE"),
    ],
)
def test_the_word(state: str, says: str) -> None:
    assert word(fakes.STATES[state])[0] == says


def test_without_a_session_nothing_is_called_safe() -> None:
    assert word(fakes.view(), failed=True)[0] == "NO SESSION"


def test_a_cluster_in_trouble_is_not_called_safe_because_nobody_here_did_it() -> None:
    view = replace(fakes.diagnosed(), injections=(), revert=None, disarmed="")
    assert any(i.over is None for i in view.incidents)
    assert word(view)[0] == "INCIDENT"


def test_the_kill_switch_is_red_while_anything_may_be_in_the_system() -> None:
    assert not danger(fakes.view())
    for state in InjectionState:
        assert danger(fakes.view(injections=(injection(state),))) is state.live


def test_what_is_stale_and_what_only_listens() -> None:
    view = fakes.blind()
    found = stalest(view, ("docker",))
    assert found is not None
    assert found[0].name == "docker"
    assert found[1] == pytest.approx(14.0)
    assert all_stale(view, "pd")
    assert not all_stale(view, "probes")
    quiet = replace(view.cluster.sources["docker events"], ok=True, last_ok=view.now - 500)
    assert stale(view, quiet) is None
    hung = replace(view.cluster.sources["ycsb"], ok=True, last_ok=view.now - 30)
    assert stale(view, hung) == pytest.approx(30)


def test_absence_is_not_staleness_in_a_sparse_record() -> None:
    view = fakes.blind()
    record = replace(view, mode=Mode.REPLAY, cluster=replace(view.cluster, sparse=True))
    assert stalest(record, ("docker",)) is None
