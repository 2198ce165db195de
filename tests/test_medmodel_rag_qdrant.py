"""The retriever contract, on an index in a folder and on the same one in Qdrant (its own in-memory mode, no server)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from qdrant_client import QdrantClient

from medmodel import registry
from medmodel.errors import ArtifactError
from medmodel.rag.index import Index, build_index
from medmodel.rag.qdrant import open_index, upload
from medmodel.records import Document, Source

TEXTS = {
    "af": "# Atrial fibrillation\n\nApixaban is preferred over warfarin in nonvalvular atrial fibrillation.\n",
    "gout": "# Gout\n\nColchicine or an NSAID relieves an acute attack of gout.\n\n## Prevention\n\nAllopurinol lowers urate.\n",
    "asthma": "# Asthma\n\nAn inhaled corticosteroid with formoterol relieves asthma and prevents attacks.\n",
    "fang": "# 房颤抗凝\n\n非瓣膜性房颤患者首选直接口服抗凝药，华法林目标 INR 为 2.0–3.0。\n",
    "dose": "# Dose\n\n## Titration\n\n"
    + "".join(f"- Step {n} comes after two weeks and a laboratory check.\n" for n in range(20)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Index:
    made = tmp_path_factory.mktemp("index")
    source = Source(id="s", title="T", organization="WHO", year=2024, licence="MIT", tier="guideline")
    build_index(
        [
            Document(id=f"{name}/1", text=text, source=source.model_copy(update={"id": name}), domain="guideline")
            for name, text in TEXTS.items()
        ],
        made,
        sentence_vectors=False,
    )
    return Index.open(made)


@pytest.fixture(scope="module")
def client(folder: Index) -> Iterator[Any]:
    client = QdrantClient(":memory:")
    upload(folder, client, "references")
    yield client
    client.close()


@pytest.fixture(params=["folder", "qdrant"])
def index(request: pytest.FixtureRequest, folder: Index, client: Any) -> Index:
    return folder if request.param == "folder" else open_index(client, "references")


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
    assert len({hit.metadata["passage_id"] for hit in hits}) == len(hits) <= 3
    for hit in hits:
        assert hit.metadata["passage"] == index.passages[hit.metadata["passage_id"]]
        assert hit.page_content == hit.metadata["passage"].text


def test_a_chinese_question_is_found_by_its_words(index: Index) -> None:
    assert index.search_dense("房颤患者首选什么抗凝药？", 5) == []
    assert index.search_lexical("房颤患者首选什么抗凝药？", 5)[0][0] == "fang/1#0"


@pytest.mark.parametrize("question", ["", "🙂🙂", "'; DROP TABLE passages; --", 'a:b^3 [x TO y] "open ((', "zzzzqqq"])
def test_a_question_without_a_known_word_finds_nothing_by_words(index: Index, question: str) -> None:
    assert [found for found, _ in index.search_lexical(question, 5) if found not in index.passages] == []
    assert question not in ("", "🙂🙂", "zzzzqqq") or index.search_lexical(question, 5) == []


def test_a_question_of_a_hundred_thousand_characters_is_answered(index: Index) -> None:
    assert index.search_lexical("gout colchicine " + "lorem ipsum dolor 剂量 " * 5000, 5)[0][0] == "gout/1#0"


def test_passages_are_found_by_id_and_by_section(index: Index) -> None:
    assert len(index.passages) == len(list(index.passages)) == 7
    assert index.passages["gout/1#1"].heading == ("Gout", "Prevention")
    assert "gout/1#9" not in index.passages
    assert [passage.id for passage in index.section("dose/1#1")] == ["dose/1#0", "dose/1#1"]
    assert index.withdrawn("gout/1#0") is None
    assert index.sentence_vectors("gout/1#0") is None


def test_both_give_the_same_cosines(folder: Index, client: Any) -> None:
    question = "Which drugs relieve attacks of gout?"
    here, there = (dict(index.search_dense(question, 8)) for index in (folder, open_index(client, "references")))
    assert here.keys() == there.keys()
    assert all(abs(here[name] - there[name]) < 1e-5 for name in here)


def test_a_collection_that_is_not_there_or_not_ours_is_refused(client: Any) -> None:
    from qdrant_client import models

    with pytest.raises(ArtifactError, match="Qdrant has no collection 'other'"):
        open_index(client, "other")
    client.create_collection("foreign", vectors_config=models.VectorParams(size=3, distance=models.Distance.DOT))
    with pytest.raises(ArtifactError, match="'foreign' has schema version none, this medmodel reads 3"):
        open_index(client, "foreign")
