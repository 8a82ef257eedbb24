"""Images made on the spot, without a registry, from what this machine has: its interpreter, and the network tools."""

from __future__ import annotations

import glob
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
CHX = HERE.parents[1] / "console" / "faults" / "nettools"
TOOLS = ("busybox", "tc", "ip", "iptables")
_SKIPPED = re.compile(r"/(site-packages|test|tests|idlelib|ensurepip|lib2to3|tkinter|turtledemo|config-[^/]*)(/|$)")
_FOLDERS = ("tmp", "run", "proc", "sys", "fill", "data")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def interpreter() -> str:
    """This interpreter's own file, outside of any virtual environment."""
    return os.path.realpath(sys.executable)


def missing() -> str:
    """What the network helper needs and this machine lacks; empty where nothing."""
    return ", ".join(name for name in TOOLS if _tool(name) is None)


def pack_standins(into: IO[bytes]) -> None:
    """The interpreter and the scripts of the stand-ins."""
    with tarfile.open(fileobj=into, mode="w") as tar:
        tree = _Tree(tar)
        tree.python()
        for script in sorted((HERE / "standin").glob("*.py")):
            tree.add(str(script), f"standin/{script.name}")


def pack_nettools(into: IO[bytes]) -> None:
    """What console/faults/nettools/Dockerfile installs, and our own two programs."""
    with tarfile.open(fileobj=into, mode="w") as tar:
        tree = _Tree(tar)
        tree.python()
        tree.link("usr/bin/python3", interpreter())
        for name in TOOLS:
            found = _tool(name)
            assert found is not None
            tree.program(found, f"usr/sbin/{os.path.basename(found)}")
        firewall = os.path.basename(_tool("iptables") or "")
        for name in ("iptables", "iptables-save", "iptables-restore"):
            tree.link(f"usr/sbin/{name}", firewall)
        for plugin in glob.glob("/usr/lib/*/xtables/*.so") + glob.glob("/usr/lib/xtables/*.so"):
            tree.add(plugin, plugin)
        applets = subprocess.run([_tool("busybox") or "", "--list"], capture_output=True, text=True, check=True).stdout
        for applet in sorted(set(applets.split()) - {*TOOLS, "python3"}):
            tree.link(f"bin/{applet}", "/usr/sbin/busybox")
        for program in ("chx", "chx-delay"):
            tree.add(str(CHX / program), f"usr/local/bin/{program}", 0o755)


def _tool(name: str) -> str | None:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{PATH}")
    return os.path.realpath(found) if found else None


class _Tree:
    """A file system being packed; every place once."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._there: set[str] = set()
        for name in _FOLDERS:
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(folder)

    def add(self, source: str, place: str, mode: int | None = None) -> None:
        """One file, links followed."""
        place = place.lstrip("/")
        if place in self._there:
            return
        self._there.add(place)
        real = os.path.realpath(source)
        entry = tarfile.TarInfo(place)
        entry.size, entry.mode = os.path.getsize(real), mode or (os.stat(real).st_mode & 0o777)
        with open(real, "rb") as content:
            self._tar.addfile(entry, content)

    def link(self, place: str, to: str) -> None:
        """A symbolic link."""
        if place not in self._there:
            self._there.add(place)
            entry = tarfile.TarInfo(place)
            entry.type, entry.linkname = tarfile.SYMTYPE, to
            self._tar.addfile(entry, io.BytesIO())

    def program(self, source: str, place: str) -> None:
        """A program and the libraries it is linked with."""
        self.add(source, place, 0o755)
        for library in _libraries(source):
            self.add(library, library)

    def python(self) -> None:
        """The interpreter where it is here, and its standard library."""
        self.program(interpreter(), interpreter())
        library = os.path.dirname(os.path.realpath(os.__file__))
        for folder, _, names in os.walk(library):
            if _SKIPPED.search(folder.removeprefix(library)):
                continue
            for name in names:
                file = f"{folder}/{name}"
                self.add(file, file)
                if name.endswith(".so"):
                    for other in _libraries(file):
                        self.add(other, other)


def _libraries(program: str) -> Iterator[str]:
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    yield from (found for found in re.findall(r"(/[^\s):]+)", said) if os.path.isfile(found) and found != program)
