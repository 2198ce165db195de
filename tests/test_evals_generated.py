"""Reading what a model wrote: thoughts, stops, last lines, numbers and dates, and what is left out of a publisher's file."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import DONE, chunk, openai_server

from evals import honesty, run
from evals.benchmarks import bbh, gsm8k, medcalc
from evals.benchmarks.bbh import BBH
from evals.benchmarks.gsm8k import GSM8K
from evals.benchmarks.healthbench import HealthBench
from evals.benchmarks.ifeval import NEED_PUNKT, IFEval, checkers
from evals.benchmarks.kqa import KQA
from evals.benchmarks.medcalc import MedCalc
from evals.benchmarks.medqa import MedQA
from evals.generated import Written, reasoned
from evals.judges import ModelJudge
from evals.replies import Reply, final_letter, read, strip_thoughts
from evals.subjects import synchronous
from evals.suite import Material, Subject
from medmodel.errors import InputError
from medmodel.models.engine import Completion
from medmodel.models.openai_engine import OpenAIEngine
from medmodel.models.scripted import ScriptedEngine
from medmodel.records import Message

OPTIONS = ("rest at home", "ice", "heat twice a day", "salt")
SPECIMENS: Sequence[type[Written[Any]]] = (GSM8K, BBH, MedCalc, HealthBench, KQA, IFEval)


def saying(text: str, finish: str = "stop") -> Subject:
    return Subject(generate=lambda messages, most: Completion(text=text, finish_reason=finish, tokens=3))


def specimen(plugin: type[Written[Any]], folder: Path) -> Written[Any]:
    return plugin(plugin.specimen(folder))


@pytest.mark.parametrize(
    "text",
    [
        "Answer: C",
        "It is warm.\n\n**Answer: C**",
        "**Answer:** (C)",
        "The answer is C.",
        "So the correct answer is (C).",
        "Answer: C. heat twice a day",
        "Answer: C) Heat twice a day.",
        "Answer: C\nI am sure.\nFinal answer: C",
        "<think>Answer: A</think>\nAnswer: C\n\n",
    ],
)
def test_one_letter_in_the_last_line_is_an_answer(text: str) -> None:
    assert final_letter(strip_thoughts(text), OPTIONS) == "C"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "C",
        "A B C D",
        "Answer: A B C D",
        "Answer: A or C",
        "Answer: A, C",
        "Answer: heat twice a day",
        "Answer: E",  # no such option
        "Answer: C. salt",  # a letter and another option's text
        "Answer: C\nOr is it another?",  # not the last line
        "Answer: A\nAnswer: C",  # two answers
        "The answer is that C is wrong and A is right.",
        "<think>Answer: C",
        "Answer:",
    ],
)
def test_anything_else_is_no_answer(text: str) -> None:
    assert final_letter(strip_thoughts(text), OPTIONS) is None


@given(st.text(alphabet="ABCD .:,()*\nAnswer the is", max_size=60))
def test_whatever_is_written_an_answer_is_one_of_the_options(text: str) -> None:
    assert final_letter(text, OPTIONS) in (None, "A", "B", "C", "D")


def test_thoughts_are_dropped_and_one_without_end_leaves_nothing() -> None:
    assert strip_thoughts("<think>a</think>b<think>c</think>d") == "bd"
    assert strip_thoughts("the opening mark was left out</think>b") == "b"
    assert strip_thoughts("<think>and so on") == ""


def test_nothing_is_read_after_a_stop_and_what_ended_there_was_not_cut_off() -> None:
    cut = Completion(text="The answer is 4.\nQ: another?", finish_reason="length")
    assert read(cut, ("\nQ:",)) == Reply("The answer is 4.", truncated=False)
    assert read(cut) == Reply(cut.text, truncated=True)


@pytest.mark.parametrize("plugin", [*SPECIMENS, reasoned(MedQA)], ids=lambda plugin: plugin.__name__)
def test_a_perfect_answer_that_was_cut_off_is_worth_nothing(plugin: type[Written[Any]], tmp_path: Path) -> None:
    suite = specimen(plugin, tmp_path)
    for item in suite.items():
        said = suite.perfect(item)
        assert isinstance(said, str)
        whole, cut = (suite.score(item, saying(said, finish)).values for finish in ("stop", "length"))
        metric = suite.metrics[0]
        assert (whole[metric], whole["truncated"]) == (1.0, 0.0)
        assert (cut[metric], cut["truncated"]) == (0.0, 1.0)


def test_multiple_choice_with_reasoning_scores_every_fake_at_its_worth(tmp_path: Path) -> None:
    findings = honesty.examine(reasoned(MedQA), tmp_path)
    assert honesty.table({"medqa --generate": findings}) == []
    worth = {found.fake: found.value for found in findings if found.metric == "accuracy"}
    assert (worth["constant"], worth["oracle"], worth["all"], worth["hedge"]) == (0.25, 1.0, 0.0, 0.0)


def test_worked_examples_and_retrieval_are_not_for_reasoning_and_are_not_dropped_in_silence(tmp_path: Path) -> None:
    material = MedQA.specimen(tmp_path)
    for wrong in (replace(material, shots=5), replace(material, index=tmp_path)):
        with pytest.raises(InputError, match="no --shots and no --retrieval"):
            reasoned(MedQA)(wrong)


def test_a_guess_in_the_right_form_scores_what_it_hits(tmp_path: Path) -> None:
    suite = specimen(reasoned(MedQA), tmp_path)
    rows = [suite.score(item, saying("Answer: B")) for item in suite.items()]
    assert run.mean(rows, "accuracy") == 0.25
    assert run.mean(rows, "unparsed") == 0.0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5 + 3 = 8\n#### 8", "8"),
        ("The answer is 8.", "8"),
        ("The answer is $1,250.50.", "1250.50"),
        ("the answer is -3 apples", "-3"),
        ("The answer is 5. No, wait.\nThe answer is 8.", "8"),
        ("#### 5\n#### $1,000", "1000"),
        ("", None),
        ("8", None),
        ("So we get 5 + 3 = 8.", None),
        ("The answer is 5 or 8.", None),
        ("The answer is 5 + 3 = 8.", None),
        ("#### 1 2 3 4 5 6 7 8", None),
        ("The answer is 8.\nThe answer is unclear.", None),
        ("The answer is eight.", None),
        ("1 2 3 4 5 6 7 8 9 10 100", None),
    ],
)
def test_a_sum_is_answered_by_the_number_of_its_last_mark(text: str, number: str | None) -> None:
    assert gsm8k.last_marked(text) == number


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9))
def test_a_number_is_read_as_it_was_written(number: Decimal) -> None:
    for text in (f"#### {number:,}", f"The answer is {number}."):
        said = gsm8k.last_marked(text)
        assert said is not None
        assert Decimal(said) == number


def test_worked_examples_are_lm_evals_and_end_in_the_question() -> None:
    eight, none, two = gsm8k.worked(8), gsm8k.worked(0), gsm8k.worked(2)
    assert eight.startswith("Q: There are 15 trees in the grove.")
    assert eight.count("The answer is") == 8
    assert eight.endswith("The answer is 8.\n\nQ: {{question}}\nA:")
    assert none == "Q: {{question}}\nA: Let's think step by step."
    assert two.count("The answer is") == 2
    task = bbh.worked("temporal_sequences", 3)
    assert task.startswith(
        "Task description: Answer questions about which times certain events could have occurred.\n\nQ: Today, Emily"
    )
    assert task.endswith("So the answer is (D).\n\nQ: {{input}}\nA: Let's think step by step.\n")
    with pytest.raises(InputError, match="8 worked examples"):
        gsm8k.worked(9)
    with pytest.raises(InputError, match="3 worked examples"):
        bbh.worked("temporal_sequences", 4)


def test_a_puzzle_is_answered_in_brackets_and_once(tmp_path: Path) -> None:
    suite = specimen(BBH, tmp_path)
    item = suite.items()[0]
    said = {
        "So the answer is (A).": "(A)",
        "the answer is (B), no: the answer is (A)": None,
        "The answer is (B)\nThe answer is (A)": "(A)",
        "The answer is A.": None,
        "The answer is (A) or (B).": None,
        "(A)": None,
    }
    assert {text: suite.parse(item, text) for text in said} == said


@pytest.mark.parametrize(
    ("kind", "said", "value"),
    [
        ("decimal", "64.9 mL/min/1.73 m²", "64.9"),
        ("decimal", "1,064.9", "1064.9"),
        ("decimal", "-2.5", "-2.5"),
        ("decimal", "5 or 6", None),
        ("decimal", "between 5 and 6", None),
        ("decimal", "5 6 7", None),
        ("integer", "4 points", "4"),
        ("integer", "four", None),
        ("date", "8/7/2023", "08/07/2023"),
        ("date", "02/30/2023", None),
        ("date", "2023-08-07", None),
        ("age", "3 weeks, 2 days", "3+2"),
        ("age", "('3 weeks', '2 days')", "3+2"),
        ("age", "3 weeks", None),
    ],
)
def test_a_calculation_is_read_whole_or_not_at_all(kind: Any, said: str, value: str | None) -> None:
    assert medcalc._read(kind, said) == value


@pytest.mark.parametrize(
    ("at", "right", "wrong"),
    [
        (0, ("7.125", "7.5 kg", "7.875"), ("7.1", "7.9", "7.5 or 7.6", "75")),
        (1, ("4", "4.0", "4 points"), ("5", "4.4", "3, 4, 5")),
        (2, ("08/17/2023", "8/17/2023"), ("08/18/2023", "17/08/2023")),
        (3, ("3 weeks, 2 days", "3 weeks and 2 days"), ("3 weeks, 3 days", "23 days")),
    ],
)
def test_a_calculation_is_right_within_its_limits(at: int, right: Sequence[str], wrong: Sequence[str], tmp_path: Path) -> None:
    suite = specimen(MedCalc, tmp_path)
    item = suite.items()[at]
    for said, worth in [*((text, 1.0) for text in right), *((text, 0.0) for text in wrong)]:
        assert suite.score(item, saying(f"Work.\nAnswer: {said}")).values["accuracy"] == worth, said


def test_a_rubric_counts_its_points_over_those_that_can_be_had(tmp_path: Path) -> None:
    suite = specimen(HealthBench, tmp_path)
    (item,) = suite.items()
    # 5 of 5 + 3; within completeness 5 of 5, within accuracy 0 of 3
    values = suite.score(item, saying("call an ambulance")).values
    assert values["score"] == values["theme:emergency"] == 5 / 8
    assert (values["axis:completeness"], values["axis:accuracy"]) == (1.0, 0.0)
    # (5 - 4 - 2) / 8: what is bad counts against what is good
    both = suite.score(item, saying("call an ambulance? I can't help. Yes, no and maybe"))
    assert both.values["score"] == -1 / 8
    assert suite.detail([both])["clipped"] == 0.0
    # cut off: nothing gained, and the loss stays
    cut = suite.score(item, saying("call an ambulance? I can't help. Yes, no and maybe", "length"))
    assert cut.values["score"] == -1 / 8
    assert cut.values["axis:completeness"] == 0.0


def test_theme_and_axis_are_clipped_means_with_their_n(tmp_path: Path) -> None:
    suite = specimen(HealthBench, tmp_path)
    (item,) = suite.items()
    rows = [suite.score(item, saying(text)) for text in ("call an ambulance and do not drive", "I can't help")]
    detail = suite.detail(rows)
    assert detail["clipped"] == (1.0 + -0.5) / 2
    assert detail["axis:accuracy"] == {"clipped": 0.5, "n": 2}
    assert detail["judge"]["judge"].startswith("literal (a fake")
    assert len(detail["judge"]["prompt_sha256"]) == 64


def test_what_must_be_said_and_what_is_denied_are_two_figures(tmp_path: Path) -> None:
    suite = specimen(KQA, tmp_path)
    item = suite.items()[0]
    values = suite.score(item, saying("alphin is for adults; it is not true that alphin needs food")).values
    assert (values["complete"], values["contradicted"]) == (1.0, 0.5)
    values = suite.score(item, saying("alphin is for adults", "length")).values
    assert (values["complete"], values["contradicted"]) == (0.0, 0.0)


def test_a_rubric_without_a_judge_is_refused_before_anything_starts(tmp_path: Path) -> None:
    for plugin in (HealthBench, KQA):
        material = plugin.specimen(tmp_path)
        with pytest.raises(InputError, match="give --judge URL"):
            plugin(Material(data=material.data))


def test_instructions_are_counted_one_by_one_and_all_together(tmp_path: Path) -> None:
    suite = specimen(IFEval, tmp_path)
    first, second = suite.items()
    rows = [suite.score(first, saying("A zebra, that is all.")), suite.score(second, saying("A horse\nA zebra"))]
    # "That is all." is asked for at the end, and is there in other capitals: lm-eval's checker takes it
    assert [row.values["prompt_strict"] for row in rows] == [1.0, 1.0]
    loose = suite.score(second, saying("Sure, here it is:\nA horse"))
    assert (loose.values["prompt_strict"], loose.values["prompt_loose"]) == (0.0, 1.0)
    half = suite.score(first, saying("A zebra"))
    assert (half.values["prompt_strict"], half.values["followed_strict"]) == (0.0, 1.0)
    assert suite.detail([half, loose])["instruction_strict"] == round(1 / 3, 4)


def test_a_prompt_that_cannot_be_checked_here_is_left_out_and_counted(tmp_path: Path) -> None:
    material = IFEval.specimen(tmp_path)
    file = tmp_path / "input_data.jsonl"
    rows = [
        {"key": 10 + at, "prompt": "p", "instruction_id_list": [kind], "kwargs": [{}]} for at, kind in enumerate(NEED_PUNKT)
    ]
    file.write_text("\n".join([file.read_text(encoding="utf-8"), *map(json.dumps, rows)]), encoding="utf-8")
    suite = IFEval(material)
    installed = checkers().kinds.issuperset(NEED_PUNKT)
    assert len(suite.items()) == (4 if installed else 2)
    assert suite.detail([]).get("left_out", "").startswith("" if installed else "2 prompts")


def test_the_language_detector_says_the_same_every_time(tmp_path: Path) -> None:
    checkers()
    import langdetect

    assert len({langdetect.detect("es war la vie no") for _ in range(20)}) == 1


BROKEN: dict[type[Written[Any]], tuple[str, Callable[[Any], Any], str]] = {
    GSM8K: ("test.jsonl", lambda row: {"question": row["question"], "answer": "8"}, "does not end in '#### n'"),
    HealthBench: ("made_up_oss_eval.jsonl", lambda row: {**row, "rubrics": row["rubrics"][2:]}, "positive points"),
    KQA: ("questions.jsonl", lambda row: {**row, "Must_have": []}, "must be said"),
    IFEval: (
        "input_data.jsonl",
        lambda row: {**row, "instruction_id_list": ["made:up"], "kwargs": [{}]},
        "a checker: 'made:up'",
    ),
}


@pytest.mark.parametrize("plugin", BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_bad_item_is_named_and_counted_and_the_rest_is_run(plugin: type[Written[Any]], tmp_path: Path) -> None:
    material = plugin.specimen(tmp_path)
    name, spoil, why = BROKEN[plugin]
    lines = (tmp_path / name).read_text(encoding="utf-8").split("\n")
    good = len(lines)
    spoilt = [json.dumps(spoil(json.loads(lines[0]))), '{"torn', "[]", "{}"]
    (tmp_path / name).write_text("\n".join([*lines, *spoilt]), encoding="utf-8")
    suite = plugin(material)
    assert len(suite.items()) == good
    assert [(bad.file, bad.number) for bad in suite.bad] == [(name, good + at) for at in (1, 2, 3, 4)]
    assert why in suite.bad[0].reason
    assert all(bad.reason.startswith("has no '") for bad in suite.bad[1:])
    assert suite.detail([])["bad_items"]["n"] == 4


def test_a_bad_row_of_a_csv_is_named_too_and_a_bad_option_of_a_puzzle(tmp_path: Path) -> None:
    material = MedCalc.specimen(tmp_path)
    with (tmp_path / "test_data.csv").open("a", encoding="utf-8") as file:
        file.write("5,decimal,How much?,none,1,2,n,c,note-5,A note\r\n")
        file.write("5,colour,How much?,3,1,2,n,c,note-5,A note\r\n")
        file.write("5,decimal,How much?,3,low,2,n,c,note-5,A note\r\n")
    suite = MedCalc(material)
    assert [(bad.number, bad.reason[:31]) for bad in suite.bad] == [
        (5, "has an output type or an answer"),
        (6, "has an output type or an answer"),
        (7, "has a part that is not as descr"),
    ]
    assert len(suite.items()) == 4
    material = BBH.specimen(tmp_path)
    file_of_task = tmp_path / "temporal_sequences.json"
    examples = json.loads(file_of_task.read_text(encoding="utf-8"))["examples"]
    file_of_task.write_text(json.dumps({"examples": [*examples, {"input": "(A) x", "target": "(F)"}]}), encoding="utf-8")
    assert BBH(material).bad == [("temporal_sequences.json", 2, "has an answer that is none of its options")]


def test_a_file_without_a_good_item_and_a_folder_without_a_file_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"question": "Mrs Example?"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"test.jsonl holds no usable item: test.jsonl item 1 has no 'answer'") as caught:
        GSM8K(Material(data=tmp_path))
    assert "Mrs" not in str(caught.value)
    with pytest.raises(InputError, match=r"bbh: nothing under .* is called temporal_sequences"):
        BBH(Material(data=tmp_path))
    with pytest.raises(InputError, match="medcalc: give it its files with --data DIR"):
        MedCalc(Material())


def test_files_are_read_packed_as_they_are_plain(tmp_path: Path) -> None:
    GSM8K.specimen(tmp_path)
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / "test.jsonl.gz").write_bytes(gzip.compress((tmp_path / "test.jsonl").read_bytes()))
    assert GSM8K(Material(data=packed)).items() == GSM8K(Material(data=tmp_path)).items()


def test_a_test_split_is_read_when_it_is_named_or_alone_and_the_result_says_so(tmp_path: Path) -> None:
    alone = GSM8K.specimen(tmp_path)
    assert GSM8K(alone).detail([])["from"] == "test.jsonl"
    (tmp_path / "train.jsonl").write_text((tmp_path / "test.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    assert GSM8K(alone).detail([])["from"] == "train.jsonl"
    assert GSM8K(replace(alone, data=tmp_path / "test.jsonl")).detail([])["from"] == "test.jsonl"


def test_a_kept_row_counts_only_for_the_same_prompt_and_the_same_judge(tmp_path: Path) -> None:
    material = GSM8K.specimen(tmp_path)
    suite = GSM8K(material)
    row = suite.score(suite.items()[0], saying("The answer is 6."))
    assert suite.settled(row)
    assert GSM8K(material).settled(row)
    assert not GSM8K(replace(material, shots=0)).settled(row)
    rubric = specimen(KQA, tmp_path)
    judged = rubric.score(rubric.items()[0], saying("alphin is for adults"))
    another = ModelJudge(ScriptedEngine(), "another", asyncio.run)
    assert rubric.settled(judged)
    assert not KQA(replace(rubric.material, judge=another)).settled(judged)


async def too_busy(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield b'data: {"error": {"message": "too many requests", "code": 429}}\n\n'


async def no_json(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield b"data: <html>Mrs Example</html>\n\n"


async def a_list(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield b"data: []\n\n"


async def hanging(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield chunk("one ")
    await asyncio.sleep(60)


async def good(body: dict[str, Any]) -> AsyncIterator[bytes]:
    yield chunk("The answer is 6.", "stop")
    yield DONE


@pytest.mark.parametrize(
    ("chunks", "why"),
    [
        (too_busy, "status 429"),
        (no_json, "not a JSON object"),
        (a_list, "not a JSON object"),
        (hanging, "no token"),
        (good, ""),
    ],
)
def test_an_endpoint_that_fails_is_an_error_of_the_item_and_no_score(chunks: Any, why: str, tmp_path: Path) -> None:
    suite = specimen(GSM8K, tmp_path)
    item = suite.items()[0]
    with openai_server(chunks, []) as url, synchronous(OpenAIEngine(url, "pico", patience=0.3)) as subject:
        row = run.score(suite, item, subject)
    assert why in row.error
    assert "Mrs" not in row.error
    assert row.values.get("accuracy") == (None if why else 1.0)


def test_what_is_asked_is_one_turn_at_temperature_zero(tmp_path: Path) -> None:
    bodies: list[dict[str, Any]] = []
    suite = specimen(GSM8K, tmp_path)
    with openai_server(good, bodies) as url, synchronous(OpenAIEngine(url, "pico")) as subject:
        suite.score(suite.items()[0], subject)
    (body,) = bodies
    assert [turn["role"] for turn in body["messages"]] == ["user"]
    assert (body["temperature"], body["max_tokens"]) == (0.0, 512)
    assert Message.model_validate(body["messages"][0]).content.endswith("Q: Ann has 3 pens and buys 3.\nA:")
