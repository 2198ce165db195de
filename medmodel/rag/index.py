"""Stage `index`, and an opened index: passages by id, and search by meaning or by words.

An index folder holds generations (`medmodel.rag.generations`): a build writes the first, an update the next one, in which
documents are added, removed, forgotten or flagged and only what is new is embedded. What lies in a generation is told in
`medmodel.rag.store`; how it is written, in `medmodel.rag.build`; the dense index is `medmodel.rag.ann`'s, the lexical one
`medmodel.rag.lexical`'s. The same retrievers search a Qdrant server through `medmodel.rag.qdrant`.

    medmodel run demo --until index

    build_index(documents, folder)
    update_index(folder, add=[document], forget=["protocol-1f3a9c2b"], reason="asked for by its author")
    index = Index.open(folder)
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from medmodel.errors import ArtifactError, InputError
from medmodel.forgetting import belongs
from medmodel.job import Job
from medmodel.rag import ann, generations
from medmodel.rag.build import Change, Documents, Progress, write
from medmodel.rag.embedder import embed as embed_texts
from medmodel.rag.embedder import embed_question
from medmodel.rag.lexical import Lexical
from medmodel.rag.store import Store
from medmodel.rag.vectors import PROBE, Embed, Encoder, check_probe
from medmodel.rag.words import chinese
from medmodel.records import Document, Passage, Withdrawn

__all__ = ["Flag", "Index", "build_index", "run", "update_index"]

Found = list[tuple[str, float]]  # (passage id, score), best first
REPLACED = "a newer text of its document does not have it"


class Flag(NamedTuple):
    """What a publisher has said of a source since."""

    source: str  # its id
    status: Literal["current", "retracted", "superseded"]
    superseded_by: str | None = None


def run(job: Job) -> dict[str, Any]:
    """Write the index over the documents of the wanted domains, held-out ones included; returns counts.

    A killed run is gone on with: what it had embedded is in `job.out`.
    """
    if generations.exists(job.out):
        job.clear()
    documents = (d for d in job.inputs["documents"].read("documents", Document) if d.domain in job.config.domains)
    return build_index(
        documents,
        job.out,
        job.config.embedder,
        lambda done, total: job.progress(done, total, "texts"),
        sentence_vectors=job.config.sentence_vectors,
    )


def build_index(
    documents: Iterable[Document],
    folder: Path,
    embedder: str = "embedded",
    progress: Progress = lambda done, total: None,
    *,
    sentence_vectors: bool = True,
    embed: Embed = embed_texts,
) -> dict[str, Any]:
    """A generation of these documents alone. A text that occurs twice is kept once and counted; returns counts.

    Raises InputError when there is nothing to index, or two documents have one id.
    """
    with generations.writing(folder) as partial:
        previous = generations.served(folder)
        with Documents(documents, partial / "documents.spool") as spooled:
            about = write(partial, None, Change(spooled), Encoder(embedder, embed, sentence_vectors), progress)
        if not about["passages"]:
            shutil.rmtree(partial)
            raise InputError("there is nothing to index: no document has a sentence in it")
        generations.publish(folder, partial, about, previous)
    return {"passages": about["passages"], "sentences": about["sentences"], "repeated_texts": about["repeated"]}


def update_index(
    folder: Path,
    *,
    add: Iterable[Document] = (),
    remove: Sequence[str] = (),
    forget: Sequence[str] = (),
    flag: Sequence[Flag] = (),
    reason: str = "",
    progress: Progress = lambda done, total: None,
    embed: Embed = embed_texts,
) -> dict[str, Any]:
    """The next generation: documents added (or replaced, by id), removed, forgotten, sources flagged; returns its counts.

    `remove` and `forget` take ids of sources and documents, or the beginning of document ids up to a slash. What was removed
    is still in the generation before; what was forgotten is in none. Either way `Index.withdrawn` knows the passage's id.
    Raises InputError for a name that no document has. Nothing changes if it fails.
    """
    with generations.writing(folder) as partial:
        if forget:  # a killed update may have left in it what is to be forgotten
            shutil.rmtree(partial)
            partial.mkdir()
        now = generations.newest(folder)
        before = Store(now.folder)
        encoder = Encoder(now.about["embedder"], embed, now.about["sentence_vectors"])
        with Documents(add, partial / "documents.spool") as spooled:
            change = _change(before, spooled, remove, forget, flag, reason)
            about = write(partial, before, change, encoder, progress)
        generations.publish(folder, partial, about, None if forget else now.number)
    return {"passages": about["passages"], "sentences": about["sentences"], "repeated_texts": about["repeated"]}


class Index:
    """Passages by id, and search. `generation` is its number; `notice` says, for a reader, why it is not the newest one."""

    def __init__(
        self,
        passages: Mapping[str, Passage],
        dense: Callable[[npt.NDArray[np.float32], int], Found],
        lexical: Callable[[str, int], Found],
        embedder: str,
        probe: npt.NDArray[np.float32],
    ) -> None:
        self.passages = passages
        self.embedder = embedder
        self.generation = 0
        self.notice = ""
        self.about: Mapping[str, Any] = {}
        self._dense = dense
        self._lexical = lexical
        self._having: Callable[[str], int | None] = lambda word: None
        self.probe = probe  # the vector of a fixed text, by which another encoder under the same name is known
        self._compared = False

    @classmethod
    def open(cls, folder: Path) -> Index:
        """Load the newest generation that is whole. Raises ArtifactError when there is none, or another version made it."""
        found = generations.newest(folder)
        store = Store(found.folder)
        index = cls(store, _no_dense, _no_lexical, found.about["embedder"], np.load(found.folder / "probe.npy"))
        if len(store):
            try:
                searcher = ann.open(found.folder / "dense", found.about["dense"])
                words = Lexical(found.folder / "lexical")
            except (ValueError, RuntimeError) as fault:  # whole, but not readable by the packages that are installed
                raise ArtifactError(
                    f"the index in {folder} cannot be opened ({type(fault).__name__}); build it again"
                ) from None
            index._dense = lambda vector, k: _named(store, *searcher.search(vector[None], min(k, len(store))))
            index._lexical = lambda query, k: [(store.ids[row], score) for row, score in words.search(query, k)]
            index._having = words.having
        index.generation, index.notice, index.about = found.number, found.notice, found.about
        return index

    def search_dense(self, query: str, k: int) -> Found:
        """(passage id, cosine) of the `k` nearest; none for Chinese with the embedded embedder, which knows English alone."""
        if self.embedder == "embedded" and chinese(query):
            return []  # measured on six questions: the right passage at .30, an unrelated one at .55
        if not self._compared:
            check_probe(self.probe, embed_question(PROBE, self.embedder), self.embedder)
            self._compared = True
        return self.search_vector(embed_question(query, self.embedder), k)

    def search_vector(self, vector: npt.NDArray[np.float32], k: int) -> Found:
        """(passage id, cosine) of the `k` nearest to a unit vector of the index's embedder."""
        return self._dense(vector, k)

    def search_lexical(self, query: str, k: int) -> Found:
        """(passage id, BM25) of the `k` best; none when no word of the query is known."""
        return self._lexical(query, k)

    def having(self, word: str) -> int | None:
        """How many passages have a word; None where that is not known (an index on a server, a sign)."""
        return self._having(word)

    def documents(self) -> set[str]:
        """Ids of the documents that were indexed, those included whose every text another one has."""
        if isinstance(self.passages, Store):
            return {held.id for held in self.passages.documents()}
        return {passage_id.rpartition("#")[0] for passage_id in self.passages}

    def section(self, passage_id: str) -> list[Passage]:
        """The passages next to this one under the same heading, in order, this one among them."""
        here = self.passages[passage_id]
        document, _, number = passage_id.rpartition("#")
        found = [here]
        for step in (-1, 1):
            at = int(number) + step
            while (beside := self.passages.get(f"{document}#{at}")) and beside.heading == here.heading:
                found.append(beside)
                at += step
        return sorted(found, key=lambda passage: passage.start)

    def sentence_vectors(self, passage_id: str) -> npt.NDArray[np.float16] | None:
        """A unit vector a sentence (`medmodel.rag.store.sentence_texts`); None when the index was built without."""
        store = self.passages
        if not isinstance(store, Store) or store.sentences is None:
            return None
        row = store.row(passage_id)
        return store.sentences[store.starts[row] : store.starts[row + 1]]

    def withdrawn(self, passage_id: str) -> Withdrawn | None:
        """When and why a passage left that an old answer cites; None when it is there, or was never known."""
        return self.passages.withdrawn.get(passage_id) if isinstance(self.passages, Store) else None


def _change(
    before: Store, added: Documents, remove: Sequence[str], forget: Sequence[str], flag: Sequence[Flag], reason: str
) -> Change:
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    new = set(added.ids)
    leaving: dict[str, Withdrawn] = {}
    unknown = {*remove, *forget, *(one.source for one in flag)}
    for held in before.documents():
        unknown -= {name for name in unknown if belongs(held.id, held.source, [name])}
        forgotten = belongs(held.id, held.source, forget)
        if forgotten or belongs(held.id, held.source, remove):
            why = reason or ("deleted on request" if forgotten else "removed from the references")
        elif held.id in new:
            why = REPLACED
        else:
            continue
        leaving[held.id] = Withdrawn(passage_id="", source_id=held.source, date=day, reason=why, forgotten=forgotten)
    gone = []
    for one in before.withdrawn.values():
        document = one.passage_id.rpartition("#")[0]
        unknown -= {name for name in forget if belongs(document, one.source_id, [name])}
        again = belongs(document, one.source_id, forget) and not one.forgotten
        gone.append(one.model_copy(update={"forgotten": True, "reason": reason or one.reason}) if again else one)
    if unknown:
        raise InputError(f"the index holds no document or source '{min(unknown)}': look its id up in the list of references")
    sources = {one.source: {"status": one.status, "superseded_by": one.superseded_by} for one in flag}
    return Change(added, leaving, sources, gone)


def _named(store: Store, scores: npt.NDArray[np.float32], rows: npt.NDArray[np.int64]) -> Found:
    return [(store.ids[row], float(score)) for score, row in zip(scores[0], rows[0], strict=True) if row >= 0]


def _no_dense(vector: npt.NDArray[np.float32], k: int) -> Found:
    return []


def _no_lexical(query: str, k: int) -> Found:
    return []
