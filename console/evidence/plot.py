"""A run as a picture (SVG): throughput over time, the fault's span shaded, the state of every phase, marks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from html import escape

from console.model.experiment import Run, Sample

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 900, 320, 64, 34, 62
_LEVEL = {"GREEN": "#3fa34d", "YELLOW": "#d9a400", "ORANGE": "#e07020", "RED": "#c0392b", "BLIND": "#7f8c8d"}
_MARKS = {"injected": "#c0392b", "put back": "#2471a3", "recovered": "#3fa34d", "aborted": "#8e44ad"}


def plot(run: Run) -> str:
    """The picture; also of a run with no samples, which says so."""
    samples = run.samples
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<text x="{LEFT}" y="20" font-size="14">{escape(run.experiment.title[:100])}</text>'
    )
    if len(samples) < 2:
        return f'{head}<text x="{LEFT}" y="{HEIGHT // 2}">nothing was measured</text></svg>\n'
    scale = _Scale(samples)
    parts = [head, *_fault_span(run, scale), *_axes(scale), *_curve(samples, scale), *_levels(samples, scale)]
    parts += [line for mark in run.marks if mark.what in _MARKS for line in _mark(mark.t, mark.what, scale)]
    return "\n".join(parts) + "\n</svg>\n"


class _Scale:
    def __init__(self, samples: Sequence[Sample]) -> None:
        self.begin, self.end = samples[0].t, max(samples[-1].t, samples[0].t + 1)
        self.top = max([s.ops for s in samples if s.ops is not None] + [1.0]) * 1.1

    def x(self, t: float) -> float:
        share = (t - self.begin) / (self.end - self.begin)
        return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - 20), 1)

    def y(self, ops: float) -> float:
        return round(HEIGHT - BOTTOM - ops / self.top * (HEIGHT - TOP - BOTTOM), 1)


def _fault_span(run: Run, scale: _Scale) -> list[str]:
    inside = [s.t for s in run.samples if s.phase == "fault"]
    if not inside:
        return []
    left, right = scale.x(inside[0]), scale.x(inside[-1])
    height = HEIGHT - TOP - BOTTOM
    return [f'<rect x="{left}" y="{TOP}" width="{max(1, right - left):.1f}" height="{height}" fill="#f6ddcc"/>']


def _axes(scale: _Scale) -> list[str]:
    lines = []
    for share in (0, 0.5, 1):
        value = scale.top * share
        y = scale.y(value)
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y}" y2="{y}" stroke="#d5d8dc"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{value:,.0f}</text>')
    lines.append(f'<text x="6" y="{TOP - 4}">ops/s</text>')
    span = scale.end - scale.begin
    for n in range(6):
        t = scale.begin + span * n / 5
        x = scale.x(t)
        lines.append(f'<text x="{x}" y="{HEIGHT - 8}" text-anchor="middle">{t - scale.begin:.0f} s</text>')
    return lines


def _curve(samples: Sequence[Sample], scale: _Scale) -> list[str]:
    points = " ".join(f"{scale.x(s.t)},{scale.y(s.ops)}" for s in samples if s.ops is not None)
    return [f'<polyline points="{points}" fill="none" stroke="#1f618d" stroke-width="2"/>']


def _levels(samples: Sequence[Sample], scale: _Scale) -> list[str]:
    lines = []
    y = HEIGHT - BOTTOM + 18
    for one, following in itertools.pairwise(samples):
        width = max(0.5, scale.x(following.t) - scale.x(one.t))
        colour = _LEVEL.get(one.level, "#bdc3c7")
        lines.append(f'<rect x="{scale.x(one.t)}" y="{y}" width="{width:.1f}" height="10" fill="{colour}"/>')
    lines.append(f'<text x="{LEFT - 6}" y="{y + 10}" text-anchor="end">level</text>')
    return lines


def _mark(t: float, what: str, scale: _Scale) -> list[str]:
    x, colour = scale.x(t), _MARKS[what]
    return [
        f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="{colour}" stroke-dasharray="4 3"/>',
        f'<text x="{x + 3}" y="{TOP + 12}" fill="{colour}" font-size="11">{escape(what)}</text>',
    ]
