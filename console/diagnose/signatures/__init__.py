"""The signature table: what each fault shows, to whom, how soon, what it cannot show, and what to do about it.

A file per family; adding a signature is one entry in one of them.
"""

from .base import Advice, Clue, Signature
from .client import CLIENT
from .composite import COMPOSITE, PLACELESS
from .control import CONTROL
from .network import NETWORK
from .process import PROCESS
from .resource import RESOURCE
from .shaping import SHAPING

SIGNATURES: tuple[Signature, ...] = (*PROCESS, *NETWORK, *SHAPING, *RESOURCE, *CONTROL, *CLIENT)
ADVICE: dict[str, Advice] = {**{s.fault: s.advice for s in SIGNATURES}, **COMPOSITE}

__all__ = ["ADVICE", "PLACELESS", "SIGNATURES", "Advice", "Clue", "Signature"]
