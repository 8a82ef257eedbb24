"""The Docker engine: one async facade over the SDK, and what its answers mean."""

from .client import Engine
from .endpoint import Endpoint, endpoint
from .errors import EngineError
from .facts import ContainerFacts, facts

__all__ = ["ContainerFacts", "Endpoint", "Engine", "EngineError", "endpoint", "facts"]
