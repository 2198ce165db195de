"""Every step by itself on a file: fields pass through, bad lines are dropped by number, and the report says what was found."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from data_build.__main__ import app
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
        "in.jsonl:2": "unreadable: is not JSON (column 1)",
        "in.jsonl:3": "unreadable: is no JSON object",
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


def test_a_setting_of_the_wrong_kind_is_one_sentence() -> None:
    with pytest.raises(InputError, match="--set threshold: high is no number"):
        make_step("dedup", ["threshold=high"])
    with pytest.raises(InputError, match="--set threshold: what stands after = is no YAML"):
        make_step("dedup", ["threshold=["])


@pytest.mark.parametrize(
    ("target", "report"), [("in.jsonl", "r"), ("out", "in.jsonl"), ("out", "out"), (".", "r"), ("out", ".")]
)
def test_neither_the_input_nor_a_folder_nor_the_other_output_is_overwritten(tmp_path: Path, target: str, report: str) -> None:
    source = lines(tmp_path / "in.jsonl", RECORDS)
    with pytest.raises(InputError, match=r"the same file|is a folder"):
        run_alone("clean", source, tmp_path / target, tmp_path / report)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_what_split_and_decontaminate_find_stands_in_the_report(tmp_path: Path) -> None:
    def of(source: str, text: str, split: str) -> dict[str, Any]:
        about = {"id": source, "title": source, "licence": "CC0-1.0", "tier": "guideline"}
        return {"id": f"{source}/1", "text": text, "source": about, "domain": "guideline", "split": split}

    records = [of("asked", LONG, "heldout"), of("copy", f"see: {LONG}", "train"), of("free", "nothing of it", "train")]
    source = lines(tmp_path / "in.jsonl", records)
    run_alone("decontaminate", source, tmp_path / "out.jsonl", tmp_path / "report.json")
    tags = json.loads((tmp_path / "report.json").read_bytes())["tags"]
    assert tags == {"copy/1": {"quarantined": "a run of 60 words of a held-out document", "split": "heldout"}}
    run_alone("split", source, tmp_path / "out.jsonl", tmp_path / "report.json", ["heldout=[free]"])
    tags = json.loads((tmp_path / "report.json").read_bytes())["tags"]
    assert tags == {"asked/1": {"split": "train"}, "free/1": {"split": "heldout"}}


def test_a_file_that_breaks_off_has_its_reason_and_what_stands_before_counts(tmp_path: Path) -> None:
    many = [{"id": number, "text": f"{LONG} {number * 7919}"} for number in range(20_000)]
    packed = gzip.compress("".join(json.dumps(record) + "\n" for record in many).encode())
    (tmp_path / "cut.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    summary = run_alone("exact_dedup", tmp_path / "cut.jsonl.gz", tmp_path / "out.jsonl", tmp_path / "report.json")
    assert 0 < summary["kept"] < 20_000
    assert summary["dropped"] == {"unreadable: is truncated": 1}
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="is damaged or no Parquet"):
        run_alone("clean", tmp_path / "cut.parquet", tmp_path / "again.jsonl", tmp_path / "again.json")
    assert not list(tmp_path.glob("again*"))


def test_parquet_keeps_its_columns_and_lines_that_do_not_fit_it_are_an_error_that_leaves_nothing(tmp_path: Path) -> None:
    rows = [{"id": str(n), "text": f"text {n}\n", "ward": None if n < 1500 else "late", "bed": None} for n in range(2000)]
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet")
    run_alone("clean", tmp_path / "in.parquet", tmp_path / "out.parquet", tmp_path / "report.json")
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist() == rows
    for late, said in (({"ward": "x"}, "not every record has the field 'ward'"), ({"bed": 1}, "not of one type")):
        source = lines(
            tmp_path / "in.jsonl", [{"id": n, "text": "a", "bed": "b"} | (late if n > 1500 else {}) for n in range(2000)]
        )
        with pytest.raises(InputError, match=said):
            run_alone("clean", source, tmp_path / "no.parquet", tmp_path / "no.json")
        assert not list(tmp_path.glob("no*"))


def test_a_step_that_fails_half_way_leaves_no_half_written_file(tmp_path: Path) -> None:
    unknown = [{"id": 1, "text": LONG, "domain": "note"}]  # of which nothing is known: refused with the public key
    source = lines(tmp_path / "in.jsonl", unknown)
    with pytest.raises(InputError, match="set MEDMODEL_PHI_KEY"):
        run_alone("phi", source, tmp_path / "out.jsonl", tmp_path / "report.json", ["key=medmodel"])
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize(("name", "said"), [("dedup", ["threshold", "0.8", "clusters"]), ("exact_dedup", ["has no settings"])])
def test_help_on_a_step_says_what_it_can_be_told(name: str, said: list[str]) -> None:
    told = CliRunner().invoke(app, ["step", name, "--help"], env={"COLUMNS": "120"})
    assert told.exit_code == 0
    for words in said:
        assert words in told.output
