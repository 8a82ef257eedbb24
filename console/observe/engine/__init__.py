"""The Docker engine: one async facade over the SDK, and what its answers mean."""

from .client import Endpoint, Engine, EngineError, endpoint
from .facts import ContainerFacts, facts

__all__ = ["ContainerFacts", "Endpoint", "Engine", "EngineError", "endpoint", "facts"]
