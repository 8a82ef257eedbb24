"""Somebody else's activities and hypotheses, by Chaos Toolkit's own library: its providers, secrets and tolerances.

It runs in a process of its own (`python -m console.experiments.foreign`): whatever an activity does or prints, it
cannot hold up, break or impersonate the console. One JSON object goes in, one comes out.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from typing import Any

from console.model.experiment import HypothesisState, ProbeResult, Sample
from console.model.text import clean, redact

DEADLINE_S = 30.0
OURS = "console.experiments.chaostoolkit.probes"
_NAMES_OF_ERRORS = re.compile(r"^(?:[\w.]*(?:Error|Exception|Failed)\w*: )+")
_OF_SAMPLE = {
    "stores_up": "stores",
    "members_answering": "members",
    "coverage_percent": "coverage_percent",
    "throughput": "ops",
    "latency_ms": "latency_ms",
    "errors_percent": "errors_percent",
    "level": "level",
}


async def perform(experiment: Mapping[str, Any], activity: Mapping[str, Any]) -> str:
    """Run one activity and return its output as one line. Raises RuntimeError that says why it failed."""
    seconds = _timeout(activity)
    _refuse_missing_command(activity.get("provider"))
    run = await _asked({"experiment": experiment, "activity": activity}, seconds)
    if run.get("status") != "succeeded":
        raise RuntimeError(_line(run.get("said")) or "it failed and did not say why")
    _refuse_errors(activity, run.get("output"))
    return _line(run.get("output"))


async def hypothesis(experiment: Mapping[str, Any], sample: Sample) -> HypothesisState | None:
    """Ask every probe of the file's own steady-state hypothesis, by its own tolerance; None where it has none.

    Probes of this console are answered from `sample`: what was just measured. Raises RuntimeError.
    """
    declared = experiment.get("steady-state-hypothesis")
    probes = declared.get("probes") if isinstance(declared, Mapping) else None
    if not isinstance(declared, Mapping) or not isinstance(probes, list) or not probes:
        return None
    answered = {**experiment, "steady-state-hypothesis": {**declared, "probes": [_answered(p, sample) for p in probes]}}
    seconds = sum(_timeout(p) for p in probes if isinstance(p, Mapping))
    state = await _asked({"experiment": answered, "activity": None}, seconds)
    runs = state.get("probes") or []
    results = tuple(_result(probe, runs[n] if n < len(runs) else None) for n, probe in enumerate(probes))
    return HypothesisState(bool(state.get("steady_state_met")), results)


def given(value: Any = None) -> Any:
    """What the console measured; a probe of ours that could not be measured has failed. Called by the other process."""
    if value is None:
        from chaoslib.exceptions import ActivityFailed

        raise ActivityFailed("could not be measured")
    return value


# -- on this side ---------------------------------------------------------------------------------------------------


def _answered(probe: Any, sample: Sample) -> Any:
    provider = probe.get("provider") if isinstance(probe, Mapping) else None
    if not isinstance(provider, Mapping) or provider.get("module") != OURS or provider.get("func") not in _OF_SAMPLE:
        return probe
    value = getattr(sample, _OF_SAMPLE[str(provider["func"])])
    call = {"type": "python", "module": __name__, "func": given.__name__, "arguments": {"value": value}}
    return {**probe, "provider": call}


def _result(probe: Any, run: Mapping[str, Any] | None) -> ProbeResult:
    name = str(probe.get("name") or probe.get("ref")) if isinstance(probe, Mapping) else "?"
    if run is None:
        return ProbeResult(clean(name, 120), None, "not asked: one before it failed")
    said = _line(run.get("said")) or _line(run.get("output"))
    return ProbeResult(clean(name, 120), run.get("tolerance_met") is True, said)


def _timeout(activity: Mapping[str, Any]) -> float:
    provider = activity.get("provider")
    inner = provider.get("timeout") if isinstance(provider, Mapping) else None
    for limit in (inner, activity.get("timeout")):
        if isinstance(limit, (int, float)) and not isinstance(limit, bool) and 0 < limit <= 600:
            return float(limit)
    return DEADLINE_S


def _refuse_missing_command(provider: Any) -> None:
    """The library would run the word None instead."""
    path = provider.get("path") if isinstance(provider, Mapping) and provider.get("type") == "process" else None
    if isinstance(path, str) and "${" not in path and shutil.which(path) is None:
        raise RuntimeError(f"{_line(path)}: no such command")


def _refuse_errors(activity: Mapping[str, Any], output: Any) -> None:
    """The library takes any HTTP answer and any exit code for a success; an action that ended so did nothing."""
    if activity.get("type") != "action" or not isinstance(output, Mapping):
        return
    status = output.get("status")
    if "stderr" in output and status:
        raise RuntimeError(f"exit code {status}: {_line(output['stderr'])}")
    if "stderr" not in output and isinstance(status, int) and status >= 400:
        raise RuntimeError(f"HTTP {status}")


def _line(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping) and "status" in value:  # of a process or an HTTP request
        value = value.get("stdout") or f"status {value['status']}"
    return redact(clean(" ".join(str(value).split()), 300))


async def _asked(question: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    )
    try:
        async with asyncio.timeout(seconds + 5):  # its own start; the activity's own deadline is the library's to keep
            out, err = await process.communicate(json.dumps(question, default=str).encode())
    except TimeoutError as error:
        raise RuntimeError(f"no end within {seconds:g} s") from error
    finally:
        if process.returncode is None:
            _end(process.pid)
            await process.wait()
    try:
        answer = json.loads(out)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        last = err.decode(errors="replace").strip().rpartition("\n")[2]
        raise RuntimeError(_line(last) or f"exit code {process.returncode}")
    return answer


def _end(pid: int) -> None:
    """With all that it started."""
    import contextlib
    import signal

    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


# -- on the other side ----------------------------------------------------------------------------------------------


def main() -> None:
    """Answer the question on standard input; what activities print goes to standard error."""
    from chaoslib.activity import execute_activity
    from chaoslib.caching import cache_activities
    from chaoslib.configuration import load_configuration
    from chaoslib.hypothesis import run_steady_state_hypothesis
    from chaoslib.run import EventHandlerRegistry
    from chaoslib.secret import load_secrets
    from chaoslib.types import Dry

    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)
        question = json.load(sys.stdin)
        experiment, activity = question["experiment"], question["activity"]
        configuration = load_configuration(experiment.get("configuration") or {})
        secrets = load_secrets(experiment.get("secrets") or {}, configuration)
        cache_activities(experiment)
        shared = {"configuration": configuration, "secrets": secrets, "dry": Dry.PAUSE}  # pauses are the protocol's
        if activity is not None:
            found = _told(execute_activity(experiment, activity, **shared))
        else:
            found = dict(run_steady_state_hypothesis(experiment, **shared, event_registry=EventHandlerRegistry()))
            found["probes"] = [_told(run) for run in found["probes"]]
        json.dump(found, answer, default=str)


def _told(run: Mapping[str, Any]) -> dict[str, Any]:
    said = run.get("exception") or [""]
    words = _NAMES_OF_ERRORS.sub("", said[-1].strip())
    return {k: run.get(k) for k in ("status", "output", "tolerance_met")} | {"said": words}


if __name__ == "__main__":
    main()
