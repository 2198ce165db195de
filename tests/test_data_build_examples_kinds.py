"""Examples by rule: each kind says what its documents say, names the documents it shows, and gives nothing away."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from data_build import multiple_choice
from data_build.candidates import Candidate, Material, Term
from data_build.complaints import complaint, diagnoses, fitting
from data_build.dialogue import render
from data_build.instruction_examples import run, terms, usable_documents
from data_build.kinds import abstain
from data_build.pages import answering, pages, stock
from data_build.steps import protected
from data_build.verify import Verifier
from medmodel import prompts, registry
from medmodel.artifacts import Artifact, open_artifact, publish, read_records, write_records
from medmodel.errors import InputError, RecipeError
from medmodel.job import Job
from medmodel.rag.citations import parse
from medmodel.recipe import load_recipe
from medmodel.records import Document, Drop, Example, Message, Source
from medmodel.registry import register
from medmodel.stages.instruction_examples import InstructionExamples

KINDS = ("abstain", "choice", "conversation", "differential", "grounded", "intake", "twin")
LEAD = "Mock fever is an invented illness of the left knee that lasts about nine days in most adults."
SYMPTOM = "Patients with mock fever notice a warm swollen knee together with shivering in the evening hours."
THERAPY = "Treatment of mock fever consists of rest, cool packs and paracetamol for about one week."
SPREAD = "The name comes from a village where somebody first told this story at a winter market."


def page(name: str = "Mock fever", **sections: str) -> Document:
    said = sections or {
        f"What is {name}?": f"What is it? {LEAD} It is not known to be serious.",
        f"What are the symptoms of {name}?": SYMPTOM,
        f"What are the treatments for {name}?": THERAPY,
        f"Where does the name of {name} come from?": SPREAD,
    }
    text = "\n\n".join([f"# {name}", *(f"## {question}\n\n{answer}" for question, answer in said.items())])
    source = Source(id="leaflets", title=name, organization="Invented", year=2024, licence="CC0-1.0", tier="patient")
    return Document(id=f"leaflets/{name}", text=text, source=source, domain="patient_page")


def section(name: str, likelihood: str, features: list[str], flags: list[str], tests: list[str]) -> str:
    lists = (("Key features", features), ("Red flags", flags), ("Recommended tests", tests))
    parts = [f"### {title}\n\n" + "\n".join(f"- {item}" for item in items) for title, items in lists if items]
    return "\n\n".join([f"## {name}", f"Likelihood of {name}: {likelihood}.", *parts])


SIDE_PAIN = Document(
    id="differential_side_pain/diagnoses",
    text="# Side Pain Differential Diagnosis\n\n"
    + "\n\n".join(
        [
            section("Mock Rupture", "must not miss", ["Tearing pain", "Pale skin", "Loss of pulse"], ["Low pressure"], ["CT"]),
            section("Mock Stone", "common", ["Colicky waves", "Bloody urine", "Restless pacing"], ["Chills"], ["Ultrasound"]),
            section("Mock Strain", "common", ["Worse on lifting", "Tender muscle", "Recent sport"], [], ["None needed"]),
            section("Mock Torsion", "must not miss", ["Sudden onset", "High lying organ"], ["Black tissue"], ["Doppler"]),
        ]
    ),
    source=Source(
        id="differential_side_pain", title="Side Pain (SP) Differential Diagnosis", licence="CC0-1.0", tier="guideline"
    ),
    domain="differential",
)
CHAT = Document(
    id="chats/1",
    text=render([Message(role="user", content="Is rest good?"), Message(role="assistant", content="Mostly, yes.")]),
    source=Source(id="chats", title="Chats", licence="CC0-1.0", tier="none"),
    domain="dialogue",
)
TERMS = Source(id="terms", title="Terms", licence="CC0-1.0", tier="none")


def term(number: int, name: str, definition: str, parent: str = "Fever") -> Document:
    text = f"# {name}\n\n{name} (MK:{number}): {definition}\n\n{name} is a kind of {parent}."
    return Document(id=f"terms/{number}", text=text, source=TERMS, domain="terminology")


FEVERS = [term(n, f"{name} fever", f"A fever of the {place} part.") for n, (name, place) in enumerate(
    [("Mock", "left"), ("Sham", "right"), ("Toy", "upper"), ("Feigned", "lower")]
)]  # fmt: skip


def made(kind: str, *documents: Document, **fields: Any) -> list[Candidate | Drop]:
    found = list(pages(documents))
    return list(registry.get("example", kind)(Material(documents, found, stock(found), **fields)))


def kept(kind: str, *documents: Document, **fields: Any) -> list[Candidate]:
    """What the verifier keeps of a kind; it must keep some."""
    verifier = Verifier(documents, [], protected.merge({}), 100_000, len)
    found = [each for each in made(kind, *documents, **fields) if isinstance(each, Candidate) and not verifier.why_not(each)]
    assert found
    return found


def asked(candidate: Candidate) -> str:
    return candidate.example.messages[-2].content


def answered(candidate: Candidate) -> str:
    return candidate.example.messages[-1].content


def test_every_kind_is_found_by_its_name() -> None:
    assert registry.names("example") == sorted(KINDS)


# -- question-answer pages


@pytest.mark.slow
def test_a_grounded_example_asks_the_publishers_question_and_cites_the_sentences_that_lead_its_answer() -> None:
    for candidate in kept("grounded", page()):
        lines = parse(answered(candidate), 20)
        assert lines
        assert candidate.question in asked(candidate)
        for number, line in lines:
            assert f"[{number}] {line}" in asked(candidate).splitlines()
    [first] = [each for each in kept("grounded", page()) if "What is" in each.question]
    assert answered(first).endswith(LEAD)  # neither the question in the answer, nor a sentence that says too little
    assert first.example.documents == ("leaflets/Mock fever",)


def test_what_many_pages_say_but_for_their_subject_is_no_answer() -> None:
    boilerplate = "The invented registry lists all signs and findings that were ever seen together with {}."
    many = [page(f"Mock {n}", **{f"What are the symptoms of Mock {n}?": boilerplate.format(f"Mock {n}")}) for n in range(6)]
    assert {each.reason for each in made("grounded", *many) if isinstance(each, Drop)} == {"no sentence answers"}
    few = many[:4]
    assert answering(next(pages(few)).sections[0], stock(list(pages(few)))) == [0]


def test_a_second_sentence_is_given_only_when_it_follows_the_first() -> None:
    text = f"{LEAD} {SYMPTOM} {THERAPY}"
    gap = f"{LEAD} It is mild. {THERAPY}"
    for said, expected in ((text, [0, 1]), (gap, [0])):
        [found] = pages([page(**{"What is Mock fever?": said})])
        assert answering(found.sections[0], frozenset()) == expected


def test_an_answer_to_which_other_sections_are_nearer_is_not_recovered() -> None:
    odd = page(
        **{
            "What is the treatment of mock fever?": "Zinnias bloom in gardens where nobody ever planted yellow tulips before.",
            "Who?": "The treatment of mock fever is rest. Mock fever treatment works. What is the treatment of mock fever then? "
            "Treatment of mock fever is what there is.",
        }
    )
    first = made("grounded", odd)[0]
    assert isinstance(first, Candidate)
    assert first.fault == "answer not recovered: others are nearer"


def test_an_abstention_shows_the_subject_without_the_answer() -> None:
    for seed in range(8):
        for candidate in made("abstain", page(), seed=seed):
            if isinstance(candidate, Candidate):
                assert answered(candidate) == prompts.NO_ANSWER
                own = {LEAD: "What is", SYMPTOM: "symptoms", THERAPY: "treatments", SPREAD: "name"}
                [answer] = [said for said, word in own.items() if word in candidate.question]
                assert answer not in asked(candidate)
                assert LEAD not in asked(candidate), "an overview answers most questions in passing"


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (SPREAD, ""),
        ("Treating it early helps.", "no abstention: a passage shown has a word of what is asked"),
        ("Surgery was once tried by some.", "no abstention: a passage shown has a word of what is asked"),  # says it in passing
        (
            "It consists of rest, cool packs and paracetamol for about one week.",
            "no abstention: a passage shown says what the answer says",
        ),
    ],
)
def test_what_may_answer_is_no_abstention(shown: str, reason: str) -> None:
    answer = "It consists of rest, cool packs and paracetamol for about one week."
    both = page(**{"What are the treatments for Mock fever?": answer, "Where does it occur?": shown})
    [found] = pages([both])
    assert abstain._answered(found.sections[0], found.sections[1].passages) == reason


def test_a_question_for_the_subject_alone_and_a_page_of_overviews_give_no_abstention() -> None:
    two = page(**{"What is Mock fever?": LEAD, "What are the treatments for Mock fever?": THERAPY})
    for seed in range(4):
        [gone] = made("abstain", two, seed=seed)
        assert isinstance(gone, Drop)
        assert gone.reason.startswith("no abstention: the question asks for any, or there is only an overview")


@pytest.mark.slow
def test_twins_ask_the_same_in_two_languages_and_have_the_same_answer() -> None:
    pair = [Term("mock Fever", "假热")]
    twins = kept("twin", page(), terms=pair)
    english, chinese = twins[:2]
    assert (english.question, chinese.question) == ("What is Mock fever?", "什么是假热（Mock fever）？")
    assert answered(english) == answered(chinese)
    assert english.example.id.endswith(":en")
    assert chinese.example.id.endswith(":zh")
    assert len(twins) == 6, "the question for the name's origin has no Chinese form"
    assert made("twin", page("Sham fever"), terms=pair) == []


# -- complaints


def test_a_complaint_is_read_with_likelihoods_features_red_flags_and_tests() -> None:
    rupture = diagnoses(SIDE_PAIN)[0]
    assert rupture == (
        "Mock Rupture",
        "must not miss",
        ("Tearing pain", "Pale skin", "Loss of pulse"),
        ("Low pressure",),
        ("CT",),
    )
    assert complaint(SIDE_PAIN) == "side pain (SP)"


def test_a_diagnosis_comes_out_of_its_features_again_unless_two_fit_alike() -> None:
    among = diagnoses(SIDE_PAIN)
    assert fitting(["Bloody urine", "Colicky waves"], among) == "Mock Stone"
    assert fitting(["Bloody urine", "Tender muscle"], among) == ""
    assert fitting(["Nothing of the sort"], among) == ""


def test_a_differential_names_what_fits_and_all_that_must_not_be_missed_in_the_documents_words() -> None:
    [stone] = [each for each in kept("differential", SIDE_PAIN) if each.secret == "Mock Stone"]
    assert answered(stone).splitlines() == [
        "Fits best: Mock Stone.",
        "Must not be missed: Mock Rupture; Mock Torsion.",
        "Also consider: Mock Strain.",
        "Red flags: Chills.",
        "Test first: Ultrasound.",
    ]
    assert all(feature in asked(stone) for feature in ("Colicky waves", "Bloody urine", "Restless pacing"))
    assert "Stone" not in asked(stone)
    [rupture] = [each for each in kept("differential", SIDE_PAIN) if each.secret == "Mock Rupture"]
    assert answered(rupture).startswith("Fits best: Mock Rupture (must not be missed).\nMust not be missed: Mock Torsion.")


def test_a_case_that_names_its_diagnosis_or_fits_two_is_rejected() -> None:
    leaking = SIDE_PAIN.model_copy(update={"text": SIDE_PAIN.text.replace("Bloody urine", "Known mock stone disease")})
    verifier = Verifier([leaking], [], protected.merge({}), 100_000, len)
    reasons = {each.secret: verifier.why_not(each) for each in made("differential", leaking) if isinstance(each, Candidate)}
    assert reasons["Mock Stone"] == "leak: the question holds the answer"
    same = SIDE_PAIN.model_copy(
        update={"text": SIDE_PAIN.text.replace("- Worse on lifting\n- Tender muscle\n- Recent sport", "- Colicky waves")}
    )
    faults = {each.secret: each.fault for each in made("differential", same) if isinstance(each, Candidate)}
    assert faults["Mock Strain"] == "answer not recovered: another diagnosis fits"


def test_an_intake_asks_before_it_answers_and_its_questions_name_no_diagnosis() -> None:
    for candidate in kept("intake", SIDE_PAIN):
        _, _, first, found, last = candidate.example.messages
        assert first.content.startswith("Before a differential, please tell me:\n1. Is there: ")
        assert "Mock" not in first.content + found.content
        assert last.content.startswith(f"Fits best: {candidate.secret}")
        present, absent = found.content.removeprefix("Yes: ").rstrip(".").split(". No: ")
        assert not set(present.split("; ")) & set(absent.split("; "))
        asked_about = {line.partition("Is there: ")[2].rstrip("?") for line in first.content.splitlines()[1:]}
        assert set(absent.split("; ")) < asked_about


def test_an_intake_that_has_too_little_to_ask_is_malformed() -> None:
    small = SIDE_PAIN.model_copy(
        update={"text": "# Side Pain\n\n" + section("Mock Stone", "common", ["Colicky waves", "Bloody urine"], [], [])}
    )
    [candidate] = made("intake", small)
    assert isinstance(candidate, Candidate)
    assert candidate.fault == "malformed: fewer questions than an intake needs"


# -- multiple choice


def test_wrong_options_are_diagnoses_of_the_same_complaint_and_the_letter_is_the_right_ones() -> None:
    for candidate in kept("choice", SIDE_PAIN):
        question = multiple_choice.read(asked(candidate))
        assert question
        assert set(question.options) == {diagnosis.name for diagnosis in diagnoses(SIDE_PAIN)}
        letter = multiple_choice.answer_of(answered(candidate))
        assert question.options[multiple_choice.LETTERS.index(letter)] == candidate.secret
        assert candidate.secret in answered(candidate)


def test_the_right_letter_is_not_always_the_same() -> None:
    letters = {answered(candidate)[-1] for candidate in [*kept("choice", SIDE_PAIN), *kept("choice", *FEVERS)]}
    assert len(letters) > 1


def test_terms_of_one_parent_are_each_others_wrong_options() -> None:
    other = term(9, "Cough", "A noise of the chest.", parent="Sign")
    found = kept("choice", *FEVERS, other)
    assert [candidate.secret for candidate in found] == ["Mock fever", "Sham fever", "Toy fever", "Feigned fever"]
    assert found[0].question == "Which kind of fever is this? A fever of the left part."


def test_a_case_that_fits_two_options_and_a_definition_that_holds_its_term_are_rejected() -> None:
    same = SIDE_PAIN.model_copy(
        update={"text": SIDE_PAIN.text.replace("- Worse on lifting\n- Tender muscle\n- Recent sport", "- Colicky waves")}
    )
    faults = {each.secret: each.fault for each in made("choice", same) if isinstance(each, Candidate)}
    assert faults["Mock Strain"] == "two options are right: another diagnosis fits as well"
    verifier = Verifier(FEVERS, [], protected.merge({}), 100_000, len)
    telling = [term(0, "Mock fever", "Mock fever is this."), *FEVERS[1:]]
    [candidate, *_] = made("choice", *telling)
    assert isinstance(candidate, Candidate)
    assert verifier.why_not(candidate._replace(quotes=())) == "leak: the question holds the answer"


# -- conversations, and the stage


def test_a_conversation_is_an_example_and_what_is_none_says_why_without_its_words() -> None:
    broken = CHAT.model_copy(update={"id": "chats/2", "text": "No turns at all"})
    good, gone = made("conversation", CHAT, broken, page())
    assert isinstance(good, Candidate)
    assert (good.example.kind, good.question) == ("dialogue", "Is rest good?")
    assert gone == Drop(id="chats/2:dialogue", reason="not a conversation", source="chats")


def test_held_out_quarantined_and_closed_documents_are_not_drawn_on() -> None:
    heldout = CHAT.model_copy(update={"split": "heldout"})
    quarantined = heldout.model_copy(update={"attributes": {"quarantined": "a run"}})
    closed = CHAT.model_copy(update={"source": CHAT.source.model_copy(update={"licence": "n/s (mixed)"})})
    usable, left_out = usable_documents([CHAT, heldout, quarantined, closed], {})
    assert usable == [CHAT]
    assert left_out == {"held out": 1, "quarantined": 1, "licence n/s (mixed)": 1}
    assert usable_documents([closed], {"n/s (mixed)": "asked the authors"})[0] == [closed]


@register("source", "synthetic_names")
def synthetic_names() -> Any:
    text = "# 假热\n\n假热：英文名 Mock fever（MK:0）。"
    yield Document(id="names/1", text=text, source=TERMS, domain="terminology", language="zh")


def test_names_in_two_languages_are_looked_up_and_a_source_without_any_is_an_error() -> None:
    assert list(terms(["synthetic_names"])) == [Term("Mock fever", "假热")]
    with pytest.raises(InputError, match="'general' gives no names in two languages"):
        list(terms(["general"]))


def artifact(folder: Path, name: str, prepare: Any) -> Artifact:
    partial, final = folder / f"{name}.partial", folder / name
    partial.mkdir()
    prepare(partial)
    about = {"uses": name, "key": name, "config": {}, "inputs": {}, "code": "", "packages": {}, "counts": {}, "seconds": 0.0}
    publish(partial, final, stage=name, **about)
    return open_artifact(final)


def words_tokenizer(partial: Path) -> None:
    words = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    (partial / "model").mkdir()
    words.save(str(partial / "model" / "tokenizer.json"))


def stage(folder: Path, seed: int, **settings: Any) -> tuple[Path, dict[str, Any]]:
    inputs = {
        "documents": artifact(folder, "documents", lambda p: write_records(p / "documents", [page(), SIDE_PAIN, CHAT])),
        "model": artifact(folder, "model", words_tokenizer),
    }
    out = folder / "out"
    out.mkdir()
    config = InstructionExamples.model_validate({"uses": "instruction_examples", **settings})
    return out, run(Job(config, inputs, out, seed))


@pytest.mark.slow
def test_the_stage_fills_each_share_reports_what_is_unused_and_keeps_what_it_rejects(tmp_path: Path) -> None:
    shares = {"differential": 0.5, "grounded": 0.4, "conversation": 0.1}
    out, report = stage(tmp_path, 1, tokens=3000, proportions=shares)
    examples = list(read_records(out / "examples", Example))
    assert len(examples) == report["examples"] == sum(kind["examples"] for kind in report["kinds"].values())
    assert {kind: figures["of"] for kind, figures in report["kinds"].items()} == {
        "conversation": 300,
        "differential": 1500,
        "grounded": 1200,
    }
    assert report["kinds"]["conversation"]["tokens"] < 300, "one chat is all there is"
    drops = list(read_records(out / "drops", Drop))
    assert len(drops) == sum(count for kind in report["kinds"].values() for count in kind["rejected"].values())
    assert (out / "report.json").exists()


def test_a_share_ends_with_the_example_that_uses_it_up_and_the_seed_decides_the_order(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, report = stage(tmp_path / "a", 1, tokens=100, proportions={"differential": 1.0})
    assert report["examples"] == 1 + (report["tokens"] >= 200)
    whole, _ = stage(tmp_path / "b", 2, tokens=5000, proportions={"differential": 1.0})
    ids = [example.id for example in read_records(whole / "examples", Example)]
    assert ids != sorted(ids)
    assert [example.id for example in read_records(first / "examples", Example)] != ids[:1]


def test_shares_that_do_not_add_up_are_an_error_of_the_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "name: r\nstages:\n  base: {uses: base}\n  documents: {uses: documents}\n"
        "  made: {uses: instruction_examples, needs: {documents: documents, model: base}, proportions: {grounded: 0.5}}\n"
    )
    with pytest.raises(RecipeError, match=r"the shares add up to 0\.5, not 1"):
        load_recipe(str(recipe))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_examples() -> None:
    random.seed(7)
    once = [each for kind in KINDS for each in made(kind, page(), SIDE_PAIN, CHAT, *FEVERS, terms=[Term("mock fever", "假热")])]
    random.seed(8)
    assert once == [
        each for kind in KINDS for each in made(kind, page(), SIDE_PAIN, CHAT, *FEVERS, terms=[Term("mock fever", "假热")])
    ]
