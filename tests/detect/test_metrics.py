"""Stores' own metrics: broken links meet in the store that is cut off, and a store that was down is not one (D-5)."""

from __future__ import annotations

from dataclasses import replace

from console.detect.ledger import Ledger
from console.detect.metrics import MetricsDetector
from console.model.cluster import Cluster, PdStore, Probe, Store, StoreMetrics
from console.model.incident import Vantage
from console.model.observation import Reach

NAMES = ("tikv0", "tikv1", "tikv2")
GONE = Probe(reach=Reach.REFUSED, misses=5, at=1.0)


def scraped(t: float, cut: str, gone: bool = False) -> Cluster:
    """A scrape of every store that answers; all links of `cut` carry nothing."""
    stores = {}
    for n, name in enumerate(NAMES):
        links = {f"net_n/{m}": 0.0 if cut in (name, NAMES[m]) else 20.0 for m in range(3) if m != n}
        down = gone and name == cut
        metrics = None if down else StoreMetrics(t, {}, links)
        probe = GONE if down else Probe(reach=Reach.OK, at=t)
        stores[name] = Store(name, PdStore(n, name, "Up", None, 4, 12, None), probe)
        stores[name] = replace(stores[name], metrics=metrics)
    return Cluster(t=t, stores=stores)


def judged(*clusters: Cluster) -> list[bool]:
    """After each: whether tikv1 is called cut off from its peers."""
    detector, ledger, said = MetricsDetector(), Ledger(), []
    for cluster in clusters:
        detector.step(cluster, ledger)
        said.append(ledger.has(Vantage.PROBE, "peers-lost", "tikv1"))
    return said


WELL = [scraped(5.0 * n, cut="nobody") for n in range(6)]


def test_links_that_fall_silent_meet_in_the_store_that_is_cut_off() -> None:
    assert judged(*WELL, scraped(30, "tikv1"), scraped(35, "tikv1"))[-1]


def test_a_store_that_has_just_come_back_is_not_cut_off() -> None:
    """Two scrapes of its peers still tell of the time without it."""
    down = [scraped(30.0 + 5 * n, "tikv1", gone=True) for n in range(4)]
    assert not any(judged(*WELL, *down, scraped(50, "tikv1"), scraped(55, "tikv1"), scraped(60, "nobody")))


def test_one_that_comes_back_cut_off_is_told_after_that() -> None:
    down = [scraped(30.0 + 5 * n, "tikv1", gone=True) for n in range(4)]
    assert judged(*WELL, *down, *(scraped(50.0 + 5 * n, "tikv1") for n in range(4)))[-1]
