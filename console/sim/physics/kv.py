"""Records somebody writes by hand: `go-ycsb shell`, whose lines reach a region's leader or fail, and are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .commands import Result

if TYPE_CHECKING:
    from .containers import Container
    from .world import World

TABLE = "usertable"
FAILED_S = 5.0  # a request that finds no leader is given up after its backoffs


def shell(world: World, container: Container, lines: Sequence[str]) -> Result:
    """`insert KEY FIELD=VALUE`, `read KEY`, `delete KEY`: one line of answer each, in go-ycsb's words."""
    out, took = "", 0.05
    for words in (line.split() for line in lines if line.strip()):
        command, key = words[0], words[1] if len(words) > 1 else ""
        if command not in ("insert", "update", "read", "delete") or not key:
            out += f'Error: unknown command "{command}" for "shell"\n'
            continue
        name = command.capitalize()
        if not _served(world, container, key):
            out += f"{name} {key} failed context deadline exceeded\n"
            took += FAILED_S
            continue
        out += _answer(world, name, key, words[2:])
        took += 0.002
    return Result(out=out, runs_s=took)


def _answer(world: World, name: str, key: str, fields: Sequence[str]) -> str:
    if name in ("Insert", "Update"):
        world.records[key] = dict(f.partition("=")[::2] for f in fields)
        return f"{name} {key} ok\n"
    if name == "Delete":
        world.records.pop(key, None)
        return f"Delete {key} ok\n"
    if key not in world.records:
        return f"Read empty for {key}\n"
    return f"Read {key} ok\n" + "".join(f"{f}={v}\n" for f, v in world.records[key].items())


def _served(world: World, container: Container, key: str) -> bool:
    """Whether the key's region has a leader that can commit and that the client's container can reach."""
    full = f"{TABLE}:{key}".encode()
    for region in world.raft.regions.values():
        if region.start <= full and (not region.end or full < region.end):
            node = world.raft.stores.get(region.leader)
            reached = node is not None and node.serving and container.status == "running"
            return reached and region.healthy
    return False
