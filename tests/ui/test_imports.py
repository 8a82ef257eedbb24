"""The screen knows the model and nothing else of ours; start-up imports nothing it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from console.ui import styles

PROBE = """
import importlib, pkgutil, sys
import console.ui
for found in pkgutil.walk_packages(console.ui.__path__, "console.ui."):
    importlib.import_module(found.name)
print("\\n".join(sorted(sys.modules)))
"""
FORBIDDEN = ("httpx", "docker", "sqlite3", "aiosqlite", "anthropic", "aiohttp", "requests")
OURS = [
    *("observe", "cluster", "detect", "diagnose", "faults", "storage"),
    *("sim", "session", "cli", "experiments", "evidence"),
]
LATE = (
    "console.ui.screens.help",
    "console.ui.screens.details",
    "console.ui.overlays.command",
    "textual.widgets._markdown",
    "textual.widgets._data_table",
)


def modules(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_no_module_of_the_screen_imports_what_it_must_not_know() -> None:
    loaded = modules(PROBE)
    roots = {name.split(".")[0] for name in loaded}
    assert not roots & set(FORBIDDEN)
    assert not {f"console.{room}" for room in OURS} & loaded
    assert "console.model.view" in loaded


def test_rarely_used_screens_and_widgets_are_not_loaded_at_start() -> None:
    loaded = modules("import sys, console.ui.app; print('\\n'.join(sys.modules))")
    assert not set(LATE) & loaded


def test_style_sheets_are_found_from_a_checkout_and_from_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert styles.style_root().name == "styles"
    inside = tmp_path / "console"
    (inside / "styles").mkdir(parents=True)
    (inside / "styles" / "base.tcss").write_text("")
    monkeypatch.setattr(styles, "_PACKAGE", inside)
    assert styles.style_root() == inside / "styles"
    (inside / "styles" / "base.tcss").unlink()
    with pytest.raises(FileNotFoundError, match="incomplete"):
        styles.style_root()
