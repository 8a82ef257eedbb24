"""Settings: one line that names file and field; defaults where there is no file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from console.session.settings import SettingsError, config_path, load


def test_no_file_means_defaults() -> None:
    settings = load()
    assert (settings.observe.poll, settings.safety.limit, settings.diagnose.auto) == (2.0, 1, "rules")


def test_a_file_is_read() -> None:
    config_path().write_text('[observe]\npoll = 1.0\n[screen]\ntheme = "projector"\n[screen.keys]\nkill = "f12"\n')
    settings = load()
    assert (settings.observe.poll, settings.screen.theme, settings.screen.keys) == (1.0, "projector", {"kill": "f12"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[observe]\npoll = 'fast'\n", "observe.poll"),
        ("[observe]\npoll = 0.01\n", "observe.poll must be"),
        ("[obsrve]\npoll = 1\n", "obsrve"),
        ("[safety]\nlimit = 0\n", "safety.limit"),
        ("[diagnose]\nauto = 'always'\n", "diagnose.auto"),
        ("poll = = 1\n", "not TOML"),
        ("\xff\xfe", "config.toml"),
    ],
)
def test_a_bad_file_is_one_line_with_its_place(text: str, said: str) -> None:
    config_path().write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError) as error:
        load()
    assert said in str(error.value)
    assert str(config_path()) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(SettingsError, match="d"):
        load(tmp_path / "d")


def test_a_session_begins_without_what_only_some_ask_for() -> None:
    """Every start pays for what is imported here: no HTTP client, no reports, no experiments."""
    code = "import sys, console.session.core; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"httpx", "anthropic", "chaoslib"} & set(loaded)
    assert not [m for m in loaded if m.startswith(("console.evidence", "console.experiments", "console.sim"))]
