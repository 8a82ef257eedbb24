"""Actions for Chaos Toolkit: inject a fault of the console's, put everything back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .command import console, failed

__all__ = ["inject", "revert_all"]


def inject(
    kind: str,
    target: str,
    duration: float = 60,
    params: Mapping[str, float] | None = None,
    percent_of_peak: float | None = None,
    configuration: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
) -> Any:
    """Inject `kind` on `target` for at most `duration` seconds; refused by the guard where it must be.

    `percent_of_peak` needs a peak that was measured while the run went on, and `chaos run` measures none.
    """
    del secrets
    if percent_of_peak is not None:
        raise failed("percent_of_peak: no peak is measured here; run the file with `chaos-console experiment run`")
    words = ["inject", kind, target, "--duration", f"{duration:g}"]
    for name, value in (params or {}).items():
        words += ["--param", f"{name}={value:g}"]
    return console(words, configuration)


def revert_all(configuration: Mapping[str, Any] | None = None, secrets: Mapping[str, Any] | None = None) -> Any:
    """Put back everything that is injected, verified, and leave the console armed."""
    del secrets
    results = console(["revert", "--keep-armed"], configuration, ok=(0, 4))
    bad = [r for r in results if r.get("outcome") != "COMPLETE"]
    if bad:
        raise failed(f"rollback {bad[0]['outcome']}: {bad[0]['detail']}")
    return results
