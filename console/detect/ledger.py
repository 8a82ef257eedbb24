"""The findings that stand, and what changed since fusion last looked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from console.model.incident import Finding, Vantage

Key = tuple[Vantage, str, str | None]


@dataclass
class Ledger:
    """Detectors raise and clear here; fusion drains the changes."""

    active: dict[Key, Finding] = field(default_factory=dict)
    _changed: list[Finding] = field(default_factory=list)

    def raise_(self, finding: Finding) -> None:
        """A symptom is there. Raising it again may only strengthen it (`alone`, text, value), never move it."""
        known = self.active.get(finding.key)
        if known is None:
            self.active[finding.key] = finding
            self._changed.append(finding)
            return
        if finding.alone and not known.alone:
            stronger = replace(known, alone=True, text=finding.text, value=finding.value, attrs=finding.attrs)
            self.active[finding.key] = stronger
            self._changed.append(stronger)

    def describe(
        self, vantage: Vantage, symptom: str, component: str | None, text: str, attrs: Mapping[str, str]
    ) -> None:
        """More is known of a symptom that stands; where nothing differs nothing happens."""
        known = self.active.get((vantage, symptom, component))
        if known is not None and any(known.attrs.get(k) != v for k, v in attrs.items()):
            told = replace(known, text=text, attrs={**known.attrs, **attrs})
            self.active[told.key] = told
            self._changed.append(told)

    def clear(self, vantage: Vantage, symptom: str, component: str | None, t: float) -> None:
        """A symptom is gone since `t`. Clearing what was never raised does nothing."""
        known = self.active.pop((vantage, symptom, component), None)
        if known is not None:
            self._changed.append(replace(known, cleared=max(t, known.onset)))

    def has(self, vantage: Vantage, symptom: str, component: str | None) -> bool:
        """True while that symptom stands."""
        return (vantage, symptom, component) in self.active

    def drain(self) -> list[Finding]:
        """What changed since the last call, in order."""
        changed, self._changed = self._changed, []
        return changed
