"""The catalogue: every fault kind, one line each. Adding one is its class, its test and a line here."""

from __future__ import annotations

from console.faults.kind import FaultKind

from .network import Partition
from .process import Kill, Pause, Restart, Stop
from .workload import ClientPaused

KINDS: dict[str, FaultKind] = {
    kind.spec.kind: kind for kind in (Kill(), Stop(), Pause(), Restart(), Partition(), ClientPaused())
}
