"""The index and its retrievers, on a small real index: found by meaning, by word and by both, in English and Chinese."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medmodel import registry
from medmodel.errors import ArtifactError, InputError, UnknownName
from medmodel.rag.answer import Answerer
from medmodel.rag.embedder import embed
from medmodel.rag.index import Index, build_index, update_index
from medmodel.rag.store import sentence_texts
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


def test_the_same_documents_in_another_order_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    build_index([document(name, text) for name, text in reversed(TEXTS.items())], tmp_path)
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert all((tmp_path / name).read_bytes() == (folder / name).read_bytes() for name in files)


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


def test_two_documents_with_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two documents have the id 'gout/1'"):
        build_index([document("gout", TEXTS["gout"]), document("gout", TEXTS["af"])], tmp_path)


@pytest.mark.parametrize("missing", ["passages/00000.jsonl", "vectors.npy", "lexical/meta.json", "manifest.json"])
def test_an_index_that_lacks_a_file_says_so(folder: Path, tmp_path: Path, missing: str) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "generations" / "00001" / missing).unlink()
    with pytest.raises(ArtifactError, match=r"cannot be used: generation 1 is .*missing; build it again"):
        Index.open(tmp_path)


def test_an_index_of_another_schema_version_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    manifest = tmp_path / "generations" / "00001" / "manifest.json"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace('"schema_version": 3', '"schema_version": 9'), encoding="utf-8"
    )
    with pytest.raises(ArtifactError, match="schema version 9, this medmodel reads 3; build it again"):
        Index.open(tmp_path)


def test_an_index_from_before_generations_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text('{"schema_version": 2}', encoding="utf-8")
    with pytest.raises(ArtifactError, match="schema version 2, this medmodel reads 3; build it again"):
        Index.open(tmp_path)


def test_a_folder_without_an_index_says_so(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="there is no index in"):
        Index.open(tmp_path)


@pytest.mark.parametrize(("dimensions", "said"), [(384, "made by another embedder"), (7, "vectors of 7 dimensions")])
def test_an_index_whose_embedder_is_another_now_is_refused_at_the_first_search(
    tmp_path: Path, dimensions: int, said: str
) -> None:
    def other(texts: Sequence[str], name: str, progress: Callable[[int], None]) -> npt.NDArray[np.float32]:
        return np.eye(dimensions, dtype=np.float32)[np.zeros(len(texts), dtype=int)]

    build_index([document("gout", TEXTS["gout"])], tmp_path, embed=other)
    index = Index.open(tmp_path)
    with pytest.raises(ArtifactError, match=said):
        index.search_dense("gout", 1)
    with pytest.raises(ArtifactError, match=said):
        update_index(tmp_path, add=[document("af", TEXTS["af"])])


def test_a_section_is_what_stands_under_one_heading_in_order(tmp_path: Path) -> None:
    bullets = "\n".join(
        f"- Step {number} of the titration is taken after two weeks and a laboratory check." for number in range(20)
    )
    build_index([document("long", f"# Drug\n\nOne sentence.\n\n## Dose\n\n{bullets}\n\n## Harm\n\nBleeding.")], tmp_path)
    index = Index.open(tmp_path)
    section = index.section("long/1#2")
    assert [passage.id for passage in section] == ["long/1#1", "long/1#2", "long/1#3"]
    assert {passage.heading for passage in section} == {("Drug", "Dose")}
    assert [passage.id for passage in index.section("long/1#0")] == ["long/1#0"]


def test_the_vectors_of_sentences_are_those_that_the_choice_of_sentences_would_embed(index: Index) -> None:
    for passage in index.passages.values():
        stored = index.sentence_vectors(passage.id)
        assert stored is not None
        assert stored.shape[0] == len(passage.sentences)
        cosines = (stored.astype(np.float32) * embed(sentence_texts(passage))).sum(axis=1)
        assert cosines.min() > 0.998  # 8-bit arithmetic rounds otherwise in other company (medmodel/rag/minilm.py)


def test_an_index_can_be_built_without_vectors_of_sentences(tmp_path: Path) -> None:
    build_index([document("gout", TEXTS["gout"])], tmp_path, sentence_vectors=False)
    assert Index.open(tmp_path).sentence_vectors("gout/1#0") is None


def test_every_passage_has_its_heading_source_and_digest(index: Index) -> None:
    passage = index.passages["gout/1#1"]
    assert passage.heading == ("Gout", "Prevention")
    assert (passage.source.tier, passage.source.licence, passage.source.status) == ("guideline", "MIT", "current")
    assert passage.digest == hashlib.sha256(b"Allopurinol lowers urate.").hexdigest()
