"""What is counted of a case: the list of its complaint, the diagnosis that was meant, those that must be seen, and silence."""

from pathlib import Path

import pytest

from evals.differential import Case, measure, read_cases, report
from medmodel.errors import InputError
from medmodel.rag.index import Index, build_index
from medmodel.records import Document, Source

BLIND = sorted((Path(__file__).parents[1] / "evals" / "blind").glob("vignettes*.jsonl"))
LIST = """# Acute Headache Differential Diagnosis

## Bursting Vessel

Likelihood of Bursting Vessel: must not miss.

### Key features

- Sudden onset with vomiting

## Quiet Ache

Likelihood of Quiet Ache: common.
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("index")
    source = Source(id="differential_headache", title="Acute Headache Differential Diagnosis", licence="MIT", tier="guideline")
    build_index([Document(id="differential_headache/1", text=LIST, source=source, domain="differential")], folder)
    return Index.open(folder)


@pytest.mark.slow
def test_a_case_whose_list_comes_up_with_its_diagnosis_and_one_that_no_list_has(index: Index) -> None:
    complaint = "Acute Headache Differential Diagnosis"
    text = "A man of 50 has a pounding headache of sudden onset with vomiting."
    cases = [
        Case(
            id="1", language="en", text=text, complaint=complaint, diagnosis="Quiet Ache", must_see=("Bursting Vessel", "Other")
        ),
        Case(id="2", language="en", text="A man of 50 has no headache, but an itch."),
        Case(id="3", language="en", text="A man of 50 has a headache."),
    ]
    rows = measure(index, cases)
    assert rows[0].values == {"listed": 1.0, "shown": 1.0, "must_see": 0.5}  # one of the two stands in the list
    assert [row.values for row in rows[1:]] == [{"quiet": 1.0}, {"quiet": 0.0}]
    assert report(rows)["en"]["quiet"]["value"] == 0.5


def test_a_line_that_is_no_case_is_named(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text('{"id": "1", "language": "en", "text": "x"}\n{"id": "2"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"cases\.jsonl, line 2: 2 validation errors"):
        read_cases(tmp_path / "cases.jsonl")


@pytest.mark.parametrize("path", BLIND, ids=[path.stem for path in BLIND])
def test_authors_cases_name_their_diagnosis_among_what_must_be_seen_or_it_is_common(path: Path) -> None:
    cases = read_cases(path)
    assert len({case.id for case in cases}) == len({case.text for case in cases}) == len(cases)
    assert all(bool(case.complaint) == bool(case.diagnosis) for case in cases)
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in case.text) == (case.language == "zh") for case in cases)
