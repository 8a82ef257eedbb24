"""How things stand, in one word: the state word of the header, and what the colours of the levels are."""

from __future__ import annotations

from console.model.cluster import SourceHealth
from console.model.fault import Injection, InjectionState
from console.model.view import Level, Mode, View

# level: style of its chip
LEVELS = {
    Level.GREEN: "chip-quiet",
    Level.YELLOW: "chip-warn",
    Level.ORANGE: "chip-warn",
    Level.RED: "chip-bad",
    Level.BLIND: "chip-info",
}
TONES = {"good": ("●", "ok"), "warn": ("▲", "warn"), "bad": ("✖", "bad"), "act": ("◆", "act"), "info": ("·", "dim")}


def reverting(view: View) -> bool:
    """True while something is being put back."""
    if view.revert is not None and not view.revert.finished:
        return True
    return any(i.state is InjectionState.REVERTING for i in view.injections)


def word(view: View, failed: bool = False) -> tuple[str, str]:
    """The state word and its style; the first that applies, the most urgent first."""
    stuck = any(i.state.stuck for i in view.active)
    rules = (
        (failed, "NO SESSION", "chip-bad"),
        (reverting(view), "REVERTING", "chip-warn"),
        (stuck, "NOT REVERTED", "chip-bad"),
        (bool(view.active), "FAULT LIVE", "chip-bad"),
        (bool(view.starting), "STARTING", "chip-info"),
        (view.level is Level.BLIND, "BLIND", "chip-info"),
        (bool(view.disarmed), "DISARMED", "chip-warn"),
        (view.playback is not None and view.playback.playing, "PLAYING", "chip-info"),
        (view.playback is not None, "PAUSED", "badge"),
        (any(i.over is None for i in view.incidents), "INCIDENT", "chip-warn"),
    )
    return next(((text, style) for applies, text, style in rules if applies), ("SAFE", "chip-ok"))


def danger(view: View) -> bool:
    """True while the kill switch has something to do."""
    return bool(view.active) or reverting(view)


def why_read_only(view: View) -> str:
    """One line for whoever presses a fault key in vain."""
    if view.playback is not None:
        return "this is a record: nothing can be injected into it"
    return f"READ-ONLY: every view and no fault. {view.read_only_reason}".strip()


def left_of(injection: Injection, view: View) -> float:
    """Seconds until an injection expires by itself."""
    return max(0.0, injection.expires_wall - view.wall)


def stale(view: View, source: SourceHealth) -> float | None:
    """Seconds since a source last answered, where that is too long; None where it is fresh."""
    if view.starting or (view.mode is Mode.REPLAY and view.cluster.sparse):
        return None
    seen = source.last_ok if source.last_ok is not None else source.since
    silence = view.now - seen
    limit = max(5.0, 4 * (source.period_s or 1.0))
    if not source.ok and silence >= 1.0:
        return silence
    listens = source.name.endswith("events")  # a stream of rare events is silent while all is well
    return silence if silence > limit and not listens else None


def all_stale(view: View, prefix: str) -> bool:
    """Whether the source of this name is stale, or all whose names begin like this; False where there is none."""
    sources = view.cluster.sources
    found = [sources[prefix]] if prefix in sources else [s for n, s in sources.items() if n.startswith(prefix)]
    return bool(found) and all(stale(view, s) is not None for s in found)


def stalest(view: View, prefixes: tuple[str, ...]) -> tuple[SourceHealth, float] | None:
    """The source that has been silent longest among those whose name begins with one of the prefixes."""
    found = [
        (source, seconds)
        for name, source in view.cluster.sources.items()
        if name.startswith(prefixes) and (seconds := stale(view, source)) is not None
    ]
    return max(found, key=lambda f: (f[1], f[0].name), default=None)
