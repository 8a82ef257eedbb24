"""Every way out on a real pty: what is injected is reverted, the terminal is restored, the exit code says why."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from .terminal import Terminal


def closes(calls: Path) -> list[str]:
    return [row for row in calls.read_text().splitlines() if row.startswith("close")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_close_the_session_and_restore_the_terminal(number: signal.Signals, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    with Terminal("--inject", "--calls", str(calls)) as terminal:
        terminal.read_until("FAULT LIVE")
        terminal.signal(number)
        assert terminal.wait() == 128 + number
        assert terminal.restored
        assert closes(calls) == [f"close ('{number.name}',)"]
        assert b"COMPLETE kill on tikv1" in terminal.output


def test_a_signal_before_there_is_a_session_ends_at_once(tmp_path: Path) -> None:
    with Terminal("--connect-s", "60") as terminal:
        terminal.read_until("Topology")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait() == 143
        assert terminal.restored


@pytest.mark.parametrize("ignore_hup", [False, True])
def test_a_closed_terminal_ends_it_and_everything_is_reverted(ignore_hup: bool, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    with Terminal("--inject", "--calls", str(calls), ignore_hup=ignore_hup) as terminal:
        terminal.read_until("FAULT LIVE")
        terminal.hang_up()
        assert terminal.wait() == 129
        assert len(closes(calls)) == 1


def test_quitting_by_key(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    with Terminal("--inject", "--calls", str(calls)) as terminal:
        terminal.read_until("FAULT LIVE")
        terminal.send(b"q")
        assert terminal.wait() == 0
        assert terminal.restored
        assert closes(calls) == ["close ('quit',)"]


def test_a_crash_closes_the_session_exits_non_zero_and_shows_no_values(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    with Terminal("--inject", "--fail-on", "diagnose", "--state", "detected", "--calls", str(calls)) as terminal:
        terminal.read_until("FAULT LIVE")
        terminal.send(b"d")
        assert terminal.wait() == 1
        assert terminal.restored
        assert len(closes(calls)) == 1
        assert b"RuntimeError" in terminal.output
        assert b"sk-ant-secret" not in terminal.output
        assert b"locals" not in terminal.output


def test_an_exception_in_a_worker_does_the_same(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    with Terminal("--fail-on", "toggle_load", "--state", "detected", "--calls", str(calls)) as terminal:
        terminal.read_until("FAULT LIVE")
        terminal.send(b"y")
        assert terminal.wait() == 1
        assert terminal.restored
        assert len(closes(calls)) == 1


def test_a_close_that_fails_is_said_and_is_exit_code_4(tmp_path: Path) -> None:
    with Terminal("--fail-on", "close", "--state", "detected") as terminal:
        terminal.read_until("FAULT LIVE")
        terminal.send(b"q")
        terminal.read_until("closing the session failed")
        terminal.send(b"\r")
        assert terminal.wait() == 4
        assert terminal.restored


def test_failing_to_connect_says_how_to_go_on_and_q_leaves() -> None:
    with Terminal("--fail", "cannot connect to the Docker daemon") as terminal:
        terminal.read_until("cannot connect to the Docker daemon")
        terminal.read_until("NO SESSION")
        terminal.send(b"q")
        assert terminal.wait() == 0
        assert terminal.restored
