"""An index in a Qdrant server, for more passages than one machine should hold: the same `Index`, so the same retrievers.

    client = QdrantClient("http://localhost:6333")
    upload(Index.open(folder), client, "references")
    index = open_index(client, "references")        # as Index.open(folder)

Dense search is Qdrant's own over the same vectors. Words are a sparse vector of BM25's weights, and Qdrant's own rarity of a
term; a term's weight in a heading is added at `HEADING_BOOST`, so scores differ a little from tantivy's.
Not here: generations (a collection is written in place: give each build a name of its own, and switch a Qdrant alias),
vectors of sentences, withdrawn passages, and how many passages have a word (silence then takes all words for
equally rare, which it was not fitted on): those stay with the folder that was uploaded.
Needs qdrant-client (the extra `qdrant`); a server that cannot be reached is that package's own error.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from medmodel.errors import ArtifactError
from medmodel.rag.generations import SCHEMA_VERSION
from medmodel.rag.index import Found, Index
from medmodel.rag.lexical import HEADING_BOOST, PRESENCE, asked_terms, terms
from medmodel.rag.store import CACHED, Store, searchable, title
from medmodel.records import Passage

BATCH = 256  # points a request
K1, B = 1.2, 0.75  # BM25's own, as tantivy has them


def upload(index: Index, client: Any, collection: str, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Write an opened index into a new collection. What has that name is replaced."""
    from qdrant_client import models

    store = index.passages
    assert isinstance(store, Store), "only an index that lies in a folder can be uploaded"
    lengths = [sum(1 for _ in terms(searchable(passage))) for passage in store.values()]
    mean = sum(lengths) / max(1, len(lengths))
    about = {"schema_version": SCHEMA_VERSION, "embedder": index.embedder, "probe": index.probe.tolist()}
    if client.collection_exists(collection):
        client.delete_collection(collection)
    client.create_collection(
        collection,
        vectors_config={"dense": models.VectorParams(size=len(index.probe), distance=models.Distance.DOT)},
        sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        metadata=about,
    )
    rows = iter(range(len(store)))
    while batch := list(islice(rows, BATCH)):
        points = []
        for row in batch:
            passage = store[store.ids[row]]
            weights = _weights(passage, mean)
            words = models.SparseVector(indices=list(weights), values=list(weights.values()))
            vector = {"dense": store.vectors[row].tolist(), "words": words}
            payload = {"passage": passage.model_dump(mode="json", exclude_defaults=True)}
            points.append(models.PointStruct(id=_point(passage.id), vector=vector, payload=payload))
        client.upsert(collection, points)
        progress(batch[-1] + 1, len(store))


def open_index(client: Any, collection: str) -> Index:
    """The collection as an Index. Raises ArtifactError when it is not there, or `upload` of another version made it."""
    from qdrant_client import models

    if not client.collection_exists(collection):
        raise ArtifactError(f"Qdrant has no collection '{collection}'; upload an index to it")
    about = client.get_collection(collection).config.metadata or {}
    if about.get("schema_version") != SCHEMA_VERSION:
        raise ArtifactError(
            f"the Qdrant collection '{collection}' has schema version {about.get('schema_version', 'none')}, "
            f"this medmodel reads {SCHEMA_VERSION}; upload the index again"
        )
    passages = _Passages(client, collection)

    def search(query: Any, using: str, k: int) -> Found:
        found = client.query_points(collection, query=query, using=using, limit=k, with_payload=True).points
        return [(passages.keep(point), float(point.score)) for point in found]

    def dense(vector: npt.NDArray[np.float32], k: int) -> Found:
        return search(vector.tolist(), "dense", k)

    def lexical(query: str, k: int) -> Found:
        counted = Counter(_number(term) for term in asked_terms(query))
        words = models.SparseVector(indices=list(counted), values=[float(times) for times in counted.values()])
        return search(words, "words", k) if counted else []

    return Index(passages, dense, lexical, about["embedder"], np.array(about["probe"], dtype=np.float32))


class _Passages(Mapping[str, Passage]):
    """Passages by id, asked of the server; those that a search has found come with it."""

    def __init__(self, client: Any, collection: str) -> None:
        self._client = client
        self._collection = collection
        self._kept: OrderedDict[str, Passage] = OrderedDict()

    def __getitem__(self, passage_id: str) -> Passage:
        if passage_id not in self._kept:
            points = self._client.retrieve(self._collection, [_point(passage_id)], with_payload=True)
            if not points:
                raise KeyError(passage_id)
            self.keep(points[0])
        return self._kept[passage_id]

    def __iter__(self) -> Iterator[str]:
        at = None
        while True:
            points, at = self._client.scroll(self._collection, limit=BATCH, offset=at, with_payload=["passage.id"])
            yield from (point.payload["passage"]["id"] for point in points)
            if at is None:
                return

    def __len__(self) -> int:
        return int(self._client.count(self._collection).count)

    def keep(self, point: Any) -> str:
        passage = Passage.model_validate(point.payload["passage"])
        self._kept[passage.id] = passage
        while len(self._kept) > CACHED:
            self._kept.popitem(last=False)
        return passage.id


def _weights(passage: Passage, mean: float) -> dict[int, float]:
    """BM25's weight of each term without its rarity, which Qdrant knows."""
    text = terms(searchable(passage))
    weights = {number: PRESENCE + (1 - PRESENCE) * weight for number, weight in _saturated(text, len(text) / mean).items()}
    for number, weight in _saturated(terms(title(passage)), 1.0).items():
        weights[number] += HEADING_BOOST * weight
    return weights


def _saturated(found: Sequence[str], length: float) -> dict[int, float]:
    counted = Counter(map(_number, found))
    return {number: times * (K1 + 1) / (times + K1 * (1 - B + B * length)) for number, times in counted.items()}


def _number(term: str) -> int:
    """A term as Qdrant counts dimensions: 32 bits: it meets one of a million other terms with a chance of 1 in 4,000."""
    return int.from_bytes(hashlib.sha256(term.encode()).digest()[:4], "big")


def _point(passage_id: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, passage_id))
