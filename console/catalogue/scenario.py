"""One failure scenario as data, and the reading of its file. Every mistake in a file is one line that names it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.model.fault import WORDS

FOLDER = Path(__file__).parent / "scenarios"
WHERE = ("live", "simulated", "neither")
VANTAGES = ("docker", "probe", "pd", "workload", "metrics")
TARGETS = (
    "store",
    "two-stores",
    "all-stores",
    "pd-leader",
    "pd-follower",
    "two-members",
    "load",
    "observer",
)
FAMILIES = ("crash", "silence", "cut", "grey", "pd-leader", "other")  # what times to detect are compared within
SEVERITIES = ("mild", "full")
LOADS = ("target", "full")
COMPONENTS = ("target", "pd", "tikv", "ycsb", "none")


class BadScenario(ValueError):
    """A scenario file that cannot be used; the message names file, place and mistake."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How it is put on: what is done, to whom, how hard, under which load, for how long. `act` empty: not here."""

    act: str
    target: str
    severities: tuple[str, ...]
    loads: tuple[str, ...]
    lasts_s: float
    stores: int = 3
    control: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a right diagnosis says. `faults`: words, any of them; `data_plane`: right too without the engine's flags.

    `component`: `target`, a group, a service, or `none`; `elsewhere`: also right, where no vantage point tells the
    place. `not_checkable`: why no check can be made, else empty.
    """

    faults: tuple[str, ...]
    component: str
    data_plane: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    not_checkable: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One entry. `signature`: what each vantage point shows; `look_alikes`: id -> what tells it apart."""

    number: int
    id: str
    name: str
    kinds: tuple[str, ...]
    family: str
    where: str
    reason: str
    action: str
    stage: Stage
    answer: Answer
    signature: Mapping[str, str]
    look_alikes: Mapping[str, str]

    @property
    def not_checkable(self) -> str:
        """Why its check cannot be made here; empty where it can."""
        if not self.stage.act:
            return self.reason or "it cannot be staged here"
        return self.answer.not_checkable


def scenarios(folder: Path = FOLDER) -> dict[str, Scenario]:
    """All of a folder by id, in order of their numbers. Raises BadScenario."""
    found: dict[str, Scenario] = {}
    for path in sorted(folder.glob("*.toml")):
        scenario = read(path)
        if scenario.id in found:
            raise BadScenario(f"{path.name}: id {scenario.id!r} is taken by another file")
        found[scenario.id] = scenario
    for scenario in found.values():
        stranger = next((i for i in scenario.look_alikes if i not in found), None)
        if stranger is not None:
            raise BadScenario(f"{scenario.id}: look_alikes names {stranger!r}, which is no scenario")
    return dict(sorted(found.items(), key=lambda item: item[1].number))


def read(path: Path) -> Scenario:
    """One file. Raises BadScenario."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadScenario(f"{path.name}: {error}") from error
    return _scenario(_Table(path.name, data))


class _Table:
    """One table of a file; every getter says where it looked when it finds the wrong thing."""

    def __init__(self, where: str, data: Mapping[str, Any]) -> None:
        self.where, self._data, self._asked = where, data, set[str]()

    def _get(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        if key in self._data:
            return self._data[key]
        if default is None:
            raise BadScenario(f"{self.where}: {key} is missing")
        return default

    def text(self, key: str, default: str | None = None, *, of: tuple[str, ...] = ()) -> str:
        value = self._get(key, default)
        if not isinstance(value, str):
            raise BadScenario(f"{self.where}: {key} must be text")
        if of and value not in of:
            raise BadScenario(f"{self.where}: {key} = {value!r} is none of {', '.join(of)}")
        return value

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        value = self._get(key, default)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise BadScenario(f"{self.where}: {key} must be a number from {low:g} to {high:g}")
        return value

    def words(self, key: str, default: tuple[str, ...] | None = None, *, of: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self._get(key, default)
        if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
            raise BadScenario(f"{self.where}: {key} must be a list of words")
        stranger = next((v for v in value if of and v not in of), None)
        if stranger is not None:
            raise BadScenario(f"{self.where}: {key} holds {stranger!r}, which is none of {', '.join(of)}")
        return tuple(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise BadScenario(f"{self.where}: {key} must be true or false")
        return value

    def table(self, key: str) -> _Table:
        value = self._get(key, None)
        if not isinstance(value, dict):
            raise BadScenario(f"{self.where}: [{key}] must be a table")
        return _Table(f"{self.where} [{key}]", value)

    def texts(self, *, of: tuple[str, ...] = ()) -> dict[str, str]:
        for key in self._data:
            if of and key not in of:
                raise BadScenario(f"{self.where}: {key!r} is none of {', '.join(of)}")
        return {key: self.text(key) for key in self._data}

    def done(self) -> None:
        stranger = next((k for k in self._data if k not in self._asked), None)
        if stranger is not None:
            raise BadScenario(f"{self.where}: nobody reads {stranger!r}")


def _scenario(file: _Table) -> Scenario:
    stage, answer = file.table("stage"), file.table("answer")
    scenario = Scenario(
        number=int(file.number("number", 1, 999)),
        id=file.text("id"),
        name=file.text("name"),
        kinds=file.words("kinds"),
        family=file.text("family", of=FAMILIES),
        where=file.text("where", of=WHERE),
        reason=file.text("reason", ""),
        action=file.text("action"),
        stage=_stage(stage),
        answer=Answer(
            faults=answer.words("faults", of=(*WORDS, "none")),
            component=answer.text("component", of=COMPONENTS),
            data_plane=answer.words("data_plane", (), of=WORDS),
            elsewhere=answer.words("elsewhere", ()),
            not_checkable=answer.text("not_checkable", ""),
        ),
        signature=file.table("signature").texts(of=VANTAGES),
        look_alikes=file.table("look_alikes").texts(),
    )
    if scenario.where != "live" and not scenario.reason:
        raise BadScenario(f"{file.where}: where = {scenario.where!r} needs a reason")
    if scenario.stage.act and not scenario.answer.faults:
        raise BadScenario(f"{file.where} [answer]: faults is empty, and the scenario can be staged")
    for table in (file, stage, answer):
        table.done()
    return scenario


def _stage(table: _Table) -> Stage:
    return Stage(
        act=table.text("act"),
        target=table.text("target", of=TARGETS),
        severities=table.words("severities", of=SEVERITIES),
        loads=table.words("loads", of=LOADS),
        lasts_s=table.number("lasts_s", 1, 600),
        stores=int(table.number("stores", 1, 100, 3)),
        control=table.flag("control", False),
    )
