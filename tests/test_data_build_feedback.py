"""The feedback export: what the evidence supports becomes training data, all else is held back with a reason."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from serving import served

from data_build.feedback import Exported, export, read
from data_build.identifiers import identifiers
from medmodel import Client, prompts
from medmodel.errors import InputError
from medmodel.models.engine import Completion
from medmodel.rag.citations import judge_first_try, resolve
from medmodel.rag.nearest import grounded_prompt
from medmodel.records import Answer, Example, Feedback, FirstTry, Passage, Preference, Source, Span
from medmodel.serve.feedback import FeedbackStore

SENTENCES = (
    "Apixaban is recommended over warfarin in atrial fibrillation.",
    "When warfarin is used, target INR is 2.0–3.0.",
    "Aspirin alone is not recommended for stroke prevention.",
)
TEXT = "\n".join(SENTENCES)
STARTS = [TEXT.index(sentence) for sentence in SENTENCES]
PASSAGE = Passage(
    id="synthetic/1#0",
    document_id="synthetic/1",
    text=TEXT,
    start=0,
    end=len(TEXT),
    sentences=tuple(Span(start=at, end=at + len(said)) for at, said in zip(STARTS, SENTENCES, strict=True)),
    source=Source(id="synthetic", title="A synthetic guideline", licence="CC0-1.0", tier="guideline"),
)
QUESTION = "Which INR target is used with warfarin?"
WRONG = "[1] Apixaban is recommended over warfarin in atrial fibrillation."


def answer(lines: tuple[tuple[int, str], ...] = ((2, SENTENCES[1]),), **fields: Any) -> Answer:
    told: dict[str, Any] = {
        "id": "a1",
        "question": QUESTION,
        "status": "answered",
        "origin": "model",
        "claims": resolve(lines, [PASSAGE]),
        "passages": (PASSAGE,),
        "first_try": FirstTry(text=WRONG, finish_reason="stop", well_formed=True, grounded=True, abstained=False),
    }
    return Answer.model_validate({**told, **fields})


def verdict(rating: str = "up", given: Answer | None = None, **fields: Any) -> Feedback:
    return Feedback.model_validate({"id": "f1", "answer": given or answer(), "rating": rating, **fields})


def only_reason(exported: Exported) -> str:
    assert not exported.examples
    assert not exported.preferences
    assert sum(exported.held_back.values()) == 1
    return next(iter(exported.held_back))


def test_an_approved_answer_becomes_an_example_in_the_products_own_prompt() -> None:
    exported = export([verdict()])
    example = exported.examples[0]
    assert example.kind == "feedback"
    assert example.documents == ("synthetic/1",)
    assert example.messages[:-1] == grounded_prompt(QUESTION, [PASSAGE])
    assert example.messages[-1].content == f"[2] {SENTENCES[1]}"
    assert judge_first_try(Completion(text=example.messages[-1].content, finish_reason="stop"), [PASSAGE]).grounded
    assert not exported.preferences


def test_a_correction_becomes_an_example_and_is_preferred_to_the_first_try() -> None:
    exported = export([verdict("down", corrected="The target INR is 2.0–3.0 when warfarin is used.")])
    chosen = "[2] The target INR is 2.0–3.0 when warfarin is used."
    assert exported.examples[0].messages[-1].content == chosen
    assert exported.preferences[0].chosen == chosen
    assert exported.preferences[0].rejected == WRONG
    assert exported.preferences[0].prompt == grounded_prompt(QUESTION, [PASSAGE])


def test_the_clinicians_own_numbering_of_a_correction_is_made_anew() -> None:
    exported = export([verdict("down", corrected=f"[1] {SENTENCES[1]}\n[9] {SENTENCES[2]}")])
    assert exported.examples[0].messages[-1].content == f"[2] {SENTENCES[1]}\n[3] {SENTENCES[2]}"


def test_a_correction_that_the_passages_do_not_say_is_never_trained_on() -> None:
    assert only_reason(export([verdict("down", corrected="When warfarin is used, target INR is 2.5–3.5.")])).startswith(
        "new knowledge"
    )


def test_that_there_is_no_answer_can_be_approved_and_can_be_the_correction() -> None:
    abstained = answer(status="abstained", origin="none", claims=())
    for given in (verdict(given=abstained), verdict("down", corrected=prompts.NO_ANSWER)):
        assert export([given]).examples[0].messages[-1].content == prompts.NO_ANSWER


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (verdict("down"), "no correction"),
        (verdict(harm="serious"), "contradiction"),
        (verdict(given=answer(fake=True)), "fake"),
        (verdict(given=answer(status="refused", claims=(), passages=())), "no passages"),
        (verdict(given=answer(lines=((1, SENTENCES[1]),))), "fails the support check"),
        (verdict(given=answer(question="Mr Smith takes warfarin: which INR?")), "identifier: name"),
        (verdict("down", corrected="Call 555-010-4477 about the INR."), "identifier: phone"),
    ],
)
def test_what_teaches_nothing_true_is_held_back_with_its_reason(given: Feedback, reason: str) -> None:
    assert only_reason(export([given])).startswith(reason)


def test_an_answer_that_showed_a_held_out_document_is_held_back() -> None:
    assert only_reason(export([verdict()], heldout={"synthetic/1"})).startswith("held out")


def test_raters_who_disagree_are_left_to_adjudication() -> None:
    exported = export([verdict(id="f1", rater="a"), verdict("down", id="f2", rater="b", corrected=SENTENCES[1])])
    assert not exported.examples
    assert list(exported.held_back.values()) == [2]


def test_a_raters_later_verdict_replaces_the_earlier() -> None:
    exported = export([verdict("down", id="f1", rater="a"), verdict(id="f2", rater="a")])
    assert [example.id for example in exported.examples] == ["feedback:f2"]
    assert list(exported.held_back) == ["superseded by the rater's later verdict"]


def test_the_same_question_and_answer_are_exported_once() -> None:
    exported = export([verdict(id="f1"), verdict(id="f2", given=answer(id="a2"))])
    assert len(exported.examples) == 1
    assert next(iter(exported.held_back)).startswith("duplicate")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to jo.public@example.org", "email"),
        ("MRN: 48213", "record"),
        ("病历号 48213", "record"),
        ("admitted 12/03/2024", "date"),
        ("seen on 4 March", "date"),
        ("patient Jane has palpitations", "name"),
        ("王先生胸痛", "name"),
        ("a 93-year-old woman", "age"),
        ("lives at 12 Mill Road", "address"),
        ("number 123456789", "phone"),
        ("call +44 20 7946 0958", "phone"),
    ],
)
def test_an_identifier_is_found_by_kind(text: str, kind: str) -> None:
    assert kind in identifiers(text)


@pytest.mark.parametrize(
    "text",
    [
        "BP 150/95 mmHg, apixaban 5 mg twice daily, INR 2.0–3.0, CHA₂DS₂-VASc 2, eGFR 15-29, platelets 150,000",
        "A 72-year-old patient with HFrEF and 3-6 months of dyspnoea: 100-200 mg or 20-40 mg?",
        "65岁患者，房颤，INR目标？",
        "What do ACC/AHA 2023 and ESC 2020 say; is Class IIa, HLA-B*5801, CURB-65 of 3 relevant? Dr visits aside.",
        "Augmentin 625 mg or Decreased 20 %? Marked 10 days.",
    ],
)
def test_an_ordinary_clinical_question_has_no_identifier(text: str) -> None:
    assert identifiers(text) == ()


def test_feedback_given_over_the_socket_is_read_back_over_it(tmp_path: Path) -> None:
    with served(tmp_path) as url, Client(url) as client:
        client.feedback(client.ask("Which INR target is used with warfarin?"), "up")
        found = read(url)
    assert found == read(str(tmp_path / "feedback.db"))
    assert export(found).examples[0].messages[-1].content.startswith("[1] When warfarin is used")


def test_a_database_that_is_not_there_is_an_error_and_not_an_empty_export(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no feedback database at .*absent\.db"):
        read(str(tmp_path / "absent.db"))


def test_feedback_is_read_from_a_file_of_records(tmp_path: Path) -> None:
    given = [verdict(id="f1"), verdict("down", id="f2", corrected=SENTENCES[2])]
    path = tmp_path / "verdicts.jsonl"
    path.write_text("\n\n".join(each.model_dump_json() for each in given) + "\n", encoding="utf-8")
    assert read(str(path)) == given


def test_a_bad_line_of_a_file_is_named_by_number_and_field_and_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    for bad, field in (
        (verdict().model_dump_json().replace('"up"', '"Secretname"'), "rating"),
        ("Secretname", "the whole line"),
    ):
        path.write_text(f"{verdict().model_dump_json()}\n{bad}\n", encoding="utf-8")
        with pytest.raises(InputError, match=rf"verdicts\.jsonl:2 is no Feedback \(field '{field}'\)") as raised:
            read(str(path))
        assert "Secretname" not in str(raised.value)


@pytest.mark.slow
def test_the_command_writes_records_a_stage_can_read_and_a_report(tmp_path: Path) -> None:
    kept = FeedbackStore(f"sqlite:///{tmp_path / 'feedback.db'}")
    kept.add(verdict(id="f1"))
    kept.add(verdict("down", id="f2", given=answer(id="a2", question="Is aspirin enough?"), corrected=SENTENCES[2]))
    kept.add(verdict(id="f3", given=answer(id="a3", question="Ms Secretname: INR?")))
    kept.close()
    command = [sys.executable, "-m", "data_build", "feedback", "--store", str(tmp_path / "feedback.db")]
    done = subprocess.run([*command, "--out", str(tmp_path / "out")], capture_output=True, text=True, check=True)
    examples = (tmp_path / "out" / "sft.jsonl").read_text(encoding="utf-8")
    assert [Example.model_validate_json(line).id for line in examples.splitlines()] == ["feedback:f1", "feedback:f2"]
    pairs = (tmp_path / "out" / "preference.jsonl").read_text(encoding="utf-8")
    assert [Preference.model_validate_json(line).id for line in pairs.splitlines()] == ["feedback:f2"]
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["held_back"] == {"identifier: name": 1}
    assert report["heldout_checked"] is False
    assert "Secretname" not in done.stdout + done.stderr + examples + pairs + json.dumps(report)
