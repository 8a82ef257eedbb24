"""The guard: fixed order, fails closed, and no sequence of requests gets past a limit (E4, S2-50..54)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.faults.catalogue import KINDS
from console.faults.guard import CODES, Situation, quorum_effect, refuse
from console.faults.lab import ALLOW, ENVIRONMENT
from console.model.cluster import Cluster, Member, PdStore, Probe, SourceHealth, Store
from console.model.fault import Availability, Injection, InjectionState, Target
from console.model.names import role_of
from console.model.observation import Reach
from console.observe.engine import ContainerFacts

NAMES = ("pd0", "pd1", "pd2", "tikv0", "tikv1", "tikv2", "ycsb")


def box(service: str, **more: object) -> ContainerFacts:
    facts = ContainerFacts(
        id=service * 8,
        name=f"lab-{service}-1",
        service=service,
        role=role_of(service),
        project="lab",
        image="x",
        state="running",
        running=True,
        paused=False,
        exit_code=0,
        oom=False,
        started_at="2026-01-01T00:00:00Z",
        restart_count=0,
        restart_policy="no",
        pid=1,
        labels={ALLOW: "true"},
    )
    return replace(facts, **more)  # type: ignore[arg-type]


def situation(kind: str = "kill", targets: tuple[str, ...] = ("tikv1",), **more: object) -> Situation:
    boxes = tuple(box(n) for n in NAMES)
    base = Situation(
        fault=KINDS[kind].spec,
        params={p.name: p.default for p in KINDS[kind].spec.params},
        duration_s=60,
        targets=tuple(b for b in boxes if b.service in targets),
        selector=",".join(targets),
        containers=boxes,
        cluster=Cluster(sources={"docker": SourceHealth("docker", True, 0, 100, 100)}),
        live=(),
        availability=Availability(True),
        now=100.0,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def code(s: Situation) -> str | None:
    refusal = refuse(s)
    return refusal.code if refusal else None


def live(service: str, state: InjectionState = InjectionState.VERIFIED) -> Injection:
    return Injection("x1", "lab", "pause", (Target(service, service * 8, service, ""),), state=state)


def changed(s: Situation, service: str, **more: object) -> Situation:
    boxes = tuple(replace(b, **more) if b.service == service else b for b in s.containers)  # type: ignore[arg-type]
    wanted = {t.service for t in s.targets}
    return replace(s, containers=boxes, targets=tuple(b for b in boxes if b.service in wanted))


def test_a_good_request_passes() -> None:
    assert refuse(situation()) is None
    assert refuse(situation("kill", ("pd0",))) is None
    assert refuse(situation("client-paused", ("ycsb",))) is None


CASES = {
    "READ_ONLY": situation(read_only="--read-only"),
    "DISARMED": situation(disarmed="kill switch"),
    "NO_TARGET": situation(targets=()),
    "ENV_PRODUCTION": changed(situation(), "pd2", labels={ALLOW: "true", ENVIRONMENT: "Production"}),
    "NOT_ALLOWED": changed(situation(), "tikv1", labels={}),
    "WRONG_TARGET": situation("client-paused", ("tikv1",)),
    "UNAVAILABLE": situation(availability=Availability(False, "no netem in this kernel")),
    "BAD_PARAMETER": situation("stop", params={"grace": 1e9}),
    "BAD_DURATION": situation(duration_s=601),
    "STUCK": situation(live=(live("pd0", InjectionState.PARTIAL),)),
    "CONFLICT": situation(live=(live("tikv1"),), limit=5),
    "NOT_RUNNING": changed(situation(), "tikv1", running=False, state="exited"),
    "BLAST_RADIUS": situation(live=(live("pd0"),)),
    "STALE_MONITORING": situation(cluster=Cluster(sources={"docker": SourceHealth("docker", False, 0, 99, 1, "gone")})),
    "QUORUM": situation("kill", ("tikv0", "tikv1"), limit=5),
}


@pytest.mark.parametrize("wanted", CODES)
def test_every_rule_refuses_by_its_code_and_in_one_sentence(wanted: str) -> None:
    refusal = refuse(CASES[wanted])
    assert refusal is not None
    assert refusal.code == wanted
    assert refusal.sentence
    assert "\n" not in refusal.sentence


def test_the_order_is_fixed() -> None:
    everything = changed(
        situation(
            read_only="x", disarmed="y", duration_s=9999, live=(live("tikv1", InjectionState.FAILED),),
            availability=Availability(False, "z"),
        ),
        "tikv1",
        labels={},
        running=False,
    )  # fmt: skip
    assert code(everything) == "READ_ONLY"
    assert code(replace(everything, read_only="")) == "DISARMED"
    assert code(replace(everything, read_only="", disarmed="")) == "NOT_ALLOWED"


@pytest.mark.parametrize("seconds", [0, -1, 600.5, float("nan"), float("inf")])
def test_a_duration_outside_the_cap_is_refused(seconds: float) -> None:
    assert code(situation(duration_s=seconds)) == "BAD_DURATION"


def test_600_seconds_is_allowed() -> None:
    assert refuse(situation(duration_s=600)) is None


def test_production_has_no_override() -> None:
    assert code(replace(CASES["ENV_PRODUCTION"], limit=50, allow_quorum_loss=True)) == "ENV_PRODUCTION"


def test_monitoring_that_never_began_is_stale() -> None:
    assert code(situation(cluster=Cluster())) == "STALE_MONITORING"


def test_monitoring_that_went_quiet_is_stale() -> None:
    assert code(situation(now=150.0)) == "STALE_MONITORING"


@pytest.mark.parametrize(
    "unwell",
    [
        {"stores": {"tikv0": Store("tikv0", status=Probe(Reach.REFUSED, at=1))}},
        {"stores": {"tikv0": Store("tikv0", pd=PdStore(1, "tikv0:1", "Disconnected", None, None, None, None))}},
    ],
)
def test_whoever_made_a_store_unwell_it_counts_against_the_majority(unwell: dict[str, object]) -> None:
    base = situation()
    cluster = replace(base.cluster, **unwell)  # type: ignore[arg-type]
    assert code(replace(base, cluster=cluster)) == "QUORUM"


def test_pd_members_others_cannot_ping_count_against_the_majority() -> None:
    base = situation("kill", ("pd0",))
    members = {"pd1": Member("pd1", health={"pd2": False}), "pd2": Member("pd2")}
    assert code(replace(base, cluster=replace(base.cluster, members=members))) == "QUORUM"


def test_a_majority_may_be_taken_only_when_it_is_asked_for_and_the_limit_allows_it() -> None:
    two = situation("kill", ("tikv0", "tikv1"))
    assert code(replace(two, allow_quorum_loss=True)) == "BLAST_RADIUS"
    assert refuse(replace(two, allow_quorum_loss=True, limit=2)) is None


def test_the_preview_says_what_stays() -> None:
    assert quorum_effect(situation()) == "2 of 3 stores stay; the majority holds"
    assert "majority of PD" in quorum_effect(situation("kill", ("pd0", "pd1"), limit=5))
    assert quorum_effect(situation("client-paused", ("ycsb",))) == "no majority is touched"


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.sets(st.sampled_from(NAMES), max_size=4)), max_size=12),
    st.integers(1, 7),
)
def test_no_sequence_of_requests_gets_past_a_limit(requests: list[tuple[str, set[str]]], limit: int) -> None:
    """Whatever is asked, in whatever order: never more targets than the limit, never a majority gone."""
    injected: list[Injection] = []
    down: set[str] = set()
    for kind, targets in requests:
        s = situation(kind, tuple(sorted(targets)), live=tuple(injected), limit=limit)
        for service in down:
            s = changed(s, service, running=False, state="exited")
        if refuse(s) is not None or s.fault.one_by_one:  # taken in turn, each over before the next
            continue
        injected += [live(t.service) for t in s.targets]
        down |= {t.service for t in s.targets} if s.fault.takes_away else set()
        carrying = {t.container_id for i in injected for t in i.targets}
        assert len(carrying) <= limit
        assert len(carrying) == len(injected), "nothing carries two faults"
        assert sum(n.startswith("tikv") for n in down) <= 1
        assert sum(n.startswith("pd") for n in down) <= 1
