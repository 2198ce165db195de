"""A publisher's table is read whole or refused by a sentence that names what is wrong with it."""

import gzip
from pathlib import Path

import pytest

from evals.published import Published, distinct, find, read_table
from medmodel.errors import InputError

TABLE = 'id,prompt\r\n1,"How, exactly?"\r\n2,"two\nlines"\r\n'


def test_quoted_commas_line_breaks_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + TABLE.encode())
    assert read_table(tmp_path / "a.csv", ("id", "prompt")) == [
        {"id": "1", "prompt": "How, exactly?"},
        {"id": "2", "prompt": "two\nlines"},
    ]


def test_a_gzipped_table_reads_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE, encoding="utf-8", newline="")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(TABLE.encode()))
    assert read_table(tmp_path / "a.csv", ("id",)) == read_table(tmp_path / "b.csv.gz", ("id",))
    assert [path.name for path in find("made_up", tmp_path, ("*.csv",))] == ["a.csv", "b.csv.gz"]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE, encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.csv has no column 'label'"):
        read_table(tmp_path / "a.csv", ("id", "label"))


def test_an_empty_file_has_no_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="has no column 'id'"):
        read_table(tmp_path / "a.csv", ("id",))


def test_a_row_that_is_cut_short_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE + "3", encoding="utf-8")
    with pytest.raises(InputError, match="row 3 has fewer fields"):
        read_table(tmp_path / "a.csv", ("id", "prompt"))


@pytest.mark.parametrize("content", [gzip.compress(TABLE.encode())[:-12], b"no gzip"])
def test_a_broken_gzip_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv.gz").write_bytes(content)
    with pytest.raises(InputError, match="download it again"):
        read_table(tmp_path / "a.csv.gz", ("id",))


def test_without_a_file_the_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"made_up: no x\*\.csv under "):
        find("made_up", tmp_path, ("x*.csv",))
    with pytest.raises(InputError, match="--data"):
        find("made_up", None, ("x*.csv",))


def test_an_id_that_stands_twice_is_named() -> None:
    with pytest.raises(InputError, match="'a' stands twice"):
        distinct([Published(id="a"), Published(id="b"), Published(id="a")])


def test_an_item_with_a_fault_fails_by_its_name() -> None:
    Published(id="a").check()
    with pytest.raises(InputError, match="item a: the label is no label"):
        Published(id="a", fault="the label is no label").check()
