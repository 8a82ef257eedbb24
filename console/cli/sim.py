"""`chaos-console sim`: the simulated cluster alone, for other programs to talk to."""

from __future__ import annotations

import signal
import sys
import threading

import click


@click.command("sim")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same cluster and same noise.")
@click.option(
    "--speed", type=click.FloatRange(0.01, 1000), default=1.0, show_default=True, help="Simulated seconds per second."
)
@click.option("--stores", type=click.IntRange(1, 200), default=3, show_default=True, help="TiKV stores.")
@click.option("--regions", type=click.IntRange(1, 200_000), default=None, help="Regions.  [default: 4 per store]")
@click.option(
    "--target",
    type=click.IntRange(0, 1_000_000),
    default=3000,
    show_default=True,
    help="Operations/s of the load; 0: as fast as it goes.",
)
@click.option("--project", default="tikvlab", show_default=True, help="Compose project the containers belong to.")
def sim(seed: int, speed: float, stores: int, regions: int | None, target: int, project: str) -> None:
    """Serve a simulated TiKV cluster until interrupted, and say where, one NAME=VALUE a line."""
    from console.sim.server import SimServer

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stop.set())
    server = SimServer(seed=seed, speed=speed, stores=stores, regions=regions, target=target or None, project=project)
    try:
        where = server.start()
    except (OSError, RuntimeError, ValueError) as error:
        click.echo(f"sim: {error}", err=True)
        sys.exit(5)
    try:
        for line in where.lines():
            click.echo(line)
        sys.stdout.flush()
        stop.wait()
    finally:
        server.close()


if __name__ == "__main__":
    sim()
