"""Programs a container can run: helpers, `exec`. A table to which fault tools add theirs (iptables, tc, ...)."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .containers import Container

if TYPE_CHECKING:
    from .world import World

SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@dataclass(frozen=True, slots=True)
class Result:
    """How a program ended. `runs_s`: how long it takes; None: until it is killed.

    `finish`: run at its natural end, returns what it says last; `term`: run on SIGTERM or SIGINT, after which it exits
    with 0 (without it such signals are ignored, as PID 1 ignores them); `gone`: run whenever its process has ended.
    """

    code: int = 0
    out: str = ""
    err: str = ""
    runs_s: float | None = 0.01
    finish: Callable[[], str] | None = None
    term: Callable[[], None] | None = None
    gone: Callable[[], None] | None = None


Program = Callable[["World", Container, Sequence[str]], Result]


class NoSuchProgram(LookupError):
    """The file is not in the image."""


def run(world: World, container: Container, argv: Sequence[str]) -> Result:
    """Run a program by its argument list. Raises NoSuchProgram."""
    if not argv:
        raise NoSuchProgram("")
    name = argv[0].rsplit("/", 1)[-1]
    program = world.programs.get(name)
    if program is None:
        raise NoSuchProgram(argv[0])
    return program(world, container, argv)


def _echo(_world: World, _container: Container, argv: Sequence[str]) -> Result:
    return Result(out=" ".join(argv[1:]) + "\n")


def _true(_world: World, _container: Container, _argv: Sequence[str]) -> Result:
    return Result()


def _false(_world: World, _container: Container, _argv: Sequence[str]) -> Result:
    return Result(code=1)


def _sleep(_world: World, _container: Container, argv: Sequence[str]) -> Result:
    try:
        return Result(runs_s=None if argv[1:] == ["infinity"] else float(argv[1].rstrip("s")))
    except (IndexError, ValueError):
        return Result(code=1, err="sleep: invalid number\n")


def _forever(_world: World, _container: Container, _argv: Sequence[str]) -> Result:
    return Result(runs_s=None)


def _shell(world: World, container: Container, argv: Sequence[str]) -> Result:
    """`sh -c "a; b && c"`: lists and conjunctions of known programs, nothing more."""
    if len(argv) < 3 or argv[1] != "-c":
        return Result(runs_s=None)
    out, err, code, took = "", "", 0, 0.0
    for part in argv[2].replace("\n", ";").split(";"):
        for step in part.split("&&"):
            fed, _, reader = step.rpartition("|")
            words = shlex.split(reader)
            if fed and words[1:2] == ["shell"] and words[0].endswith("go-ycsb"):
                result = _fed_shell(world, container, shlex.split(fed))
                out, took = out + result.out, took + (result.runs_s or 0)
                continue
            words = shlex.split(step)
            if not words:
                continue
            if words[0].partition("=")[0].isidentifier() and "=" in words[0] and len(words) == 1:
                continue  # an assignment: no program here reads its environment
            if words[0] == "exit":
                return Result(int(words[1]) if words[1:] else code, out, err, took + 0.01)
            if words[0] == "exec":
                words = words[1:]
            try:
                result = run(world, container, words)
            except NoSuchProgram as missing:
                result = Result(127, err=f"sh: {missing}: not found\n")
            out, err, code = out + result.out, err + result.err, result.code
            if result.runs_s is None:
                return Result(code, out, err, None)
            took += result.runs_s
            if code:
                break
    return Result(code, out, err, took + 0.01)


def _fed_shell(world: World, container: Container, words: Sequence[str]) -> Result:
    """`printf 'LINES' | go-ycsb shell ...`."""
    from .kv import shell

    return shell(world, container, words[-1].replace("\\n", "\n").splitlines() if words else ())


def _size(text: str) -> int:
    unit = text[-1:].upper() if text[-1:].isalpha() else ""
    return int(float(text[: len(text) - len(unit)] or 0) * SIZES[unit])


def _fallocate(world: World, container: Container, argv: Sequence[str]) -> Result:
    """`fallocate -l SIZE FILE` takes that much of the store's disk."""
    try:
        size, path = _size(argv[argv.index("-l") + 1]), argv[-1]
    except (ValueError, IndexError, KeyError):
        return Result(code=1, err="fallocate: invalid length value specified\n")
    node = world.store_of(container)
    if node is not None and size > node.disk.available:
        return Result(code=1, err="fallocate: fallocate failed: No space left on device\n")
    world.put_file(container, path, size)
    return Result(runs_s=0.05)


def _rm(world: World, container: Container, argv: Sequence[str]) -> Result:
    """`rm [-f] FILE...` gives back what fallocate took."""
    paths = [a for a in argv[1:] if not a.startswith("-")]
    missing = [p for p in paths if not world.drop_file(container, p)]
    if missing and not any("f" in a for a in argv[1:] if a.startswith("-")):
        return Result(code=1, err=f"rm: cannot remove '{missing[0]}': No such file or directory\n")
    return Result()


def _ls(world: World, container: Container, argv: Sequence[str]) -> Result:
    """`ls [-A] FOLDER`: what was put there by hand; the store's own files are not shown."""
    folders = [a for a in argv[1:] if not a.startswith("-")] or ["/"]
    return Result(out="".join(f"{name}\n" for name in world.list_files(container, folders[-1])))


def _df(world: World, container: Container, argv: Sequence[str]) -> Result:
    """`df [-B1]`: the volume the store keeps its data on, in bytes or KiB."""
    node = world.store_of(container)
    unit = 1 if "-B1" in argv else 1024
    disk = node.disk if node else None
    total = disk.capacity if disk else world.ground.spec.store_disk
    free = disk.available if disk else total // 2
    used = total - free
    head = "Filesystem     1B-blocks Used Available Use% Mounted on" if unit == 1 else (
        "Filesystem     1K-blocks Used Available Use% Mounted on"
    )  # fmt: skip
    percent = round(100 * used / total)
    return Result(out=f"{head}\n/dev/vdb {total // unit} {used // unit} {free // unit} {percent}% /data\n")


def standard() -> dict[str, Program]:
    """The programs every image has."""
    return {
        "echo": _echo,
        "true": _true,
        "false": _false,
        "sleep": _sleep,
        "tail": _forever,
        "go-ycsb": _forever,
        "cat": _true,
        "sh": _shell,
        "bash": _shell,
        "fallocate": _fallocate,
        "rm": _rm,
        "df": _df,
        "ls": _ls,
    }
