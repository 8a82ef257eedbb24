"""PD's operators: steps it asks of regions, as `/operators` describes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

KIND_BITS = {"leader": 8, "region": 16, "admin": 2, "replica": 4, "split": 32}


@dataclass(slots=True)
class Operator:
    """One operator. `brief` is the text in braces, `step` what it does; wall times in Unix seconds."""

    desc: str
    kind: str
    brief: str
    step: str
    region: int
    version: int
    conf_ver: int
    size: int
    created: float
    uptime: float  # of the PD leader, s
    finished: float | None = None
    ok: bool = True

    def text(self) -> str:
        """As the default answer of `/operators` prints it (recordings/pd-api-samples)."""
        moment = go_time(self.created) + f" m=+{self.uptime:.9f}"
        return (
            f"{self.desc} {{{self.brief}}} (kind:{self.kind}, region:{self.region}({self.version}, {self.conf_ver}), "
            f"createAt:{moment}, startAt:{moment}, currentStep:0, size:{self.size}, "
            f"steps:[0:{{{self.step}}}], timeout:[1m0s])"
        )

    def record(self) -> str:
        """As `/operators/records` prints a finished one."""
        status = "SUCCESS" if self.ok else "CANCEL"
        moment = go_time(self.finished or self.created)
        return f"{moment} (duration:{(self.finished or self.created) - self.created:.1f}s), {self.text()}, {status}"

    def as_object(self) -> dict[str, object]:
        """As `/operators?object=true` shows it."""
        return {
            "desc": self.desc,
            "brief": self.brief,
            "region_id": self.region,
            "region_epoch": {"conf_ver": self.conf_ver, "version": self.version},
            "kind": KIND_BITS.get(self.kind.split(",")[0], 0),
            "timeout": "1m0s",
            "status": 1 if self.finished is None else 2,
        }


def go_time(wall: float) -> str:
    """A moment as Go prints it by default."""
    moment = datetime.fromtimestamp(wall, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f").rstrip("0") + " +0000 UTC"
