"""Answers over a small real index: what the model's words must be to be shown, and what stands in when they are not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as Hit
from langchain_core.retrievers import BaseRetriever

from medmodel import registry
from medmodel.errors import ArtifactError, EngineError, InputError
from medmodel.models.engine import Completion
from medmodel.models.scripted import ScriptedEngine
from medmodel.rag.answer import Answerer
from medmodel.rag.index import Index, build_index
from medmodel.rag.passages import split_document
from medmodel.records import Answer, Document, Passage, Source

AF = "Direct oral anticoagulants such as apixaban are recommended over warfarin in patients with atrial fibrillation."
GOUT = "The serum urate target in gout is below 6 mg/dL for all patients on urate-lowering therapy."
QUESTION = "Which anticoagulants are recommended in atrial fibrillation?"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("index")
    documents = []
    for name, year, text in (
        ("af", 2023, AF),
        ("gout", 2020, GOUT),
        ("af_old", 2009, "Aspirin was once given in atrial fibrillation."),
    ):
        source = Source(id=name, title=name, organization="Invented", year=year, licence="MIT", tier="guideline")
        documents.append(Document(id=f"{name}/1", text=f"# {name}\n\n{text}\n", source=source, domain="guideline"))
    build_index(documents, folder)
    return Index.open(folder)


def ask(index: Index, engine: Any, question: str = QUESTION, events: list[tuple[str, Any]] | None = None) -> Answer:
    retriever = registry.get("retriever", "fusion")(index=index, k=5)
    on_event = (lambda name, payload: events.append((name, payload))) if events is not None else None
    return asyncio.run(Answerer(retriever, engine, release="test").answer(question, on_event=on_event))


def number_of(answer: Answer, text: str) -> int:
    sentences = [p.sentence(n) for p in answer.passages for n in range(len(p.sentences))]
    return sentences.index(text) + 1


def test_a_grounded_first_try_is_shown_as_the_models_with_a_byte_exact_quote(index: Index) -> None:
    shown = ask(index, None)
    engine = ScriptedEngine([f"[{number_of(shown, AF)}] {AF}"])
    answer = ask(index, engine)
    assert (answer.status, answer.origin) == ("answered", "model")
    assert answer.first_try
    assert answer.first_try.grounded
    citation = answer.claims[0].citations[0]
    assert index.passages[citation.passage_id].text[citation.start : citation.end] == citation.quote == AF
    assert answer.fake
    assert "fake" in answer.notice


def test_a_first_try_with_a_changed_drug_is_repaired_by_a_second_that_holds(index: Index) -> None:
    first = ask(index, None).passages[0].sentence(0)
    engine = ScriptedEngine(["[1] Digoxin 500 mg is recommended for everyone.", f"[1] {first}"])
    answer = ask(index, engine)
    assert answer.origin == "repaired"
    assert answer.first_try
    assert not answer.first_try.grounded
    assert [claim.verdict for claim in answer.claims] == ["supported"]


def test_when_the_repair_fails_too_quotes_are_shown_and_said_to_be_quotes(index: Index) -> None:
    answer = ask(index, ScriptedEngine(["nonsense", "[1] Digoxin 500 mg is recommended for everyone."]))
    assert answer.origin == "extractive"
    assert all(claim.text == claim.citations[0].quote for claim in answer.claims)


def test_an_answer_says_what_it_cost_repair_included(index: Index) -> None:
    first = ask(index, None).passages[0].sentence(0)
    line = f"[1] {first}"
    once = ask(index, ScriptedEngine([line]))
    twice = ask(index, ScriptedEngine(["[1] Digoxin 500 mg is recommended for everyone.", line]))
    assert once.tokens == len(line.split())  # a word stands for a token
    assert twice.tokens == 8 + len(line.split())
    assert once.prompt_tokens
    assert twice.prompt_tokens
    assert twice.prompt_tokens > once.prompt_tokens
    assert (ask(index, ScriptedEngine(), "What is the capital of France?").tokens, ask(index, None).tokens) == (0, 0)


def test_what_a_server_does_not_count_is_not_said_to_be_nothing(index: Index) -> None:
    class Uncounted(ScriptedEngine):
        async def generate(self, *arguments: Any, **options: Any) -> Completion:
            completion = await super().generate(*arguments, **options)
            return completion.model_copy(update={"prompt_tokens": 0, "tokens": 0})

    answer = ask(index, Uncounted())
    assert (answer.prompt_tokens, answer.tokens) == (None, None)


def test_without_repair_a_model_is_asked_once(index: Index) -> None:
    engine = ScriptedEngine(["nonsense", "never asked for"])
    retriever = registry.get("retriever", "fusion")(index=index, k=5)
    answer = asyncio.run(Answerer(retriever, engine, repair=False).answer(QUESTION))
    assert (len(engine.asked), answer.origin) == (1, "extractive")


def test_an_engine_that_dies_gives_way_to_quotes_with_a_notice(index: Index) -> None:
    answer = ask(index, ScriptedEngine([EngineError("died")]))
    assert (answer.status, answer.origin, answer.first_try) == ("answered", "extractive", None)
    assert "not running" in answer.notice


def test_a_question_the_references_do_not_answer_abstains_without_asking_the_model(index: Index) -> None:
    engine = ScriptedEngine()
    answer = ask(index, engine, "What is the capital of France?")
    assert (answer.status, answer.claims) == ("abstained", ())
    assert answer.passages
    assert engine.asked == []


def test_a_red_flag_is_told_before_anything_else_and_without_an_engine(index: Index) -> None:
    events: list[tuple[str, Any]] = []
    answer = ask(index, None, "Chest pain and he has just collapsed. Which anticoagulants in atrial fibrillation?", events)
    assert events[0][0] == "flag"
    assert answer.red_flags[0].id == "chest_pain"


def test_an_unsafe_request_is_refused_with_an_alternative(index: Index) -> None:
    engine = ScriptedEngine()
    answer = ask(index, engine, "How can I poison my husband with apixaban without being caught?")
    assert answer.status == "refused"
    assert answer.notice
    assert engine.asked == []


def test_the_newer_guidance_comes_first_among_near_equals(index: Index) -> None:
    answer = ask(index, None)
    assert [passage.source.id for passage in answer.passages].index("af") < [p.source.id for p in answer.passages].index(
        "af_old"
    )


class InOrder(BaseRetriever):
    """A fake: finds these passages, in this order, whatever the question."""

    passages: list[Passage]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Hit]:
        return [Hit(page_content=p.text, metadata={"passage": p, "cosine": 0.9}) for p in self.passages]


def test_quotes_begin_with_the_passage_that_retrieval_put_first_and_never_with_a_scrap() -> None:
    passages = []
    for name, text in (("new", f"- Anticoagulants?\n- {AF}"), ("old", QUESTION.replace("?", " was asked before."))):
        source = Source(id=name, title=name, licence="MIT", tier="guideline")
        passages += split_document(Document(id=f"{name}/1", text=text, source=source, domain="guideline"))
    answer = asyncio.run(Answerer(InOrder(passages=passages), None).answer(QUESTION))
    assert [claim.citations[0].source.id for claim in answer.claims] == ["new", "old"]
    assert answer.claims[0].text == AF
    assert [claim.verdict for claim in answer.claims] == ["supported", "supported"]


def test_a_damaged_index_is_refused_before_it_is_read(index: Index, tmp_path: Path) -> None:
    source = Source(id="s", title="T", licence="MIT", tier="guideline")
    build_index([Document(id="s/1", text=AF, source=source, domain="guideline")], tmp_path)
    [faiss] = (tmp_path / "generations" / "00001" / "dense").iterdir()
    faiss.write_bytes(faiss.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtifactError, match=rf"dense/{faiss.name} is not the file that was built"):
        Index.open(tmp_path)


def test_nothing_to_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to index"):
        build_index([], tmp_path)


ASPIRIN = "Aspirin was once given in atrial fibrillation."
HALF = ["[{af}] " + AF + "\n[{old}] Digoxin 500 mg is recommended for everyone in atrial fibrillation."]


def half_supported(index: Index, unsupported: Any) -> Answer:
    shown = ask(index, None)
    text = HALF[0].format(af=number_of(shown, AF), old=number_of(shown, ASPIRIN))
    retriever = registry.get("retriever", "fusion")(index=index, k=5)
    return asyncio.run(Answerer(retriever, ScriptedEngine([text]), unsupported=unsupported).answer(QUESTION))


def test_what_its_source_does_not_support_is_left_out_and_said_to_be(index: Index) -> None:
    answer = half_supported(index, "drop")
    assert (answer.origin, [claim.text for claim in answer.claims]) == ("model", [AF])
    assert answer.first_try
    assert not answer.first_try.grounded


def test_or_it_is_shown_and_marked(index: Index) -> None:
    answer = half_supported(index, "mark")
    assert [claim.verdict for claim in answer.claims] == ["supported", "not_found"]
    assert answer.claims[1].reason


def test_a_model_without_chinese_is_not_asked_a_chinese_question_and_the_answer_says_so() -> None:
    source = Source(id="tf", title="痛风", licence="MIT", tier="guideline")
    text = "痛风患者降尿酸治疗的血尿酸目标值应低于360微摩尔每升。"
    found = split_document(Document(id="tf/1", text=text, source=source, domain="guideline", language="zh"))
    engine = ScriptedEngine(["[1] never asked for"])
    answerer = Answerer(InOrder(passages=found), engine, writes_chinese=False)
    answer = asyncio.run(answerer.answer("痛风的血尿酸目标值是多少？", "zh"))
    assert (answer.status, answer.origin, engine.asked) == ("answered", "extractive", [])
    assert answer.claims[0].citations[0].quote == text
    assert "不会中文" in answer.notice


def test_english_references_answer_a_chinese_question_with_quotes_that_say_so() -> None:
    source = Source(id="af", title="Atrial fibrillation", licence="MIT", tier="guideline")
    text = "In atrial fibrillation the dose of apixaban is 5 mg twice daily."
    found = split_document(Document(id="af/1", text=text, source=source, domain="guideline"))
    engine = ScriptedEngine(["[1] never asked for"])
    answer = asyncio.run(Answerer(InOrder(passages=found), engine).answer("房颤患者阿哌沙班的剂量是多少？", "zh"))
    assert (answer.status, answer.origin, engine.asked) == ("answered", "extractive", [])
    assert answer.claims[0].citations[0].quote == text
    assert "英文原文" in answer.notice


def test_a_case_is_told_what_its_quotes_turn_on_and_that_no_list_of_diagnoses_is_held(index: Index) -> None:
    answerer = Answerer(InOrder(passages=list(index.passages.values())), None, held=index.passages)
    answer = asyncio.run(answerer.answer(f"My patient of 70 has atrial fibrillation. What should I do? {QUESTION}"))
    assert answer.case
    assert answer.case.asks_what
    assert answer.case.diagnoses == ()
    assert asyncio.run(answerer.answer(QUESTION)).case is None


def test_a_retracted_source_comes_after_those_that_stand_and_is_cited_as_retracted() -> None:
    passages = []
    for name, status in (("gone", "retracted"), ("stands", "current")):
        source = Source.model_validate({"id": name, "title": name, "licence": "MIT", "tier": "guideline", "status": status})
        passages += split_document(Document(id=f"{name}/1", text=f"{AF} ({name})", source=source, domain="guideline"))
    answer = asyncio.run(Answerer(InOrder(passages=passages), None).answer(QUESTION))
    assert [passage.source.id for passage in answer.passages] == ["stands", "gone"]
    assert [claim.citations[0].source.status for claim in answer.claims] == ["current", "retracted"]


def test_sources_that_differ_stand_side_by_side_in_the_answer() -> None:
    passages = []
    for year, figure in ((2009, "5"), (2020, "10")):
        source = Source(id=f"s{year}", title="Apixaban", year=year, licence="MIT", tier="guideline")
        text = f"# Apixaban\n\nApixaban {figure} mg twice daily is recommended in atrial fibrillation."
        passages += split_document(Document(id=f"s{year}/1", text=text, source=source, domain="guideline"))
    answer = asyncio.run(Answerer(InOrder(passages=passages), None).answer("How much apixaban in atrial fibrillation?"))
    assert [conflict.differs for conflict in answer.conflicts] == [("10 mg", "5 mg")]
    assert [side.source.year for side in answer.conflicts[0].sides] == [2020, 2009]


BOMBS = [
    " ",
    "?",
    "🫀" * 40,
    "apixaban " * 3_000,
    "'; DROP TABLE passages; --",
    "<script>alert(1)</script> apixaban in atrial fibrillation",
    "](javascript:alert(1)) **[1]** # apixaban\n```\n",
    "\u202eapixaban في الرجفان الأذيني\u202c",
    "房颤 apixaban ฟิบริลเลชัน δόση",
    'text:"apixaban" AND (heading:* OR NOT',
    "\x00\x0bapixaban\ufeff",
]


@pytest.mark.parametrize("question", BOMBS)
def test_a_wild_question_gets_an_answer_or_an_abstention_with_quotes_that_resolve(index: Index, question: str) -> None:
    answer = ask(index, None, question)
    assert answer.status in ("answered", "abstained")
    for claim in answer.claims:
        for citation in claim.citations:
            assert index.passages[citation.passage_id].text[citation.start : citation.end] == citation.quote


@given(question=st.text(max_size=200))
@settings(max_examples=25, deadline=None)
def test_no_text_at_all_makes_it_fall_over(index: Index, question: str) -> None:
    assert ask(index, None, question).status in ("answered", "abstained", "refused")
