"""Each benchmark reads its publisher's files: hand-made ones here, and the real ones where MEDMODEL_DATA has them."""

from __future__ import annotations

import csv
import gzip
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from evals.closed_book import ClosedBook
from evals.suite import Material
from medmodel import registry
from medmodel.errors import InputError
from medmodel.recipe import data_dir

OPTIONS = {"A": "rest", "B": "ice", "C": "heat", "D": "salt"}


def write(path: Path, *documents: Any) -> Path:
    """JSON lines, or one document when there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(document, ensure_ascii=False) for document in documents), encoding="utf-8")
    return path


def cells(path: Path, *lines: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    return path


def opened(name: str, data: Path, **settings: Any) -> ClosedBook:
    suite: ClosedBook = registry.get("benchmark", name)(Material(data=data, **settings))
    return suite


def faults(suite: ClosedBook) -> list[tuple[int, str]]:
    return [(bad.number, bad.reason) for bad in suite.bad]


# MedQA


def test_medqa_reads_the_list_form_and_the_hubs_form_too(tmp_path: Path) -> None:
    listed = write(tmp_path / "full_dev.json", [{"question": "Q?", "options": ["A. rest", "B. ice"], "answer": "ice"}])
    hub = write(
        tmp_path / "hub.jsonl", {"sent1": "Q?", "ending0": "a", "ending1": "b", "ending2": "c", "ending3": "d", "label": 2}
    )
    assert (opened("medqa", listed).items()[0].options, opened("medqa", listed).items()[0].answer) == (("rest", "ice"), 1)
    assert (opened("medqa", hub).items()[0].options, opened("medqa", hub).items()[0].answer) == (("a", "b", "c", "d"), 2)


def test_medqas_test_is_read_when_it_is_named_and_dev_comes_first_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "phrases_no_exclude_test.jsonl", {"question": "Test?", "options": OPTIONS, "answer_idx": "A"})
    write(tmp_path / "phrases_no_exclude_dev.jsonl", {"question": "Dev?", "options": OPTIONS, "answer_idx": "A"})
    assert opened("medqa", tmp_path).items()[0].question == "Dev?"
    assert opened("medqa", tmp_path / "phrases_no_exclude_test.jsonl").items()[0].question == "Test?"


# MedMCQA


def medmcqa(*keys: int | str) -> list[dict[str, Any]]:
    return [{"question": "Q?", "opa": "a", "opb": "b", "opc": "c", "opd": "d", "cop": key} for key in keys]


@pytest.mark.parametrize(
    ("keys", "answers"),
    [((1, 2, 3, 4), [0, 1, 2, 3]), ((0, 1, 2, 3), [0, 1, 2, 3]), ((2, 1), [1, 0]), (("0", "1"), [0, 1])],
)
def test_medmcqas_key_counts_from_where_the_file_shows(tmp_path: Path, keys: tuple[int | str, ...], answers: list[int]) -> None:
    suite = opened("medmcqa", write(tmp_path / "dev.json", *medmcqa(*keys)))
    assert [item.answer for item in suite.items()] == answers


def test_a_medmcqa_file_that_counts_both_ways_is_refused_and_a_missing_key_is_a_bad_item(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unclear where they begin"):
        opened("medmcqa", write(tmp_path / "dev.json", *medmcqa(0, 4)))
    suite = opened("medmcqa", write(tmp_path / "validation.json", *medmcqa(1, 4, -1)))
    assert faults(suite) == [(3, "has an answer key that is none of its options")]


# PubMedQA

PAPER = {"QUESTION": "Is it so?", "CONTEXTS": ["We looked.", "We found."], "final_decision": "no"}


def test_pubmedqas_test_is_left_out_unless_one_of_its_files_is_named(tmp_path: Path) -> None:
    write(tmp_path / "ori_pqal.json", {"11": PAPER, "12": {**PAPER, "final_decision": "yes"}, "13": PAPER})
    truth = write(tmp_path / "test_ground_truth.json", {"12": "yes"})
    assert [item.pmids for item in opened("pubmedqa", tmp_path).items()] == [("11",), ("13",)]
    named = opened("pubmedqa", truth).items()
    assert [(item.pmids, item.options[item.answer]) for item in named] == [(("12",), "yes")]


def test_pubmedqas_test_set_takes_its_keys_from_the_ground_truth(tmp_path: Path) -> None:
    unlabelled = {key: value for key, value in PAPER.items() if key != "final_decision"}
    path = write(tmp_path / "test_set.json", {"12": unlabelled, "14": unlabelled})
    write(tmp_path / "test_ground_truth.json", {"12": "maybe"})
    suite = opened("pubmedqa", path)
    assert suite.items()[0].options[suite.items()[0].answer] == "maybe"
    assert faults(suite) == [(2, "has an answer key that is none of its options")]


def test_pubmedqas_line_form_has_the_abstract_before_the_last_line(tmp_path: Path) -> None:
    row = {"realidx": "11", "question": "We looked.\nWe found.\nIs it so?", "answer": "no", "options": {"A": "yes"}}
    suite = opened("pubmedqa", write(tmp_path / "train.jsonl", row))
    assert suite.asked(suite.items()[0]) == (
        "Abstract: We looked.\nWe found.\nQuestion: Is it so?\nAnswer:",
        [" yes", " no", " maybe"],
    )


# MMLU and CMMLU


def test_mmlu_takes_subjects_from_file_names_and_examples_from_the_same_subjects_dev(tmp_path: Path) -> None:
    for subject in ("anatomy", "philosophy"):
        cells(tmp_path / "test" / f"{subject}_test.csv", [f"{subject}, or not?", "a", "b", "c", "d", "B"])
        cells(tmp_path / "dev" / f"{subject}_dev.csv", [f"{subject} first?", "a", "b", "c", "d", "C"])
    suite = opened("mmlu", tmp_path, shots=1)
    assert [(item.id, item.subject) for item in suite.items()] == [
        ("mmlu/anatomy_test/1", "anatomy"),
        ("mmlu/philosophy_test/1", "philosophy"),
    ]
    assert suite.asked(suite.items()[1])[0] == (
        "The following are multiple choice questions (with answers) about philosophy.\n\n"
        "philosophy first?\nA. a\nB. b\nC. c\nD. d\nAnswer: C\n\nphilosophy, or not?\nA. a\nB. b\nC. c\nD. d\nAnswer:"
    )
    assert (suite.wider("anatomy"), suite.wider("philosophy"), suite.wider("virology")) == (["MEDICAL"], ["GENERAL"], [])


def test_a_limit_takes_as_many_of_each_mmlu_subject_as_there_is_room_for(tmp_path: Path) -> None:
    for subject, count in (("anatomy", 5), ("philosophy", 1), ("virology", 5)):
        cells(tmp_path / f"{subject}_test.csv", *([f"Number {at}?", "a", "b", "c", "d", "B"] for at in range(count)))
    assert [item.id for item in opened("mmlu", tmp_path, limit=6).items()] == [
        *("mmlu/anatomy_test/1", "mmlu/anatomy_test/2", "mmlu/anatomy_test/3"),
        *("mmlu/philosophy_test/1", "mmlu/virology_test/1", "mmlu/virology_test/2"),
    ]


def test_mmlus_wrong_key_names_file_and_line(tmp_path: Path) -> None:
    path = cells(tmp_path / "virology_test.csv", ["One?", "a", "b", "c", "d", "A"], ["Two?", "a", "b", "c", "d", "E"])
    suite = opened("mmlu", path)
    assert [list(bad) for bad in suite.bad] == [
        ["virology_test.csv", 2, "has an answer key that is none of its options"],
    ]


def test_cmmlu_keeps_its_medical_subjects_alone(tmp_path: Path) -> None:
    header = ["", "Question", "A", "B", "C", "D", "Answer"]
    for subject in ("anatomy", "arts"):
        cells(tmp_path / "test" / f"{subject}.csv", header, [0, "哪一个？", "甲", "乙", "丙", "丁", "D"])
    suite = opened("cmmlu_medical", tmp_path)
    assert [item.subject for item in suite.items()] == ["anatomy"]
    assert suite.asked(suite.items()[0])[0] == (
        "以下是关于解剖学的单项选择题，请直接给出正确答案的选项。\n\n哪一个？\nA. 甲\nB. 乙\nC. 丙\nD. 丁\n答案："
    )


# The others


def test_mmlu_pro_keeps_health_and_lists_as_many_options_as_there_are(tmp_path: Path) -> None:
    ten = [f"option {at}" for at in range(10)]
    path = write(
        tmp_path / "test.jsonl",
        {"question": "Health?", "options": ten, "answer": "J", "category": "health"},
        {"question": "Law?", "options": ten, "answer": "J", "category": "law"},
    )
    suite = opened("mmlu_pro_health", path)
    assert [(item.question, item.answer) for item in suite.items()] == [("Health?", 9)]
    assert suite.asked(suite.items()[0])[0].endswith("\nI. option 8\nJ. option 9\nAnswer:")
    assert suite.asked(suite.items()[0])[1][-1] == " J"


def exam(**changes: Any) -> dict[str, Any]:
    answers = [{"aid": at, "atext": f"{text} "} for at, text in enumerate(("rest", "ice", "heat", "salt"), 1)]
    return {"qid": "1", "qtext": "Which?", "ra": "2", "answers": answers, "image": "", **changes}


def test_headqa_reads_examinations_and_holds_keys_to_the_gold_file(tmp_path: Path) -> None:
    items = [exam(), exam(qid="2", ra="3"), exam(qid="3", image="picture.png"), exam(qid="4", ra="9")]
    write(tmp_path / "dev_HEAD_EN.json", {"exams": {"Cuaderno_1999_1_M": {"data": items}}})
    (tmp_path / "Cuaderno_1999_1_M.gold").write_text("1\t2\n2\t4\n")
    suite = opened("headqa", tmp_path)
    assert [(item.options, item.answer, item.subject) for item in suite.items()] == [
        (("rest", "ice", "heat", "salt"), 1, "medicine")
    ]
    assert faults(suite) == [
        (2, "has an answer key that differs from the gold file's"),
        (3, "asks about a picture"),
        (4, "has an answer key that is none of its options"),
    ]


def test_headqa_without_keys_takes_the_gold_files(tmp_path: Path) -> None:
    write(tmp_path / "dev_HEAD_EN.json", {"exams": {"X_Q": {"data": [exam(ra=None)]}}})
    (tmp_path / "X_Q.gold").write_text("1\t4\n")
    assert [(item.answer, item.subject) for item in opened("headqa", tmp_path).items()] == [(3, "chemistry")]


@pytest.mark.parametrize("end", ["\n", "\\n"])
def test_cmexam_splits_options_by_line_and_counts_several_right_answers(tmp_path: Path, end: str) -> None:
    listed = end.join(["A 休息", "B 冰敷", "C 热敷"])
    path = cells(
        tmp_path / "val.csv",
        ["Question", "Options", "Answer"],
        ["哪一个？", listed, "B"],
        ["哪些？", listed, "AB"],
        ["？", "休息", "A"],
    )
    suite = opened("cmexam", path)
    assert suite.asked(suite.items()[0])[0] == "哪一个？\nA. 休息\nB. 冰敷\nC. 热敷\n答案："
    assert faults(suite) == [(2, "has several right answers"), (3, "has options that are not lettered in order")]


def test_cmbs_test_takes_its_answers_from_the_file_beside(tmp_path: Path) -> None:
    row = {"id": 7, "question": "哪一个？", "option": {**OPTIONS, "E": ""}, "exam_type": "医师考试"}
    path = write(tmp_path / "CMB-test-choice-question-merge.json", [row, {**row, "id": 8}])
    write(tmp_path / "CMB-test-choice-answer.json", [{"id": 7, "answer": "D"}])
    suite = opened("cmb", path)
    assert [(item.answer, len(item.options), item.subject) for item in suite.items()] == [(3, 4, "医师考试")]
    assert faults(suite) == [(2, "has no 'answer'")]


def test_medxpertqa_takes_the_list_out_of_the_question_and_leaves_pictures_out(tmp_path: Path) -> None:
    row = {"id": "Text-1", "question": "Which?\nAnswer Choices: (A) rest (B) ice", "options": OPTIONS, "label": "B"}
    suite = opened("medxpertqa", write(tmp_path / "test.jsonl", row, {**row, "id": "MM-1"}))
    assert [(item.question, item.answer) for item in suite.items()] == [("Which?", 1)]
    assert faults(suite) == [(2, "asks about a picture")]


def test_mirages_five_sets_are_its_subjects_and_papers_go_with_their_questions(tmp_path: Path) -> None:
    yes = {"question": "Is it so?", "options": {"A": "yes", "B": "no", "C": "maybe"}, "answer": "C"}
    sets = {
        "medqa": {"0000": {"question": "Which?", "options": OPTIONS, "answer": "B"}},
        "pubmedqa": {"11": yes},
        "bioasq": {"x1": {**yes, "options": {"A": "yes", "B": "no"}, "answer": "A", "PMID": [21, "22"]}},
    }
    suite = opened("mirage", write(tmp_path / "benchmark.json", sets))
    assert [(item.subject, item.answer, item.pmids) for item in suite.items()] == [
        ("medqa", 1, ()),
        ("pubmedqa", 2, ("11",)),
        ("bioasq", 0, ("21", "22")),
    ]


def test_apollo_is_read_in_both_languages_and_says_that_it_may_not_gate(tmp_path: Path) -> None:
    listed = "(A) 休息.\n(B) 冰敷."
    path = write(
        tmp_path / "zh.json",
        [
            {"question": "哪一个", "options": listed, "answer": "(B)", "source": "cmexam", "context": ""},
            {"question": "Which?", "options": "(A) rest.\n(B) ice.", "answer": "(A)", "source": "medqa"},
        ],
    )
    suite = opened("apollo", path)
    assert [suite.asked(item)[0] for item in suite.items()] == [
        "哪一个\nA. 休息\nB. 冰敷\n答案：",
        "Which?\nA. rest\nB. ice\nAnswer:",
    ]
    assert "other benchmarks" in suite.detail([])["may_not_gate"]


def test_a_gzipped_file_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "dev_half.json.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, medmcqa(4, 1))).encode()))
    assert len(opened("medmcqa", path).items()) == 2


CLOSED = [name for name in registry.names("benchmark") if issubclass(registry.get("benchmark", name), ClosedBook)]


@pytest.mark.parametrize("name", CLOSED)
def test_every_benchmark_says_where_it_is_from_and_whether_it_may_be_trained_on(name: str) -> None:
    about = inspect.getdoc(inspect.getmodule(registry.get("benchmark", name))) or ""
    assert all(f"{part}:" in about for part in ("Paper", "Licence", "Split", "Size", "Training"))


@pytest.mark.skipif(data_dir() is None, reason="MEDMODEL_DATA unset")
@pytest.mark.parametrize(
    ("name", "items", "bad"),
    [
        ("medqa", 1272, 0),
        ("medmcqa", 2061, 0),
        ("pubmedqa", 450, 0),
        ("mmlu", 4206, 0),
        ("mmlu_pro_health", 818, 0),
        ("headqa", 1336, 30),  # about pictures
        ("cmexam", 6597, 214),  # 211 with several right answers, 3 with options that are not lettered in order
        ("apollo", 416, 0),
    ],
)
def test_the_publishers_own_files_are_read_whole(name: str, items: int, bad: int) -> None:
    folder = data_dir()
    assert folder is not None
    suite = opened(name, folder / registry.get("benchmark", name).folder)
    assert (len(suite.items()), len(suite.bad)) == (items, bad)
