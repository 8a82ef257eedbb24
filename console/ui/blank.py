"""The picture before there is a session: empty, and saying what is being waited for."""

from __future__ import annotations

import time

from console.model.cluster import Cluster
from console.model.view import Mode, View


def blank(starting: str, mode: Mode = Mode.SIMULATED) -> View:
    """A view of nothing yet."""
    return View(seq=-1, now=0.0, wall=time.time(), mode=mode, project="", cluster=Cluster(), starting=starting)


BLANK = blank("the console")
