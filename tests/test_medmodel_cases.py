"""Cases from JSON lines, lists and spreadsheets: what is read, and how a bad line is named. All texts are made up."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medmodel.cases import read_all, read_cases
from medmodel.errors import InputError, UnknownName
from medmodel.records import Case, Criterion

Write = Callable[[str, str | bytes], Path]
BOM = b"\xef\xbb\xbf"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def test_bad_lines_are_reported_by_number_without_their_text_and_the_rest_goes_on(write: Write) -> None:
    lines = [
        '{"id": "a", "question": "q"}',
        "{Jane",
        '{"id": "b"}',
        "",
        '{"id": "a", "question": "Jane"}',
        '{"id": "c", "question": "q", "must_menton": ["Jane"]}',
        '["Jane"]',
        '{"id": "d", "question": "\xff"}',
    ]
    cases, bad_lines = read_cases(write("cases.jsonl", "\n".join(lines).encode("latin-1")))
    assert [case.id for case in cases] == ["a"]
    assert [bad.line for bad in bad_lines] == [2, 3, 5, 6, 7, 8]
    assert "question" in bad_lines[1].reason
    assert "line 1" in bad_lines[2].reason
    assert bad_lines[3].reason == "no case: a case has no field 'must_menton' — did you mean 'must_mention'?"
    assert "Jane" not in str(bad_lines)


def test_where_all_cases_are_needed_the_first_bad_line_is_an_error(write: Write) -> None:
    path = write("cases.jsonl", '{"id": "a", "question": "q"}\n{"id": "b"}\n')
    with pytest.raises(InputError, match=r"cases\.jsonl:2: no case: 'question'"):
        read_all(path)


def test_a_missing_cases_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl"):
        read_cases(tmp_path / "none.jsonl")


def test_a_rubric_is_kept_as_it_is(write: Write) -> None:
    rubric = [{"criterion": "names the target", "points": 5, "tags": ["axis:accuracy"]}, {"criterion": "harms", "points": -3}]
    cases = read_all(write("cases.jsonl", json.dumps({"id": "a", "question": "q", "rubric": rubric})))
    assert cases[0].rubric == (
        Criterion(criterion="names the target", points=5, tags=("axis:accuracy",)),
        Criterion(criterion="harms", points=-3),
    )


@pytest.mark.parametrize(
    "content", ['[{"id": "a", "question": "q"}]', '{"id": "a", "question": "q"}', '{"id": "a",\n"question": "q"}']
)
def test_a_json_file_is_one_case_or_a_list(write: Write, content: str) -> None:
    assert read_all(write("cases.json", BOM + content.encode())) == [Case(id="a", question="q")]


def test_json_lines_that_are_called_json_are_read_as_lines(write: Write) -> None:
    path = write("cases.json", '{"id": "a", "question": "q"}\n{"id": "b", "question": "q"}\n')
    assert [case.id for case in read_all(path)] == ["a", "b"]


def test_a_spreadsheet_is_read_with_its_lists_quotes_and_byte_order_mark(write: Write) -> None:
    table = (
        "question,id,must_mention,expect_status,rubric\r\n"
        '"first line\nsecond, with ""quotes""",a,INR| 2.0 |,answered,5:names INR: yes|-2.5:advises aspirin\r\n'
        ",,,,\r\n"
        "房颤用什么药？,b,,,\r\n"
    )
    assert read_all(write("cases.csv", BOM + table.encode())) == [
        Case(
            id="a",
            question='first line\nsecond, with "quotes"',
            must_mention=("INR", "2.0"),
            expect_status="answered",
            rubric=(Criterion(criterion="names INR: yes", points=5), Criterion(criterion="advises aspirin", points=-2.5)),
        ),
        Case(id="b", question="房颤用什么药？"),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_of_any_spreadsheet_program_is_found(write: Write, separator: str) -> None:
    assert read_all(write("cases.csv", f"id{separator}question\n1{separator}q\n")) == [Case(id="1", question="q")]


def test_a_wrong_column_is_named_with_the_nearest_known_one(write: Write) -> None:
    with pytest.raises(UnknownName, match=r"column 'qestion' in .*cases\.csv.*did you mean 'question'"):
        read_cases(write("cases.csv", "id,qestion\n1,q\n"))


@pytest.mark.parametrize("header", ["id", "question,id,id", ""])
def test_a_missing_or_doubled_column_is_named(write: Write, header: str) -> None:
    with pytest.raises(InputError, match=r"columns 'id'|columns 'question'|column ''"):
        read_cases(write("cases.csv", header + "\n"))


def test_a_bad_row_is_named_by_the_line_where_it_begins(write: Write) -> None:
    table = 'id,question,language\n1,"on\nthree\nlines",en\n2,Jane,fr\n3,Jane, and a comma,en\n4,,en\n5,q,zh\n'
    cases, bad_lines = read_cases(write("cases.csv", table))
    assert [case.id for case in cases] == ["1", "5"]
    assert [(bad.line, bad.reason.split(";")[0]) for bad in bad_lines] == [
        (5, "no case: 'language': Input should be 'en' or 'zh'"),
        (6, "it has 4 cells where the header has 3"),
        (7, "no case: 'question': Field required"),
    ]
    assert "Jane" not in str(bad_lines)


def test_a_quote_that_is_never_closed_is_an_error_naming_its_line(write: Write) -> None:
    with pytest.raises(InputError, match=r"line 3 is no CSV.*quote not closed"):
        read_cases(write("cases.csv", 'id,question\n1,q\n2,"never closed\n3,q\n'))


def test_another_encoding_is_refused_with_the_line(write: Write) -> None:
    with pytest.raises(InputError, match=r":2 is not UTF-8"):
        read_cases(write("cases.csv", "id,question\n1,Ménière\n".encode("latin-1")))


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.strip)


@settings(max_examples=40)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), max_size=5, unique_by=lambda row: row[0]))
def test_whatever_a_spreadsheet_holds_is_asked_as_it_stands(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("id", "question"), *rows])
    path = tmp_path_factory.getbasetemp() / "wild.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    assert [(case.id, case.question) for case in read_all(path)] == rows


@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode), suffix=st.sampled_from(["jsonl", "json", "csv"]))
def test_no_content_is_more_than_one_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"wild.{suffix}"
    path.write_bytes(content)
    said = str(path)
    try:
        read_cases(path)
    except InputError as error:
        said = str(error)
    assert str(path) in said


def test_a_table_without_a_header_is_told_without_its_text(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text('"72-year-old John Example, MRN 123",yes\n', encoding="utf-8")
    with pytest.raises(InputError, match="the first row is no header") as caught:
        read_cases(path)
    assert "Example" not in str(caught.value)
