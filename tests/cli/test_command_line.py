"""The command line without a cluster: exit codes, one line per failure, nothing heavy imported to say it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RECORDS

ROOT = Path(__file__).resolve().parents[2]


def console(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    return subprocess.run(
        [sys.executable, "-m", "console", *arguments],
        capture_output=True, text=True, env=env, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("stauts",), 2, "did you mean 'status'"),
        (("--bogus",), 2, "--bogus"),
        (("replay", "nowhere.jsonl", "--json"), 2, "nowhere.jsonl"),
        (("replay", "x", "--json", "--without", "dokcer"), 2, "dokcer"),
        (("inject", "kill"), 2, "TARGET"),
        (("inject", "kill", "tikv0", "--param", "grace"), 2, "grace"),
        (("inject", "kill", "tikv0", "--sim"), 2, "--docker-host"),
        (("status", "--pd", "127.0.0.1:1", "--sim"), 2, "--pd"),
        (("status", "--docker-host", "unix:///no/such.sock"), 5, "no engine socket"),
        (("inject", "kill", "tikv0", "--docker-host", "unix:///no/such.sock"), 5, "no engine socket"),
        (("status", "--pd", "127.0.0.1:1", "--wait", "1"), 5, "nothing answered"),
        (("revert", "abc"), 2, "no live injection"),
        (("arm", " "), 2, "reason"),
        (("demo",), 2, "--auto"),
        (("demo", "--auto", "--scenario", "x"), 2, "store-kill"),
        (("run",), 2, "terminal"),
        ((), 2, "terminal"),
    ],
)
def test_a_failure_is_one_line_and_its_code(arguments: tuple[str, ...], code: int, said: str) -> None:
    result = console(*arguments)
    assert result.returncode == code, result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_bad_settings_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[observe]\npoll='x'\n")
    result = console("status", "--pd", "127.0.0.1:1", CHAOS_CONSOLE_CONFIG=str(path))
    assert result.returncode == 2
    assert "observe.poll" in result.stderr
    assert str(path) in result.stderr


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("revert",), ("injections",), ("audit", "verify")])
def test_what_needs_no_cluster_works_without_one(arguments: tuple[str, ...]) -> None:
    result = console(*arguments)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_a_record_is_judged_as_json() -> None:
    result = console("replay", str(RECORDS / "kill_store_leader.jsonl.gz"), "--json", "--reveal")
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["record"] == 1
    assert answer["incidents"][0]["fault"] == "kill"
    assert answer["score"]["right"] is True


def test_a_reader_that_goes_away_is_no_failure() -> None:
    command = f"{sys.executable} -m console replay {RECORDS / 'kill_store_leader.jsonl.gz'} --json | head -1"
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert result.stderr == ""
    assert result.stdout.strip() == "{"


def test_a_state_directory_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    result = console("audit", "verify", CHAOS_CONSOLE_HOME=str(blocked / "below"))
    assert result.returncode == 6
    assert "Traceback" not in result.stderr


def test_nothing_heavy_is_imported_for_a_light_command() -> None:
    code = (
        "import sys; from console.cli.main import run; run(['--version']);"
        "print([m for m in ('textual', 'docker', 'anthropic', 'httpx', 'aiohttp', 'pydantic') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    assert result.stdout.strip().endswith("[]")
