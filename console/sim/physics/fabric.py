"""Who can reach whom, over what, and how well: derived from containers, networks and namespace rules."""

from __future__ import annotations

from enum import StrEnum
from random import Random
from typing import NamedTuple

from .containers import Container
from .engine import Engine
from .netns import Netns, Rule

# guides/tikv.md 4.4: 30 % inbound loss on the leader leaves 120 of 5,000 ops/s with 8 threads: 67 ms an operation, of
# which reads pay once and updates twice. A few per cent are repaired quickly and show in p99 only.
LOSS_COST_S = 0.104
LOSS_FULL = 0.3
SHAKE_COST_S = 0.02  # reordered or duplicated packets [inference]
HOST = "host"  # the machine the engine and the console run on, seen from a container as the network's gateway


class Reach(StrEnum):
    """How a TCP connection fares. The first letter of each is what a prober sees of a new one."""

    OK = "ok"
    REFUSED = "refused"  # nobody listens, or a rule rejects: RST
    SILENT = "silent"  # connected, no answer: the process is frozen
    LOST = "lost"  # packets vanish
    NO_NETWORK = "no-network"  # one end has no interface: its address does not exist
    NO_NAME = "no-name"  # needs a new connection and the name does not resolve
    GONE = "gone"  # the process does not exist; its name is gone too


class Path(NamedTuple):
    """Both directions between two ends. `delay`: added round trip, s; `loss`: of packets, each way combined;
    `rate_out` / `rate_in`: bytes/s from the first end to the second and back, inf where unlimited."""

    up: bool = True
    rejected: bool = False
    attached: bool = True
    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    shake: float = 0.0
    rate_out: float = float("inf")
    rate_in: float = float("inf")


def steady_s(path: Path) -> float:
    """Seconds that shaping adds to every round trip."""
    return path.delay + path.jitter / 2 + SHAKE_COST_S * path.shake / max(0.03, 1 - path.shake)


def lossy(path: Path) -> tuple[float, float]:
    """(share of round trips that lose a packet, seconds each of those waits for it to be sent again)."""
    loss = min(0.97, path.loss)
    if loss <= 0:
        return 0.0, 0.0
    mean = LOSS_COST_S * loss / (1 - loss) * min(1.0, 0.05 + loss * 0.95 / LOSS_FULL)
    share = min(0.6, 1.5 * loss)
    return share, mean / share


def wire_sample(path: Path, chance: Random) -> float:
    """Seconds that shaping adds to one round trip, drawn."""
    share, wait = lossy(path)
    lost = chance.expovariate(1 / wait) if share and chance.random() < share else 0.0
    return max(0.0, steady_s(path) + chance.uniform(-path.jitter, path.jitter)) + lost


def wire_cost(path: Path) -> float:
    """Mean seconds that shaping adds to a round trip, losses included."""
    share, wait = lossy(path)
    return steady_s(path) + share * wait


class _Lane:
    """One direction while it is put together."""

    def __init__(self) -> None:
        self.passes = 1.0
        self.rejected = False
        self.delay = self.jitter = self.shake = 0.0
        self.rate = float("inf")

    def take(self, rule: Rule) -> None:
        if rule.action == "drop":
            self.passes *= 1 - rule.probability
        elif rule.action == "reject":
            self.passes *= 1 - rule.probability
            self.rejected = self.rejected or rule.probability >= 1
        elif rule.action == "delay":
            self.delay += rule.delay_s
            self.jitter += rule.jitter_s
        elif rule.action == "limit":
            self.rate = min(self.rate, rule.rate)
        else:
            self.shake = 1 - (1 - self.shake) * (1 - rule.probability)


class Fabric:
    """Answers are cached for one version of the world."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._paths: dict[tuple[str, str, int], Path] = {}
        self._names: dict[str, Container | None] = {}
        self._version = -1
        self._dns_lost_at: dict[str, float] = {}

    def refresh(self) -> None:
        """Note since when a container cannot resolve names; registered with the ground."""
        for container in self.engine.containers.values():
            if self._resolver_lost(container):
                self._dns_lost_at.setdefault(container.id, self.engine.ground.now)
            else:
                self._dns_lost_at.pop(container.id, None)

    def _fresh(self) -> None:
        if self._version != self.engine.ground.version:
            self._version = self.engine.ground.version
            self._paths.clear()
            self._names.clear()

    def netns(self, container: Container) -> Netns:
        """The namespace it lives in, perhaps another container's."""
        owner = self.engine.containers.get(container.shares_netns_of)
        return owner.netns if owner else container.netns

    def _resolver_lost(self, container: Container) -> bool:
        return container.netns.dns_broken() if len(container.netns) else False

    # -- packets -----------------------------------------------------------------------------------------------------

    def path(self, a: Container | None, b: Container, port: int) -> Path:
        """Between a container (None: the host) and port `port` of another, by their namespaces' rules."""
        self._fresh()
        key = (a.id if a else HOST, b.id, port)
        known = self._paths.get(key)
        if known is None:
            known = self._paths[key] = self._compute(a, b, port)
        return known

    def _compute(self, a: Container | None, b: Container, port: int) -> Path:
        address_a, address_b = self._addresses(a, b)
        if not address_a or not address_b:
            return Path(up=False, attached=False)
        there, back = _Lane(), _Lane()
        if a is not None:
            self._collect(self.netns(a), address_b, port, out=there, into=back)
        self._collect(self.netns(b), address_a, port, out=back, into=there)
        passes = there.passes * back.passes
        return Path(
            up=there.passes > 0 and back.passes > 0,
            rejected=there.rejected,
            delay=there.delay + back.delay,
            jitter=there.jitter + back.jitter,
            loss=1 - passes,
            shake=1 - (1 - there.shake) * (1 - back.shake),
            rate_out=there.rate,
            rate_in=back.rate,
        )

    @staticmethod
    def _collect(netns: Netns, peer: str, port: int, out: _Lane, into: _Lane) -> None:
        for rule in netns:
            if rule.meets(peer, port):
                (out if rule.direction == "out" else into).take(rule)

    def _addresses(self, a: Container | None, b: Container) -> tuple[str, str]:
        """Their addresses on a network both are on; empty strings where there is none."""
        for name, endpoint in b.endpoints.items():
            if not endpoint.address:
                continue
            if a is None:
                network = self.engine.networks.get(name)
                return (network.gateway if network else ""), endpoint.address
            mine = a.endpoints.get(name)
            if mine is not None and mine.address:
                return mine.address, endpoint.address
        return "", ""

    # -- names -------------------------------------------------------------------------------------------------------

    def resolve(self, asker: Container, name: str) -> Container | None:
        """What the engine's resolver answers on the asker's networks, or None."""
        self._fresh()
        if asker.id in self._dns_lost_at:
            return None
        if name not in self._names:
            self._names[name] = self._lookup(name)
        found = self._names[name]
        if found is None or not any(self._both(asker, found)):
            return None
        return found

    @staticmethod
    def _both(asker: Container, found: Container) -> list[str]:
        mine = {n for n, e in asker.endpoints.items() if e.address}
        return [n for n, e in found.endpoints.items() if e.address and n in mine]

    def _lookup(self, name: str) -> Container | None:
        for container in self.engine.containers.values():
            for endpoint in container.endpoints.values():
                if endpoint.address and (name in endpoint.aliases or name in (container.name, container.id[:12])):
                    return container
        return None

    # -- connections -------------------------------------------------------------------------------------------------

    def reach(self, a: Container, b: Container, port: int) -> Reach:
        """How a's connection to service b fares now: the established one where it can still exist, else a new one."""
        if not b.alive:
            return Reach.GONE
        path = self.path(a, b, port)
        if not path.attached:
            return Reach.NO_NETWORK
        if path.rejected or not b.process.listening(port):
            return Reach.REFUSED
        if not path.up:
            return Reach.LOST
        if self._must_redial(a, b) and self.resolve(a, b.service) is not b:
            return Reach.NO_NAME
        return Reach.OK if b.awake else Reach.SILENT

    def _must_redial(self, a: Container, b: Container) -> bool:
        """Whether a connection made before the name was lost can still be the one in use."""
        nameless_since = self._nameless_since(a, b)
        if nameless_since is None:
            return False
        needed = max(a.started_at or 0.0, b.started_at or 0.0, a.attached_at, b.attached_at)
        return needed >= nameless_since

    def _nameless_since(self, a: Container, b: Container) -> float | None:
        lost = self._dns_lost_at.get(a.id)
        if lost is not None:
            return lost
        named = any(e.address and b.service in (*e.aliases, b.name) for e in b.endpoints.values())
        return None if named else b.attached_at

    def both_ways(self, a: Container, b: Container, port: int) -> bool:
        """Each has, or can make, a working connection to the other's `port`, and both get CPU."""
        return a.awake and self.reach(a, b, port) is Reach.OK and self.reach(b, a, port) is Reach.OK

    # -- the view from the host --------------------------------------------------------------------------------------

    def from_host(self, b: Container, port: int) -> Reach:
        """How a new connection from the host to the container's own address fares."""
        if not b.alive:
            return Reach.GONE
        path = self.path(None, b, port)
        if not path.attached:
            return Reach.NO_NETWORK
        if path.rejected:
            return Reach.REFUSED
        if not path.up:
            return Reach.LOST
        if not b.process.listening(port):
            return Reach.REFUSED
        return Reach.OK if b.awake else Reach.SILENT
