"""The three files of a retrieval test collection: a corpus, queries, and which document answers which query.

    corpus, queries   JSON lines with `_id`, `text` and, if there is one, `title` (BEIR, arXiv 2104.08663); `.gz` too
    qrels             tab-separated: query-id corpus-id score (BEIR, with or without its header), or TREC's four columns

A query without a judged document is left out and counted. Anything else that does not fit together stops the run: an id
twice, a text that is empty, a judgement of a query or document that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from evals.publishers import read
from medmodel.errors import InputError


class Text(NamedTuple):
    id: str
    text: str
    title: str = ""

    @property
    def whole(self) -> str:
        return f"{self.title}\n{self.text}" if self.title else self.text


class Collection(NamedTuple):
    corpus: Mapping[str, Text]
    queries: Mapping[str, Text]  # those with a judged document
    qrels: Mapping[str, Mapping[str, int]]  # query -> document -> score above 0
    unjudged: int  # queries left out


def read_collection(corpus: Path, queries: Path, qrels: Path) -> Collection:
    """Read and check them together. Raises InputError with the file and what is wrong with it."""
    documents = _texts(corpus)
    asked = _texts(queries)
    judged = _judgements(qrels, documents, asked)
    if not judged:
        raise InputError(f"{qrels} judges no document above 0: there is nothing to find")
    kept = {name: query for name, query in asked.items() if name in judged}
    return Collection(documents, kept, judged, len(asked) - len(kept))


def _texts(path: Path) -> dict[str, Text]:
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    found: dict[str, Text] = {}
    for number, row in read(path):
        name, text = row.get("_id"), row.get("text")
        if not isinstance(name, str) or not isinstance(text, str):
            raise InputError(f"{path}, line {number}: needs `_id` and `text`, both as strings")
        if not name or name != name.strip() or "\t" in name:
            raise InputError(f"{path}, line {number}: an `_id` is not empty and has no white space around it")
        if not text.strip():
            raise InputError(f"{path}, line {number}: the text of '{name}' is empty")
        if name in found:
            raise InputError(f"{path}, line {number}: '{name}' is there twice")
        found[name] = Text(name, text, str(row.get("title") or ""))
    if not found:
        raise InputError(f"{path} is empty")
    return found


def _judgements(path: Path, corpus: Mapping[str, Text], queries: Mapping[str, Text]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, query, document, score in _lines(path):
        if query not in queries:
            raise InputError(f"{path}, line {number}: judges query '{query}', which is not among the queries")
        if document not in corpus:
            raise InputError(f"{path}, line {number}: judges document '{document}', which is not in the corpus")
        if document in found.get(query, {}):
            raise InputError(f"{path}, line {number}: judges '{document}' for '{query}' a second time")
        if score > 0:
            found.setdefault(query, {})[document] = score
    return found


def _lines(path: Path) -> Iterator[tuple[int, str, str, int]]:
    """(line, query, document, score)."""
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        cells = line.split("\t") if "\t" in line else line.split()
        if not line.strip() or (number == 1 and not _is_score(cells[-1])):  # BEIR's header
            continue
        if len(cells) not in (3, 4) or not _is_score(cells[-1]):
            raise InputError(f"{path}, line {number}: needs query-id, corpus-id and a whole number, with tabs between")
        yield number, cells[0], cells[-2], int(cells[-1])


def _is_score(cell: str) -> bool:
    return cell.strip().removeprefix("-").isdecimal()
