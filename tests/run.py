"""`make test`: all tests that need no Docker engine, then, where one answers, those that do."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys

PYTEST = [sys.executable, "-m", "pytest", "-q", "--no-header"]
ENGINE_MARK = ["-o", "addopts=--strict-markers -ra", "-m", "engine", "tests/engine"]


def main() -> int:
    """Run them; arguments go to the first pytest alone and then leave the engine tests out."""
    given = sys.argv[1:]
    if given:
        return subprocess.call([*PYTEST, *given])
    shared = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "worksteal"]
    code = subprocess.call([*PYTEST, *shared])
    why = asyncio.run(_missing_engine())
    if why:
        print(f"engine tests: {_count()} left out, because no Docker engine can be used here ({why})")
        return code
    return subprocess.call([*PYTEST, *shared, *ENGINE_MARK]) or code


async def _missing_engine() -> str:
    """Why there is no engine, or nothing."""
    from console.observe.engine import Engine, EngineError, endpoint

    try:
        engine = Engine(endpoint())
        try:
            await engine.version()
        finally:
            await engine.close()
    except EngineError as error:
        return str(error)
    return ""


def _count() -> str:
    listed = subprocess.run([*PYTEST, *ENGINE_MARK, "--collect-only"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+) tests? collected|collected (\d+)", listed.stdout) or re.search(
        r"(\d+)/\d+ tests", listed.stdout
    )
    return next((g for g in found.groups() if g), "?") if found else "?"


if __name__ == "__main__":
    sys.exit(main())
