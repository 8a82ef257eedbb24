"""A program on a pty, watched from the terminal side: when it paints, how much it writes, what it costs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path

_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[PX^_].*?\x1b\\|[@-_])")
_TICK = os.sysconf("SC_CLK_TCK")
# What a terminal answers when it is asked whether it knows synchronized output; with it frames arrive whole.
_SYNC_QUESTION, _SYNC_ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"


@dataclass
class Cost:
    """Over a stretch of time: CPU in percent of a core, and bytes a second to the terminal."""

    cpu_pct: float
    bytes_per_s: float


class Watched:
    """Starts `command` on a pty of `columns` x `rows`; close it with `stop`."""

    def __init__(self, command: list[str], columns: int, rows: int, env: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.began = time.perf_counter()
        base = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
        self._process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**base, "TERM": "xterm-256color", "COLORTERM": "truecolor", **env},
        )
        os.close(slave)
        self.received = 0
        self.screen_text = b""

    def read(self, seconds: float) -> bytes:
        """Whatever comes within a time; answers the terminal questions on the way."""
        end, got = time.perf_counter() + seconds, b""
        while (left := end - time.perf_counter()) > 0:
            if not select.select([self._master], [], [], left)[0]:
                break
            try:
                piece = os.read(self._master, 1 << 16)
            except OSError:
                break
            if not piece:
                break
            if _SYNC_QUESTION in piece:
                os.write(self._master, _SYNC_ANSWER)
            got += piece
        self.received += len(got)
        self.screen_text = (self.screen_text + _ESCAPE.sub(b"", got))[-200_000:]
        return got

    def until_painted(self, visible: int = 10, deadline_s: float = 30.0) -> float:
        """Milliseconds from the start to the first output with so many visible bytes."""
        seen = b""
        while time.perf_counter() - self.began < deadline_s:
            seen += self._some()
            if len(_ESCAPE.sub(b"", seen).strip()) >= visible:
                return (time.perf_counter() - self.began) * 1000
        raise TimeoutError("nothing was painted")

    def until_text(self, wanted: str, deadline_s: float = 60.0) -> float:
        """Milliseconds until a text has been written since now."""
        start, seen = time.perf_counter(), b""
        while time.perf_counter() - start < deadline_s:
            seen += self._some()
            if wanted.encode() in _ESCAPE.sub(b"", seen):
                return (time.perf_counter() - start) * 1000
        raise TimeoutError(f"{wanted!r} was not painted")

    def _some(self) -> bytes:
        if not select.select([self._master], [], [], 0.05)[0]:
            return b""
        with contextlib.suppress(OSError):
            piece = os.read(self._master, 1 << 16)
            if _SYNC_QUESTION in piece:
                os.write(self._master, _SYNC_ANSWER)
            self.received += len(piece)
            return piece
        return b""

    def key(self, keys: bytes) -> float:
        """Press, and milliseconds to the first byte back; what else was on its way is read off first."""
        self.read(0.15)
        start = time.perf_counter()
        os.write(self._master, keys)
        while time.perf_counter() - start < 5:
            if select.select([self._master], [], [], 1.0)[0]:
                elapsed = (time.perf_counter() - start) * 1000
                self._some()
                return elapsed
        raise TimeoutError("no paint after a key")

    def send(self, keys: bytes) -> None:
        """Press without waiting."""
        os.write(self._master, keys)

    def over(self, seconds: float) -> Cost:
        """CPU of the whole process and bytes written, over a stretch."""
        ticks, received, start = self._ticks(), self.received, time.perf_counter()
        self.read(seconds)
        while time.perf_counter() - start < seconds:
            self.read(seconds - (time.perf_counter() - start))
            time.sleep(0.01)
        elapsed = time.perf_counter() - start
        return Cost((self._ticks() - ticks) / _TICK / elapsed * 100, (self.received - received) / elapsed)

    def _ticks(self) -> int:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def cpu_ms(self) -> float:
        """CPU used so far, milliseconds."""
        return self._ticks() / _TICK * 1000

    def memory_mb(self) -> float:
        """Resident set, MB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+)", status)
        return int(match[1]) / 1024 if match else float("nan")

    def stop(self) -> None:
        """Ask it to end, read what it still writes, and make sure."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        for _ in range(200):
            if self._process.poll() is not None:
                break
            self.read(0.05)
        else:
            self._process.kill()
        self._process.wait()
        os.close(self._master)
