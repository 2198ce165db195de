"""Every step by itself on a file: fields pass through, bad lines are dropped by number, and the report says what was found."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from data_build.alone import make_step, run_alone
from medmodel.errors import InputError, UnknownName

LONG = " ".join(f"word{number}" for number in range(60))
RECORDS: list[dict[str, Any]] = [
    {"id": "a", "text": LONG, "ward": 3},
    {"id": "b", "text": LONG + " more", "ward": 4},
    {"id": "c", "text": "another text altogether, which nothing repeats", "ward": 5},
]


def lines(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_near_duplicates_of_a_file_are_dropped_and_other_fields_pass_through(tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", RECORDS)
    summary = run_alone("dedup", source, tmp_path / "out.jsonl", tmp_path / "report.json", ["threshold=0.9"])
    assert summary == {"step": "dedup", "records": 3, "kept": 2, "dropped": {"near duplicate": 1}}
    kept = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert kept == [RECORDS[1], RECORDS[2]]
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["drops"] == [{"id": "a", "reason": "near duplicate of b"}]


def test_parquet_and_gzip_give_what_json_lines_give(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.Table.from_pylist(RECORDS), tmp_path / "in.parquet")
    run_alone("dedup", tmp_path / "in.parquet", tmp_path / "out.jsonl.gz", tmp_path / "report.json")
    with gzip.open(tmp_path / "out.jsonl.gz", "rt", encoding="utf-8") as written:
        assert [json.loads(line)["id"] for line in written] == ["b", "c"]
    run_alone("dedup", tmp_path / "out.jsonl.gz", tmp_path / "out.parquet", tmp_path / "report.json")
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist() == RECORDS[1:]


def test_a_line_that_is_no_record_is_dropped_by_number_and_the_rest_goes_on(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "a", "text": "one"}\nnot json\n[1]\n{"id": "b"}\n{"text": "x"}\n{"id": "a", "text": "two"}\n')
    summary = run_alone("clean", source, tmp_path / "out.jsonl", tmp_path / "report.json")
    assert summary["kept"] == 1
    drops = {gone["id"]: gone["reason"] for gone in json.loads((tmp_path / "report.json").read_bytes())["drops"]}
    assert drops == {
        "in.jsonl:2": "unreadable: no JSON object",
        "in.jsonl:3": "unreadable: no JSON object",
        "in.jsonl:4": "unreadable: no field 'text'",
        "in.jsonl:5": "unreadable: no field 'id'",
        "in.jsonl:6": "unreadable: its id was there before",
    }


def test_a_slip_in_a_setting_names_the_nearest_and_a_missing_one_is_asked_for() -> None:
    with pytest.raises(UnknownName, match="did you mean 'threshold'"):
        make_step("dedup", ["treshold=0.9"])
    with pytest.raises(InputError, match="step 'split' needs --set heldout="):
        make_step("split")
    with pytest.raises(InputError, match="key=value"):
        make_step("dedup", ["threshold"])


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", RECORDS)
    with pytest.raises(InputError, match="the same file"):
        run_alone("clean", source, source, tmp_path / "report.json")


def test_a_step_that_fails_leaves_no_half_written_file(tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", RECORDS)
    with pytest.raises(UnknownName):
        run_alone("nothing", source, tmp_path / "out.jsonl", tmp_path / "report.json")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
