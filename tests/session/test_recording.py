"""The session's flight record: kept few, private, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.model.observation import Observation
from console.observe.record import read
from console.session.recording import Recording, prune


def test_old_records_make_room_with_all_their_parts(tmp_path: Path) -> None:
    for n in range(5):
        (tmp_path / f"2026010{n}T000000-lab.jsonl").write_text("x")
        (tmp_path / f"2026010{n}T000000-lab.1.jsonl").write_text("x")
    (tmp_path / "20260104T000000-lab-2.jsonl").write_text("x")
    prune(tmp_path, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "20260104T000000-lab-2.jsonl", "20260104T000000-lab.1.jsonl", "20260104T000000-lab.jsonl",
    ]  # fmt: skip


def test_two_sessions_of_one_second_have_two_records(tmp_path: Path) -> None:
    a = Recording(tmp_path, "lab", {}, keep=10, megabytes=1)
    b = Recording(tmp_path, "lab", {}, keep=10, megabytes=1)
    assert a.path != b.path
    a.close()
    b.close()


def test_a_full_disk_ends_the_record_with_one_line_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording(tmp_path, "lab", {}, keep=10, megabytes=1)
    said: list[str] = []
    recording.failed = said.append

    def full(_: Observation) -> None:
        raise OSError(28, "No space left on device")

    assert recording._writer is not None
    monkeypatch.setattr(recording._writer, "write", full)
    for t in range(3):
        recording.write(Observation(float(t), "a", "b", None))
    recording.close()
    assert len(said) == 1
    assert "No space left" in said[0]


def test_what_was_observed_is_in_it(tmp_path: Path) -> None:
    recording = Recording(tmp_path, "lab", {"started_at": "x"}, keep=10, megabytes=1)
    recording.write(Observation(1.0, "tikv0", "status", {"status": 200, "body": ""}))
    recording.close()
    assert read(recording.path).observations[0].src == "tikv0"
