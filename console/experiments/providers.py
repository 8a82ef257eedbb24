"""Somebody else's activities, by Chaos Toolkit's three providers: python, process, http. Each with a deadline.

A python provider runs in a process of its own: whatever it does, it cannot hold up or break the console.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

DEADLINE_S = 30.0
_CALL = """
import importlib, json, sys
asked = json.load(sys.stdin)
function = getattr(importlib.import_module(asked["module"]), asked["func"])
print(json.dumps(function(**asked["arguments"]), default=str))
"""


async def perform(activity: Mapping[str, Any], configuration: Mapping[str, Any]) -> str:
    """Run one activity and return its output as one line. Raises RuntimeError that says why it failed."""
    provider = _substituted(activity.get("provider") or {}, configuration)
    run = {"python": _python, "process": _process, "http": _http}.get(str(provider.get("type")))
    if run is None:
        raise RuntimeError(f"no provider {provider.get('type')!r}: python, process and http are known")
    limit = provider.get("timeout", activity.get("timeout"))
    seconds = float(limit) if isinstance(limit, (int, float)) else DEADLINE_S
    try:
        async with asyncio.timeout(seconds):
            return await run(provider)
    except TimeoutError as error:
        raise RuntimeError(f"no end within {seconds:g} s") from error


async def _python(provider: Mapping[str, Any]) -> str:
    asked = {k: provider.get(k) for k in ("module", "func")} | {"arguments": provider.get("arguments") or {}}
    code, out, err = await _run([sys.executable, "-c", _CALL], json.dumps(asked))
    if code:
        raise RuntimeError(_last(err) or f"exit code {code}")
    return _last(out)


async def _process(provider: Mapping[str, Any]) -> str:
    arguments = provider.get("arguments") or []
    if isinstance(arguments, dict):
        arguments = [str(w) for pair in arguments.items() for w in pair if w not in ("", None)]
    path = str(provider.get("path", ""))
    if isinstance(arguments, str):
        code, out, err = await _run(["/bin/sh", "-c", f"{path} {arguments}"], "")
    else:
        code, out, err = await _run([path, *map(str, arguments)], "")
    if code:
        raise RuntimeError(f"exit code {code}: {_last(err) or _last(out)}")
    return _last(out)


async def _http(provider: Mapping[str, Any]) -> str:
    import httpx

    async with httpx.AsyncClient(verify=bool(provider.get("verify_tls", True))) as client:
        try:
            answer = await client.request(
                str(provider.get("method", "GET")),
                str(provider.get("url", "")),
                headers=provider.get("headers") or {},
                params=provider.get("arguments") or None,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
    if answer.status_code >= 400:
        raise RuntimeError(f"HTTP {answer.status_code}")
    return f"HTTP {answer.status_code}"


async def _run(command: list[str], stdin: str) -> tuple[int, str, str]:
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    except OSError as error:
        raise RuntimeError(f"{command[0]}: {error.strerror}") from error
    try:
        out, err = await process.communicate(stdin.encode())
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace")


def _substituted(value: Any, configuration: Mapping[str, Any]) -> Any:
    """`${name}` by the file's configuration, as Chaos Toolkit does; a whole `${name}` keeps its type."""
    if isinstance(value, dict):
        return {k: _substituted(v, configuration) for k, v in value.items()}
    if isinstance(value, list):
        return [_substituted(v, configuration) for v in value]
    if not isinstance(value, str):
        return value
    if match := re.fullmatch(r"\$\{(\w+)\}", value):
        return _configured(match[1], configuration)
    return re.sub(r"\$\{(\w+)\}", lambda m: str(_configured(m[1], configuration)), value)


def _configured(name: str, configuration: Mapping[str, Any]) -> Any:
    value = configuration.get(name, f"${{{name}}}")
    if isinstance(value, dict) and value.get("type") == "env":
        return os.environ.get(str(value.get("key")), value.get("default"))
    return value


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
