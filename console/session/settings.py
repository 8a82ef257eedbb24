"""Settings: flag beats environment beats file beats default; a bad value is one line that names it and where it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

NAME = "chaos-console"
MAX_LIMIT = 50


class SettingsError(Exception):
    """A setting that cannot be used; the message names file and field."""


class Observe(msgspec.Struct, forbid_unknown_fields=True):
    """How often PD's leader-served questions are asked, seconds."""

    poll: float = 2.0


class Safety(msgspec.Struct, forbid_unknown_fields=True):
    """`limit`: targets that may carry a fault at once; `abort_if`: conditions on every injection (faults/aborts.py)."""

    limit: int = 1
    abort_if: list[str] = msgspec.field(default_factory=lambda: ["stale > 20 s"])


class Diagnose(msgspec.Struct, forbid_unknown_fields=True):
    """`auto`: who answers by itself when something is detected: rules, model or off. `looks`: how often the model may
    look at PD, a log or a region by itself; 0 to 8, each costs one more request."""

    model: str = "claude-haiku-5-5"
    base_url: str | None = None
    auto: str = "rules"
    looks: int = 0


class Screen(msgspec.Struct, forbid_unknown_fields=True):
    """`keys`: binding id to key(s), comma separated."""

    theme: str = "chaos"
    mouse: bool = True
    keys: dict[str, str] = {}


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """Flight records: `keep` of them, each at most `megabytes` a part and four parts."""

    keep: int = 40
    megabytes: int = 32


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file, `config.toml`."""

    observe: Observe = msgspec.field(default_factory=Observe)
    safety: Safety = msgspec.field(default_factory=Safety)
    diagnose: Diagnose = msgspec.field(default_factory=Diagnose)
    screen: Screen = msgspec.field(default_factory=Screen)
    record: Record = msgspec.field(default_factory=Record)


def config_path() -> Path:
    """Where the settings file is looked for."""
    given = os.environ.get("CHAOS_CONSOLE_CONFIG")
    return Path(given) if given else Path(platformdirs.user_config_path(NAME)) / "config.toml"


def state_dir() -> Path:
    """Where journal, audit log and flight records are kept (0700)."""
    given = os.environ.get("CHAOS_CONSOLE_HOME")
    return Path(given) if given else Path(platformdirs.user_state_path(NAME))


def load(path: Path | None = None) -> Settings:
    """The settings of the file, or the defaults where there is none. Raises SettingsError."""
    import tomllib

    path = path or config_path()
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    try:
        data: dict[str, Any] = tomllib.loads(raw.decode())
        settings = msgspec.convert(data, Settings)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}") from error
    check(settings, str(path))
    return settings


def check(settings: Settings, where: str) -> None:
    """Limits that types do not say. Raises SettingsError."""
    problems = (
        (0.2 <= settings.observe.poll <= 60, "observe.poll must be 0.2 to 60 seconds"),
        (1 <= settings.safety.limit <= MAX_LIMIT, f"safety.limit must be 1 to {MAX_LIMIT}"),
        (settings.diagnose.auto in ("rules", "model", "off"), "diagnose.auto must be rules, model or off"),
        (0 <= settings.diagnose.looks <= 8, "diagnose.looks must be 0 to 8"),
        (1 <= settings.record.keep <= 10_000, "record.keep must be 1 to 10000"),
        (1 <= settings.record.megabytes <= 1024, "record.megabytes must be 1 to 1024"),
    )
    _check_aborts(settings.safety.abort_if, where)
    for ok, sentence in problems:
        if not ok:
            raise SettingsError(f"{where}: {sentence}")


def _check_aborts(texts: list[str], where: str) -> None:
    if texts == Safety().abort_if:
        return
    from console.faults.aborts import AbortError, parse

    for text in texts:
        try:
            parse(text)
        except AbortError as error:
            raise SettingsError(f"{where}: safety.abort_if: {error}") from error
