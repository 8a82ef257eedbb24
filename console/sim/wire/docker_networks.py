"""Networks, images and volumes over the API."""

from __future__ import annotations

from aiohttp import web

from console.sim.physics.engine import EngineError

from . import docker_body as bodies
from .docker_call import Call, Part, Route, ok
from .docker_filters import labelled, parse_filters
from .docker_views import image_row, image_view, network_view, volume_view


class NetworkApi(Part):
    """`/networks`, `/images`, `/volumes`."""

    def routes(self) -> list[Route]:
        """What it answers."""
        return [
            ("GET", r"/networks", self.networks),
            ("GET", r"/networks/([^/]+)", self.network),
            ("POST", r"/networks/([^/]+)/connect", self.connect),
            ("POST", r"/networks/([^/]+)/disconnect", self.disconnect),
            ("GET", r"/images/json", self.images),
            ("POST", r"/images/create", self.pull),
            ("GET", r"/images/(.+)/json", self.image),
            ("GET", r"/volumes", self.volumes),
        ]

    async def networks(self, call: Call) -> web.Response:
        """`/networks`."""
        filters = parse_filters(call.asked.one("filters"))
        names, ids = filters.get("name"), filters.get("id")
        found = [
            n
            for n in self.world.engine.networks.values()
            if (not names or any(w in n.name for w in names))
            and (not ids or any(n.id.startswith(w) for w in ids))
            and labelled(n.labels, filters.get("label", []))
            and (not filters.get("driver") or n.driver in filters["driver"])
        ]
        return ok([network_view(self.world, n, detailed=False) for n in found])

    async def network(self, call: Call) -> web.Response:
        """`/networks/x`."""
        return ok(network_view(self.world, self.world.engine.network(call.part[0]), detailed=True))

    async def connect(self, call: Call) -> web.Response:
        """`/networks/x/connect`."""
        body = bodies.decode(call.asked.body)
        network = self.world.engine.network(call.part[0])
        container = self.world.engine.container(bodies.text(body, "Container", "NetworkConnect"))
        wish = bodies.table(body, "EndpointConfig", "NetworkConnect")
        aliases = bodies.strings(wish, "Aliases", "EndpointSettings")
        ipam = bodies.table(wish, "IPAMConfig", "EndpointSettings")
        address = bodies.text(ipam, "IPv4Address", "EndpointIPAMConfig")
        return await self.done(self.world.nets.connect(network, container, aliases, address), 200)

    async def disconnect(self, call: Call) -> web.Response:
        """`/networks/x/disconnect`."""
        body = bodies.decode(call.asked.body)
        network = self.world.engine.network(call.part[0])
        container = self.world.engine.container(bodies.text(body, "Container", "NetworkDisconnect"))
        return await self.done(self.world.nets.disconnect(network, container), 200)

    async def images(self, _call: Call) -> web.Response:
        """`/images/json`."""
        return ok([image_row(self.world, i) for i in self.world.engine.images.values()])

    async def image(self, call: Call) -> web.Response:
        """`/images/x/json`."""
        try:
            return ok(image_view(self.world, self.world.engine.image(call.part[0])))
        except EngineError as error:
            raise EngineError(404, f"no such image: {call.part[0]}: {error.message}") from None

    async def pull(self, call: Call) -> web.Response:
        """`/images/create`: there is no registry in this world."""
        host = "registry-1.docker.io"
        raise EngineError(
            500,
            f'Get "https://{host}/v2/": dial tcp: lookup {host}: no such host ({call.asked.one("fromImage")})',
        )

    async def volumes(self, _call: Call) -> web.Response:
        """`/volumes`: those that containers mount."""
        names = sorted({n for c in self.world.engine.containers.values() for n in c.volumes.values()})
        return ok({"Volumes": [volume_view(self.world, n) for n in names], "Warnings": None})
