"""What the workload's own output says of it: silent, zero and no load are three different things."""

from __future__ import annotations

from enum import StrEnum

from console.model.cluster import Interval
from console.model.view import View


class Load(StrEnum):
    """What can be said of the workload from its own output."""

    UNKNOWN = "no load has been seen"
    OFF = "load is off"
    DONE = "the workload has finished"
    SILENT = "no new lines"
    ZERO = "lines come, nothing gets through"
    FLOWS = "load on"


def latest(view: View) -> Interval | None:
    """The last reporting interval."""
    intervals = view.cluster.workload.intervals
    return intervals[-1] if intervals else None


def silence(view: View) -> float | None:
    """Seconds since the last summary line."""
    last = view.cluster.workload.last_summary
    return None if last is None else max(0.0, view.now - last)


def load_state(view: View) -> Load:
    """Silent client, lines with the same count, no load: three different things."""
    work = view.cluster.workload
    last = latest(view)
    if work.finished:
        return Load.DONE
    if view.load_on is False:
        return Load.OFF
    if last is None:
        return Load.UNKNOWN
    quiet = silence(view)
    if quiet is not None and quiet > max(3.0, 2.5 * last.seconds):
        return Load.SILENT
    return Load.ZERO if last.count == 0 else Load.FLOWS
