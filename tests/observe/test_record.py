"""Flight records: what is written is read back; bad ones get one line and lose nothing that can be had."""

from __future__ import annotations

import gzip
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.observation import Observation
from console.observe.record import RecordError, RecordWriter, read
from tests.conftest import RECORDS


def obs(t: float, data: Any, kind: str = "event", src: str = "docker") -> Observation:
    return Observation(t, src, kind, data)


json_data = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=30),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=8), x, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10**6), json_data), min_size=1, max_size=20))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, Any]]) -> None:
    path = tmp_path_factory.mktemp("r") / "a.jsonl"
    given_ = sorted((obs(t / 1000, d) for t, d in rows), key=lambda o: o.t)
    writer = RecordWriter(path, {"started_at": "2026-01-01T00:00:00Z"})
    for o in given_:
        writer.write(o)
    writer.close()
    record = read(path)
    assert record.observations == given_
    assert record.header["started_at"] == "2026-01-01T00:00:00Z"


def test_an_equal_answer_is_left_out_and_said_again_after_a_while(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path / "a.jsonl", {}, hold_s=10)
    for n in range(25):
        writer.write(obs(float(n), {"status": 200, "body": ""}, "status", "tikv0"))
    writer.close()
    assert [o.t for o in read(tmp_path / "a.jsonl").observations] == [0.0, 10.0, 20.0]


def test_a_record_is_private(tmp_path: Path) -> None:
    RecordWriter(tmp_path / "d" / "a.jsonl", {}).close()
    assert stat.S_IMODE(os.stat(tmp_path / "d" / "a.jsonl").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(tmp_path / "d").st_mode) == 0o700


def test_a_record_is_bounded_and_keeps_its_newest_parts(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path / "a.jsonl", {}, max_bytes=2000, max_parts=2)
    for n in range(200):
        writer.write(obs(n / 10, {"n": n}))
    writer.close()
    files = sorted(tmp_path.glob("*.jsonl"))
    assert len(files) == 3, "the first part, which has the beginning, and the newest two"
    assert all(f.stat().st_size < 2500 for f in files)
    last = max(read(f).observations[-1].data["n"] for f in files)
    assert last == 199


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a flight record"),
        (b"hello\n", "not a flight record"),
        (b'{"flight_record": 2}\n{"t":1,"src":"a","kind":"b"}\n', "version 2"),
        (b'{"flight_record": 1, \n', "line 1"),
        (b"\x1f\x8b\x08\x00garbage", "compressed data"),
        (b"\x00" * 100, "not a flight record"),
        (b'{"t":"one","src":"a","kind":"b"}\n', "not a flight record"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(RecordError) as error:
        read(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["nowhere.jsonl", "."])
def test_a_file_that_is_none_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordError, match=str(tmp_path)):
        read(tmp_path / name)


def test_bad_lines_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    good = json.dumps({"t": 1.0, "src": "a", "kind": "b", "data": 1})
    path.write_text(f'{good}\nnot json\n{{"t": 2}}\n[1]\n{{"t":null,"src":"a","kind":"b"}}\n{good}\n')
    record = read(path)
    assert len(record.observations) == 2
    assert record.bad_lines == 4
    assert record.skipped[0].startswith("line 2")


def test_a_cut_compressed_record_gives_what_was_before_the_cut(tmp_path: Path) -> None:
    whole = (RECORDS / "steady.jsonl.gz").read_bytes()
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    record = read(path)
    assert len(record.observations) > 50
    assert record.bad_lines >= 1


def test_lines_out_of_order_are_put_in_order(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps({"t": t, "src": "a", "kind": "b"}) + "\n" for t in (3, 1, 2)))
    assert [o.t for o in read(path).observations] == [1, 2, 3]


def test_gzip_and_plain_read_alike(tmp_path: Path) -> None:
    packed = RECORDS / "steady.jsonl.gz"
    plain = tmp_path / "steady.jsonl"
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    assert read(plain).observations == read(packed).observations
