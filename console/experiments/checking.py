"""Checking an experiment file: every complaint names file, line and field, and is a mistake or a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console.faults import aborts
from console.faults.catalogue import KINDS
from console.model.experiment import ENVIRONMENTS, MAX_DURATION_S, SCOPES, TYPES, Experiment, Limits, Step

from . import criteria, ramp
from .reading import Document

EXTENSION = "chaos-console"
ACTIONS = "console.experiments.chaostoolkit.actions"
PROBES = "console.experiments.chaostoolkit.probes"
REQUIRED = {
    "experiment_type": "one of " + ", ".join(TYPES),
    "target_component": "a component or a selector, as in store-with-most-leaders",
    "hypothesis": '"When ..., the system should ..."',
    "environment": "test or staging",
    "blast_radius": "how many targets at most, as in {max_targets: 1}",
    "duration": "seconds, at most 600",
    "rollback_plan": "how it is put back, a list of steps",
}
FILL_IN = "FILL IN"  # what an import leaves to be said
FAULT, AFTER = "fault", "after_restore"  # phases an abort condition may be scoped to
_HYPOTHESIS = re.compile(r"\bwhen\b.+\bshould\b.+", re.IGNORECASE | re.DOTALL)
USAGE, REFUSED = 2, 3


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint. `exit_code`: 2 a mistake in the file, 3 refused by a safety rule (`code` names it)."""

    where: str
    field: str
    said: str
    exit_code: int = USAGE
    code: str = "INVALID"

    def __str__(self) -> str:
        return f"{self.where}: {self.field}: {self.said}"


def check(document: Document) -> Experiment | list[Problem]:
    """The experiment, or everything that is wrong with it, in the order of the file."""
    checker = _Checker(document)
    experiment = checker.run()
    if checker.problems or experiment is None:
        return sorted(checker.problems, key=lambda p: int(p.where.rpartition(":")[2] or 0))
    return experiment


class _Checker:
    """Collects problems; a field that is wrong does not hide the next."""

    def __init__(self, document: Document) -> None:
        self.document, self.data = document, document.data
        self.problems: list[Problem] = []
        self.at, self.ours = self._extension()

    def wrong(self, path: str, said: str, exit_code: int = USAGE, code: str = "INVALID") -> None:
        where = self.document.where(f"{self.at}/{path}" if self.at and path in self.ours else path or self.at)
        self.problems.append(Problem(where, path or "extensions", said, exit_code, code))

    def _extension(self) -> tuple[str, Mapping[str, Any]]:
        found = self.data.get("extensions")
        for n, block in enumerate(found if isinstance(found, list) else ()):
            if isinstance(block, dict) and block.get("name") == EXTENSION:
                return f"extensions/{n}", block
        return "", {}

    def run(self) -> Experiment | None:
        for name in ("title", "description"):
            if not isinstance(self.data.get(name), str) or not self.data[name].strip():
                self.wrong(name, "missing: a sentence")
        if not isinstance(self.data.get("method"), list):
            self.wrong("method", "missing: a list of activities")
        if not self.at:
            self.wrong("", f"no block named {EXTENSION}; it holds {', '.join(REQUIRED)}")
            return None
        for name, what in REQUIRED.items():
            value = self.ours.get(name)
            if value in (None, "", [], {}) or value == FILL_IN:
                self.wrong(name, f"missing: {what}")
        self._required()
        steps, rollbacks = self._steps(), self._rollbacks()
        return None if self.problems else self._build(steps, rollbacks)

    def _required(self) -> None:
        ours = self.ours
        self._choice("experiment_type", TYPES)
        self._choice("environment", ENVIRONMENTS)
        self._choice("scope", SCOPES)
        hypothesis = ours.get("hypothesis")
        if hypothesis and (not isinstance(hypothesis, str) or not _HYPOTHESIS.search(hypothesis)):
            self.wrong("hypothesis", 'has no "When ..., the system should ...": nothing could be confirmed or rejected')
        if ours.get("environment") == "production":
            self.wrong(
                "environment", "nothing is injected into production, whatever is asked", REFUSED, "ENV_PRODUCTION"
            )
        if ours.get("experiment_type") == "Data" and not ours.get("approved_by"):
            self.wrong("experiment_type", "a Data experiment needs approved_by: who allowed it", REFUSED, "DATA_MODIFY")
        if ours.get("security") and not ours.get("approved_by"):
            self.wrong("security", "a security-sensitive experiment needs approved_by", REFUSED, "SECURITY")
        self._number("duration", 1, MAX_DURATION_S)
        self._number("baseline_s", 2, 300)
        self._number("recovery_s", 5, 600)
        if ours.get("blast_radius") is not None and self._max_targets() is None:
            self.wrong("blast_radius", "expected {max_targets: N}, N a whole number of at least 1")
        self._strings("rollback_plan")
        self._each("success_criteria", criteria.parse, criteria.CriterionError)
        self._aborts()
        self._limits()
        for n, file in enumerate(self._strings("files")):
            if not (Path(self.document.source).parent / file).exists():
                self.wrong("files", f"entry {n + 1}: {file} does not exist")

    def _choice(self, name: str, allowed: Sequence[str]) -> None:
        value = self.ours.get(name)
        if value is not None and value not in allowed:
            self.wrong(name, f"{value!r} is not one of {', '.join(allowed)}")

    def _number(self, name: str, low: float, high: float) -> None:
        value = self.ours.get(name)
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            self.wrong(name, f"{value!r} is not a number of seconds from {low:g} to {high:g}")

    def _strings(self, name: str) -> list[str]:
        value = self.ours.get(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            self.wrong(name, "expected a list of sentences")
            return []
        return value

    def _each(self, name: str, parse: Callable[[str], Any], error: type[Exception]) -> None:
        for n, text in enumerate(self._strings(name)):
            try:
                parse(text)
            except error as why:
                self.wrong(name, f"entry {n + 1}: {why}")

    def _aborts(self) -> None:
        """Each a condition, or `{if: CONDITION, phase: fault | after_restore}` (S2-73)."""
        found = self.ours.get("abort_if", [])
        if not isinstance(found, list):
            self.wrong("abort_if", "expected a list of conditions")
            return
        for n, entry in enumerate(found):
            try:
                aborts.parse(_condition(entry)[0])
            except (aborts.AbortError, ValueError) as why:
                self.wrong("abort_if", f"entry {n + 1}: {why}")

    def _abort_if(self, phase: str) -> tuple[str, ...]:
        entries = [_condition(e) for e in self.ours.get("abort_if", ())]
        return tuple(text for text, of in entries if of == phase)

    def _limits(self) -> None:
        limits = self.ours.get("steady_state", {})
        known = set(Limits.__dataclass_fields__)
        if not isinstance(limits, dict) or not set(limits) <= known:
            self.wrong("steady_state", f"expected some of {', '.join(sorted(known))}")
        elif not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in limits.values()):
            self.wrong("steady_state", "limits are numbers")

    def _max_targets(self) -> int | None:
        blast = self.ours.get("blast_radius")
        value = blast.get("max_targets") if isinstance(blast, dict) else blast
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else None

    # -- method -----------------------------------------------------------------------------------------------------

    def _steps(self) -> tuple[Step, ...]:
        method = self.data.get("method")
        each = [self._step(n, raw) for n, raw in enumerate(method if isinstance(method, list) else ())]
        steps, wrong = ramp.ordered(each)
        for n, said in wrong.items():
            self.wrong(f"method/{n}/provider/arguments/{ramp.ARGUMENT}", said)
        return tuple(step for step in steps if step is not None)

    def _step(self, n: int, given: Any, part: str = "method") -> Step | None:
        path = f"{part}/{n}"
        raw = self._referred(path, given)
        provider = raw.get("provider") if isinstance(raw, dict) else None
        if not isinstance(raw, dict) or not isinstance(provider, dict) or not raw.get("name"):
            self.wrong(path, "an activity has a type, a name and a provider, or it is a ref to one")
            return None
        said = raw.get("pauses")
        pauses: Mapping[str, Any] = said if isinstance(said, dict) else {}
        before, after = (_seconds(pauses.get(k)) for k in ("before", "after"))
        if before is None or after is None:
            self.wrong(f"{path}/pauses", "before and after are seconds")
            return None
        ours = provider.get("func") if provider.get("module") == ACTIONS else ""
        step = Step(str(raw["name"]), raw, before_s=before, after_s=after, reverts=ours == "revert_all")
        if ours != "inject":
            return step
        return self._injection(path, step, provider.get("arguments") or {})

    def _referred(self, path: str, raw: Any) -> Any:
        """`{ref: NAME}` is the activity of that name, of the method or of the hypothesis."""
        if not isinstance(raw, dict) or "ref" not in raw:
            return raw
        hypothesis = self.data.get("steady-state-hypothesis")
        probes = hypothesis.get("probes") if isinstance(hypothesis, dict) else None
        method = self.data.get("method")
        known = [*(method if isinstance(method, list) else ()), *(probes if isinstance(probes, list) else ())]
        found = next((a for a in known if isinstance(a, dict) and a.get("name") == raw["ref"]), None)
        if found is None:
            self.wrong(path, f"ref {raw['ref']!r}: no activity has this name")
            return {"name": "?", "provider": {}}
        return {**found, **{k: v for k, v in raw.items() if k != "ref"}}

    def _rollbacks(self) -> tuple[Step, ...]:
        """Somebody else's: ours is what the protocol does by itself."""
        listed = self.data.get("rollbacks")
        steps = [self._step(n, raw, "rollbacks") for n, raw in enumerate(listed if isinstance(listed, list) else ())]
        return tuple(s for s in steps if s is not None and s.raw["provider"].get("module") != ACTIONS)

    def _injection(self, path: str, step: Step, arguments: Any) -> Step | None:
        at = f"{path}/provider/arguments"
        if not isinstance(arguments, dict):
            self.wrong(at, "expected a mapping with kind and target")
            return None
        kind = KINDS.get(str(arguments.get("kind")))
        if kind is None:
            self.wrong(f"{at}/kind", f"no fault kind {arguments.get('kind')!r}; `chaos-console faults` lists them")
            return None
        params = arguments.get("params") or {}
        known = {p.name: p for p in kind.spec.params}
        for name, value in params.items() if isinstance(params, dict) else ():
            if name not in known or not isinstance(value, (int, float)):
                self.wrong(f"{at}/params", f"{kind.spec.kind} takes {', '.join(known) or 'no parameter'}, as numbers")
            elif said := known[name].check(float(value)):
                self.wrong(f"{at}/params/{name}", said)
        duration = arguments.get("duration")
        if duration is not None and not (isinstance(duration, (int, float)) and 1 <= duration <= MAX_DURATION_S):
            self.wrong(f"{at}/duration", f"{duration!r} is not a number of seconds from 1 to {MAX_DURATION_S:g}")
        target = str(arguments.get("target") or self.ours.get("target_component") or "")
        percent, said = ramp.percent(kind.spec.kind, arguments)
        if said:
            self.wrong(f"{at}/{ramp.ARGUMENT}", said)
        given = params if isinstance(params, dict) else {}
        if percent is not None:
            given = {**given, "rate": ramp.LEAST_RATE}  # until the peak is known
        seconds = None if duration is None else float(duration)
        return replace(step, kind=kind.spec.kind, target=target, params=given, duration_s=seconds, percent=percent)

    def _build(self, steps: tuple[Step, ...], rollbacks: tuple[Step, ...]) -> Experiment:
        ours, data = self.ours, self.data
        return Experiment(
            title=str(data["title"]),
            description=str(data["description"]),
            type=str(ours["experiment_type"]),
            target=str(ours["target_component"]),
            hypothesis=" ".join(str(ours["hypothesis"]).split()),
            environment=str(ours["environment"]),
            max_targets=self._max_targets() or 1,
            duration_s=float(ours["duration"]),
            rollback_plan=tuple(ours["rollback_plan"]),
            method=steps,
            raw=data,
            rollbacks=rollbacks,
            source=self.document.source,
            scope=str(ours.get("scope", "")),
            failure_type=_failure_type(steps),
            criteria=tuple(ours.get("success_criteria", ())),
            abort_if=self._abort_if(FAULT),
            abort_after=self._abort_if(AFTER),
            limits=Limits(**{k: float(v) for k, v in ours.get("steady_state", {}).items()}),
            baseline_s=float(ours.get("baseline_s", 12)),
            recovery_s=float(ours.get("recovery_s", 120)),
            allow_quorum_loss=bool(ours.get("allow_quorum_loss", False)),
            tags=tuple(str(t) for t in data.get("tags", ())),
            on_call=str(ours.get("on_call", "")),
            approved_by=str(ours.get("approved_by", "")),
            files=tuple(ours.get("files", ())),
            canary=bool(ours.get("canary", True)),
            widens=str(ours.get("widens", "")),
        )


def _seconds(value: Any) -> float | None:
    if value is None:
        return 0.0
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 else None


def _condition(entry: Any) -> tuple[str, str]:
    """An abort condition and the phase it holds for. Raises ValueError for what is none."""
    if isinstance(entry, str) and entry.strip():
        return entry, FAULT
    if not isinstance(entry, dict) or not set(entry) <= {"if", "phase"} or not isinstance(entry.get("if"), str):
        raise ValueError(f"expected a condition, or {{if: CONDITION, phase: {FAULT} or {AFTER}}}")
    phase = entry.get("phase", FAULT)
    if phase not in (FAULT, AFTER):
        raise ValueError(f"phase {phase!r} is not one of {FAULT}, {AFTER}")
    return entry["if"], phase


def _failure_type(steps: Sequence[Step]) -> str:
    return next((KINDS[s.kind].spec.failure_type for s in steps if s.injects), "none")
