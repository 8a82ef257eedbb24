"""The console's own commands as processes, as an operator's script would run them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bed import Bed, dismiss

ROOT = Path(__file__).resolve().parents[2]
COMMAND_S = 90.0


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Runs commands with a state directory of its own."""

    bed: Bed
    home: Path

    @property
    def database(self) -> Path:
        """The journal."""
        return self.home / "console.db"

    @property
    def env(self) -> dict[str, str]:
        """What every process of this shell gets."""
        return {**os.environ, "CHAOS_CONSOLE_HOME": str(self.home), "PYTHONPATH": str(ROOT)}

    @property
    def here(self) -> list[str]:
        """Which cluster."""
        return ["--project", self.bed.project, "--docker-host", self.bed.docker_host]

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """A python process in the checkout, its output kept apart."""
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, *words, cwd=ROOT, env=self.env, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )

    async def run(self, *words: str) -> Said:
        """`chaos-console ...`."""
        process = await self.start("-m", "console", *words)
        async with asyncio.timeout(COMMAND_S):
            out, err = await process.communicate()
        said = Said(process.returncode or 0, out.decode(), err.decode())
        assert "Traceback" not in said.err, said.err
        return said


@asynccontextmanager
async def shell_on(bed: Bed, home: Path) -> AsyncIterator[Shell]:
    """A shell; the watchdog it may have caused is dismissed at the end."""
    try:
        yield Shell(bed, home)
    finally:
        dismiss(home / "console.db")
