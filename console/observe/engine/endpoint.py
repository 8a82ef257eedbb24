"""Where an engine listens: the argument, the environment, the docker CLI's context, the default socket."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import EngineError


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an engine listens. `remote`: its published ports are not on this machine."""

    url: str
    source: str
    remote: bool = False
    tls: Any = None


def endpoint(host: str | None = None) -> Endpoint:
    """The engine the docker CLI would use. An address that a context names is reached with that context's certificates,
    so that a process that was only handed the address reaches it too. Raises EngineError for a context that is broken.
    """
    if host:
        return Endpoint(host, "--docker-host", _remote(host), _certificates(host))
    if url := os.environ.get("DOCKER_HOST"):
        return Endpoint(url, "DOCKER_HOST", _remote(url), _certificates(url))
    name = os.environ.get("DOCKER_CONTEXT")
    context = _context(name)
    if context is not None and context.Host and context.Name != "default":
        url = str(context.Host)
        return Endpoint(url, f"context {context.Name}", _remote(url), context.TLSConfig)
    return Endpoint("unix:///var/run/docker.sock", "default socket")


def _context(name: str | None) -> Any:
    if not name and not _configured():
        return None
    from docker.context import ContextAPI
    from docker.errors import DockerException

    try:
        context = ContextAPI.get_context(name) if name else ContextAPI.get_current_context()
    except (DockerException, OSError, ValueError) as error:
        raise EngineError(f"docker context {name or 'current'} cannot be read: {error}") from error
    if name and context is None:
        raise EngineError(f"docker context {name!r} does not exist (DOCKER_CONTEXT)")
    return context


def _certificates(url: str) -> Any:
    """How to reach a TCP address: as a context that names it says, else as the environment does; None without TLS."""
    if not url.startswith(("tcp://", "https://")):
        return None
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env

    try:
        if _configured():
            from docker.context import ContextAPI

            known = next((c for c in ContextAPI.contexts() if str(c.Host) == url and c.TLSConfig), None)
            if known is not None:
                return known.TLSConfig
        return kwargs_from_env().get("tls") or None
    except (DockerException, OSError, ValueError) as error:
        raise EngineError(f"the certificates for {url} cannot be read: {error}") from error


def _configured() -> bool:
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker").joinpath("config.json").exists()


def _remote(url: str) -> bool:
    return url.startswith("ssh://") or (
        url.startswith(("tcp://", "http://", "https://"))
        and not any(h in url for h in ("//127.", "//localhost", "//[::1]"))
    )
