"""The flight record: one JSON object a line, written by every session, read by `replay` (format version 1)."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

from console.model.observation import Observation

VERSION = 1
MAX_LINE = 4_000_000  # bytes; a longer line is not one of ours


class RecordError(Exception):
    """A record that cannot be read at all; the message names the file and what is wrong."""


class _Line(msgspec.Struct):
    t: float
    src: str
    kind: str
    data: Any = None


_decoder = msgspec.json.Decoder(_Line)


@dataclass
class Record:
    """A record read whole. `skipped`: one sentence per line that was left out, the first twenty."""

    path: Path
    header: dict[str, Any] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    bad_lines: int = 0

    @property
    def duration(self) -> float:
        """Seconds up to the last line."""
        return self.observations[-1].t if self.observations else 0.0

    @property
    def sparse(self) -> bool:
        """True where repeated answers may have been left out (any record but one that says it holds them all)."""
        return not self.header.get("dense", False)


def _open(path: Path) -> IO[bytes]:
    raw = path.open("rb")
    magic = raw.read(2)
    raw.seek(0)
    if magic == b"\x1f\x8b":
        return io.BufferedReader(gzip.GzipFile(fileobj=raw))
    return raw


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with _open(path) as stream:
            while line := stream.readline(MAX_LINE):
                yield line
    except (EOFError, gzip.BadGzipFile) as error:
        raise RecordError(f"{path}: the compressed data ends early or is damaged ({error})") from error
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror or error}") from error


def read(path: Path) -> Record:
    """Read a record. Bad lines are counted and named, lines out of order are put in order; a record cut in the
    middle of a line or of its compression gives what was before. Raises RecordError where nothing can be read."""
    record = Record(path)
    number = 0
    try:
        for number, raw in enumerate(_lines(path), 1):
            line = raw.strip()
            if line:
                _take(record, number, line)
    except RecordError:
        if not record.observations:
            raise
        record.skipped.append(f"line {number + 1}: the file is cut here")
        record.bad_lines += 1
    if not record.observations:
        hint = f"; {record.skipped[0]}" if record.skipped else ""
        raise RecordError(f"{path}: not a flight record (no line with t, src and kind{hint})")
    record.observations.sort(key=lambda o: o.t)
    return record


def _take(record: Record, number: int, line: bytes) -> None:
    if number == 1 and b'"flight_record"' in line:
        record.header = _header(record.path, line)
        return
    try:
        item = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        record.bad_lines += 1
        if len(record.skipped) < 20:
            record.skipped.append(f"line {number}: {error}")
        return
    if item.t != item.t or not 0 <= item.t < 1e9:
        record.bad_lines += 1
        return
    record.observations.append(Observation(item.t, item.src, item.kind, item.data))


def _header(path: Path, line: bytes) -> dict[str, Any]:
    try:
        header = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise RecordError(f"{path}: line 1: {error}") from error
    version = header.get("flight_record")
    if version != VERSION:
        raise RecordError(f"{path}: flight record version {version}; this console reads version {VERSION}")
    return header


class RecordWriter:
    """Writes a session's record: private (0600), bounded in size, an equal answer left out for up to `hold_s`.

    When `max_bytes` is reached the writer starts the next numbered part and keeps the newest `max_parts`.
    """

    def __init__(
        self,
        path: Path,
        header: dict[str, Any],
        *,
        max_bytes: int = 32_000_000,
        max_parts: int = 4,
        hold_s: float = 10.0,
    ) -> None:
        self.path = path
        self._header = {"flight_record": VERSION, **header}
        self._max_bytes, self._max_parts, self._hold_s = max_bytes, max_parts, hold_s
        self._part, self._size = 0, 0
        self._last: dict[tuple[str, str], tuple[float, bytes]] = {}
        self._stream: IO[bytes] | None = None
        self._open_part()

    def _open_part(self) -> None:
        target = self.path if self._part == 0 else self.path.with_name(f"{self.path.stem}.{self._part}.jsonl")
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._stream = os.fdopen(descriptor, "wb", buffering=64 * 1024)
        self._size = 0
        self._emit(msgspec.json.encode({**self._header, "part": self._part}))
        self._last.clear()
        old = self._part - self._max_parts
        if old >= 1:
            self.path.with_name(f"{self.path.stem}.{old}.jsonl").unlink(missing_ok=True)

    def _emit(self, line: bytes) -> None:
        if self._stream is None:
            return
        self._stream.write(line + b"\n")
        self._size += len(line) + 1

    def write(self, obs: Observation) -> None:
        """Add one observation. Raises OSError when the disk is full."""
        data = msgspec.json.encode(obs.data, enc_hook=str)
        key = (obs.src, obs.kind)
        if obs.kind not in ("line", "event") and obs.src != "lab":
            last = self._last.get(key)
            if last is not None and last[1] == data and obs.t - last[0] < self._hold_s:
                return
            self._last[key] = (obs.t, data)
        head = msgspec.json.encode({"t": round(obs.t, 3), "src": obs.src, "kind": obs.kind})
        self._emit(head[:-1] + b',"data":' + data + b"}")
        if self._size >= self._max_bytes:
            self.close()
            self._part += 1
            self._open_part()

    def flush(self) -> None:
        """Hand what is buffered to the system."""
        if self._stream is not None:
            self._stream.flush()

    def close(self) -> None:
        """Finish the file. Idempotent."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.close()
