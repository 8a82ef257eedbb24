"""Prometheus text, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _value(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


class Text:
    """Collects families in order."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def family(self, name: str, kind: str, help_text: str) -> None:
        """Begin a metric family."""
        self._lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]

    def sample(self, name: str, value: float, labels: Mapping[str, str] | None = None) -> None:
        """One series."""
        inner = ",".join(f'{k}="{_label(v)}"' for k, v in (labels or {}).items())
        self._lines.append(f"{name}{{{inner}}} {_value(value)}" if inner else f"{name} {_value(value)}")

    def one(self, name: str, kind: str, help_text: str, rows: Iterable[tuple[Mapping[str, str], float]]) -> None:
        """A whole family of plain series; left out where it has none."""
        listed = list(rows)
        if listed:
            self.family(name, kind, help_text)
            for labels, value in listed:
                self.sample(name, value, labels)

    def histogram(
        self,
        name: str,
        labels: Mapping[str, str],
        bounds: Iterable[float],
        counts: Iterable[float],
        total: float,
        sum_: float,
    ) -> None:
        """The series of one histogram; the family was begun before. `counts` are cumulative."""
        for bound, count in zip(bounds, counts, strict=True):
            self.sample(f"{name}_bucket", int(count), {**labels, "le": f"{bound:g}"})
        self.sample(f"{name}_bucket", int(total), {**labels, "le": "+Inf"})
        self.sample(f"{name}_sum", sum_, labels)
        self.sample(f"{name}_count", int(total), labels)

    def text(self) -> str:
        """All of it."""
        return "\n".join(self._lines) + "\n"
