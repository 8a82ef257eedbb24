"""A picture of the screen as SVG, with secrets taken out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual.app import App

from console.model.text import redact


def save_screenshot(app: App[Any], directory: Path) -> tuple[str, str]:
    """Write the picture; returns one line for the operator and its tone."""
    path = directory / f"chaos-console-{datetime.now(UTC):%Y%m%dT%H%M%S}.svg"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path.write_text(redact(app.export_screenshot()), encoding="utf-8")
    except OSError as error:
        return (f"no screenshot: {error.strerror or error} ({directory})", "bad")
    return (f"saved {path}", "good")
