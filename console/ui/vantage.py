"""What each vantage point says of a component, in the words of the field, with a glyph and a tone for the whole."""

from __future__ import annotations

from collections.abc import Mapping

from console.model.cluster import Container, Member, PdStore, Probe, Store
from console.model.observation import Reach
from console.model.view import View
from console.ui.lines import Span
from console.ui.words import age, millis

_DOCKER_TONE = {"running": "t", "restarting": "warn", "paused": "warn", "created": "warn", "unknown": "dim"}
_PD_TONE = {"Up": "t", "Disconnected": "warn", "Down": "bad", "Offline": "warn", "Tombstone": "dim"}
_MEMBER_PROBES = ("ping", "health", "members", "stores", "leader")
BEAT_SUSPICIOUS_S = 12.0  # stores beat every 10 s; PD itself waits 20 s before it says Disconnected


def docker_word(container: Container | None) -> Span:
    """`running`, `exited 137`, `paused`; a dash where Docker was not asked."""
    if container is None:
        return ("—", "dim")
    word = container.state
    if word in ("exited", "dead") and container.exit_code is not None:
        word = f"{word} {container.exit_code}"
    elif word == "running" and container.networks == ():
        return ("no network", "bad")
    if container.oom and container.state != "running":
        word = "oom-killed"
    return (word, _DOCKER_TONE.get(container.state, "bad"))


def probe_word(probe: Probe | None, now: float) -> Span:
    """`ok 0.4 ms`, `silent 12s`, `refused 3s`; a dash where nothing was asked."""
    if probe is None or probe.reach is Reach.UNKNOWN:
        return ("—", "dim")
    if probe.reach is Reach.OK:
        slow = probe.rtt_ms and probe.rtt_usual_ms and probe.rtt_ms > max(50.0, 5 * probe.rtt_usual_ms)
        return (f"ok {millis(probe.rtt_ms)}" if probe.rtt_ms is not None else "ok", "warn" if slow else "t")
    tone = "warn" if probe.reach is Reach.ERROR or probe.misses == 1 else "bad"  # one miss may be chance
    return (f"{probe.reach.value} {age(now - probe.since)}", tone)


def member_probe(member: Member) -> Probe | None:
    """The one answer that stands for a member: the plainest endpoint that was asked."""
    for name in _MEMBER_PROBES:
        if name in member.probes:
            return member.probes[name]
    return next((member.probes[name] for name in sorted(member.probes)), None)


def beat_age(pd: PdStore, now: float) -> float | None:
    """Seconds since PD last heard of the store, by PD's own account."""
    return None if pd.beat_at is None else max(0.0, now - pd.beat_at)


def pd_word(pd: PdStore | None) -> Span:
    """PD's state of a store in small letters."""
    if pd is None or pd.state is None:
        return ("—", "dim")
    return (pd.state.lower(), _PD_TONE.get(pd.state, "warn"))


def beat_word(pd: PdStore | None, now: float) -> Span:
    """Age of the last heartbeat; a warning some seconds before PD itself speaks."""
    old = beat_age(pd, now) if pd is not None else None
    if old is None:
        return ("—", "dim")
    return (age(old), "warn" if old > BEAT_SUSPICIOUS_S else "dim")


def seen_by_others(name: str, members: Mapping[str, Member]) -> Span:
    """How many of the other members call this one healthy: `2 of 2`."""
    votes = [m.health[name] for other, m in members.items() if other != name and name in m.health]
    if not votes:
        return ("—", "dim")
    good = sum(votes)
    tone = "t" if good == len(votes) else "bad" if good == 0 else "warn"
    return (f"{good} of {len(votes)}", tone)


def _worst(*tones: str) -> str:
    return next((t for t in ("bad", "warn") if t in tones), "t")


def store_glyph(store: Store, container: Container | None, now: float) -> Span:
    """One glyph for a store: all agree it is well, something is off, it is gone, paused, or unknown."""
    return _glyph(container, probe_word(store.status, now)[1], pd_word(store.pd)[1], store.status.reach)


def member_glyph(member: Member, container: Container | None, now: float, others: Span) -> Span:
    """One glyph for a PD member."""
    probe = member_probe(member)
    reach = probe.reach if probe is not None else Reach.UNKNOWN
    return _glyph(container, probe_word(probe, now)[1], others[1], reach)


def _glyph(container: Container | None, probed: str, called: str, reach: Reach) -> Span:
    if container is not None and container.state == "paused":
        return ("‖", "warn")
    docker = docker_word(container)[1] if container is not None else "t"
    if container is None and reach is Reach.UNKNOWN and called == "dim":
        return ("○", "dim")
    tone = _worst(docker, probed, called)
    return {"bad": ("✖", "bad"), "warn": ("▲", "warn")}.get(tone, ("●", "ok"))


def injected(view: View) -> dict[str, str]:
    """Service name to the kinds this console has in it."""
    out: dict[str, str] = {}
    for injection in view.active:
        for target in injection.targets:
            out[target.service] = ",".join(filter(None, (out.get(target.service, ""), injection.kind)))
    return out
