"""Stage `index`: passages with their sentences numbered, a dense index (faiss) and a lexical one (tantivy).

    passages/00000.jsonl   Passage records
    dense.faiss            exact inner product over unit vectors, in the order of the passages
    lexical/               tantivy: English stemmed, Chinese cut by jieba
    index.json             schema version, embedder, sizes, SHA-256 of dense.faiss

Exact search is right up to about 20,000 passages (13 ms at 100,000); approximate indexes are not covered here.
`faiss.read_index` is unsafe on hostile files, so its SHA-256 is checked first, and a release's signature before that.

    medmodel run demo --until index
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import faiss
import tantivy

from medmodel import prompts
from medmodel.artifacts import file_sha256, read_records, write_atomic, write_records
from medmodel.errors import ArtifactError, InputError
from medmodel.job import Job
from medmodel.rag.embedder import embed, embed_question
from medmodel.rag.passages import split_document
from medmodel.records import Document, Passage

SCHEMA_VERSION = 2  # of the folder above; 1 had no field for headings
HEADING_BOOST = 0.5  # a passage under a heading about the question's subject, over one that mentions it in passing
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ASKING = frozenset("什么 怎么 怎样 如何 哪些 哪里 哪种 为什么 是否 多少 应该 应当 需要 可以 患者 病人 治疗".split())


def run(job: Job) -> dict[str, Any]:
    """Write the index over the documents of the wanted domains, held-out ones included; returns counts."""
    job.clear()
    documents = (d for d in job.inputs["documents"].read("documents", Document) if d.domain in job.config.domains)
    return build_index(documents, job.out, job.config.embedder, lambda done, total: job.progress(done, total, "passages"))


def build_index(
    documents: Iterable[Document],
    folder: Path,
    embedder: str = "embedded",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Split, embed and index documents into `folder`. A text that occurs twice is kept once and counted.

    Raises InputError when there is nothing to index.
    """
    passages: dict[str, Passage] = {}
    repeated = 0
    for document in sorted(documents, key=lambda document: document.id):
        for passage in split_document(document):
            text = searchable(passage)
            if text in passages:
                repeated += 1
            passages.setdefault(text, passage)
    if not passages:
        raise InputError("there is nothing to index: no document has a sentence in it")
    kept = list(passages.values())
    write_records(folder / "passages", kept)
    vectors = embed(list(passages), embedder, lambda done: progress(done, len(kept)))
    dense = faiss.IndexFlatIP(vectors.shape[1])
    dense.add(vectors)
    faiss.write_index(dense, str(folder / "dense.faiss"))
    _build_lexical(folder / "lexical", passages)
    about = {
        "schema_version": SCHEMA_VERSION,
        "embedder": embedder,
        "passages": len(kept),
        "dimensions": vectors.shape[1],
        "dense_sha256": file_sha256(folder / "dense.faiss"),
    }
    write_atomic(folder / "index.json", json.dumps(about, indent=1))
    return {"passages": len(kept), "sentences": sum(len(p.sentences) for p in kept), "repeated_texts": repeated}


class Index:
    """An opened index: passages by id, and search by meaning or by words."""

    def __init__(self, passages: Sequence[Passage], dense: Any, lexical: Any, embedder: str) -> None:
        self.passages = {passage.id: passage for passage in passages}
        self._ids = [passage.id for passage in passages]
        self._dense = dense
        self._lexical = lexical
        self._embedder = embedder

    @classmethod
    def open(cls, folder: Path) -> Index:
        """Load an index. Raises ArtifactError when a file is missing or damaged, or another version made it."""
        try:
            about = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            if about.get("schema_version") != SCHEMA_VERSION:
                raise ArtifactError(
                    f"the index in {folder} has schema version {about.get('schema_version', 1)}, this medmodel reads {SCHEMA_VERSION}; build it again"
                )
            if file_sha256(folder / "dense.faiss") != about["dense_sha256"]:
                raise ArtifactError(f"{folder / 'dense.faiss'} is not the file that was built (its SHA-256 differs)")
            dense = faiss.read_index(str(folder / "dense.faiss"))
            lexical = tantivy.Index.open(str(folder / "lexical"))
        except (OSError, ValueError, KeyError) as damage:
            raise ArtifactError(
                f"the index in {folder} is missing or damaged ({type(damage).__name__}); build it again"
            ) from None
        passages = list(read_records(folder / "passages", Passage))
        if dense.ntotal != len(passages):
            raise ArtifactError(
                f"the index in {folder} holds {dense.ntotal} vectors for {len(passages)} passages; build it again"
            )
        return cls(passages, dense, lexical, about["embedder"])

    def search_dense(self, query: str, k: int) -> list[tuple[str, float]]:
        """(passage id, cosine) of the `k` nearest; none for Chinese with the embedded embedder, which knows English alone."""
        if self._embedder == "embedded" and chinese(query):
            return []  # measured on six questions: the right passage at .30, an unrelated one at .55
        scores, rows = self._dense.search(embed_question(query, self._embedder)[None], min(k, len(self._ids)))
        return [(self._ids[row], float(score)) for score, row in zip(scores[0], rows[0], strict=True) if row >= 0]

    def search_lexical(self, query: str, k: int) -> list[tuple[str, float]]:
        """(passage id, BM25) of the `k` best; none when no word of the query is known."""
        words = _words(query)
        if not words:
            return []
        parsed = self._lexical.parse_query(" ".join(words), ["text", "heading"], field_boosts={"heading": HEADING_BOOST})
        searcher = self._lexical.searcher()
        hits = searcher.search(parsed, k).hits
        return [(searcher.doc(address)["id"][0], float(score)) for score, address in hits]


def searchable(passage: Passage) -> str:
    """What is embedded and indexed: the heading path and publisher before the text, which alone may not name its topic."""
    return f"{prompts.publisher(passage)}. {' > '.join(passage.heading) or passage.source.title}\n{passage.text}"


def chinese(text: str) -> bool:
    return bool(_CHINESE.search(text))


def coverage(question: str, text: str) -> float:
    """Share of a Chinese question's words of two characters or more, question words aside, that a text holds."""
    words = {word for word in _words(question) if len(word) > 1} - _ASKING
    return len([word for word in words if word in text]) / len(words) if words else 0.0


def _build_lexical(folder: Path, passages: dict[str, Passage]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("id", stored=True, tokenizer_name="raw")
    schema.add_text_field("text", stored=False, tokenizer_name="en_stem")
    schema.add_text_field("heading", stored=False, tokenizer_name="en_stem")
    index = tantivy.Index(schema.build(), path=str(folder))
    writer = index.writer(heap_size=64_000_000, num_threads=1)  # one thread: the same passages give the same segments
    for text, passage in passages.items():
        heading = " ".join(_words(" ".join(passage.heading) or passage.source.title))
        writer.add_document(tantivy.Document(id=[passage.id], text=[" ".join(_words(text))], heading=[heading]))
    writer.commit()
    writer.wait_merging_threads()


def _words(text: str) -> list[str]:
    """Words of a query or passage, with nothing that tantivy's query syntax would read; Chinese cut by jieba."""
    if _CHINESE.search(text):
        import jieba

        jieba.setLogLevel(60)
        text = " ".join(jieba.cut_for_search(text))
    return [word for word in re.findall(r"[^\W_]+", text) if word not in ("AND", "OR", "NOT", "IN", "TO")]
