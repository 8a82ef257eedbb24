"""What operations cost in CPU, bytes and disk writes, booked to the containers that bear it."""

from __future__ import annotations

from .containers import Container
from .raft import Raft
from .service import BYTES_IN, BYTES_OUT, CPU_PER_COPY, CPU_PER_OP, DISK_BYTES_PER_UPDATE
from .spec import ClusterSpec
from .usage import Usage

CLIENT_CPU_PER_OP = 60e-6  # go-ycsb itself [between the two machines of recordings/]
COPY_BYTES = 120  # one update on its way to a follower [inference]
FOLLOWERS_BOOKED = 12  # beyond so many stores a follower's part is too small to be worth its booking


class Traffic:
    """Books operations to usage counters by container id."""

    def __init__(self, spec: ClusterSpec, raft: Raft, usages: dict[str, Usage]) -> None:
        self.spec = spec
        self.raft = raft
        self.usages = usages

    def serve(self, store: int, ops: float, writes: float) -> None:
        """A leader served `ops` operations, `writes` of them updates, and its followers copied those."""
        stores = self.raft.stores
        copies = max(0, min(self.spec.replicas, len(stores)) - 1)
        usage = self.usages[stores[store].container.id].meters
        usage["cpu"].add(ops * CPU_PER_OP)
        usage["rx"].add(ops * BYTES_IN)
        usage["tx"].add(ops * BYTES_OUT + writes * copies * COPY_BYTES)
        usage["write"].add(writes * DISK_BYTES_PER_UPDATE)
        if len(stores) > FOLLOWERS_BOOKED or len(stores) < 2:
            return
        share = writes * copies / (len(stores) - 1)
        for peer, node in stores.items():
            if peer != store and node.serving:
                follower = self.usages[node.container.id].meters
                follower["cpu"].add(share * CPU_PER_COPY)
                follower["rx"].add(share * COPY_BYTES)
                follower["write"].add(share * DISK_BYTES_PER_UPDATE)
                node.numbers.append.add(share, node.disk.sync_s)

    def client(self, client: Container, ops: float) -> None:
        """The load generator's own part."""
        usage = self.usages[client.id].meters
        usage["cpu"].add(ops * CLIENT_CPU_PER_OP)
        usage["rx"].add(ops * BYTES_OUT)
        usage["tx"].add(ops * BYTES_IN)
