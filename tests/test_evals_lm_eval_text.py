"""Prompts are lm-eval's to the letter: expected texts below were written by hand from its task definitions."""

from pathlib import Path

import pytest

from evals.closed_book import ANY_NUMBER, CMMLU, MMLU
from evals.lm_eval_text import Wording
from medmodel.errors import InputError

MEDQA = [
    {"sent1": "A child limps. Why?", "ending0": "Gout", "ending1": "Perthes", "ending2": "Flu", "ending3": "Cold", "label": 1},
    {"sent1": "Which is a sugar?", "ending0": "Salt", "ending1": "Iron", "ending2": "Glucose", "ending3": "Zinc", "label": 2},
]


def test_a_medqa_prompt_with_a_worked_example_is_lm_evals() -> None:
    wording = Wording("medqa/medqa.yaml", MEDQA[:1], MEDQA[1:])
    assert wording.prompt(MEDQA[0], shots=1) == (
        "Question: Which is a sugar?\nA. Salt\nB. Iron\nC. Glucose\nD. Zinc\nAnswer: C\n\n"
        "Question: A child limps. Why?\nA. Gout\nB. Perthes\nC. Flu\nD. Cold\nAnswer:"
    )
    assert wording.prompt(MEDQA[0]) == "Question: A child limps. Why?\nA. Gout\nB. Perthes\nC. Flu\nD. Cold\nAnswer:"
    assert wording.continuations(MEDQA[0]) == [" A", " B", " C", " D"]


def test_a_medmcqa_prompt_lists_choices_under_a_line_of_their_own() -> None:
    doc = {"question": "Which is a bone?", "opa": "Femur", "opb": "Aorta", "opc": "Lens", "opd": "Retina", "cop": 0}
    wording = Wording("medmcqa/medmcqa.yaml", [doc], [])
    assert wording.prompt(doc) == "Question: Which is a bone?\nChoices:\nA. Femur\nB. Aorta\nC. Lens\nD. Retina\nAnswer:"


def test_a_pubmedqa_prompt_has_the_abstract_first_and_words_for_answers() -> None:
    doc = {"CONTEXTS": ["We looked.", "We found."], "QUESTION": "Is it so?", "final_decision": "maybe"}
    wording = Wording("pubmedqa/pubmedqa.yaml", [doc], [])
    assert wording.prompt(doc) == "Abstract: We looked.\nWe found.\nQuestion: Is it so?\nAnswer:"
    assert wording.continuations(doc) == [" yes", " no", " maybe"]


def test_an_mmlu_prompt_begins_with_its_subject_and_examples_are_the_first_in_order() -> None:
    docs = [{"question": f" {name}? ", "choices": ["a", "b", "c", "d"], "answer": 3} for name in ("One", "Two", "Three")]
    wording = Wording("mmlu/default/mmlu_anatomy.yaml", docs[:1], docs[1:])
    assert wording.prompt(docs[0], shots=2) == (
        "The following are multiple choice questions (with answers) about anatomy.\n\n"
        "Two?\nA. a\nB. b\nC. c\nD. d\nAnswer: D\n\nThree?\nA. a\nB. b\nC. c\nD. d\nAnswer: D\n\n"
        "One?\nA. a\nB. b\nC. c\nD. d\nAnswer:"
    )


@pytest.mark.parametrize("base", [MMLU, CMMLU])
def test_for_four_options_the_text_for_any_number_is_lm_evals_own(base: str) -> None:
    doc = {
        "question": " Which? ",
        "choices": ["a", "b", "c", "d"],
        "answer": 1,
        "letters": ["A", "B", "C", "D"],
        **{"Question": " Which? ", "A": "a", "B": "b", "C": "c", "D": "d", "Answer": "B"},
    }
    changes = {"task": "any", "doc_to_text": ANY_NUMBER[base], "doc_to_choice": "letters", "doc_to_target": "answer"}
    own, ours = Wording(base, [doc], [doc], {"task": "own"}), Wording(base, [doc], [doc], changes)
    assert ours.prompt(doc, shots=1) == own.prompt(doc, shots=1)
    assert ours.continuations(doc) == own.continuations(doc)


def test_text_that_looks_like_a_template_stays_as_it_is() -> None:
    doc = {**MEDQA[0], "sent1": "What does {{ sent1 }} mean, or {% if %}?"}
    assert "Question: What does {{ sent1 }} mean, or {% if %}?\n" in Wording("medqa/medqa.yaml", [doc], []).prompt(doc)


def test_more_worked_examples_than_there_are_is_an_input_error() -> None:
    with pytest.raises(InputError, match="3 worked examples were asked for, and the data holds 1"):
        Wording("medqa/medqa.yaml", MEDQA[:1], MEDQA[1:]).prompt(MEDQA[0], shots=3)


def test_a_definition_that_lm_eval_lacks_is_named() -> None:
    with pytest.raises(InputError, match=r"no task definition medqa/absent\.yaml"):
        Wording(str(Path("medqa/absent.yaml")), MEDQA, [])
