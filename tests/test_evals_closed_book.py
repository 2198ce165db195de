"""What all closed-book benchmarks share, on MedQA's files: letters, cloze, shifts, examples, what is counted and shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evals.benchmarks.medqa import MedQA
from evals.closed_book import Question, by_letter, letter_index
from evals.run import errors, mean, measure, summarise
from evals.subjects import synchronous
from evals.suite import Material, Scored, Subject
from medmodel.errors import EngineError, InputError
from medmodel.models.engine import Likelihood, NextToken
from medmodel.models.scripted import ScriptedEngine
from medmodel.rag.index import build_index
from medmodel.records import Document, Source

OPTIONS = ("rest", "ice", "heat", "salt")
Nats = Callable[[str, str], float]


def rows(count: int, options: Sequence[str] = OPTIONS) -> list[dict[str, Any]]:
    letters = "ABCDE"[: len(options)]
    return [
        {
            "question": f"Question {n}?",
            "options": dict(zip(letters, options, strict=True)),
            "answer_idx": letters[n % len(letters)],
        }
        for n in range(count)
    ]


def medqa(folder: Path, items: Sequence[Any], **settings: Any) -> MedQA:
    (folder / "dev.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return MedQA(Material(data=folder, **settings))


def subject(nats: Nats, cut: int = 0) -> Subject:
    """A model that gives each continuation these log-probabilities."""

    def likelihood(prompt: str, continuation: str) -> Likelihood:
        return Likelihood(logprob=nats(prompt, continuation), tokens=1)

    def next_token(prompt: str, continuations: Sequence[str]) -> NextToken:
        return NextToken(logprobs=tuple(nats(prompt, continuation) for continuation in continuations), cut=cut)

    return Subject(loglikelihood=likelihood, next_token=next_token)


def always_a(prompt: str, continuation: str) -> float:
    return -0.1 if continuation in (" A", " rest") else -5.0


def likes_ice(prompt: str, continuation: str) -> float:
    """Finds the text it likes wherever it stands in the last list."""
    letter = re.findall(r"([A-E])\. ice\n", prompt)
    return -0.1 if continuation == " ice" or (letter and continuation == f" {letter[-1]}") else -5.0


def test_one_letter_for_everything_scores_its_share_and_is_called_degenerate(tmp_path: Path) -> None:
    suite = medqa(tmp_path, rows(8))
    scored = measure(suite, subject(always_a))
    summary = summarise(suite, scored)
    assert summary.metrics["accuracy"].value == 0.25
    assert summary.metrics["accuracy"].interval is not None
    assert summary.detail["degenerate"] is True
    assert summary.detail["answers"] == {"A": 8}
    assert (mean(scored, "shifted"), mean(scored, "shifted_all")) == (0.25, 0.0)


def test_a_model_that_knows_the_text_is_right_wherever_it_stands(tmp_path: Path) -> None:
    suite = medqa(tmp_path, rows(4))
    scored = measure(suite, subject(likes_ice))
    assert [row.values["accuracy"] for row in scored] == [0.0, 1.0, 0.0, 0.0]
    assert [row.values["shifted_all"] for row in scored] == [0.0, 1.0, 0.0, 0.0]
    assert [row.values["shifted"] for row in scored] == [0.0, 1.0, 0.0, 0.0]
    assert [row.values["cloze"] for row in scored] == [0.0, 1.0, 0.0, 0.0]


def test_a_shift_moves_the_options_round_and_the_key_with_them() -> None:
    item = Question(id="1", question="?", options=OPTIONS, answer=1)
    assert item.shifted(1).options == ("ice", "heat", "salt", "rest")
    assert [item.shifted(by).options[item.shifted(by).answer] for by in range(4)] == ["ice"] * 4


def test_the_shifted_prompt_lists_the_moved_options_and_keeps_the_examples(tmp_path: Path) -> None:
    suite = medqa(tmp_path, rows(3), shots=1)
    item = suite.items()[0]
    example = "Question: Question 0?\nA. rest\nB. ice\nC. heat\nD. salt\nAnswer: A\n\n"
    assert suite.asked(item)[0] == f"{example}Question: Question 1?\nA. rest\nB. ice\nC. heat\nD. salt\nAnswer:"
    assert suite.asked(item.shifted(3))[0] == f"{example}Question: Question 1?\nA. salt\nB. rest\nC. ice\nD. heat\nAnswer:"


def test_five_options_have_one_more_line_and_letter(tmp_path: Path) -> None:
    suite = medqa(tmp_path, rows(1, (*OPTIONS, "tea")))
    prompt, continuations = suite.asked(suite.items()[0])
    assert prompt == "Question: Question 0?\nA. rest\nB. ice\nC. heat\nD. salt\nE. tea\nAnswer:"
    assert continuations == [" A", " B", " C", " D", " E"]


def test_a_tie_is_no_choice_and_is_counted(tmp_path: Path) -> None:
    suite = medqa(tmp_path, rows(4))
    scored = measure(suite, subject(lambda prompt, continuation: -1.0))
    assert mean(scored, "accuracy") == 0.0
    assert suite.detail(scored)["undecided"] == 4
    assert suite.detail(scored)["degenerate"] is False


def test_a_row_holds_what_its_score_was_computed_from(tmp_path: Path) -> None:
    row = measure(medqa(tmp_path, rows(1), probe=0), subject(always_a))[0]
    assert [row.values[f"logprob_{at}"] for at in range(4)] == [-0.1, -5.0, -5.0, -5.0]
    assert (row.values["chosen"], row.values["answer"], row.shown["chosen"]) == (0.0, 0.0, "A")


def test_without_examples_of_their_own_the_first_items_are_the_examples_and_are_not_scored(tmp_path: Path) -> None:
    suite = medqa(tmp_path, rows(5), shots=2)
    assert [item.question for item in suite.items()] == ["Question 2?", "Question 3?", "Question 4?"]
    assert "left out" in suite.detail([])["shots"]["from"]


def test_examples_come_from_train_where_it_is_there_and_its_faults_are_not_counted(tmp_path: Path) -> None:
    train = [{"question": "broken"}, *rows(2)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in train), encoding="utf-8")
    suite = medqa(tmp_path, rows(3), shots=2)
    assert len(suite.items()) == 3
    assert suite.detail([])["shots"] == {"n": 2, "from": "train.jsonl"}
    assert suite.detail([])["bad_items"]["n"] == 0


def test_more_examples_than_items_leaves_nothing_to_score(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none is left to score"):
        medqa(tmp_path, rows(3), shots=3)


def test_fewer_examples_than_were_asked_for_is_an_input_error_before_anything_is_scored(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(json.dumps(rows(1)[0]), encoding="utf-8")
    with pytest.raises(InputError, match="2 worked examples were asked for, and the data holds 1"):
        medqa(tmp_path, rows(3), shots=2)


def test_a_bad_item_is_named_counted_and_left_out(tmp_path: Path) -> None:
    bad = [{"question": "No options?"}, {**rows(1)[0], "answer_idx": "E"}, {**rows(1)[0], "question": " "}]
    suite = medqa(tmp_path, [*rows(2), *bad])
    assert len(suite.items()) == 2
    assert suite.detail([])["bad_items"] == {
        "n": 3,
        "reasons": {
            "has no 'options'": 1,
            "has an answer key that is none of its options": 1,
            "has an empty question": 1,
        },
        "first": [
            ["dev.jsonl", 3, "has no 'options'"],
            ["dev.jsonl", 4, "has an answer key that is none of its options"],
            ["dev.jsonl", 5, "has an empty question"],
        ],
    }


def test_a_file_of_bad_items_alone_is_an_input_error_that_names_the_first(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dev\.jsonl holds no usable item: dev\.jsonl item 1 has no 'options'"):
        medqa(tmp_path, [{"question": "?"}])


def test_an_engine_is_asked_from_many_threads_at_once(tmp_path: Path) -> None:
    """The scripted engine finds all letters alike, and of the options likes the one whose words stand in the question."""
    items = [{**row, "question": f"{row['question']} Heat or not?"} for row in rows(20)]
    with synchronous(ScriptedEngine()) as fake:
        scored = measure(medqa(tmp_path, items), fake)
    assert errors(scored) == 0
    assert mean(scored, "accuracy") == 0.0
    assert mean(scored, "cloze") == 0.25


def test_a_prompt_that_was_cut_is_counted(tmp_path: Path) -> None:
    suite = medqa(tmp_path, rows(3))
    assert suite.detail(measure(suite, subject(always_a, cut=7)))["cut"] == 3


def test_the_probed_sample_is_always_the_same_and_as_large_as_asked(tmp_path: Path) -> None:
    def probed(**settings: Any) -> set[str]:
        suite = medqa(tmp_path, rows(30), **settings)
        return {row.id for row in measure(suite, subject(always_a)) if "cloze" in row.values}

    assert len(probed(probe=7)) == 7
    assert probed(probe=7) == probed(probe=7)
    assert len(probed(probe=None)) == 30
    assert probed(probe=0) == set()
    assert len(probed(probe=7, limit=5)) == 5


def test_a_failed_call_is_no_score(tmp_path: Path) -> None:
    def broken(prompt: str, continuation: str) -> float:
        raise EngineError("the engine gave no log-probability for ' B'")

    suite = medqa(tmp_path, rows(3))
    scored = measure(suite, subject(broken))
    assert errors(scored) == 3
    assert summarise(suite, scored).metrics == {}


def test_rows_of_other_settings_are_measured_anew(tmp_path: Path) -> None:
    kept = tmp_path / "rows.jsonl"
    asked: list[str] = []

    def counting(prompt: str, continuation: str) -> float:
        asked.append(prompt)
        return always_a(prompt, continuation)

    measure(medqa(tmp_path, rows(6), probe=0), subject(counting), kept)
    asked.clear()
    measure(medqa(tmp_path, rows(6), probe=0), subject(counting), kept)
    assert asked == []
    measure(medqa(tmp_path, rows(6), shots=2, probe=0), subject(counting), kept)
    assert len(asked) == 4 * 4


def test_subjects_are_reported_with_their_interval(tmp_path: Path) -> None:
    suite = medqa(tmp_path, rows(2))
    row = Scored(id="a", cluster="a", values={"accuracy": 1.0, "options": 4.0, "answer": 0.0}, shown={"subject": "bones"})
    found = suite.detail([row, row.model_copy(update={"values": {**row.values, "accuracy": 0.0}})])["subjects"]["bones"]
    assert (found["accuracy"], found["n"]) == (0.5, 2)
    assert 0 < found["low"] < 0.5 < found["high"] < 1


def test_an_answer_key_of_several_letters_is_not_one_right_answer() -> None:
    assert letter_index("(c)", OPTIONS) == 2
    with pytest.raises(InputError, match="several right answers"):
        letter_index("AC", OPTIONS)
    with pytest.raises(InputError, match="none of its options"):
        letter_index("E", OPTIONS)


def test_options_by_letter_are_in_the_order_of_the_letters_without_empty_ones_at_the_end() -> None:
    assert by_letter({"B": "two", "A": "one", "C": "", "D": ""}) == ["one", "two"]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    source = Source(id="made_up", title="Made up", licence="CC0-1.0", tier="guideline")
    texts = {
        "made_up/1": "# Sprains\n\nA sprained ankle is treated with ice in the first two days.\n",
        "made_up/2": (
            "# A case\n\nA boy of ten years twisted his left ankle while running down a hill yesterday and now he limps.\n"
        ),
    }
    build_index([Document(id=name, text=text, source=source, domain="guideline") for name, text in texts.items()], folder)
    return folder


CASE = (
    "A boy of ten years twisted his left ankle while running down a hill yesterday and now he limps. Treatment of the sprain?"
)


def test_passages_stand_before_the_question_and_fixed_and_misled_items_are_counted(tmp_path: Path, index: Path) -> None:
    def reads(prompt: str, continuation: str) -> float:
        """Says B when a passage about ice stands before the question, else A."""
        assert prompt.endswith("Answer:")
        told = "treated with ice in the first two days.\n\n" in prompt
        return -0.1 if continuation == (" B" if told else " A") else -5.0

    items = [{**rows(1)[0], "question": "Treatment of a sprained ankle?", "answer_idx": letter} for letter in "BA"]
    suite = medqa(tmp_path, items, index=index, probe=0)
    scored = measure(suite, subject(reads))
    assert [row.values["accuracy"] for row in scored] == [0.0, 1.0]
    assert [row.values["retrieval"] for row in scored] == [1.0, 0.0]
    assert [row.values["fixed"] for row in scored] == [1.0, 0.0]
    assert [row.values["misled"] for row in scored] == [0.0, 1.0]
    assert suite.detail(scored)["retrieved"] == {"fixed": 1, "misled": 1, "own_source_found": 0}


def test_a_passage_that_is_the_items_own_source_is_dropped_and_counted(tmp_path: Path, index: Path) -> None:
    prompts: list[str] = []

    def seeing(prompt: str, continuation: str) -> float:
        prompts.append(prompt)
        return -0.1 if ("limps.\n\n" in prompt) == (continuation == " B") else -5.0

    suite = medqa(tmp_path, [{**rows(1)[0], "question": CASE, "answer_idx": "B"}], index=index, probe=0)
    row = measure(suite, subject(seeing))[0]
    assert row.values["own_source_found"] == 1.0
    assert (row.values["retrieval"], row.values["retrieval_own_source"]) == (0.0, 1.0)
