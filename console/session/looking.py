"""Answers the model's own looks: PD's API by an allowed path, log tails, one region. Reads, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from console.diagnose.looks import MOST_LINES, PD_PATHS
from console.model.text import clean, redact
from console.model.view import Details
from console.observe.directory import Directory

DEADLINE_S = 2.0
MOST_CHARACTERS = 2000


class Looking:
    """`directory`: where PD is; `details`: where logs come from."""

    def __init__(self, directory: Directory, details: Callable[[str], Awaitable[Details]]) -> None:
        self._directory, self._details = directory, details

    async def look(self, name: str, asked: Mapping[str, Any]) -> str:
        """One look; bad input and what does not answer are answers too."""
        if name == "pd_query":
            path = asked.get("path")
            return await self._pd(str(path)) if path in PD_PATHS else f"no such path; there are {', '.join(PD_PATHS)}"
        if name == "region_check":
            region = asked.get("region")
            return await self._pd(f"region/id/{region}") if isinstance(region, int) else "region: a number is expected"
        if name == "log_tail":
            return await self._log(str(asked.get("component")), asked.get("lines"))
        return f"no such tool: {clean(name, 40)}"

    async def _pd(self, path: str) -> str:
        import httpx

        said = "no PD member is known"
        async with httpx.AsyncClient(timeout=DEADLINE_S) as client:
            for member, url in sorted(self._directory.pd.items()):
                try:
                    answer = await client.get(f"{url}/pd/api/v1/{path}")
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    said = f"{member}: {type(error).__name__}"
                    continue
                said = f"{member} answered {answer.status_code}: {answer.text}"
                if answer.status_code == httpx.codes.OK:
                    break
        return redact(clean(" ".join(said.split()), MOST_CHARACTERS))

    async def _log(self, component: str, lines: object) -> str:
        if component not in self._directory.containers:
            return f"no such component; there are {', '.join(sorted(self._directory.containers))}"
        wanted = min(MOST_LINES, max(1, lines)) if isinstance(lines, int) else MOST_LINES
        details = await self._details(component)
        if details.error:
            return redact(clean(details.error, 300))
        return "\n".join(redact(clean(line, 200)) for line in details.log[-wanted:]) or "its log is empty"
