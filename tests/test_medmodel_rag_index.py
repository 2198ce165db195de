"""The index and its retrievers, on a small real index: found by meaning, by word and by both, in English and Chinese."""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medmodel import registry
from medmodel.errors import ArtifactError, UnknownName
from medmodel.rag.answer import Answerer
from medmodel.rag.embedder import embed
from medmodel.rag.index import Index, build_index
from medmodel.records import Answer, Document, Source

TEXTS = {
    "af": "# Atrial fibrillation\n\nApixaban is preferred over warfarin in nonvalvular atrial fibrillation.\n",
    "gout": "# Gout\n\nColchicine or an NSAID relieves an acute attack of gout.\n\n## Prevention\n\nAllopurinol lowers urate.\n",
    "asthma": "# Asthma\n\nAn inhaled corticosteroid with formoterol relieves asthma and prevents attacks.\n",
    "fang": "# 房颤抗凝\n\n非瓣膜性房颤患者首选直接口服抗凝药，华法林目标 INR 为 2.0–3.0。\n",
    "die": "# 跌倒\n\n所有65岁以上患者入院四小时内完成跌倒风险评估。\n",
}


def document(name: str, text: str) -> Document:
    source = Source(id=name, title=name, licence="MIT", tier="guideline")
    return Document(id=f"{name}/1", text=text, source=source, domain="guideline")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("index")
    build_index([document(name, text) for name, text in TEXTS.items()], made)
    return made


@pytest.fixture(scope="module")
def index(folder: Path) -> Index:
    return Index.open(folder)


@pytest.mark.parametrize("retriever", ["dense", "lexical", "fusion"])
@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("Which anticoagulant is preferred in atrial fibrillation?", "af"),
        ("Which drugs relieve attacks of gout?", "gout"),
        ("What relieves asthma?", "asthma"),
    ],
)
def test_each_retriever_finds_the_passage_that_answers(index: Index, retriever: str, question: str, source: str) -> None:
    hits = registry.get("retriever", retriever)(index=index, k=3).invoke(question)
    assert hits[0].metadata["passage"].source.id == source
    scores = [hit.metadata["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert hits[0].page_content == hits[0].metadata["passage"].text


def test_words_are_found_in_other_forms_and_meaning_in_other_words(index: Index) -> None:
    assert index.search_lexical("relieving an attack of gouts", 1)[0][0] == "gout/1#0"
    assert index.search_dense("blood thinner for an irregular heartbeat", 1)[0][0] == "af/1#0"


def test_reciprocal_ranks_are_a_method_of_fusion(index: Index) -> None:
    fusion = registry.get("retriever", "fusion")(index=index, k=1, method="rrf")
    assert fusion.invoke("Which drug prevents gout by lowering urate?")[0].metadata["passage_id"].startswith("gout")


def test_an_unknown_retriever_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'fusion'"):
        registry.get("retriever", "fusoin")


def ask(index: Index, question: str) -> Answer:
    retriever = registry.get("retriever", "fusion")(index=index, k=5)
    return asyncio.run(Answerer(retriever, None).answer(question, "zh"))


def test_a_chinese_question_is_answered_by_its_words_since_the_embedder_knows_english_alone(index: Index) -> None:
    assert index.search_dense("房颤患者首选什么抗凝药？", 5) == []
    answer = ask(index, "房颤患者首选什么抗凝药？")
    assert answer.claims[0].citations[0].source.id == "fang"
    assert "直接口服抗凝药" in answer.claims[0].text


@pytest.mark.parametrize("question", ["疥疮用什么药治疗？", "儿童疫苗接种计划是什么？", "法国的首都是哪里？"])
def test_a_chinese_question_the_references_do_not_answer_abstains(index: Index, question: str) -> None:
    answer = ask(index, question)
    assert (answer.status, answer.claims) == ("abstained", ())


@given(
    st.one_of(st.text(max_size=60), st.sampled_from(["AND OR", "a:b^3 [x TO y]", '"open ((', "-not +must \\", "IN", "text:*"]))
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_question_is_read_as_query_syntax(index: Index, question: str) -> None:
    for passage_id, score in index.search_lexical(question, 3):
        assert passage_id in index.passages
        assert score > 0


def test_a_text_that_occurs_twice_is_kept_once_and_counted(tmp_path: Path) -> None:
    twice = [document("a", TEXTS["gout"]), document("a", TEXTS["gout"]).model_copy(update={"id": "a/2"})]
    counts = build_index(twice, tmp_path)
    assert (counts["passages"], counts["repeated_texts"]) == (2, 2)


def test_the_same_documents_in_another_order_give_the_same_passages_and_vectors(folder: Path, tmp_path: Path) -> None:
    build_index([document(name, text) for name, text in reversed(TEXTS.items())], tmp_path)
    for name in ("passages/00000.jsonl", "dense.faiss", "index.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_vectors_have_length_one_and_stand_in_the_order_asked_for() -> None:
    both = embed(["gout", "an inhaled corticosteroid for asthma, taken twice a day"])
    assert abs(float(both[0] @ both[0]) - 1) < 1e-5
    assert abs(float(both[0] @ embed(["gout"])[0]) - 1) < 1e-4


@pytest.mark.slow
def test_many_threads_embed_at_once_and_get_what_one_would() -> None:
    asked = [["gout", "gout " * (2 + call % 7)] for call in range(400)]
    alone = [embed(texts) for texts in asked[:7]]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # seconds: threads interrupt each other at every turn
    try:
        with ThreadPoolExecutor(16) as pool:
            together = list(pool.map(embed, asked))
    finally:
        sys.setswitchinterval(usual)
    for call, vectors in enumerate(together):
        assert np.allclose(vectors, alone[call % 7], atol=1e-5)


@pytest.mark.parametrize("missing", ["index.json", "dense.faiss", "lexical/meta.json"])
def test_an_index_that_lacks_a_file_says_so(tmp_path: Path, missing: str) -> None:
    build_index([document("gout", TEXTS["gout"])], tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ArtifactError, match="missing or damaged"):
        Index.open(tmp_path)


def test_an_index_of_another_schema_version_is_refused(tmp_path: Path) -> None:
    build_index([document("gout", TEXTS["gout"])], tmp_path)
    about = tmp_path / "index.json"
    about.write_text(about.read_text(encoding="utf-8").replace('"schema_version": 2', '"schema_version": 1'), encoding="utf-8")
    with pytest.raises(ArtifactError, match="schema version 1, this medmodel reads 2; build it again"):
        Index.open(tmp_path)


def test_an_index_of_another_number_of_passages_is_refused(tmp_path: Path) -> None:
    build_index([document("gout", TEXTS["gout"])], tmp_path)
    records = tmp_path / "passages" / "00000.jsonl"
    records.write_text(records.read_text(encoding="utf-8").splitlines(keepends=True)[0], encoding="utf-8")
    with pytest.raises(ArtifactError, match="2 vectors for 1 passages"):
        Index.open(tmp_path)
    assert json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))["passages"] == 2
