"""The retrieval measure: files that do not fit together are refused, and figures are those of worked rankings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals import retrieval
from evals.retrieval_files import Collection, Text, read_collection
from medmodel.errors import InputError

CORPUS = [{"_id": "d1", "text": "Rest.", "title": "Sprain"}, {"_id": "d2", "text": "Colchicine."}]
QUERIES = [{"_id": "q1", "text": "gout?"}, {"_id": "q2", "text": "sprain?"}, {"_id": "q3", "text": "tea?"}]


def write(folder: Path, corpus: object = None, queries: object = None, qrels: str = "q1\td2\t1\nq2\td1\t1\n") -> list[Path]:
    paths = [folder / "corpus.jsonl", folder / "queries.jsonl", folder / "qrels.tsv"]
    for path, rows in zip(paths, (corpus or CORPUS, queries or QUERIES), strict=False):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")  # type: ignore[attr-defined]
    paths[2].write_text(qrels, encoding="utf-8")
    return paths


@pytest.mark.parametrize(
    "qrels",
    ["q1\td2\t1\nq2\td1\t2\n", "query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\td1\t2\n", "q1 0 d2 1\nq2 0 d1 2\nq2 0 d2 0\n"],
)
def test_beirs_and_trecs_judgements_are_read_and_queries_without_any_are_counted(tmp_path: Path, qrels: str) -> None:
    found = read_collection(*write(tmp_path, qrels=qrels))
    assert found.qrels == {"q1": {"d2": 1}, "q2": {"d1": 2}}
    assert (list(found.queries), found.unjudged) == (["q1", "q2"], 1)
    assert found.corpus["d1"].whole == "Sprain\nRest."


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"qrels": "q1\td9\t1\n"}, "line 1: judges document 'd9', which is not in the corpus"),
        ({"qrels": "q9\td1\t1\n"}, "line 1: judges query 'q9', which is not among the queries"),
        ({"qrels": "q1\td1\t1\nq1\td1\t1\n"}, "line 2: judges 'd1' for 'q1' a second time"),
        ({"qrels": "q1\td1\t1\nq1\td2\n"}, "line 2: needs query-id, corpus-id and a whole number"),
        ({"qrels": "q1\td1\t0\n"}, "judges no document above 0"),
        ({"queries": [{"_id": "q1", "text": "  "}]}, "line 1: the text of 'q1' is empty"),
        ({"corpus": [*CORPUS, CORPUS[0]]}, "line 3: 'd1' is there twice"),
        ({"corpus": [{"id": "d1", "text": "x"}]}, "line 1: needs `_id` and `text`"),
        ({"corpus": [{"_id": 7, "text": "x"}]}, "line 1: needs `_id` and `text`, both as strings"),
    ],
)
def test_files_that_do_not_fit_together_are_refused_with_the_place(tmp_path: Path, files: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_collection(*write(tmp_path, **files))  # type: ignore[arg-type]


def test_figures_are_those_of_a_worked_ranking() -> None:
    collection = Collection(
        {}, {name: Text(name, "x") for name in ("q1", "q2")}, {"q1": {"d1": 1}, "q2": {"d1": 1, "d2": 1}}, 0
    )
    rows = retrieval._scores(collection, {"q1": ["d9", "d1"], "q2": []})
    assert rows["ndcg@10"] == pytest.approx([0.6309, 0.0], abs=1e-4)  # 1 / log2(3)
    assert (rows["hit@1"], rows["hit@10"], rows["recall@100"]) == ([0.0, 0.0], [1.0, 0.0], [1.0, 0.0])


def test_a_gain_is_measured_over_the_same_queries() -> None:
    gain = retrieval._gain([1.0, 0.5, 1.0, 0.0], [0.5, 0.5, 0.5, 0.0])
    assert gain["value"] == pytest.approx(0.25)
    assert gain["interval"].low <= 0.25 <= gain["interval"].high


@pytest.mark.slow
def test_a_small_collection_is_measured_side_by_side_and_its_vectors_are_kept(tmp_path: Path) -> None:
    collection = read_collection(*write(tmp_path))
    found = retrieval.measure(collection, "laptop", tmp_path / "cache")
    assert list(found["systems"]) == [
        "plain bm25",
        "plain dense",
        "lexical",
        *(f"fusion {m}" for m in ("rrf", "minmax", "best")),
        "laptop",
    ]
    assert found["systems"]["laptop"]["hit@10"]["value"] == 1.0
    assert found["best_single"] in ("plain bm25", "plain dense", "lexical")
    assert len(list((tmp_path / "cache").iterdir())) == 2
    assert [len(cells) for _, cells in retrieval.lines(found)] == [len(retrieval.COLUMNS)] * 7


@pytest.mark.slow
def test_the_english_embedder_embeds_no_chinese(tmp_path: Path) -> None:
    vectors = retrieval._vectors(["房颤抗凝", "Rest."], "embedded", tmp_path, lambda done: None)
    assert [bool(vector.any()) for vector in vectors] == [False, True]
