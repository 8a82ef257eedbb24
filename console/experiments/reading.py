"""Reading an experiment file: YAML or JSON, with the line of every field, so that a complaint can name it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAX_BYTES = 1 << 20


class ReadingError(Exception):
    """The file cannot be read as an experiment; one line that names file and line."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content. `lines`: path of a field (`extensions/0/duration`) -> line in the file, from 1."""

    source: str
    data: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)

    def where(self, path: str = "") -> str:
        """File and line of a field, or of the nearest one above it."""
        while path and path not in self.lines:
            path = path.rpartition("/")[0]
        return f"{self.source}:{self.lines.get(path, 1)}"


def read(path: Path, what: str = "an experiment") -> Document:
    """A file. `what` it is to be, for the complaint. Raises ReadingError."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReadingError(f"{path}: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise ReadingError(f"{path}: more than {MAX_BYTES >> 20} MiB; too much for {what}")
    return parse(raw, str(path), what)


def parse(raw: bytes, source: str, what: str = "an experiment") -> Document:
    """A file's bytes. Raises ReadingError."""
    import yaml

    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ReadingError(f"{source}: not UTF-8 at byte {error.start}") from error
    try:
        # Almost all JSON is YAML; for the rest the content counts, and lines are told as far as they are known.
        data, node = json.loads(text), None
    except ValueError:
        data = None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text) if data is None else data
    except yaml.MarkedYAMLError as error:
        if isinstance(data, dict):
            return Document(source, data)
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ReadingError(f"{source}:{line}: neither YAML nor JSON: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ReadingError(f"{source}: neither YAML nor JSON: {error}") from error
    if not isinstance(data, dict):
        raise ReadingError(f"{source}:1: {what} is a mapping of fields")
    lines: dict[str, int] = {}
    if node is not None:
        _note(node, "", lines)
    return Document(source, data, lines)


def _note(node: Any, path: str, lines: dict[str, int], depth: int = 0) -> None:
    import yaml

    if depth > 50:
        return
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = f"{path}/{key.value}".lstrip("/")
            lines[inner] = key.start_mark.line + 1
            _note(value, inner, lines, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for n, value in enumerate(node.value):
            inner = f"{path}/{n}".lstrip("/")
            lines[inner] = value.start_mark.line + 1
            _note(value, inner, lines, depth + 1)
