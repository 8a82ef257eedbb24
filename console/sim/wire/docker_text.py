"""How the engine words durations, states and moments."""

from __future__ import annotations

from console.sim.physics.containers import Container
from console.sim.physics.ground import Ground, rfc3339

ZERO_TIME = "0001-01-01T00:00:00Z"


def human(seconds: float) -> str:
    """A duration as `docker ps` prints it."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < 60:
        return f"{whole} seconds"
    minutes = whole // 60
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    hours = round(seconds / 3600)
    if hours == 1:
        return "About an hour"
    for limit, unit, name in ((48, 1, "hours"), (336, 24, "days"), (1440, 168, "weeks"), (17520, 720, "months")):
        if hours < limit:
            return f"{hours // unit} {name}"
    return f"{hours // 8760} years"


def moment(ground: Ground, at: float | None) -> str:
    """A moment of the world as the engine writes it."""
    return ZERO_TIME if at is None else rfc3339(ground.wall(at))


def status_text(ground: Ground, c: Container) -> str:
    """`Up 3 minutes (Paused)`, `Exited (137) 2 seconds ago`, ..."""
    if c.alive:
        up = f"Up {human(ground.now - (c.started_at or 0.0))}"
        return f"{up} (Paused)" if c.status == "paused" else up
    if c.status == "created":
        return "Created"
    ago = human(ground.now - (c.finished_at or 0.0))
    word = "Restarting" if c.status == "restarting" else "Exited"
    return f"{word} ({c.exit_code}) {ago} ago"


def command_text(c: Container) -> str:
    """Entry point and arguments in one line; an argument with blanks is quoted."""
    words = [*(c.entrypoint or c.image.entrypoint), *(c.command or c.image.command)]
    return " ".join(f"'{w}'" if " " in w else w for w in words)
