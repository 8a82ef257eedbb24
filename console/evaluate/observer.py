"""The simulated observer: what `console/observe` would emit over a simulated world, faster than real time.

Same kinds, fields, cadences and deadlines as the sources; no sockets: each question goes through `sim/asking.py` and
ends as a socket would have shown it. Two styles: a session's own stream, and that of the recorder behind
`flight-record.md` (fewer kinds, no round trips, repeated answers left out).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from console.model.observation import CONSOLE, Observation
from console.observe import pd, reach, sources, tikv, tikv_metrics
from console.observe.source import REPEAT_S
from console.sim.asking import Asker, Outcome
from console.sim.physics.containers import Container
from console.sim.physics.pd_member import CLIENT_PORT, PdMember
from console.sim.physics.store import STATUS_PORT, StoreNode
from console.sim.physics.world import World
from console.sim.wire.door import Gate
from console.sim.wire.gates import gate_of
from console.sim.wire.http import Asked

from .engine_view import EngineView
from .stall import Stalls

Style = Literal["session", "recorder"]
Emit = Callable[[Observation], None]
RECORDER_S = 0.25  # each target, sequentially; deadline as everywhere in flight-record.md
RECORDER_DEADLINE_S = 2.0
RECORDER_SLOW_S = 1.0
POLL_S = 2.0
_HEARTBEATS = ("docker", "docker events", "ycsb", "probes")


@dataclass(frozen=True, slots=True)
class _Put:
    """One question in a beat: the kind it becomes, what is asked, and what is made of the answer."""

    kind: str
    asked: Asked
    reduce: pd.Ask | None
    deadline_s: float


def _asked(path: str, headers: dict[str, str] | None = None, post: bool = False) -> Asked:
    lower = {k.lower(): v for k, v in (headers or {}).items()}
    return Asked("POST" if post else "GET", path, {}, lower, b"{}" if post else b"")


def _puts(asks: tuple[pd.Ask, ...]) -> tuple[_Put, ...]:
    return tuple(_Put(a.kind, _asked(a.path, a.headers, a.post is not None), a, pd.DEADLINE_S) for a in asks)


_PING = (_Put("ping", _asked(pd.PING), None, pd.PING_DEADLINE_S),)
_DIRECT = (_Put("direct", _asked(pd.PING), None, reach.DEADLINE_S),)
_STATUS = _asked("/status")
_METRICS = _asked("/metrics")


class SimObserver:
    """Watches one world from now on. `t` of its observations counts from the moment it was made."""

    def __init__(self, world: World, emit: Emit, *, style: Style = "session", stalls: bool = True) -> None:
        self.world, self.style = world, style
        self.began = world.now
        self._out = emit
        self._last: dict[tuple[str, str], Any] = {}
        self._asker, self._own = Asker(world), Asker(world, published=False)
        self._lead: str | None = None
        self._noise = world.ground.chance("observer")
        self.stalls = Stalls(self._noise, stalls and world.spec.noise > 0 and style == "session")
        self._start()

    @property
    def t(self) -> float:
        """Seconds since it began to observe."""
        return self.world.now - self.began

    def emit(self, src: str, kind: str, data: Any) -> None:
        """One observation, now."""
        if self.style == "recorder":
            data = _recorded(kind, data)
            if kind not in ("line", "event") and not kind.startswith("stats/"):
                if self._last.get((src, kind)) == data:
                    return
                self._last[(src, kind)] = data
        if kind == "members" and isinstance(data, dict) and isinstance(data.get("body"), dict):
            self._lead = data["body"].get("leader") or self._lead
        wait = self.stalls.left(self.t)
        if wait > 0:  # whatever it is, it is taken in when the observer runs again
            self._later(wait, lambda: self._out(Observation(round(self.t, 3), src, kind, data)))
        else:
            self._out(Observation(round(self.t, 3), src, kind, data))

    # -- beats -----------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        session = self.style == "session"
        for member in self.world.pd.members.values():
            self._watch_member(member)
        for node in self.world.stores.values():
            self._watch_store(node)
        EngineView(self.world, self.emit, self.stalls, full=session).start()
        if session:
            self._later(sources.TICK_S, self._tick)
            self._every(REPEAT_S, self._sources_ok)

    def _watch_member(self, member: PdMember) -> None:
        if self.style == "recorder":
            views = _puts((*pd.STORES, *pd.VIEWS))
            self._beat(member, RECORDER_S, views)
            if member.name == min(self.world.pd.members):
                self._beat(member, RECORDER_SLOW_S, _puts(tuple(a for a in pd.SLOW if a.kind.startswith("check"))))
            return
        self._beat(member, pd.PING_S, _PING)
        self._beat(member, reach.DIRECT_S, _DIRECT, own=True)
        _IdleWatch(self, member.container, CLIENT_PORT, lambda told: self._ask_ping(member, told))
        self._beat(member, pd.LOCAL_S, _puts(pd.LOCAL))
        self._beat(member, POLL_S, _puts(pd.STORES))
        self._beat(member, POLL_S, _puts(pd.VIEWS))
        self._beat(member, POLL_S * pd.SLOW_FACTOR, _puts(pd.SLOW), leader_only=True)

    def _watch_store(self, node: StoreNode) -> None:
        session = self.style == "session"
        deadline = tikv.DEADLINE_S if session else RECORDER_DEADLINE_S
        self._probe(node, tikv.PROBE_S if session else RECORDER_S, deadline)
        if session:
            self._direct(node)
            self._later(self._noise.uniform(0, tikv_metrics.METRICS_S), lambda: self._scrape(node))
            _IdleWatch(self, node.container, STATUS_PORT, lambda told: self._ask_status(node, told))

    def _beat(
        self, member: PdMember, period: float, puts: tuple[_Put, ...], leader_only: bool = False, own: bool = False
    ) -> None:
        """Ask in turn, for ever, never twice at a time; at the published port, or at the member's own address."""
        asker = self._own if own else self._asker

        def again(began: float) -> None:
            self._later(max(0.01, period - (self.world.now - began)), begin)

        def begin() -> None:
            if leader_only and self._lead not in (None, member.name):
                again(self.world.now)
                return
            step(0, self.world.now)

        def step(index: int, began: float) -> None:
            put = puts[index]

            def ended(outcome: Outcome) -> None:
                self.emit(member.name, put.kind, _answer(put, outcome))
                if index + 1 < len(puts):
                    step(index + 1, began)
                else:
                    again(began)

            asker.member(member, put.asked, put.deadline_s, lambda o: self._held(put.deadline_s, o, ended))

        self._later(self._noise.uniform(0, period), begin)

    def _probe(self, node: StoreNode, period: float, deadline: float) -> None:
        def begin() -> None:
            began = self.world.now

            def ended(outcome: Outcome) -> None:
                if "status" in outcome:
                    outcome["body"] = ""
                self.emit(node.name, "status", outcome)
                self._later(max(0.01, period - (self.world.now - began)), begin)

            self._asker.store(node, _STATUS, deadline, lambda o: self._held(deadline, o, ended))

        self._later(self._noise.uniform(0, period), begin)

    def _direct(self, node: StoreNode) -> None:
        def begin() -> None:
            began = self.world.now

            def ended(outcome: Outcome) -> None:
                if "status" in outcome:
                    outcome["body"] = ""
                self.emit(node.name, "direct", outcome)
                self._later(max(0.01, reach.DIRECT_S - (self.world.now - began)), begin)

            self._own.store(node, _STATUS, tikv.DEADLINE_S, lambda o: self._held(tikv.DEADLINE_S, o, ended))

        self._later(self._noise.uniform(0, reach.DIRECT_S), begin)

    def _scrape(self, node: StoreNode) -> None:
        def ended(outcome: Outcome) -> None:
            if outcome.get("status") == 200:
                self.emit(node.name, "metrics", tikv_metrics.reduce_metrics(outcome["body"].decode()))
            self._later(tikv_metrics.METRICS_S, lambda: self._scrape(node))

        self._asker.store(node, _METRICS, tikv_metrics.DEADLINE_S, ended)

    def _ask_status(self, node: StoreNode, ended: Callable[[Outcome], None]) -> None:
        self._asker.store(node, _STATUS, tikv.DEADLINE_S, ended)

    def _ask_ping(self, member: PdMember, ended: Callable[[Outcome], None]) -> None:
        self._asker.member(member, _PING[0].asked, pd.PING_DEADLINE_S, ended)

    def _held(self, deadline: float, outcome: Outcome, ended: Callable[[Outcome], None]) -> None:
        """An answer that came while the observer itself stood still is read late, or called late."""
        wait = self.stalls.left(self.t)
        if wait <= 0:
            ended(outcome)
            return
        outcome["rtt_ms"] = round(outcome["rtt_ms"] + wait * 1000, 2)
        if outcome["rtt_ms"] > deadline * 1000 and "error" not in outcome:
            outcome = {"error": "ReadTimeout", "msg": "", "rtt_ms": outcome["rtt_ms"]}
        self._later(wait, lambda: ended(outcome))  # the next question is not put before

    # -- the observer's own pulse --------------------------------------------------------------------------------------

    def _tick(self) -> None:
        wait = self.stalls.left(self.t)
        lag = wait + abs(self._noise.gauss(0.0, 0.0012))
        self._later(wait, lambda: self.emit(CONSOLE, "tick", {"lag_ms": round(lag * 1000, 1)}))
        self._later(sources.TICK_S + wait, self._tick)

    def _sources_ok(self) -> None:
        for name in (*_HEARTBEATS, *self.world.pd.members):
            self.emit(CONSOLE, f"source/{name}", {"ok": True, "period_s": POLL_S})

    def _every(self, period: float, action: Callable[[], None]) -> None:
        def beat() -> None:
            self._later(period, beat)
            action()

        self._later(self._noise.uniform(0, period), beat)

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        self.world.ground.after(delay, action)


_STORE_FIELDS = ("id", "addr", "state", "last_heartbeat", "leaders", "regions", "slow_score")


def _recorded(kind: str, data: Any) -> Any:
    """As the recorder writes it: no round trips, stores in order and with fewer fields."""
    if not isinstance(data, dict):
        return data
    kept = {k: v for k, v in data.items() if k != "rtt_ms"}
    if kind == "stores" and isinstance(kept.get("body"), list):
        rows = sorted(kept["body"], key=lambda r: int(r["id"]))
        kept["body"] = [{k: None if k == "slow_score" else r[k] for k in _STORE_FIELDS} for r in rows]
    return kept


def _answer(put: _Put, outcome: Outcome) -> dict[str, Any]:
    if "error" in outcome:
        return outcome
    if put.reduce is None:
        return {**outcome, "body": ""}
    answer = pd.answer_of(put.reduce, outcome["status"], outcome["body"])
    return {**answer, "rtt_ms": outcome["rtt_ms"]}


class _IdleWatch:
    """The idle connection of one process: its end is told when no new one can be had, by asking afresh."""

    def __init__(
        self, observer: SimObserver, box: Container, port: int, ask: Callable[[Callable[[Outcome], None]], None]
    ) -> None:
        self._observer, self._box, self._port, self._ask = observer, box, port, ask
        self._gate = self._now()[0]
        observer.world.ground.refreshers.append(self._look)

    def _now(self) -> tuple[Gate, float]:
        return gate_of(self._observer.world, self._box, self._port, published=True)

    def _look(self) -> None:
        gate, linger = self._now()
        before, self._gate = self._gate, gate
        if gate is not before and gate in (Gate.REFUSED, Gate.RESET) and before in (Gate.OPEN, Gate.FROZEN):
            self._observer.world.ground.after(linger + 0.002, lambda: self._ask(self._told))

    def _told(self, outcome: Outcome) -> None:
        closed = {"error": "RemoteProtocolError", "msg": "idle connection closed", "rtt_ms": outcome["rtt_ms"]}
        self._observer.emit(self._box.service, "tcp", {**outcome, "body": ""} if "status" in outcome else closed)
