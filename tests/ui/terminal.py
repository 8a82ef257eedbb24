"""A terminal of our own around the demo app: start it on a pty, send signals, hang up, see what is left behind."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]


class Terminal:
    """The far end of a pty with `python -m tests.ui.demo_app ARGS` on it."""

    program: tuple[str, ...] = ("-m", "tests.ui.demo_app")

    def __init__(self, *args: str, ignore_hup: bool = False, **environ: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.output = b""

        def own_terminal() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGHUP, signal.SIG_IGN if ignore_hup else signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background is started with it ignored

        self.process = subprocess.Popen(
            [sys.executable, *self.program, *args],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            preexec_fn=own_terminal,
            env={**os.environ, "TERM": "xterm-256color", **environ},
        )
        self._slave: int | None = slave

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.hang_up()

    def read_until(self, word: str, deadline_s: float = 20.0) -> None:
        """Read what the app writes until a word is on the screen."""
        until = time.monotonic() + deadline_s
        while word.encode() not in self.output:
            if time.monotonic() > until:
                raise AssertionError(f"{word!r} did not appear; last: {self.output[-2000:]!r}")
            self._read(0.1)

    def _read(self, wait_s: float) -> bool:
        if self.master < 0 or not select.select([self.master], [], [], wait_s)[0]:
            return False
        try:
            got = os.read(self.master, 65536)
        except OSError:
            return False
        self.output += got
        return bool(got)

    def send(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """The terminal window is closed."""
        for fd in (self.master, self._slave):
            if fd is not None and fd >= 0:
                os.close(fd)
        self.master, self._slave = -1, None

    def wait(self, deadline_s: float = 20.0) -> int:
        """The exit code; reads on, as a terminal does."""
        until = time.monotonic() + deadline_s
        while self.process.poll() is None:
            if time.monotonic() > until:
                raise AssertionError("the app did not end")
            if not self._read(0.05):
                time.sleep(0.02)
        while self._read(0.05):
            pass
        return self.process.returncode

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was: its modes, its main screen, its cursor, no mouse reports."""
        assert self._slave is not None
        modes = termios.tcgetattr(self._slave)[:4] == self.before[:4]
        tail = self.output.rsplit(b"\x1b[?1049h", 1)[-1]
        return modes and all(s in tail for s in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l"))
