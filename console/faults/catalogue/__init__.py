"""The catalogue: every fault kind, one line each. Adding one is its class, its test and a line here."""

from __future__ import annotations

from console.faults.kind import FaultKind

from .client import CLIENT
from .composite import COMPOSITE
from .control import CONTROL
from .loops import CrashLoop
from .network import Partition
from .process import Kill, Pause, Restart, Stop
from .resource import RESOURCE
from .shaping import SHAPING
from .workload import ClientPaused

_ALL: tuple[FaultKind, ...] = (
    Kill(),
    Stop(),
    Pause(),
    Restart(),
    CrashLoop(),
    Partition(),
    *SHAPING,
    *RESOURCE,
    *CONTROL,
    *CLIENT,
    ClientPaused(),
    *COMPOSITE,
)
KINDS: dict[str, FaultKind] = {kind.spec.kind: kind for kind in _ALL}
