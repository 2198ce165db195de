"""Retrieval measured from outside: any corpus, queries and judgements, the product's retrievers beside plain ones, one run.

A row of the corpus is one passage, as it is judged. Compared are BM25 as tantivy comes (`plain bm25`), the embedder's cosine
over whole texts, exact (`plain dense`, which is what langchain's vector stores do), the product's lexical retriever, three
ways to fuse, and the profile, with a reranker if one is named. Scored by ir-measures:

    nDCG@10      the order of the first ten
    hit@10       at least one right document among the first ten (ir-measures' Success@10)
    recall@100   the share of the right ones among the first hundred

with 95 % intervals over queries, and the profile's gain on the best single retriever over the same queries. `even` and `odd`
are two halves of the queries by the SHA-256 of their ids: what is chosen on one shall hold on the other. Latency is the
question's embedding and the search, one question at a time in this process, over `TIMED` questions.
Vectors are kept in `--cache`, by digest of text and embedder: the second run embeds nothing.
Not covered: how the product cuts documents into passages; answers.

    python -m evals retrieval --corpus corpus.jsonl --queries queries.jsonl --qrels qrels.tsv --profile laptop
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from evals import stats
from evals.retrieval_files import Collection, Text
from medmodel.rag import profiles
from medmodel.rag.asked import MOST
from medmodel.rag.embedder import embed, embed_question
from medmodel.rag.hits import Retriever
from medmodel.rag.index import Index
from medmodel.rag.retrievers.fusion import POOL
from medmodel.rag.retrievers.rerank import Rerank
from medmodel.rag.vectors import PROBE
from medmodel.rag.words import chinese, words
from medmodel.records import Passage, Source, Span

DEPTH = 100  # documents ranked for each query
TIMED = 100  # queries
SEED = 17
CACHED = 1  # counts up when the same embedder's name gives other vectors
FEW = 2_000  # queries: up to here intervals are a bootstrap's; above, Student's t, which agrees to the third digit
MEASURES = {"ndcg@10": "nDCG@10", "hit@1": "Success@1", "hit@10": "Success@10", "recall@100": "R@100"}
Progress = Callable[[int, int, str], None]  # done, of, what
Vectors = npt.NDArray[np.float32]
Ranked = list[tuple[str, float]]  # (document, score), best first
Rows = dict[str, list[float]]  # measure -> value of each query


class System(NamedTuple):
    """One line of the table."""

    name: str
    search: Callable[[str], Sequence[str]]  # ids of documents, best first
    embeds: bool  # the question is embedded for it
    single: bool = False  # neither fused nor reranked


def measure(
    collection: Collection, profile: str, cache: Path, rerank: str | None = None, progress: Progress = lambda *_: None
) -> dict[str, Any]:
    """All systems over the same queries. Raises UnknownName for a profile that is none."""
    embedder = profiles.get(profile)["embedder"]
    texts = [document.whole for document in collection.corpus.values()]
    documents = _vectors(texts, embedder, cache, lambda done: progress(done, len(texts), "documents embedded"))
    asked = [query.text for query in collection.queries.values()]
    questions = _vectors(asked, embedder, cache, lambda done: progress(done, len(asked), "queries embedded"))
    with tempfile.TemporaryDirectory(prefix="retrieval-") as scratch:
        known = {PROBE: embed_question(PROBE, embedder), **dict(zip(asked, questions, strict=True))}
        index = Prepared(collection, documents, known, embedder, Path(scratch))
        systems = _systems(index, profile, rerank, texts, Path(scratch))
        rows: dict[str, Rows] = {}
        for number, system in enumerate(systems):
            ranked = {}
            for at, query in enumerate(collection.queries.values()):
                ranked[query.id] = system.search(query.text)
                progress(number * len(asked) + at + 1, len(systems) * len(asked), system.name)
            rows[system.name] = _scores(collection, ranked)
        index.forget()
        latency = _latency(systems, asked, embedder)
    best = max((system.name for system in systems if system.single), key=lambda name: np.mean(rows[name]["ndcg@10"]))
    return {
        "profile": profile,
        "embedder": embedder,
        "documents": len(texts),
        "queries": len(asked),
        "unjudged_queries": collection.unjudged,
        "best_single": best,
        "systems": {
            system.name: {
                **{measure: _figure(rows[system.name][measure]) for measure in MEASURES},
                "halves": _halves(collection, rows[system.name]["ndcg@10"]),
                "gain_ndcg@10": _gain(rows[system.name]["ndcg@10"], rows[best]["ndcg@10"]),
                "gain_hit@10": _gain(rows[system.name]["hit@10"], rows[best]["hit@10"]),
                "latency_ms": latency[system.name],
            }
            for system in systems
        },
    }


COLUMNS = ("nDCG@10", "95 %", "hit@1", "hit@10", "95 %", "recall@100", "gain nDCG", "even/odd", "p50/p95 ms")


def lines(found: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The table's rows: a system's name and its cells, as `COLUMNS` names them."""
    for name, row in found["systems"].items():
        yield (
            name,
            [
                f"{row['ndcg@10']['value']:.3f}",
                _range(row["ndcg@10"]["interval"]),
                f"{row['hit@1']['value']:.3f}",
                f"{row['hit@10']['value']:.3f}",
                _range(row["hit@10"]["interval"]),
                f"{row['recall@100']['value']:.3f}",
                f"{row['gain_ndcg@10']['value']:+.3f} {_range(row['gain_ndcg@10']['interval'])}",
                f"{row['halves']['even']:.3f} / {row['halves']['odd']:.3f}",
                f"{row['latency_ms']['p50']:.1f} / {row['latency_ms']['p95']:.1f}",
            ],
        )


def _range(interval: Sequence[float] | None) -> str:
    return f"{interval[0]:.3f} … {interval[1]:.3f}" if interval else ""


class Prepared(Index):
    """An index over the rows of a corpus, whose queries are embedded already; it makes each search once until `forget`."""

    def __init__(
        self, collection: Collection, vectors: Vectors, questions: Mapping[str, Vectors], embedder: str, folder: Path
    ) -> None:
        import faiss

        from medmodel.rag import lexical

        corpus = list(collection.corpus.values())
        lexical.build(folder / "lexical", ((document.title, document.whole) for document in corpus))
        words = lexical.Lexical(folder / "lexical")
        faiss.omp_set_num_threads(1)  # one question at a time: below a million, threads cost more than they bring
        dense = faiss.IndexFlatIP(vectors.shape[1])
        dense.add(vectors)

        def nearest(vector: Vectors, k: int) -> Ranked:
            scores, rows = dense.search(vector[None], min(k, len(corpus)))
            return [(corpus[row].id, float(score)) for score, row in zip(scores[0], rows[0], strict=True)]

        def having(query: str, k: int) -> Ranked:
            return [(corpus[row].id, score) for row, score in words.search(query, k)]

        super().__init__({one.id: _passage(one) for one in corpus}, nearest, having, embedder, questions[PROBE])
        self._questions = questions
        self._kept: dict[tuple[str, str, int], Ranked] | None = {}

    def search_dense(self, query: str, k: int) -> Ranked:
        if self.embedder == "embedded" and chinese(query):
            return []
        known = self._questions.get(query)
        vector = embed_question(query, self.embedder) if known is None else known  # a rewritten query is not known
        return self._once("dense", query, k, lambda: self.search_vector(vector, k))

    def search_lexical(self, query: str, k: int) -> Ranked:
        return self._once("lexical", query, k, lambda: super(Prepared, self).search_lexical(query, k))

    def forget(self) -> None:
        """Search anew from now on: to be timed."""
        self._kept = None

    def _once(self, kind: str, query: str, k: int, search: Callable[[], Ranked]) -> Ranked:
        if self._kept is None:
            return search()
        at = (kind, query, k)
        if at not in self._kept:
            self._kept[at] = search()
        return self._kept[at]


def _passage(document: Text) -> Passage:
    whole = Span(start=0, end=len(document.text))
    source = Source(id=document.id, title=document.title, licence="n/s", tier="none")
    return Passage(
        id=document.id,
        document_id=document.id,
        text=document.text,
        start=0,
        end=whole.end,
        heading=(document.title,) if document.title else (),
        sentences=(whole,),
        source=source,
    )


def _vectors(texts: Sequence[str], embedder: str, cache: Path, advance: Callable[[int], None]) -> Vectors:
    """Unit vectors of texts, from the cache where these texts were embedded by this embedder before."""
    digest = hashlib.sha256(json.dumps([CACHED, embedder, texts]).encode()).hexdigest()[:24]
    file = cache / f"{digest}.npy"
    if file.exists():
        kept: Vectors = np.load(file)
        return kept
    known = [at for at, text in enumerate(texts) if embedder != "embedded" or not chinese(text)]
    made = np.zeros((len(texts), len(embed([""], embedder)[0])), dtype=np.float32)  # of Chinese, to an English embedder
    if known:
        made[known] = embed([texts[at] for at in known], embedder, advance)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cache, suffix=".partial", delete=False) as partial:
        np.save(partial, made)
    Path(partial.name).replace(file)
    return made


def _systems(index: Prepared, profile: str, rerank: str | None, texts: Sequence[str], folder: Path) -> list[System]:
    words, meaning = ({"use": use, "weight": 1.0} for use in ("lexical", "dense"))

    def fused(method: str) -> Retriever:
        return profiles.build(index, {"use": "fusion", "method": method, "depth": POOL, "of": [words, meaning]}, DEPTH)

    def ranks(retriever: Retriever) -> Callable[[str], Sequence[str]]:
        return lambda query: [found.passage_id for found in retriever.rank(query)]

    whole = profiles.open_retriever(index, DEPTH, profile)
    systems = [
        System("plain bm25", _plain_bm25(list(index.passages), texts, folder / "plain"), False, True),
        System("plain dense", ranks(profiles.build(index, {"use": "dense"}, DEPTH)), True, True),
        System("lexical", ranks(profiles.build(index, {"use": "lexical"}, DEPTH)), False, True),
        *(System(f"fusion {method}", ranks(fused(method)), True) for method in ("rrf", "minmax", "best")),
        System(profile, ranks(whole), True),
    ]
    if rerank:
        systems.append(System(f"{profile} + rerank", ranks(Rerank(index=index, k=DEPTH, of=whole, model=rerank)), True))
    return systems


def _plain_bm25(names: Sequence[str], texts: Sequence[str], folder: Path) -> Callable[[str], Sequence[str]]:
    """tantivy as it comes: words by white space and punctuation, lower case, any of them."""
    import tantivy

    folder.mkdir()
    schema = tantivy.SchemaBuilder().add_text_field("text").add_integer_field("row", stored=True).build()
    index = tantivy.Index(schema, path=str(folder))
    writer = index.writer(heap_size=64_000_000, num_threads=1)
    for row, text in enumerate(texts):
        writer.add_document(tantivy.Document(text=[text], row=row))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(query: str) -> Sequence[str]:
        asked = [word for word in words(query)[:MOST] if word not in ("AND", "OR", "NOT", "IN", "TO")]
        if not asked:
            return []
        hits = searcher.search(index.parse_query(" ".join(asked), ["text"]), DEPTH).hits
        return [names[searcher.doc(address)["row"][0]] for _, address in hits]

    return search


def _scores(collection: Collection, ranked: Mapping[str, Sequence[str]]) -> Rows:
    """Each measure of each query, in the order of the queries; a query for which nothing was found has 0."""
    import ir_measures

    qrels = [ir_measures.Qrel(query, one, score) for query, judged in collection.qrels.items() for one, score in judged.items()]
    run = [ir_measures.ScoredDoc(query, one, -rank) for query, found in ranked.items() for rank, one in enumerate(found)]
    found = {name: dict.fromkeys(collection.queries, 0.0) for name in MEASURES}
    named = {str(ir_measures.parse_measure(code)): name for name, code in MEASURES.items()}
    for one in ir_measures.iter_calc(list(map(ir_measures.parse_measure, MEASURES.values())), qrels, run):
        found[named[str(one.measure)]][one.query_id] = one.value
    return {name: list(values.values()) for name, values in found.items()}


def _figure(values: Sequence[float]) -> dict[str, Any]:
    gain = _gain(values, [0.0] * len(values))
    return {"value": gain["value"], "interval": gain["interval"], "n": len(values)}


def _gain(values: Sequence[float], baselines: Sequence[float]) -> dict[str, Any]:
    """The mean difference over the same queries, and its interval."""
    names = [str(at) for at in range(len(values))]
    if len(values) <= FEW:
        pairs = [stats.Pair(value, baseline, name) for value, baseline, name in zip(values, baselines, names, strict=True)]
        found = stats.paired_difference(pairs, SEED)
        return {"value": found.difference, "interval": found.interval}
    mean = stats.clustered_mean([value - baseline for value, baseline in zip(values, baselines, strict=True)], names)
    return {"value": mean.value, "interval": mean.interval}


def _halves(collection: Collection, values: Sequence[float]) -> dict[str, float]:
    halves: dict[str, list[float]] = {"even": [], "odd": []}
    for name, value in zip(collection.queries, values, strict=True):
        odd = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2
        halves["odd" if odd else "even"].append(value)
    return {half: float(np.mean(scored)) if scored else 0.0 for half, scored in halves.items()}


def _latency(systems: Sequence[System], asked: Sequence[str], embedder: str) -> dict[str, dict[str, float]]:
    """Milliseconds of one question, embedding and search."""
    sample = list(asked[:: max(1, len(asked) // TIMED)][:TIMED])
    embedding = [_milliseconds(lambda: embed([query], embedder)) for query in sample]  # noqa: B023
    found = {}
    for system in systems:
        system.search(sample[0])  # what is loaded with the first one
        searching = [_milliseconds(lambda: system.search(query)) for query in sample]  # noqa: B023
        total = np.add(searching, embedding) if system.embeds else np.array(searching)
        found[system.name] = {"p50": float(np.percentile(total, 50)), "p95": float(np.percentile(total, 95))}
    return found


def _milliseconds(act: Callable[[], Any]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000
