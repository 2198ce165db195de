"""Publishers' files become rows: every format, gzipped too; splits are looked for in the order that is allowed."""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.publishers import Bad, Numbered, bad_items, distinct, find, is_hub_name, parsed, read, usable
from medmodel.errors import InputError
from medmodel.records import Record

SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINES = '{"a": 1}\n\n{"a": 2}\n'


class Named(Record):
    id: str


def book(path: Path, shared: bool) -> Path:
    """A workbook of one sheet, with its strings in place or in the table that Excel writes."""
    rows = [["Question", "Answer"], ["What & why?", "B"]]
    flat = [text for row in rows for text in row]
    cells = ""
    for number, row in enumerate(rows, 1):
        cells += f'<row r="{number}">'
        for column, text in zip("AB", row, strict=True):
            value = text.replace("&", "&amp;")
            inside = f"<v>{flat.index(text)}</v>" if shared else f"<is><t>{value}</t></is>"
            cells += f'<c r="{column}{number}" t="{"s" if shared else "inlineStr"}">{inside}</c>'
        cells += "</row>"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{SHEET}"><sheetData>{cells}</sheetData></worksheet>')
        if shared:
            strings = "".join(f"<si><t>{text.replace('&', '&amp;')}</t></si>" for text in flat)
            file.writestr("xl/sharedStrings.xml", f'<sst xmlns="{SHEET}">{strings}</sst>')
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.json", "a.json.gz"])
def test_lines_of_json_are_read_under_either_name_and_numbered_by_line(tmp_path: Path, name: str) -> None:
    packed = LINES.encode()
    (tmp_path / name).write_bytes(gzip.compress(packed) if name.endswith(".gz") else packed)
    assert list(read(tmp_path / name)) == [(1, {"a": 1}), (3, {"a": 2})]


def test_a_json_list_gives_its_items_and_a_json_object_one_row(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('[{"a": 1},\n{"a": 2}]')
    (tmp_path / "one.json").write_text('{\n "x": {"a": 1},\n "y": {"a": 2}\n}')
    assert [row for _, row in read(tmp_path / "list.json")] == [{"a": 1}, {"a": 2}]
    assert [row for _, row in read(tmp_path / "one.json")] == [{"x": {"a": 1}, "y": {"a": 2}}]


def test_a_line_that_is_no_json_is_a_row_with_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"a": \n')
    assert [row for _, row in read(tmp_path / "a.jsonl")] == [{"a": 1}, {"broken": '{"a": '}]


def test_csv_with_and_without_a_header_keeps_commas_and_line_ends_in_its_cells(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('\ufeffQuestion,A\n"One, or\ntwo?",yes\n', encoding="utf-8")
    (tmp_path / "b.csv").write_text('"One, or two?",yes\n', encoding="utf-8")
    assert list(read(tmp_path / "a.csv")) == [(1, {"Question": "One, or\ntwo?", "A": "yes"})]
    assert list(read(tmp_path / "b.csv", ("question", "a"))) == [(1, {"question": "One, or two?", "a": "yes"})]


@pytest.mark.parametrize("shared", [True, False])
def test_a_workbook_is_read_under_its_first_row(tmp_path: Path, shared: bool) -> None:
    assert list(read(book(tmp_path / "val.xlsx", shared))) == [(1, {"Question": "What & why?", "Answer": "B"})]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", b"[1, "), ("a.xlsx", b"no book"), ("a.jsonl", b"\xff\xfe"), ("a.json.gz", b"no gzip")],
)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        list(read(tmp_path / name))


@given(content=st.binary(max_size=200), name=st.sampled_from(["a.json", "a.jsonl", "a.csv", "a.xlsx", "a.jsonl.gz"]))
def test_whatever_bytes_a_file_holds_it_is_rows_or_one_of_our_errors(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("wild") / name
    path.write_bytes(content)
    try:
        for number, row in read(path):
            assert number >= 1
            json.dumps(row)
    except InputError:
        pass


def test_the_split_that_may_be_looked_at_comes_first_and_a_named_file_wins(tmp_path: Path) -> None:
    for name in ("a_test.csv", "b_dev.csv", "a_dev.csv"):
        (tmp_path / name).write_text("")
    patterns = ("*_dev.csv", "*_test.csv")
    assert find("x", tmp_path, patterns) == [tmp_path / "a_dev.csv"]
    assert find("x", tmp_path, patterns, every=True) == [tmp_path / "a_dev.csv", tmp_path / "b_dev.csv"]
    assert find("x", tmp_path / "a_test.csv", patterns) == [tmp_path / "a_test.csv"]


@pytest.mark.parametrize(("data", "said"), [(None, "--data DIR"), (Path("/nowhere/at/all"), "no file or folder")])
def test_data_that_is_not_there_says_what_was_looked_for(data: Path | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find("x", data, ("dev.jsonl",))


def test_an_empty_folder_names_the_files_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is called dev\.jsonl"):
        find("x", tmp_path, ("dev.jsonl",))


def test_a_hub_name_is_told_from_a_path(tmp_path: Path) -> None:
    assert is_hub_name(Path("cais/mmlu/anatomy@test"))
    assert not is_hub_name(tmp_path)
    assert not is_hub_name(Path("/data/medqa"))
    assert not is_hub_name(Path("a/b/c/d"))


@pytest.mark.slow
def test_without_a_network_a_hub_name_is_one_sentence() -> None:
    """In a process of its own, since the hub's client reads its settings when it is first imported."""
    code = "import pathlib; from evals.publishers import read_hub; list(read_hub(pathlib.Path('made_up/absent')))"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert "made_up/absent: the set cannot be read from the hub" in ran.stderr.splitlines()[-1]


def test_an_id_that_stands_twice_is_named() -> None:
    with pytest.raises(InputError, match="'a' stands twice"):
        distinct([Named(id="a"), Named(id="b"), Named(id="a")])


def test_bad_items_are_left_out_named_and_counted(tmp_path: Path) -> None:
    rows = [Numbered(1, {"a": "1"}), Numbered(2, {}), Numbered(3, {"a": "x"}), Numbered(4, {"a": "skip"})]
    found, bad = parsed(rows, tmp_path / "f.csv", lambda number, row: None if row["a"] == "skip" else int(row["a"]))
    assert found == [1]
    assert bad_items(bad) == {
        "n": 2,
        "reasons": {"has no 'a'": 1, "has a part that is not as described": 1},
        "first": [["f.csv", 2, "has no 'a'"], ["f.csv", 3, "has a part that is not as described"]],
    }


def test_files_without_a_usable_item_say_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"made_up: f\.csv holds no usable item: f\.csv item 2 has no 'a'"):
        usable("made_up", "f.csv", [], [Bad("f.csv", 2, "has no 'a'")])
