"""One fact, timestamped: the only thing the rest of the console knows of the world (`flight-record` v1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Observation:
    """`t` seconds since the session began (monotonic), who saw it, what kind of fact, and the fact."""

    t: float
    src: str
    kind: str
    data: Any


# Sources that are neither a PD member nor a store. What the injector did is LAB: written to the record, and
# dropped before fold, detection and diagnosis.
DOCKER = "docker"
YCSB = "ycsb"
LAB = "lab"
CONSOLE = "console"


class Reach(StrEnum):
    """How a request to a process ended; each is a different observation and none is folded into another."""

    UNKNOWN = "unknown"
    OK = "ok"
    REFUSED = "refused"  # RST to the SYN, or the name is gone
    RESET = "reset"  # connection torn down in the middle of an answer
    SILENT = "silent"  # connected, and then nothing
    UNREACHABLE = "unreachable"  # SYN lost, or no route
    ERROR = "error"  # an HTTP error answer: somebody is there

    @property
    def answered(self) -> bool:
        """True where a live process wrote the answer."""
        return self in (Reach.OK, Reach.ERROR)

    @property
    def lost(self) -> bool:
        """True where an answer was looked for and none came."""
        return not self.answered and self is not Reach.UNKNOWN


_BY_ERROR = {
    "ConnectTimeout": Reach.UNREACHABLE,
    "ReadTimeout": Reach.SILENT,
    "WriteTimeout": Reach.SILENT,
    "PoolTimeout": Reach.SILENT,
    "TimeoutError": Reach.SILENT,
    "RemoteProtocolError": Reach.RESET,
    "ReadError": Reach.RESET,
    "WriteError": Reach.RESET,
    "ConnectionResetError": Reach.RESET,
    "ConnectError": Reach.REFUSED,
    "ConnectionRefusedError": Reach.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer or the lack of one, as in a flight record: `{status, body}` or `{error, msg}`."""

    reach: Reach
    status: int | None = None
    body: Any = None
    detail: str = ""
    rtt_ms: float | None = None

    @staticmethod
    def of(data: Any) -> Answer:
        """Read an answer; anything that is not one reads as `Reach.UNKNOWN`, never as health."""
        if not isinstance(data, Mapping):
            return Answer(Reach.UNKNOWN, detail="not an answer")
        rtt = data.get("rtt_ms")
        rtt_ms = float(rtt) if isinstance(rtt, (int, float)) else None
        if "error" in data:
            name, msg = str(data["error"]), str(data.get("msg", ""))
            reach = _BY_ERROR.get(name, Reach.UNKNOWN)
            if name == "ConnectError" and any(s in msg for s in ("No route", "unreachable", "Errno 113", "Errno 101")):
                reach = Reach.UNREACHABLE
            return Answer(reach, detail=f"{name} {msg}".strip(), rtt_ms=rtt_ms)
        status = data.get("status")
        if not isinstance(status, int):
            return Answer(Reach.UNKNOWN, detail="no status")
        body = data.get("body")
        if 200 <= status < 300:
            return Answer(Reach.OK, status, body, rtt_ms=rtt_ms)
        return Answer(Reach.ERROR, status, body, detail=str(body)[:200], rtt_ms=rtt_ms)
