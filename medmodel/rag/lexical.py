"""The lexical half of an index: BM25 by tantivy, English stemmed, Chinese cut by jieba.

Two fields, the whole text (which begins with its headings) and the headings again, worth `HEADING_BOOST`. No positions:
a question is a bag of words, and without them the index is a third smaller. Nothing is stored either: a hit is known by its
place, since each segment holds its passages in the order they came.
Segments are made one at a time by one thread each (the words are counted in tantivy's thread while Python reads on), and
then named by their number: tantivy's own names are random, and the same passages would give other files at each build.

    build(folder, [("Gout", "Gout\nColchicine relieves an acute attack.")]);  Lexical(folder).search("attacks of gout", 5)
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import tantivy

from medmodel.rag.words import cut

HEADING_BOOST = 0.5  # a passage under a heading about the question's subject, over one that mentions it in passing
SEGMENT = 60_000_000  # characters, some 100,000 passages: a million are ten segments
HEAP = 1_000_000_000  # bytes at most, before a segment is cut in two; 60 million characters need about a tenth
MOST_WORDS = 1_000  # of a question, the first ones: a pasted chart of 100,000 characters is not searched word by word


def build(folder: Path, passages: Iterable[tuple[str, str]]) -> int:
    """Index (heading, text) of every passage in order; returns how many."""
    folder.mkdir(parents=True)
    arriving = iter(passages)
    made: list[dict[str, Any]] = []
    meta: dict[str, Any] = {}
    for first in arriving:
        part = folder / f"part-{len(made)}"
        _build_segment(part, chain([first], arriving))
        meta = json.loads((part / "meta.json").read_text(encoding="utf-8"))
        [segment] = meta["segments"]
        made.append(_take(part, folder, segment, len(made)))
    count: int = sum(segment["max_doc"] for segment in made)
    if count:
        (folder / "meta.json").write_text(json.dumps({**meta, "segments": made, "opstamp": count}), encoding="utf-8")
        names = sorted(path.name for path in folder.iterdir())
        (folder / ".managed.json").write_text(json.dumps(names), encoding="utf-8")
        (folder / ".tantivy-meta.lock").touch()  # tantivy makes it on opening: it belongs to the files that were built
    return count


class Lexical:
    """An opened lexical index. Raises ValueError when tantivy cannot read it."""

    def __init__(self, folder: Path) -> None:
        index = tantivy.Index.open(str(folder))
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        self._first = [0, *accumulate(segment["max_doc"] for segment in meta["segments"])]  # row of each segment's first
        self._schema = index.schema
        self._searcher = index.searcher()

    def search(self, query: str, k: int) -> list[tuple[int, float]]:
        """(row, BM25) of the `k` best, best first; none when no word of the query is known."""
        counted = Counter(terms(query)[:MOST_WORDS])
        if not counted:
            return []
        wanted = [(tantivy.Occur.Should, clause) for term, times in counted.items() for clause in self._clauses(term, times)]
        hits = self._searcher.search(tantivy.Query.boolean_query(wanted), k, count=False).hits
        return [(self._first[address.segment_ord] + address.doc, float(score)) for score, address in hits]

    def _clauses(self, term: str, times: int) -> Iterator[Any]:
        for field, boost in (("text", float(times)), ("heading", times * HEADING_BOOST)):
            clause = tantivy.Query.term_query(self._schema, field, term)
            yield clause if boost == 1.0 else tantivy.Query.boost_query(clause, boost)


def terms(text: str) -> list[str]:
    """The terms that tantivy's `en_stem` makes of a text: lower case, stemmed, none longer than 40 bytes."""
    found: list[str] = _analyzer.analyze(cut(text))
    return found


_analyzer = (
    tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    .filter(tantivy.Filter.remove_long(40))
    .filter(tantivy.Filter.lowercase())
    .filter(tantivy.Filter.stemmer("english"))
    .build()
)


def _build_segment(part: Path, passages: Iterator[tuple[str, str]]) -> None:
    """One segment of the next passages."""
    part.mkdir()
    schema = tantivy.SchemaBuilder()
    for field in ("text", "heading"):
        schema.add_text_field(field, stored=False, tokenizer_name="en_stem", index_option="freq")
    writer = tantivy.Index(schema.build(), path=str(part)).writer(heap_size=HEAP, num_threads=1)
    characters = 0
    for heading, text in passages:
        writer.add_document(tantivy.Document(heading=[cut(heading)], text=[cut(text)]))
        characters += len(text)
        if characters >= SEGMENT:
            break
    writer.commit()
    writer.wait_merging_threads()


def _take(part: Path, folder: Path, segment: dict[str, Any], number: int) -> dict[str, Any]:
    """Move a segment's files under its number; returns its line of meta.json."""
    old, new = segment["segment_id"].replace("-", ""), f"{number:032x}"
    for path in part.glob(f"{old}.*"):
        path.rename(folder / f"{new}{path.suffix}")
    shutil.rmtree(part)
    return {**segment, "segment_id": f"{new[:8]}-{new[8:12]}-{new[12:16]}-{new[16:20]}-{new[20:]}"}
