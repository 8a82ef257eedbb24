"""Compose, from outside: bring the lab up and down, say what happens, wait until it is well."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

PROJECT = "chaos-console"
HERE = Path(__file__).resolve().parents[1]


class ComposeError(Exception):
    """Compose cannot be used or failed; one line."""


def compose_file() -> Path:
    """The shipped file: at the top of a checkout, inside the package of an installed wheel."""
    for path in (HERE.parent / "docker-compose.yaml", HERE / "docker-compose.yaml"):
        if path.exists():
            return path
    raise ComposeError("docker-compose.yaml is missing from this installation")


async def compose_command() -> list[str]:
    """`docker compose` where the plugin is, else `docker-compose`. Raises ComposeError."""
    if shutil.which("docker"):
        process = await asyncio.create_subprocess_exec(
            "docker", "compose", "version", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        if await process.wait() == 0:
            return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise ComposeError("neither `docker compose` nor `docker-compose` is installed")


async def compose(project: str, *arguments: str) -> AsyncIterator[str]:
    """Run Compose on the shipped file, yielding its output line by line. Raises ComposeError when it fails."""
    command = [*await compose_command(), "-f", str(compose_file()), "-p", project, *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    last = ""
    try:
        async for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            if line:
                last = line
                yield line
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if code != 0:
        raise ComposeError(f"{' '.join(command[:2])} {arguments[0]} failed ({code}): {last}")
