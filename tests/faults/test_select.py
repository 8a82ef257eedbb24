"""Selectors: which containers each form means, and what it says when it cannot be meant (S2-88)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.faults.select import SelectorError, region_of, resolve
from console.model.cluster import Cluster, PdStore, Store
from console.model.fault import TargetKind
from console.observe.engine import ContainerFacts

from .test_guard import NAMES, box

STORES = (TargetKind.STORE,)
BOXES = [box(n, labels={"zone": "a" if n in ("tikv0", "pd0") else "b"}) for n in NAMES]
LED = (("tikv0", 3), ("tikv1", 9), ("tikv2", 9))
LEADING = Cluster(
    leader="pd1",
    stores={n: Store(n, pd=PdStore(1, f"{n}:20160", "Up", None, c, None, None)) for n, c in LED},
)


def chosen(selector: str, fits: tuple[TargetKind, ...] = STORES, seed: int = 1, **more: object) -> list[str]:
    boxes: list[ContainerFacts] = list(more.pop("boxes", BOXES))  # type: ignore[call-overload]
    found = resolve(selector, boxes, LEADING, fits, random.Random(seed), **more)  # type: ignore[arg-type]
    return [c.service for c in found]


@pytest.mark.parametrize(
    ("selector", "services"),
    [
        ("tikv1", ["tikv1"]),
        (" lab-tikv1-1 ", ["tikv1"]),
        ("tikv", []),
        ("pd-leader", ["pd1"]),
        ("pd-follower", ["pd0"]),
        ("store-with-most-leaders", ["tikv1"]),
        ("load", ["ycsb"]),
        ("zone=a", ["tikv0"]),
        ("zone=c", []),
        ("all", ["tikv0", "tikv1", "tikv2"]),
        ("all-pd", []),
        ("", []),
    ],
)
def test_forms(selector: str, services: list[str]) -> None:
    assert chosen(selector) == services


def test_labels_choose_among_what_the_fault_fits() -> None:
    assert chosen("zone=a", (TargetKind.STORE, TargetKind.PD)) == ["pd0", "tikv0"]


def test_regions() -> None:
    assert (region_of("store-of-region:7"), region_of("stores-of-region:7"), region_of("tikv1")) == (7, 7, None)
    where = (["tikv0", "tikv2"], "tikv2")
    assert chosen("store-of-region:7", holding=where) == ["tikv2"]
    assert chosen("stores-of-region:7", holding=where) == ["tikv0", "tikv2"]
    assert chosen("store-of-region:7", holding=(["tikv0"], None)) == [], "no leader, no target"
    with pytest.raises(SelectorError, match="by its number"):
        region_of("store-of-region:x")


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("random", 1),
        ("random:2", 2),
        ("random:9", 3),
        ("n-1", 1),
        ("N-2", 2),
        ("40%", 1),
        ("67%", 2),
        ("1%", 1),
        ("100 %", 3),
    ],
)
def test_how_many(selector: str, count: int) -> None:
    assert len(chosen(selector)) == count


@pytest.mark.parametrize("seed", range(6))
def test_n_minus_is_of_stores_where_the_fault_fits_stores(seed: int) -> None:
    both = (TargetKind.PD, TargetKind.STORE)
    assert all(n.startswith("tikv") for n in (*chosen("n-2", both, seed), *chosen("70%", both, seed)))
    assert chosen("n-1", (TargetKind.PD,), seed)[0].startswith("pd")


@pytest.mark.parametrize("selector", ["0%", "101%", "random:0", "n-0"])
def test_shares_that_cannot_be_meant(selector: str) -> None:
    with pytest.raises(SelectorError):
        chosen(selector)


@given(st.sampled_from(["random", "random:2", "n-2", "50%"]), st.integers(0, 2**16))
def test_chance_repeats_by_its_seed_and_takes_only_what_runs(selector: str, seed: int) -> None:
    boxes = [*BOXES[:-1], box("tikv9", running=False, state="exited"), box("tikv8", paused=True)]
    first = chosen(selector, seed=seed, boxes=boxes)
    assert first == chosen(selector, seed=seed, boxes=boxes)
    assert not {"tikv8", "tikv9"} & set(first)
    assert set(first) <= {"tikv0", "tikv1", "tikv2"}
    named = chosen(f"{selector}@{seed}", seed=0, boxes=boxes)
    assert named == chosen(f"{selector}@{seed}", seed=99, boxes=boxes), "a seed of its own beats the generator's"
