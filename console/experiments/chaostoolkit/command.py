"""The console's command line as a function: JSON in, JSON out, failures as Chaos Toolkit's own exception."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

DEADLINE_S = 120.0


def console(words: list[str], configuration: Mapping[str, Any] | None, ok: tuple[int, ...] = (0,)) -> Any:
    """Run one command with --json. `configuration` may name docker_host, project and config."""
    given = configuration or {}
    where = [f"--docker-host={given['docker_host']}"] if given.get("docker_host") else []
    where += [f"--project={given['project']}"] if given.get("project") else []
    if words[0] in ("revert", "arm"):
        where = []  # these know every lab of this machine
    command = [sys.executable, "-m", "console", *words, *where, "--json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise failed(f"{words[0]}: no end within {DEADLINE_S:g} s") from error
    if done.returncode not in ok:
        raise failed(done.stderr.strip() or f"{words[0]}: exit code {done.returncode}")
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise failed(f"{words[0]}: no JSON: {done.stdout[:200]!r}") from error


def failed(said: str) -> Exception:
    """ActivityFailed where Chaos Toolkit is there, RuntimeError where the console itself calls."""
    try:
        from chaoslib.exceptions import ActivityFailed
    except ImportError:
        return RuntimeError(said)
    error: Exception = ActivityFailed(said)
    return error
