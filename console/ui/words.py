"""Numbers and times as an operator reads them: short, unambiguous, of steady width."""

from __future__ import annotations


def age(seconds: float) -> str:
    """How long ago, in one unit: `0s`, `59s`, `4m`, `2h`, `3d`."""
    s = max(0, int(seconds))
    if s < 100:
        return f"{s}s"
    if s < 100 * 60:
        return f"{s // 60}m"
    if s < 48 * 3600:
        return f"{s // 3600}h"
    return f"{s // 86400}d"


def mmss(seconds: float) -> str:
    """`02:05`, from an hour on `1:02:05`."""
    s = max(0, int(seconds))
    if s < 3600:
        return f"{s // 60:02d}:{s % 60:02d}"
    return f"{s // 3600}:{s // 60 % 60:02d}:{s % 60:02d}"


def mmss_tenths(seconds: float) -> str:
    """`00:12.3`; cut, not rounded, so that a running clock never shows the future."""
    tenths = max(0, int(seconds * 10 + 1e-6))
    return f"{tenths // 600:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def tenths(seconds: float) -> str:
    """`0.4 s`."""
    return f"{max(0.0, seconds):.1f} s"


def amount(value: float) -> str:
    """`9,812`."""
    return f"{value:,.0f}"


def short(value: float) -> str:
    """`812`, `9.8k`, `12k`, `1.2M`."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit * 0.9995:
            scaled = value / limit
            return f"{scaled:.0f}{unit}" if abs(scaled) >= 9.95 else f"{scaled:.1f}{unit}"
    return f"{value:.0f}"


def tick(value: float) -> str:
    """A number on an axis: no more digits than it has (`0`, `500`, `1.5k`, `12k`)."""
    return short(value).replace(".0", "")


def size(n: float) -> str:
    """Bytes: `512M`, `1.2G`."""
    for limit, unit in ((1 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")):
        if n >= limit:
            scaled = n / limit
            return f"{scaled:.0f}{unit}" if scaled >= 9.95 else f"{scaled:.1f}{unit}"
    return f"{n:.0f}B"


def millis(ms: float | None) -> str:
    """`0.4 ms`, `12 ms`, `1.2 s`; an em dash where it is not known."""
    if ms is None:
        return "—"
    if ms >= 1000:
        return f"{ms / 1000:.1f} s"
    return f"{ms:.0f} ms" if ms >= 9.95 else f"{ms:.1f} ms"


def whole(value: object) -> str:
    """A count, or an em dash where nobody said."""
    return "—" if value is None else str(value)


def plural(n: int, word: str) -> str:
    """`1 store`, `3 stores`."""
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
