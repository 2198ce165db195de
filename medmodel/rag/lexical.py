"""The lexical half of an index: BM25 by tantivy, English stemmed, Chinese cut by jieba.

A word of a question counts by how rare it is (`PRESENCE` of its score) and by how often and in how short a passage it stands
(BM25, the rest): tantivy's k1 of 1.2 is fixed, and passages of one subject repeat its name, so half of the weight is taken
from repetition. `medmodel.rag.asked` says which words are looked for. In a large index the frequent words of a question do not
find passages of their own: they add to the score of what the rarer ones found (`finding_words`).
Two fields, the whole text (which begins with its headings) and the headings again, worth `HEADING_BOOST`. No positions:
a question is a bag of words, and without them the index is a third smaller. Nothing is stored either: a hit is known by its
place, since each segment holds its passages in the order they came.
Segments are made one at a time by one thread each (the words are counted in tantivy's thread while Python reads on), and
then named by their number: tantivy's own names are random, and the same passages would give other files at each build.

    build(folder, [("Gout", "Gout\nColchicine relieves an acute attack.")]);  Lexical(folder).search("attacks of gout", 5)
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, NamedTuple

import tantivy

from medmodel.rag.asked import FEW, kept_words, spread
from medmodel.rag.words import cut

HEADING_BOOST = 0.5  # a passage under a heading about the question's subject, over one that mentions it in passing
SEGMENT = 60_000_000  # characters, some 100,000 passages: a million are ten segments
HEAP = 1_000_000_000  # bytes at most, before a segment is cut in two; 60 million characters need about a tenth
# Share of a word's score for being there at all. BioASQ, nDCG@10: 0 .768, .3 .783, .5 .789, .6 .789, .7 .788, .9 .780;
# MedQuAD, hit@10: .906, .910, .913, .913, .913, .908 (docs/evidence.md).
PRESENCE = 0.6
FINDING = 10_000  # passages: 1 % of a million; with 1 % of BioASQ's or MedQuAD's, the same nDCG@10 to .001 (docs/evidence.md)
# times as dear to look for a word in a passage further on as to read the next that has one. At a million, mean CPU ms of 7, 21
# and 14 frequent words: all find 8, 20, 42; with 3 it is 6, 30, 10; with 5 8, 20, 10; with 8 8, 20, 11 (tests/perf/lexical.py).
LOOKING_UP = 5
LOOKS = 20  # times that a folder is deleted before its error is believed, 10 ms apart


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
        """(row, score) of the `k` best, best first; none when no word of the query is known."""
        counted = Counter(asked_terms(query)).items()
        known = [Word(term, times, having) for term, times in counted if (having := self._searcher.doc_freq("text", term))]
        rarest = sorted(known, key=lambda word: word.having)[:FEW]
        if not rarest:
            return []
        finding = finding_words([word.having for word in rarest])
        clauses = [(tantivy.Occur.Should, clause) for word in rarest[:finding] for clause in self._clauses(word)]
        wanted = tantivy.Query.boolean_query(clauses)
        for word in rarest[finding:]:
            for clause in self._clauses(word):
                wanted = tantivy.Query.boolean_query([(tantivy.Occur.Must, wanted), (tantivy.Occur.Should, clause)])
        hits = self._searcher.search(wanted, k, count=False).hits
        return [(self._first[address.segment_ord] + address.doc, float(score)) for score, address in hits]

    def having(self, word: str) -> int | None:
        """How many passages have a word, by the rarest of its terms; None of what has no term, such as a sign."""
        return min((self._searcher.doc_freq("text", term) for term in terms(word)), default=None)

    def _clauses(self, word: Word) -> Iterator[Any]:
        in_text, in_heading = (tantivy.Query.term_query(self._schema, field, word.term) for field in ("text", "heading"))
        rarity = math.log(1 + (self._searcher.num_docs - word.having + 0.5) / (word.having + 0.5))  # BM25's
        yield tantivy.Query.boost_query(in_text, word.times * (1 - PRESENCE))
        yield tantivy.Query.const_score_query(in_text, word.times * PRESENCE * rarity)
        if self._searcher.doc_freq("heading", word.term):
            yield tantivy.Query.boost_query(in_heading, word.times * HEADING_BOOST)


class Word(NamedTuple):
    """A term that is looked for."""

    term: str
    times: int  # in the question
    having: int  # passages


def finding_words(having: Sequence[int]) -> int:
    """How many of a question's words find passages, the rarest first; the others only add to the score of what these found.

    `having` says how many passages have each. All find, unless the first few have `FINDING` passages and looking the others
    up in these costs less than reading every passage that has one of them.
    """
    found = list(accumulate(having))
    few = next((number for number, passages in enumerate(found, 1) if passages >= FINDING), len(having))
    return few if found[few - 1] * (1 + LOOKING_UP * (len(having) - few)) < found[-1] else len(having)


def asked_terms(question: str) -> list[str]:
    """The terms of a question that are looked for."""
    return terms(" ".join(kept_words(question)))


def terms(text: str) -> list[str]:
    """The terms of a text, as its passage is indexed: parts of mixed words too, lower case, stemmed, of 40 bytes at most."""
    found: list[str] = _analyzer.analyze(spread(cut(text)))
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
        writer.add_document(tantivy.Document(heading=[spread(cut(heading))], text=[spread(cut(text))]))
        characters += len(text)
        if characters >= SEGMENT:
            break
    writer.commit()
    writer.wait_merging_threads()


def remove(folder: Path) -> None:
    """Delete a folder that tantivy has just opened: it looks at it once more from a thread, and may write its lock meanwhile."""
    for _ in range(LOOKS):
        with suppress(OSError):
            shutil.rmtree(folder)
        if not folder.exists():
            return
        time.sleep(0.01)
    shutil.rmtree(folder)


def _take(part: Path, folder: Path, segment: dict[str, Any], number: int) -> dict[str, Any]:
    """Move a segment's files under its number; returns its line of meta.json."""
    old, new = segment["segment_id"].replace("-", ""), f"{number:032x}"
    for path in part.glob(f"{old}.*"):
        path.rename(folder / f"{new}{path.suffix}")
    remove(part)
    return {**segment, "segment_id": f"{new[:8]}-{new[8:12]}-{new[12:16]}-{new[16:20]}-{new[20:]}"}
