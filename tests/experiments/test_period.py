"""The report of a period: counts as in the database, an empty one too (S2-93)."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.cli.main import run as command
from console.evidence.period import period
from console.storage.runs import StoredRun


def run(n: int, status: str, rollback: str = "COMPLETE", why: str = "so it was") -> StoredRun:
    values = (f"r{n}", "N-1 | x", "n1.yaml", "Infrastructure", "db-failure", 1, status, rollback, why, "lab", "LIVE")
    return StoredRun(*values, 86400.0 * n, 86400.0 * n + 60, 0.5 * n, 10.0, "/tmp/x", {})


def test_counts_findings_and_what_to_do() -> None:
    runs = [
        run(1, "HYPOTHESIS_CONFIRMED"),
        run(2, "HYPOTHESIS_REJECTED", why="errors <= 1% did not hold: 7%"),
        run(3, "EXPERIMENT_FAILED", "PARTIAL", "tikv1 <did> not come back"),
    ]
    text = period(runs, 86400.0, 4 * 86400.0)
    assert "Experiments run: 3" in text
    assert "Hypotheses confirmed: 1" in text
    assert "Vulnerabilities found: 2" in text
    assert "Period: 1970-01-02 to 1970-01-05" in text
    assert "| N-1 \\| x | 3 | 1 | 1 | 1 | 0.5 to 1.5 | 10.0 |" in text
    assert "**critical**: N-1 \\| x (r3): rollback PARTIAL: tikv1 &lt;did> not come back" in text
    assert "- [ ] N-1 \\| x: errors <= 1% did not hold: 7%" in text


def test_an_empty_period(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CHAOS_CONSOLE_HOME", str(tmp_path))
    assert command(["report", "--from", "2026-01-01", "--to", "2026-01-31"]) == 0
    assert "Experiments run: 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [("--from", "x", "--to", "2026-01-01"), ("--from", "2026-02-01", "--to", "2026-01-01")]
)
def test_days_that_are_none(words: tuple[str, ...]) -> None:
    assert command(["report", *words]) == 2
