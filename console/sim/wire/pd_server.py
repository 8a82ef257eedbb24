"""One PD member's port: what it answers itself, what it passes to the leader, and how that fails."""

from __future__ import annotations

from aiohttp import web

from console.sim.physics.fabric import Reach, wire_sample
from console.sim.physics.pd_election import member_reach
from console.sim.physics.pd_member import CLIENT_PORT, Life, PdMember
from console.sim.physics.world import World

from .clock import SimClock
from .door import Door
from .http import Answer, Asked, TooLong, asked, not_found, plain, pretty, response
from .pd_local import PROJECT, etcd_status, is_local, local_answer
from .pd_metrics import pd_metrics
from .pd_routes import leader_answer
from .pd_views import health_view, members_view

# guides/tikv.md 1.2 and 1.3
NO_LEADER_S = 3.0
PING_S = 3.0
ETCD_S = 10.0
DEAD_IP_S = (2.0, 3.0)  # recordings/kill_pd_leader: after the first answers each try hangs this long
DEAD_IP_AFTER_S = 2.0
LOOK_S = 0.05
REDIRECT_FAILED = "[PD:apiutil:ErrRedirect]redirect failed"
NOT_BOOTSTRAPPED = "[PD:cluster:ErrNotBootstrapped]TiKV cluster not bootstrapped, please start TiKV first"
FOLLOWER_PATHS = ("/leader", "/members", "/cluster", "/cluster/status", "/config", "/version", "/status")
PANIC = (
    "runtime error: invalid memory address or nil pointer dereference\n\ngoroutine 1 [running]:\n"
    "github.com/tikv/pd/server/api.(*hotStatusHandler).GetHotStores(...)\n"
)


class PdPort:
    """Serves one member, on however many doors."""

    def __init__(self, world: World, clock: SimClock, member: PdMember) -> None:
        self.world = world
        self.clock = clock
        self.member = member
        self.chance = world.ground.chance("wire")

    async def handle(self, door: Door, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request when and as the member would."""
        try:
            question = await asked(request)
        except TooLong as error:
            return response(plain(413, str(error)), self.world.ground.wall())
        await door.passed(request.transport)
        self.clock.sync()
        wire = wire_sample(self.world.fabric.path(None, self.member.container, CLIENT_PORT), self.chance)
        if wire:
            await self.clock.sleep(wire)
        answer = await self.answer(question, request)
        await door.passed(request.transport)
        self.clock.poke()
        return response(answer, self.world.ground.wall())

    async def answer(self, question: Asked, request: web.BaseRequest) -> Answer:
        """What the member says once the request has reached it; takes as long as it takes."""
        member = self.member
        if member.life is Life.STARTING:
            return plain(500, "[PD:server:ErrServerNotStarted]server not started")
        if question.path == "/metrics":
            self.world.settle()
            return Answer(200, pd_metrics(self.world, member).encode(), "text/plain; version=0.0.4; charset=utf-8")
        if question.path == "/v3/maintenance/status":
            return etcd_status(self.world, member) if question.method == "POST" else plain(405, "Method Not Allowed")
        if question.path.startswith("/pd/api/v2/"):
            return self._v2(question)
        if not question.path.startswith(PROJECT + "/"):
            return not_found()
        path = question.path[len(PROJECT) :].rstrip("/") or "/"
        if path == "/health":
            return await self._health()
        if is_local(question, path):
            return local_answer(self.world, member, question, path)
        if question.headers.get("pd-allow-follower-handle") and member.leader != member.name:
            return await self._as_follower(path)
        return await self._leader_served(question, path, request)

    def _v2(self, question: Asked) -> Answer:
        if question.path != "/pd/api/v2/ready":
            return not_found()
        if self.member.leader is None:
            return plain(503, "[PD:server:ErrLeaderNil]leader is nil")
        body = b'{"region_loaded":true}' if "verbose" in question.query else b""
        return Answer(200, body)

    # -- by itself -------------------------------------------------------------------------------------------------

    async def _health(self) -> Answer:
        """Each member is pinged in turn, 3 s at most; a process that is gone is told at once, mostly."""
        outcomes = []
        for other in sorted(self.world.pd.members.values(), key=lambda m: m.member_id):
            outcomes.append((other, await self._ping(other)))
        return pretty(health_view(outcomes))

    async def _ping(self, other: PdMember) -> bool:
        left = PING_S
        while left > 0:
            reach = member_reach(self.world.fabric, self.member, other)
            if reach is Reach.OK:
                return other.life is Life.SERVING
            if reach in (Reach.GONE, Reach.REFUSED, Reach.NO_NAME):
                # recordings/kill_pd_leader: about one answer in twelve took the whole time-out
                slow = reach is Reach.GONE and left == PING_S and self.chance.random() < 0.08
                await self.clock.sleep(PING_S if slow else 0.02)
                return False
            await self.clock.sleep(LOOK_S)
            self.clock.sync()
            left -= LOOK_S
        return False

    async def _as_follower(self, path: str) -> Answer:
        """`PD-Allow-follower-handle`: local memory, which a follower has little of."""
        member = self.member
        if path == "/leader":
            leader = self.world.pd.members.get(member.leader or "")
            return leader_answer(self.world, member, _GET, "/leader", self.chance) if leader else pretty(None)
        if path == "/members":
            if member.etcd_leader is None:
                await self.clock.sleep(ETCD_S)
                if member.etcd_leader is None:
                    return pretty("[PD:etcd:ErrEtcdMemberList]etcd member list failed: context deadline exceeded", 503)
            return pretty(members_view(self.world, member))
        if path.startswith("/hotspot/"):
            return plain(500, PANIC)
        if path.startswith("/config/"):
            return leader_answer(self.world, member, _GET, path, self.chance)
        return pretty(NOT_BOOTSTRAPPED, 500)

    # -- through the leader ------------------------------------------------------------------------------------------

    async def _leader_served(self, question: Asked, path: str, request: web.BaseRequest) -> Answer:
        member = self.member
        if member.leader == member.name:
            return leader_answer(self.world, member, question, path, self.chance)
        if not await self._know_leader():
            return plain(503, "[PD:apiutil:ErrRedirectNoLeader]redirect finds no leader")
        if member.leader == member.name:
            return leader_answer(self.world, member, question, path, self.chance)
        target = self.world.pd.members[member.leader or ""]
        return await self._redirect(target, question, path, request)

    async def _know_leader(self) -> bool:
        """Wait up to 3 s for a leader to be known."""
        left = NO_LEADER_S
        while self.member.leader is None and left > 0:
            await self.clock.sleep(LOOK_S)
            self.clock.sync()
            left -= LOOK_S
        return self.member.leader is not None

    async def _redirect(self, target: PdMember, question: Asked, path: str, request: web.BaseRequest) -> Answer:
        """Put the question to the member held for leader; the proxy has no time-out of its own."""
        turn = target.turn
        while True:
            reach = member_reach(self.world.fabric, self.member, target)
            if target.turn != turn or reach in (Reach.REFUSED, Reach.NO_NAME):
                return plain(500, REDIRECT_FAILED)
            if reach in (Reach.GONE, Reach.NO_NETWORK):
                await self._dead_address(target)
                return plain(500, REDIRECT_FAILED)
            if reach is Reach.OK:
                break
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError("hung up")
            await self.clock.sleep(LOOK_S)
            self.clock.sync()
        if target.life is Life.STARTING:
            return plain(500, "[PD:server:ErrServerNotStarted]server not started")
        if target.leader != target.name:
            return plain(500, "[PD:apiutil:ErrRedirectToNotLeader]redirect to not leader")
        return leader_answer(self.world, target, question, path, self.chance)

    async def _dead_address(self, target: PdMember) -> None:
        """Soon after a death the name is unknown at once; later the proxy dials the dead address and waits."""
        since = target.container.finished_at or self.world.now
        if target.container.alive or self.world.now - since > DEAD_IP_AFTER_S:
            await self.clock.sleep(self.chance.uniform(*DEAD_IP_S))
        else:
            await self.clock.sleep(0.004)


_GET = Asked("GET", "", {}, {})
