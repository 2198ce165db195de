"""Find documents that repeat a published test: known by the hashes of its n-grams alone, or by its questions at hand.

`$MEDMODEL_DATA/protected_ngrams/NAME.u64` holds one benchmark's hashed 8-grams (of 16 characters in Chinese). A recipe names
each file with its SHA-256, so another list is another stage key; `cases` are files or folders of questions (data_build/cases.py):

    documents: {uses: documents, protected: {medqa_test: 355e92c3…}}

What repeats a test is dropped, not held out: it must not be in the index either. One hit is chance; a copy is
- 6 hits in a row, which are 13 words or 21 Chinese characters; or
- hits in a row that make up 80 % of the lines they touch, unless these are list items as guidelines have them ("- ..."):
  questions and lists of options too short for the first.
Options are read without their letters too, since some lists have them so.
An exam's other questions share its stock phrases ("which of the following is the most appropriate next step"), so in a text
that is itself exam items (domain `choice`) the run must make up half of the lines it touches, or be 50 words long.

A text with Chinese in it is read both ways, so an item in either language is found in a text that mixes them. Not covered by
hashes: questions shorter than one n-gram (found by their options, when the list has those), paraphrases, other scripts.
Every n-gram of every text is hashed: 90 ns each (data_build/blake.py). Figures: tests/perf/decontaminate.py.

    python -m data_build step protected --in F --out F --report F --set benchmarks='{medqa_test: 355e92c3…}' --set data=FOLDER
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from datatrove.pipeline.base import PipelineStep

from data_build import blake, cases
from data_build.steps.tagging import drop, tag
from data_build.words import distinct
from medmodel.artifacts import file_sha256
from medmodel.errors import InputError, UnknownName
from medmodel.registry import register

IN_A_ROW = 6  # hits: 13 words, as in `decontaminate`, or 21 Chinese characters
LATIN_GRAM = 8  # words
CHINESE_GRAM = 16  # characters
WHOLE_LINE = 0.8  # of a line's tokens: a question after "Question:" or a number is still whole
STOCK_SHARE = 0.5  # of the lines it touches: of 2,048 MedQA training items, stock phrases make up to a third of one
STOCK_TOKENS = 50  # the longest stock phrase met was 43 words: vital signs
PROSE = 20  # tokens: the line below a longer one may be the stock question of a vignette
BULLETS = ("-", "*", "•", "|", "#")  # of lists, tables and headings: "- patients with end-stage renal disease on dialysis"
EXAM = "choice"  # the domain of texts that are exam items themselves
_CHINESE = re.compile("[\u3400-\u9fff]")
_LETTER = re.compile(r"^[ \t]*\(?[a-h][).:、．][ \t]*", re.MULTILINE)  # of an option
_SECOND = re.compile(r"\n[ \t]*\(?b[).:、．]")  # the text has a list of them: quicker than to look at each line
Hashes = npt.NDArray[np.uint64]


class Lists(NamedTuple):
    """Every benchmark's hashes in one sorted array; bit b of `marks` says that benchmark b has the hash."""

    names: tuple[str, ...]
    known: Hashes
    marks: Hashes
    bits: npt.NDArray[np.uint8]  # which beginnings of hashes there are


class Copy(NamedTuple):
    """What a text repeats: of which benchmark, how many n-grams in a row, and which share of the text's n-grams hit."""

    benchmark: str
    run: int
    share: float

    @property
    def reason(self) -> str:
        return f"repeats {self.benchmark}: {self.run} n-grams in a row"


@register("step", "protected")
class Protected(PipelineStep):
    """Tags a document that repeats a test. `benchmarks`: name -> SHA-256 of its file; `cases`: files or folders of questions."""

    name = "protected"
    type = "medmodel"
    tags = ("protected",)

    def __init__(self, benchmarks: Mapping[str, str], data: Path | str | None = None, cases: Sequence[Path | str] = ()) -> None:
        super().__init__()
        self.benchmarks = dict(benchmarks)
        self.data = Path(data) if data else None
        self.cases = tuple(str(path) for path in cases)
        repeated(
            "a " * LATIN_GRAM, self.lists
        )  # an error in the recipe shows here, and what is compiled is loaded before a fork

    @property
    def lists(self) -> Lists:
        return load(self.benchmarks, self.data)

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        lists = self.lists
        known = cases.load(self.cases)
        for document in data:
            exam = document.metadata["document"]["domain"] == EXAM
            copy = repeated(document.text, lists, exam=exam)
            if copy:
                tag(document, "protected", copy.benchmark)
                tag(document, "protected_run", copy.run)
                tag(document, "protected_share", round(copy.share, 3))
                drop(document, copy.reason)
            elif known and (case := cases.repeated(document.text, known, exam=exam)):
                tag(document, "protected", case.benchmark)
                tag(document, "protected_case", case.id)
                tag(document, "protected_share", round(case.share, 3))
                drop(document, case.reason)
            yield document


def load(benchmarks: Mapping[str, str], data: Path | None) -> Lists:
    """The hashes of all benchmarks. Raises InputError when a file is missing or not the one the recipe names."""
    return _load(tuple(sorted(benchmarks.items())), data)


def repeated(text: str, lists: Lists, *, exam: bool = False) -> Copy | None:
    """The copy with the longest run; None when there is no run to speak of. `exam`: the text is exam items itself."""
    if not len(lists.known):
        return None
    plain = _plain(text)
    copies = _copies(plain, lists, exam)
    if not copies and _SECOND.search(plain):
        copies = _copies(_LETTER.sub("", plain), lists, exam)
    return max(copies, key=lambda copy: copy.run, default=None)


def hits(text: str, lists: Lists) -> Hashes:
    """For each n-gram, in order, the benchmarks that have it (bits); of a text with Chinese, words first, then characters."""
    return np.concatenate([read.marks for read in _readings(_plain(text), lists, every=True)])


def hashed(text: str) -> Hashes:
    """The hash of every n-gram of a text in one language, in order, as the lists have them."""
    plain = _plain(text)
    characters = len(_CHINESE.findall(plain)) * 3 > len(plain)
    size = CHINESE_GRAM if characters else LATIN_GRAM
    return blake.grams(plain.encode("utf-8", "replace"), size, characters=characters).hashes


@lru_cache(maxsize=4)
def _load(benchmarks: tuple[tuple[str, str], ...], data: Path | None) -> Lists:
    if not benchmarks:
        return merge({})
    if data is None:
        raise InputError("documents.protected needs MEDMODEL_DATA: set it to the folder that holds protected_ngrams/")
    folder = data / "protected_ngrams"
    lists = {}
    for name, sha256 in benchmarks:
        path = folder / f"{name}.u64"
        if not path.is_file():
            raise UnknownName("benchmark", name, [known.stem for known in folder.glob("*.u64")], "documents.protected")
        found = file_sha256(path)
        if found != sha256:
            raise InputError(f"documents.protected: {path} has the SHA-256 {found}, not the one that the recipe gives")
        lists[name] = np.fromfile(path, dtype="<u8").astype(np.uint64)
    return merge(lists)


def merge(lists: Mapping[str, Hashes]) -> Lists:
    """One array of all lists. Raises InputError when there are more than an integer has bits."""
    if len(lists) > 64:
        raise InputError(f"documents.protected names {len(lists)} benchmarks; there may be 64")
    known = distinct(np.concatenate([*lists.values(), np.empty(0, dtype=np.uint64)]))
    marks = np.zeros(len(known), dtype=np.uint64)
    for bit, name in enumerate(sorted(lists)):
        marks[np.searchsorted(known, lists[name])] |= np.uint64(1 << bit)
    return Lists(tuple(sorted(lists)), known, marks, blake.bit_map(known))


def _plain(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).lower()


class _Reading(NamedTuple):
    """A text's tokens, and for each n-gram of `size` of them the benchmarks that have it."""

    tokens: blake.Tokens
    marks: Hashes
    size: int


def _copies(plain: str, lists: Lists, exam: bool) -> list[Copy]:
    found = (_longest(read, plain, lists, exam) for read in _readings(plain, lists))
    return [copy for copy in found if copy]


def _readings(plain: str, lists: Lists, *, every: bool = False) -> list[_Reading]:
    """As words, and when there is Chinese in it as characters too; those without a hit only when asked for."""
    data = plain.encode("utf-8", "replace")
    readings = []
    if every or blake.holds(data, LATIN_GRAM, characters=False, bits=lists.bits, known=lists.known):
        words = blake.grams(data, LATIN_GRAM, characters=False, bits=lists.bits)
        readings.append(_Reading(words.tokens, _marks(words, lists), LATIN_GRAM))
    chinese = 0 if plain.isascii() else len(_CHINESE.findall(plain))
    if chinese and (every or blake.holds(data, CHINESE_GRAM, characters=True, bits=lists.bits, known=lists.known)):
        characters = blake.grams(data, CHINESE_GRAM, characters=True, bits=lists.bits)
        marks = _marks(characters, lists)
        if chinese * 3 <= len(plain) and len(marks):  # else a long drug name would be a run of hits
            before = characters.tokens.chinese
            marks[(before[CHINESE_GRAM:] - before[:-CHINESE_GRAM]) * 3 <= CHINESE_GRAM] = 0
        readings.append(_Reading(characters.tokens, marks, CHINESE_GRAM))
    return readings


def _marks(grams: blake.Grams, lists: Lists) -> Hashes:
    marks = np.zeros(len(grams.hashes), dtype=np.uint64)
    if len(grams.likely):
        asked = grams.hashes[grams.likely]
        at = np.minimum(np.searchsorted(lists.known, asked), len(lists.known) - 1)
        marks[grams.likely] = np.where(lists.known[at] == asked, lists.marks[at], 0)
    return marks


def _longest(read: _Reading, plain: str, lists: Lists, exam: bool) -> Copy | None:
    """The longest run of one benchmark's hits that is a copy."""
    if not read.marks.any():
        return None
    best: Copy | None = None
    for bit, name in enumerate(lists.names):
        hit = (read.marks >> np.uint64(bit)) & np.uint64(1)
        if hit.any():
            edges = np.flatnonzero(np.diff(np.concatenate([[0], hit, [0]]).astype(np.int8)))
            for start, end in edges.reshape(-1, 2).tolist():
                if (not best or end - start > best.run) and _is_copy(read, plain, start, end - start, exam):
                    best = Copy(name, end - start, float(hit.mean()))
    return best


def _is_copy(read: _Reading, plain: str, start: int, run: int, exam: bool) -> bool:
    lines, size = read.tokens.lines, read.size
    last = start + run + size - 2  # the last token of the run
    first = int(np.searchsorted(lines, lines[start], side="left"))
    end = int(np.searchsorted(lines, lines[last], side="right"))
    covered = (run + size - 1) / (end - first)
    if run < IN_A_ROW:
        if covered < WHOLE_LINE or (exam and _below_prose(lines, first)):
            return False
        return not plain.split("\n")[lines[start]].lstrip().startswith(BULLETS)
    return not exam or covered >= STOCK_SHARE or run + size - 1 >= STOCK_TOKENS


def _below_prose(lines: npt.NDArray[Any], first: int) -> bool:
    """Does the line that token `first` begins stand right below a long one?"""
    above = int(np.searchsorted(lines, lines[first] - 1, side="left"))
    return first - above >= PROSE
