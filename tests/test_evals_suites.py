"""Suites score fakes at their true value: an empty engine, one that says "A", one that refuses, an oracle, a broken one."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from evals.questions import read_questions
from evals.run import errors, is_complete, mean, measure, summarise
from evals.suite import Material, Subject
from evals.suites.bits_per_byte import BitsPerByte, chunks, general
from evals.suites.choice import Choice
from evals.suites.contamination import WORDS, Contamination
from evals.suites.red_flags import RedFlags
from evals.suites.unsafe import Unsafe
from medmodel import safety
from medmodel.errors import EngineError, InputError
from medmodel.models.engine import Likelihood
from medmodel.records import Answer, ChoiceItem, Document, Example, Message, RedFlag, Source

SOURCE = Source(id="made_up", title="Made up", licence="CC0-1.0", tier="guideline")
OPTIONS = ("rest", "ice", "heat", "salt")
ITEMS = [
    ChoiceItem(id=f"i{number}", question=f"Question {number}?", options=OPTIONS, answer=number % 4, cluster=f"c{number % 5}")
    for number in range(20)
]


def oracle(prompt: str, continuation: str) -> Likelihood:
    """Knows the right option of every item by its number, by letter and by text."""
    number = int(prompt.split("Question: Question ")[1].split("?")[0])
    right = (f" {OPTIONS[number % 4]}", f" {'ABCD'[number % 4]}")
    return Likelihood(logprob=-0.1 if continuation in right else -9.0, tokens=1)


def always_first(prompt: str, continuation: str) -> Likelihood:
    return Likelihood(logprob=-0.1 if continuation in (" A", " rest") else -9.0, tokens=1)


def indifferent(prompt: str, continuation: str) -> Likelihood:
    return Likelihood(logprob=-3.0 * len(continuation), tokens=len(continuation))


def broken(prompt: str, continuation: str) -> Likelihood:
    raise EngineError("the engine died")


def test_an_oracle_scores_one_in_every_choice() -> None:
    rows = measure(Choice(Material(choices=ITEMS)), Subject(loglikelihood=oracle))
    assert mean(rows, "accuracy") == 1.0
    assert mean(rows, "probability") == pytest.approx(1.0, abs=0.01)


def test_an_indifferent_model_gives_every_option_its_chance_whatever_its_length() -> None:
    rows = measure(Choice(Material(choices=ITEMS)), Subject(loglikelihood=indifferent))
    assert mean(rows, "probability") == pytest.approx(0.25)


def test_a_model_that_always_takes_the_first_option_scores_chance_and_is_called_degenerate() -> None:
    suite = Choice(Material(choices=ITEMS))
    rows = measure(suite, Subject(loglikelihood=always_first))
    assert mean(rows, "accuracy") == 0.25
    assert suite.detail(rows) == {"positions": {"A": 20}, "chance": 0.25, "degenerate": True}


def test_a_failed_call_is_no_score() -> None:
    suite = Choice(Material(choices=ITEMS))
    rows = measure(suite, Subject(loglikelihood=broken))
    assert errors(rows) == len(ITEMS)
    assert summarise(suite, rows).metrics == {}
    assert rows[0].error == "EngineError: the engine died"


def test_failed_items_alone_are_asked_again(tmp_path: Path) -> None:
    asked: list[str] = []

    def failing_once(prompt: str, continuation: str) -> Likelihood:
        if "Question 3?" in prompt and "Question 3?" not in asked:
            asked.append("Question 3?")
            raise EngineError("the engine died")
        return oracle(prompt, continuation)

    def recording(prompt: str, continuation: str) -> Likelihood:
        asked.append(prompt)
        return oracle(prompt, continuation)

    suite = Choice(Material(choices=ITEMS))
    kept = tmp_path / "choice.jsonl"
    assert errors(measure(suite, Subject(loglikelihood=failing_once), kept)) == 1
    assert not is_complete(suite, kept)
    asked.clear()
    rows = measure(suite, Subject(loglikelihood=recording), kept)
    assert {prompt.split("?")[0] for prompt in asked} == {"Question: Question 3"}
    assert [row.id for row in rows] == [item.id for item in ITEMS]
    assert is_complete(suite, kept)


def test_a_row_torn_by_a_kill_is_measured_again(tmp_path: Path) -> None:
    suite = Choice(Material(choices=ITEMS))
    kept = tmp_path / "choice.jsonl"
    whole = measure(suite, Subject(loglikelihood=oracle), kept)
    kept.write_bytes(kept.read_bytes()[:-30])
    assert not is_complete(suite, kept)
    assert measure(suite, Subject(loglikelihood=oracle), kept) == whole


def test_bits_per_byte_of_a_model_that_spends_two_bits_a_byte_is_two() -> None:
    def two_bits(prompt: str, continuation: str) -> Likelihood:
        return Likelihood(logprob=-2 * math.log(2) * len(continuation.encode()), tokens=1)

    text = "\n".join(f"- Naïve patients get {dose} mg." for dose in range(200))
    heldout = Document(id="made_up/a", text=text, source=SOURCE, domain="guideline", split="heldout")
    training = Document(id="made_up/b", text=text, source=SOURCE, domain="guideline")
    suite = BitsPerByte(Material(documents=[heldout, training]))
    rows = measure(suite, Subject(loglikelihood=two_bits))
    assert mean(rows, "heldout") == pytest.approx(2.0)
    assert mean(rows, "general") == pytest.approx(2.0)
    assert {row.cluster for row in rows if "heldout" in row.values} == {"made_up"}
    assert not any(row.id.startswith("made_up/b") for row in rows)


def test_chunks_are_whole_lines_and_lose_none_but_a_short_rest() -> None:
    lines = [f"Line {number} of the text." for number in range(300)]
    assert "\n".join(chunks("\n".join(lines))) == "\n".join(lines)
    assert list(chunks("too short")) == []
    assert len(general()) >= 8


def product(answer: Callable[[str], Answer]) -> Subject:
    return Subject(ask=lambda question, language: answer(question))


def flags(*ids: str) -> tuple[RedFlag, ...]:
    return tuple(RedFlag(id=name, title="t", action="a", urgency="emergency", matched="m", source="s") for name in ids)


def test_a_product_that_refuses_everything_is_safe_and_useless() -> None:
    suite = Unsafe(Material())
    rows = measure(suite, product(lambda question: Answer(id="1", question=question, status="refused", origin="none")))
    assert (mean(rows, "refused"), mean(rows, "look_alike_refused")) == (1.0, 1.0)


def test_a_product_that_answers_everything_refuses_nothing() -> None:
    suite = Unsafe(Material())
    rows = measure(suite, product(lambda question: Answer(id="1", question=question, status="answered", origin="model")))
    assert (mean(rows, "refused"), mean(rows, "look_alike_refused")) == (0.0, 0.0)
    assert summarise(suite, rows).metrics["refused"].n >= 20
    assert summarise(suite, rows).metrics["look_alike_refused"].n >= 10


def abstaining(*shown: str) -> Subject:
    return product(lambda q: Answer(id="1", question=q, status="abstained", origin="none", red_flags=flags(*shown)))


def test_flags_on_everything_are_seen_as_such() -> None:
    suite = RedFlags(Material())
    every = measure(suite, abstaining(*{question.flag for question in suite.items()}))
    silent = measure(suite, abstaining())
    assert (mean(every, "flagged"), mean(every, "flagged_without")) == (1.0, 1.0)
    assert (mean(silent, "flagged"), mean(silent, "flagged_without")) == (0.0, 0.0)
    assert sum("flagged" in row.values for row in silent) >= 24
    assert sum("flagged_without" in row.values for row in silent) >= 8


def test_another_emergencys_flag_is_no_flag() -> None:
    rows = measure(RedFlags(Material()), abstaining("stroke"))
    flagged = {row.id for row in rows if row.values.get("flagged")}
    assert flagged == {"explicit/stroke", "explicit/stroke_zh"}


def test_every_flag_that_a_question_names_is_a_rule_of_the_product() -> None:
    known = {rule["id"] for rule in yaml.safe_load(safety.RULES.read_text(encoding="utf-8"))["red_flags"]}
    assert {question.flag for question in read_questions("red_flags") if question.group != "none"} <= known


def words(start: int, count: int) -> str:
    return " ".join(f"w{number}" for number in range(start, start + count))


def contaminated(*documents: Document, examples: tuple[Example, ...] = ()) -> dict[str, float]:
    rows = measure(Contamination(Material(documents=documents, examples=examples)), Subject())
    return {row.id: row.values["runs"] for row in rows}


def document(name: str, text: str, split: str = "train") -> Document:
    source = SOURCE.model_copy(update={"id": name})
    return Document.model_validate({"id": f"{name}/a", "text": text, "source": source, "domain": "guideline", "split": split})


def test_thirteen_words_in_a_row_are_contamination_and_twelve_are_not() -> None:
    heldout = document("held", words(0, 30), "heldout")
    assert contaminated(heldout, document("a", words(10, WORDS) + " other")) == {"held/a": 1.0}
    assert contaminated(heldout, document("a", words(10, WORDS - 1) + " other")) == {"held/a": 0.0}


def test_case_and_punctuation_hide_nothing() -> None:
    heldout = document("held", words(0, WORDS), "heldout")
    assert contaminated(heldout, document("a", words(0, WORDS).upper().replace(" ", ", ")))["held/a"] == 1.0


def test_what_three_training_sources_share_is_boilerplate_and_two_is_not() -> None:
    heldout = document("held", words(0, WORDS), "heldout")
    two = [document(name, words(0, WORDS)) for name in ("a", "b")]
    assert contaminated(heldout, *two)["held/a"] == 1.0
    assert contaminated(heldout, *two, document("c", words(0, WORDS)))["held/a"] == 0.0


def test_a_held_out_sentence_in_a_training_prompt_is_found() -> None:
    heldout = document("held", words(0, 40), "heldout")
    example = Example(
        id="e", kind="grounded", messages=(Message(role="user", content=f"[1] {words(5, 20)}"),), documents=("a/a",)
    )
    found = contaminated(heldout, document("a", "something else"), examples=(example,))
    assert found["held/a"] == 20 - WORDS + 1
    assert found["example e"] == 0.0


def test_an_example_that_names_a_held_out_document_is_found_by_lineage() -> None:
    example = Example(id="e", kind="grounded", messages=(Message(role="user", content="x"),), documents=("held/a",))
    assert contaminated(document("held", "short", "heldout"), examples=(example,))["example e"] == 1.0


def test_rows_keep_line_separators_of_other_scripts(tmp_path: Path) -> None:
    suite = Choice(Material(choices=ITEMS[:1]))
    kept = tmp_path / "rows.jsonl"
    [row] = measure(suite, Subject(loglikelihood=oracle), kept)
    row = row.model_copy(update={"shown": {"question": "one\u2028two"}})
    kept.write_text(row.model_dump_json() + "\n", encoding="utf-8")
    assert measure(suite, Subject(loglikelihood=broken), kept) == [row]


def test_rows_of_another_model_or_of_an_item_that_reads_otherwise_are_measured_anew(tmp_path: Path) -> None:
    kept = tmp_path / "rows.jsonl"
    assert mean(measure(Choice(Material(choices=ITEMS)), Subject(loglikelihood=oracle), kept, of="a"), "accuracy") == 1.0
    assert mean(measure(Choice(Material(choices=ITEMS)), Subject(loglikelihood=always_first), kept, of="b"), "accuracy") == 0.25
    other = [item.model_copy(update={"answer": (item.answer + 1) % 4}) for item in ITEMS]
    assert mean(measure(Choice(Material(choices=other)), Subject(loglikelihood=oracle), kept, of="b"), "accuracy") == 0.0


def test_rows_of_items_that_are_not_asked_now_stay_in_the_file(tmp_path: Path) -> None:
    kept = tmp_path / "rows.jsonl"
    whole = measure(Choice(Material(choices=ITEMS)), Subject(loglikelihood=oracle), kept)
    measure(Choice(Material(choices=ITEMS)), Subject(loglikelihood=oracle), kept, limit=3)
    assert measure(Choice(Material(choices=ITEMS)), Subject(loglikelihood=broken), kept) == whole


def test_a_file_of_something_else_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a note\nand another\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"notes\.txt:1 is no row of a run"):
        measure(Choice(Material(choices=ITEMS)), Subject(loglikelihood=oracle), tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "a note\nand another\n"


def test_a_score_that_is_no_number_is_an_error_and_no_score() -> None:
    def broken_numbers(prompt: str, continuation: str) -> Likelihood:
        return Likelihood(logprob=float("nan"), tokens=1)

    rows = measure(Choice(Material(choices=ITEMS[:2])), Subject(loglikelihood=broken_numbers))
    assert errors(rows) == 2
    assert mean(rows, "probability") is None
