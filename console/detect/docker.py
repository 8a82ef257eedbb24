"""What the engine shows of a container: gone, frozen, without network, throttled, out of memory."""

from __future__ import annotations

from console.model.cluster import Cluster, Container
from console.model.incident import Finding, Vantage
from console.model.names import Role

from .ledger import Ledger

_DOWN = ("exited", "dead", "removed", "created")
_ORDERLY = (0, 2, 130, 143)  # ended by itself, by SIGINT, by SIGTERM
_WATCHED = (Role.PD, Role.STORE, Role.LOAD)
THROTTLED_PCT = 20.0  # of wall time, over all threads; a container without a quota has none at all


class DockerDetector:
    """One vantage point: the Docker engine."""

    def __init__(self) -> None:
        self._ran: set[str] = set()
        self._throttled: dict[str, tuple[float, int]] = {}  # service -> (sample time, samples in a row above)

    def step(self, cluster: Cluster, ledger: Ledger) -> None:
        """Compare every watched container with what stands."""
        for container in cluster.containers.values():
            if container.role in _WATCHED:
                self._state(container, cluster.t, ledger)
                self._throttling(container, ledger)

    def _state(self, c: Container, t: float, ledger: Ledger) -> None:
        down = c.state in _DOWN
        if not down:
            self._ran.add(c.service)
        # A load generator that never ran, or ended in order, is a cluster without load, not a failure.
        no_load = c.role is Role.LOAD and (c.service not in self._ran or c.exit_code in _ORDERLY)
        if down and not no_load:
            self._raise(ledger, "exited", c, c.died_at if c.died_at is not None else c.since, _exit_text(c))
        elif not down:
            ledger.clear(Vantage.DOCKER, "exited", c.service, c.started_at if c.started_at is not None else t)
        self._toggle(ledger, "paused", c, c.state == "paused", f"container {c.service} is paused", t)
        self._toggle(
            ledger, "restarting", c, c.state == "restarting", f"container {c.service} keeps being restarted", t
        )
        cut = c.networks == () and c.state in ("running", "paused")
        self._toggle(ledger, "no-network", c, cut, f"container {c.service} runs and is attached to no network", t)
        if c.oom and down:
            self._raise(ledger, "oom", c, c.since, f"the kernel killed {c.service} for its memory limit")
        elif not c.oom:
            ledger.clear(Vantage.DOCKER, "oom", c.service, t)

    def _toggle(self, ledger: Ledger, symptom: str, c: Container, there: bool, text: str, t: float) -> None:
        if there:
            self._raise(ledger, symptom, c, c.since if symptom == "paused" else t, text)
        else:
            ledger.clear(Vantage.DOCKER, symptom, c.service, t)

    def _raise(self, ledger: Ledger, symptom: str, c: Container, onset: float, text: str) -> None:
        if ledger.has(Vantage.DOCKER, symptom, c.service):
            return
        attrs = {} if c.exit_code is None or symptom != "exited" else {"exit_code": str(c.exit_code)}
        ledger.raise_(Finding(Vantage.DOCKER, symptom, c.service, onset, max(onset, c.since), text, attrs=attrs))

    def _throttling(self, c: Container, ledger: Ledger) -> None:
        stats = c.stats
        if stats is None or stats.throttled_pct is None:
            return
        at, row = self._throttled.get(c.service, (-1.0, 0))
        if stats.at == at:
            return
        row = row + 1 if stats.throttled_pct >= THROTTLED_PCT else 0
        self._throttled[c.service] = (stats.at, row)
        if row >= 2 and not ledger.has(Vantage.DOCKER, "throttled", c.service):
            text = f"{c.service} is held back by its CPU quota: throttled {stats.throttled_pct:.0f} % of the time"
            ledger.raise_(
                Finding(Vantage.DOCKER, "throttled", c.service, at - 1.0, stats.at, text, value=stats.throttled_pct)
            )
        elif row == 0:
            ledger.clear(Vantage.DOCKER, "throttled", c.service, stats.at)


def _exit_text(c: Container) -> str:
    if c.state == "removed":
        return f"container {c.service} was removed"
    code = "" if c.exit_code is None else f" with code {c.exit_code}"
    return f"container {c.service} exited{code}"
