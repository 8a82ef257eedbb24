"""What the simulated cluster is made of: sizes, load, seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A cluster to build. Raises ValueError for a cluster that cannot exist.

    Defaults: the Compose file of the product (3 PD, 3 TiKV, one go-ycsb), pre-split so that every store leads its
    share, and a target well under capacity so that steady state is calm (guides/tikv.md 4.5, 7.6).
    """

    seed: int = 1
    project: str = "tikvlab"
    members: int = 3
    stores: int = 3
    regions: int = 12
    replicas: int = 3
    threads: int = 8  # as in recordings/
    target: int | None = 3000  # operations/s; None or 0: as fast as it goes
    records: int = 20_000
    read_share: float = 0.5  # workload A
    mode: Literal["raw", "txn"] = "raw"
    connections: int = 4  # tikv.conncount; guides/tikv.md 4.2 asks for 2-8 in a lab
    noise: float = 1.0  # 0: none, 1: as recorded
    separator: str = "-"  # container names tikvlab-tikv0-1 (new Compose) or tikvlab_tikv0_1 (old)
    subnet: str = "172.23.0"  # first three numbers of the container network, a /24
    epoch: float = 1_795_180_000.0  # Unix time at which the world begins
    store_memory: int = GIB  # guides/tikv.md 6.2
    store_cores: float = 0.0  # Compose `cpus`; 0: none. Where it is set the engine refuses --cpu-quota (409)
    store_disk: int = 100 * GIB
    host_cores: int = 4
    host_memory: int = 24 * GIB
    balanced: bool = True  # False: every leader starts on the first store, as with one unsplit region

    def __post_init__(self) -> None:
        """Refuse impossible sizes, by name."""
        if not 1 <= self.members <= 9:
            raise ValueError("members: between 1 and 9")
        if not 1 <= self.stores <= 2000:
            raise ValueError("stores: between 1 and 2000")
        if self.regions < 1:
            raise ValueError("regions: at least 1")
        if not 1 <= self.replicas <= 7:
            raise ValueError("replicas: between 1 and 7")
        if self.threads < 1:
            raise ValueError("threads: at least 1")
        if self.target is not None and self.target < 0:
            raise ValueError("target: not below 0")
        if not 0 <= self.read_share <= 1:
            raise ValueError("read_share: between 0 and 1")
        if self.noise < 0:
            raise ValueError("noise: not below 0")
