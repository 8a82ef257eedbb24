"""The load generator's run: what its threads get done on the cluster as it is, and the numbers it keeps of it."""

from __future__ import annotations

from collections.abc import Callable

from .client_pd import ClientPd
from .client_routes import Routes
from .client_text import gave_up
from .containers import Container
from .ground import Ground
from .guests import Guests
from .noise import Capacity
from .pace import pace
from .raft import Raft
from .run import Run
from .service import (
    MACHINE_OPS,
    READ_SIGMA,
    READ_US,
    STALL_MEAN,
    STALL_SIGMA,
    TAIL_FACTOR,
    TAIL_SHARE,
    TAIL_SIGMA,
    UPDATE_SIGMA,
    UPDATE_US,
    Service,
    Services,
)
from .threads import TSO_REGION, Thread, Threads
from .traffic import CLIENT_CPU_PER_OP, Traffic
from .usage import Usage


class Workload:
    """Turns the state of the world into operations. Settles lazily: nothing runs between changes and ticks."""

    def __init__(
        self,
        ground: Ground,
        raft: Raft,
        routes: Routes,
        services: Services,
        pd: ClientPd,
        usages: dict[str, Usage],
        client: Callable[[], Container],
        say: Callable[[str], None],
    ) -> None:
        self.ground = ground
        self.raft = raft
        self.routes = routes
        self.services = services
        self.pd = pd
        self.usages = usages
        self._client = client
        self._say = say
        self.guests = Guests(raft)
        routes.on_change.append(self._resume)
        self._traffic = Traffic(ground.spec, raft, usages)
        self.run: Run | None = None
        self.threads: Threads | None = None
        self.capacity = Capacity(ground.chance("capacity"), ground.spec.noise)
        self.factor = 1.0
        self.ops_rate = 0.0  # what all threads could do now, ops/s
        self.served: dict[int, float] = {}  # store -> ops/s over the last whole second
        self._in_second: dict[int, float] = {}
        self.guests_got = 0.0  # ops/s of other clients over the last whole second
        self.total_ops = 0.0
        self._rate = 0.0
        self._last = 0.0
        self._pause_left = 0.0
        self._scale = 1.0
        self._blind = 0.0
        self._stores: dict[int, tuple[float, Service]] = {}

    # -- a run -----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start a run now."""
        spec = self.ground.spec
        self.run, self._last = Run(), self.ground.now
        self.threads = Threads(
            self.ground, spec.threads, float(spec.target or 0), self._choose, self._finish, self.settle, self._pace
        )
        self._in_second = {}
        self._pace()
        self._plan()

    def end(self) -> None:
        """The process is gone."""
        if self.threads:
            self.threads.stop()
        self.run = self.threads = None
        self.ops_rate = 0.0
        self.served = {}

    def second(self) -> None:
        """The world's chance for the coming second, and what was served in the last one."""
        self.settle()
        # Rounded: how often somebody looked must not matter, and it changes the last digits of a sum.
        self.served = {store: round(ops, 3) for store, ops in self._in_second.items()}
        self._in_second = {}
        if self.guests.present:
            self._serve_guests()
        self.factor = self.capacity.step(self.ground.now)
        self._pause_left = self.capacity.pause_in_second(self.ground.now)
        self._pace()
        if self._blind > 0:
            self._plan()

    def _serve_guests(self) -> None:
        """What other clients got done in the last second, booked to the stores."""
        self.guests_got = min(self.guests.wish, max(0.0, MACHINE_OPS * self.factor - sum(self.served.values())))
        for store, ops in self.guests.on_stores(self.guests_got).items():
            self.served[store] = self.served.get(store, 0.0) + ops
            known = self._stores.get(store)
            self._book(store, self._service(store) if known is None else known[1], ops)

    # -- work ------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Do the work of the time since the last call. Draws no chance, so that looking changes nothing."""
        now = self.ground.now
        seconds, self._last = now - self._last, now
        if seconds <= 0 or self.threads is None or self.run is None or not self._client().awake:
            return
        lost = min(seconds, self._pause_left)
        self._pause_left -= lost
        ops = self.threads.work(seconds - lost, self._rate)
        if ops <= 0:
            return
        self.total_ops += ops
        usable = sum(share for share, _ in self._stores.values()) or 1.0
        for store, (share, service) in self._stores.items():
            part = ops * share / usable
            self._in_second[store] = self._in_second.get(store, 0.0) + part
            self._count(self.run, store, service, part)
        self._traffic.client(self._client(), ops)

    def _count(self, run: Run, store: int, service: Service, ops: float) -> None:
        reads = ops * self.ground.spec.read_share
        for op, n in (("READ", reads), ("UPDATE", ops - reads)):
            median, sigma, extra = self._latency(op, service)
            median += extra * 1e6
            left = n * (1 - TAIL_SHARE)
            for share, wait in service.stalls if op == "READ" else service.stalls + service.write_stalls:
                stalled = min(left, n * share)
                left -= stalled
                run.add(op, median + wait * 1e6 / STALL_MEAN, STALL_SIGMA, stalled)
            run.add(op, median, sigma, left)
            run.add(op, median * TAIL_FACTOR, TAIL_SIGMA, n * TAIL_SHARE)
        self._book(store, service, ops)

    def _book(self, store: int, service: Service, ops: float) -> None:
        """What `ops` operations leave in a store's own numbers, whoever asked for them."""
        node, reads = self.raft.stores[store], ops * self.ground.spec.read_share
        node.numbers.served(
            reads,
            ops - reads,
            READ_US * self._scale * 1e-6,
            UPDATE_US * self._scale * 1e-6,
            service,
            node.disk.sync_s,
        )
        self._traffic.serve(store, ops, ops - reads)

    def _latency(self, op: str, service: Service) -> tuple[float, float, float]:
        if op == "READ":
            return READ_US * self._scale, READ_SIGMA, service.read_extra
        return UPDATE_US * self._scale, UPDATE_SIGMA, service.update_extra

    def flush(self) -> Run | None:
        """Bring the histograms up to now; returns the run, None without one."""
        self.settle()
        if self.run is None:
            return None
        began = self.threads.began if self.threads else 0.0
        self.run.flush(self.ground.chance("latency"), began, self.ground.spec.read_share)
        return self.run

    # -- pace ------------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look at routes and stores after a change of the world."""
        if self.threads is None:
            return
        self.routes.refresh()
        self.pd.refresh()
        self._resume()

    def _resume(self) -> None:
        """After any change of what can be used: threads that waited go on, others may get stuck."""
        if self.threads is None:
            return
        self._pace()
        self.threads.release(self._usable)
        self._pace()
        self._plan()

    def _plan(self) -> None:
        if self.threads is not None:
            self.threads.plan(self._blind if self._client().awake else 0.0, self._rate)

    def _usable(self, region: int, write: bool) -> bool:
        if not self._client().awake or (self.pd.txn and not self.pd.tso):
            return False
        if region == TSO_REGION:
            return True
        known = self.raft.regions.get(region)
        if known is None or region in self.routes.lost:
            return known is None
        service = self._stores.get(known.leader)
        return not write or service is None or service[1].writable

    def _pace(self) -> None:
        """How fast a thread can go, and what share of operations would never end."""
        if self.threads is None:
            self._rate = self.ops_rate = 0.0
            return
        self._stores = {s: (share, self._service(s)) for s, share in self.routes.shares.items()}
        self._blind = self._blind_share()
        active = len(self.threads.active)
        if not active or not self._client().awake or not self._stores or self._blind >= 1:
            self._rate = self.ops_rate = 0.0
            if active and self._blind >= 1:
                self._rate = 1000.0  # the first operation of each thread meets the wall
            return
        cores = self._client().limits.cores(self.ground.spec.host_cores)
        self.ops_rate, self._scale = pace(
            self.ground.spec,
            self._stores.values(),
            self.factor,
            active,
            cores / CLIENT_CPU_PER_OP,
            self.guests.wish,
        )
        self._rate = self.ops_rate / active

    def _service(self, store: int) -> Service:
        node = self.raft.stores[store]
        usage = self.usages[node.container.id]
        service = self.services.of(
            self._client(), node, self.served.get(store, 0.0), usage.share_of_limit(), usage.burners
        )
        usage.throttle(service.throttled)
        return service

    def _blind_share(self) -> float:
        if self.pd.txn and not self.pd.tso:
            return 1.0
        write_share = 1 - self.ground.spec.read_share
        stuck = sum(share * write_share for share, service in self._stores.values() if not service.writable)
        return min(1.0, self.routes.blind + stuck)

    # -- waiting operations ------------------------------------------------------------------------------------------

    def _choose(self) -> tuple[int, bool]:
        """Which region a thread got stuck on, and with what kind of operation."""
        chance = self.ground.chance("threads")
        write = chance.random() >= self.ground.spec.read_share
        if self.pd.txn and not self.pd.tso:
            return TSO_REGION, write
        regions = [self.raft.regions[r] for r in self.routes.lost if r in self.raft.regions]
        stuck = [s for s, (_, service) in self._stores.items() if not service.writable]
        if not regions and stuck:
            led = [r for r in self.raft.regions.values() if r.leader in stuck]
            return (chance.choice(led).id, True) if led else (TSO_REGION, True)
        if not regions:
            return TSO_REGION, write
        return chance.choices(regions, [max(1e-9, r.weight) for r in regions])[0].id, write

    def _finish(self, thread: Thread, latency: float, failed: bool) -> None:
        """One waiting operation ended, well or after its whole budget."""
        if self.run is None:
            return
        op, now = ("UPDATE" if thread.write else "READ"), self.ground.now
        region = thread.region or 0
        known = self.raft.regions.get(region)
        lost = region in self.routes.lost or known is None
        # guides/tikv.md 0.4: in raw mode an update whose read fails counts as a success.
        error = failed and (self.pd.txn or not thread.write or not lost)
        if failed:
            self._complain(region, error)
        for name in (f"{op}_ERROR",) if error else (op, "TOTAL"):
            self.run.histogram(name, now).add_one(latency * 1e6)
        self.total_ops += 0 if error else 1

    def _complain(self, region: int, error: bool) -> None:
        self._say(gave_up(region))
        if error:
            self._say("operation err: tikv server timeout")
