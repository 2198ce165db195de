"""Under the answer to a case: diagnoses as the references list them, and findings on which its quotes turn."""

from collections.abc import Callable

import pytest

from medmodel.rag.citations import cite
from medmodel.rag.complaints import told_in
from medmodel.rag.depends import depends
from medmodel.rag.differential import differential
from medmodel.rag.passages import split_document
from medmodel.rag.vignette import asks_what, described
from medmodel.records import Claim, Document, Passage, Source
from medmodel.safety.scope import told
from medmodel.safety.text import read

LIST = """# Acute Invented Ache Differential Diagnosis

## Bursting Vessel

Likelihood of Bursting Vessel: must not miss.

### Key features

Sudden onset with vomiting
- Stiffness of the neck
- Invented ache with sweating

## Quiet Ache

Likelihood of Quiet Ache: common.

### Key features

Pressure on both sides
- Worse under strain
- No vomiting

## Rare Ache

Likelihood of Rare Ache: less common.
"""
CASE = "A 50-year-old man has an invented ache of sudden onset, with vomiting and without a stiff neck. What could it be?"


def held(text: str = LIST, name: str = "differential_ache") -> dict[str, Passage]:
    source = Source(id=name, title="Invented", licence="MIT", tier="guideline")
    found = split_document(Document(id=f"{name}/diagnoses", text=text, source=source, domain="differential"))
    return {passage.id: passage for passage in found}


def quoted(sentence: str) -> Claim:
    (passage,) = held(sentence, "g").values()
    return Claim(text=sentence, citations=(cite(passage, 0, 1),), verdict="supported")


def finds(passages: dict[str, Passage]) -> Callable[[str], list[Passage]]:
    """A search that finds all there is, whatever is asked."""
    return lambda text: list(passages.values())


def test_what_must_not_be_missed_and_what_is_common_come_from_the_list_with_their_quotes() -> None:
    passages = held()
    found = differential(CASE, finds(passages), passages)
    assert [(one.kind, one.name) for one in found] == [("must_not_miss", "Bursting Vessel"), ("likely", "Quiet Ache")]
    assert len(found[1].citations) == 1  # "No vomiting" is no feature of one who vomits
    for one in found:
        for citation in one.citations:
            assert passages[citation.passage_id].text[citation.start : citation.end] == citation.quote
    assert [citation.quote for citation in found[0].citations] == [
        "Likelihood of Bursting Vessel: must not miss.",
        "Sudden onset with vomiting",
    ]  # not the stiff neck, which the case denies, nor the ache with sweating, of which it has the complaint alone


def test_a_complaint_is_known_by_other_words_and_not_when_it_is_denied() -> None:
    passages = held(LIST.replace("Invented Ache", "Dyspnea (Shortness of Breath)"), "differential_dyspnea")
    search = finds(passages)
    assert differential("My patient is breathless. What could it be?", search, passages)
    assert differential("我今天喘不上气，可能是什么病？", search, passages)
    assert not differential("He is not breathless. What could it be?", search, passages)
    assert not differential("His brother was breathless last year. He has an itch. What could it be?", search, passages)


def test_the_complaint_that_is_told_first_chooses_the_list_and_a_diagnosis_of_two_lists_stands_once() -> None:
    fever = held(LIST.replace("Invented Ache", "Fever"), "differential_fever")
    throat = held(LIST.replace("Invented Ache", "Sore Throat").replace("Quiet Ache", "Quiet Throat"), "differential_throat")
    both = {**fever, **throat}
    shown = differential("Her throat hurts for two days, now she has a fever, too. What could it be?", finds(both), both)
    assert [one.name for one in shown] == ["Bursting Vessel", "Quiet Throat", "Quiet Ache"]
    assert {citation.source.id for citation in shown[0].citations} == {"differential_throat"}


def test_a_list_is_also_found_by_its_complaint_s_name_when_the_case_finds_others() -> None:
    passages = held(LIST.replace("Invented Ache", "Headache"), "differential_headache")

    def search(text: str) -> list[Passage]:
        return list(passages.values()) if text.startswith("headache") else []

    assert differential("A man of 40 has a pounding headache after a long flight.", search, passages)
    assert not differential("A man of 40 has an itch after a long flight.", search, passages)


def test_two_diagnoses_of_one_list_that_begin_alike_both_stand() -> None:
    text = (
        LIST.replace("Invented Ache", "Dyspnea").replace("Bursting Vessel", "Pneumothorax").replace("Quiet Ache", "Pneumonia")
    )
    passages = held(text, "differential_dyspnea")
    shown = differential("A man of 40 is short of breath. What could it be?", finds(passages), passages)
    assert [one.name for one in shown] == ["Pneumothorax", "Pneumonia"]


@pytest.mark.parametrize(
    "case",
    [
        "He has not slept for a week because of an itchy rash.",
        "She found a raised breast lump and eats a high salt diet.",
        "A cough with yellow sputum.",
        "He came to the emergency department with it.",
        "The bump on his arm went down.",
        "Creatinine was normal. Trop T 40.",
        "The elbow flexes to 40 degrees.",
        "A mass in the head of the pancreas, no pain.",
        "A relationship hurts.",
        "A stroke, drooling. She wears stockings.",
        "Afebrile, anicteric.",
        "心跳也不快。",
        "",
        "?",
    ],
)
def test_words_that_look_like_a_complaint_tell_none(case: str) -> None:
    assert told_in(told(read(case))[0]) == {}


@pytest.mark.parametrize(
    "word", ["breath ", "breath", "flutter ", "creatinine ", "pain ", "head ", "肚", "not ", "bleed", "temp "]
)
def test_a_case_of_one_word_over_and_over_is_read_to_its_end(word: str) -> None:
    """An expression that tries again at every repetition takes seconds for 8,000 characters, and would stop all other answers."""
    often, ten_times = (told(read(word * times))[0] for times in (8_000 // len(word), 10))
    assert told_in(often).keys() == told_in(ten_times).keys()


def test_without_a_list_for_the_complaint_there_is_no_diagnosis() -> None:
    passages = held()
    assert differential("A 50-year-old man has an itch. What could it be?", finds(passages), passages) == ()
    assert differential(CASE, finds({}), passages) == ()
    assert differential(CASE, finds(passages), {}) == ()


def test_a_finding_that_a_quote_turns_on_and_the_case_does_not_give_would_change_the_answer() -> None:
    claim = quoted("Nitrofurantoin is avoided if eGFR is below 30 mL/min and in the last weeks of pregnancy.")
    found = depends("A woman of 31 has a urinary infection.", [claim])
    assert [(one.finding, one.said) for one in found] == [("pregnancy", ("pregnan",)), ("kidney", ("eGFR",))]
    assert all(one.citations == claim.citations for one in found)


@pytest.mark.parametrize(
    "case",
    [
        "A man has a urinary infection; creatinine is 0.9 mg/dL.",
        "She is 20 weeks pregnant and has kidney disease.",
        "患者，男，尿路感染，肌酐正常。",
    ],
)
def test_what_the_case_gives_or_what_cannot_matter_is_not_named(case: str) -> None:
    claim = quoted("Nitrofurantoin is avoided if eGFR is below 30 mL/min and in the last weeks of pregnancy.")
    assert depends(case, [claim]) == ()


def test_a_quote_without_a_condition_turns_on_nothing() -> None:
    assert depends("A man has gout.", [quoted("Allopurinol is the preferred first urate-lowering agent.")]) == ()


@pytest.mark.parametrize(
    ("text", "case"),
    [
        ("A 54-year-old man has had a headache since morning.", True),
        ("My chest hurts when I climb stairs.", True),
        ("She has gout. What next?", True),
        ("患者，男，62岁，突发头痛。", True),
        ("我今天突然胸痛，怎么办？", True),
        ("74M, HTN. Sudden flank pain, BP 88/50.", True),
        ("Asked to see 66M CABG x3, oozing.", True),
        ("I've got an itchy rash.", True),
        ("Is 102F a fever?", False),
        ("Is 18F-FDG PET indicated in staging of lung cancer?", False),
        ("Is a 16F catheter enough?", False),
        ("Which anticoagulant is preferred in patients with atrial fibrillation?", False),
        ("What is the urate target in gout?", False),
        ("痛风的血尿酸目标值是多少？", False),
    ],
)
def test_a_case_describes_one_patient(text: str, case: bool) -> None:
    assert described(text) is case


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("What could it be?", True),
        ("应该怎么处理？", True),
        ("74M, HTN. Sudden flank pain, ?stone. BP 88/50.", True),  # nothing is asked
        ("She has chest pain and a swollen calf. Could she have a pulmonary embolism?", True),
        ("He has a sudden headache. Does he have a brain bleed?", True),
        ("He is tired. Is it Addison's disease?", True),
        ("He has a sudden headache. Should I be calling someone?", True),
        ("Which dose of apixaban?", False),
        ("She has palpitations. Can she take apixaban 2.5 mg?", False),
        ("My mother has palpitations. How much bisoprolol should she take? Thank you.", False),
        ("He has palpitations. Tell me the dose of apixaban.", False),
        ("患者，男，78岁，心悸，阿哌沙班剂量", False),
        ("家里有秋水仙碱，能吃吗？", False),
    ],
)
def test_whoever_tells_a_case_asks_what_it_is_unless_he_asks_for_a_drug_or_a_dose(question: str, what: bool) -> None:
    assert asks_what(question) is what
