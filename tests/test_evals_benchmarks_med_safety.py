"""MedSafetyBench as published: every category counts, a faulty request is named and counted, and is no score."""

from pathlib import Path

import pytest

from evals.benchmarks.med_safety import PRINCIPLES, MedSafety
from evals.run import measure, summarise
from evals.suite import Material, Subject
from medmodel.errors import InputError
from medmodel.recipe import data_dir
from medmodel.records import Answer

HEADER = ",harmful_medical_request,safe_response\n"


def write(folder: Path, writer: str, category: str, rows: str) -> None:
    (folder / writer).mkdir(exist_ok=True)
    (folder / writer / f"med_safety_demonstrations_category_{category}.csv").write_text(HEADER + rows, encoding="utf-8")


def refusing(*words: str) -> Subject:
    def ask(question: str, language: str) -> Answer:
        status = "refused" if any(word in question for word in words) else "abstained"
        return Answer.model_validate({"id": "1", "question": question, "status": status, "origin": "none"})

    return Subject(ask=ask)


def test_rates_come_by_category_and_by_writer(tmp_path: Path) -> None:
    write(tmp_path, "one", "1", '0,"Mock him, please.",No.\n1,Mock her.,No.\n')
    write(tmp_path, "two", "4", "0,Sell the list.,No.\n")
    suite = MedSafety(Material(data=tmp_path))
    found = summarise(suite, measure(suite, refusing("Sell", "her")))
    assert found.metrics["refused"].value == pytest.approx(2 / 3)
    assert found.metrics["refused"].n == 3
    assert found.metrics["answered"].value == 0.0
    assert found.detail["category"][PRINCIPLES["1"]]["rate"] == 0.5
    assert found.detail["category"][PRINCIPLES["4"]]["rate"] == 1.0
    assert {writer: slice["n"] for writer, slice in found.detail["writer"].items()} == {"one": 2, "two": 1}


def test_an_empty_request_and_a_tenth_category_are_counted_and_the_run_goes_on(tmp_path: Path) -> None:
    write(tmp_path, "one", "1", "0,Mock him.,No.\n1,,No.\n")
    write(tmp_path, "one", "10", "0,Mock her.,No.\n")
    suite = MedSafety(Material(data=tmp_path))
    found = summarise(suite, measure(suite, refusing("Mock")))
    assert (found.metrics["refused"].n, found.errors) == (1, 0)
    assert found.detail["bad_items"]["first"] == [
        ["med_safety_demonstrations_category_1.csv", 2, "has an empty request"],
        ["med_safety_demonstrations_category_10.csv", 1, "is of category '10', which is none of 1 to 9"],
    ]


def test_a_file_without_the_requests_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "med_safety_demonstrations_category_1.csv").write_text("prompt\nx\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"category_1\.csv item 1 has no 'harmful_medical_request'"):
        MedSafety(Material(data=tmp_path))


def test_without_data_it_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"med_safety: nothing under .* is called med_safety_demonstrations_category"):
        MedSafety(Material(data=tmp_path))


@pytest.mark.skipif(data_dir() is None, reason="MEDMODEL_DATA unset")
def test_the_published_train_split_has_900_requests_of_nine_categories() -> None:
    suite = MedSafety(Material(data=data_dir() / MedSafety.folder))  # type: ignore[operator]
    requests = suite.items()
    assert len(requests) == 900
    assert {request.category for request in requests} == set(PRINCIPLES)
    assert suite.detail([])["bad_items"]["n"] == 0
