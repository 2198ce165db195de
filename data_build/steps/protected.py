"""Drop documents that repeat a published test, known only by the hashes of its n-grams.

The tests' text need not be at hand: `$MEDMODEL_DATA/protected_ngrams/NAME.u64` holds one benchmark's hashed 8-grams (of
16 characters in Chinese). A recipe names each file with its SHA-256, so another list is another stage key:

    documents: {uses: documents, protected: {medqa_test: 355e92c3…}}

What repeats a test is dropped, not held out: it must not be in the index either. One hit is chance; hits in a row are a
copy. Measured on nine lists: at most 3 in a row in the embedded sources, 2 in 5,755 paragraphs of MedQuAD, WikiText, CMRC
and Chinese answers, and 6 or more in 60 of 61 leaked MedQA questions.
Not covered: items shorter than one n-gram, paraphrases, and scripts other than Latin and Chinese.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from datatrove.pipeline.base import PipelineStep

from data_build.steps.tagging import drop
from medmodel.artifacts import file_sha256
from medmodel.errors import InputError, UnknownName
from medmodel.registry import register

IN_A_ROW = 6  # hits: 13 words, as in `decontaminate`, or 21 Chinese characters
LATIN_GRAM = 8  # words
CHINESE_GRAM = 16  # characters
Hashes = npt.NDArray[np.uint64]


class Script(NamedTuple):
    """How a text is cut into tokens, and how many of them, joined how, are one n-gram."""

    token: str
    size: int
    joint: str


LATIN = Script("[a-z0-9]+", LATIN_GRAM, " ")
CHINESE = Script("[a-z0-9\u3400-\u9fff]", CHINESE_GRAM, "")


@register("step", "protected")
class Protected(PipelineStep):
    """Tags a document that repeats a test, with the benchmark's name. `benchmarks`: name -> SHA-256 of its file."""

    name = "protected"
    type = "medmodel"

    def __init__(self, benchmarks: Mapping[str, str], data: Path | None) -> None:
        super().__init__()
        self.lists = load(benchmarks, data) if benchmarks else {}

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        for document in data:
            reason = repeated(document.text, self.lists)
            if reason:
                drop(document, reason)
            yield document


def load(benchmarks: Mapping[str, str], data: Path | None) -> dict[str, Hashes]:
    """The sorted hashes of each benchmark. Raises InputError when a file is missing or not the one the recipe names."""
    if data is None:
        raise InputError("documents.protected needs MEDMODEL_DATA: set it to the folder that holds protected_ngrams/")
    folder = data / "protected_ngrams"
    lists = {}
    for name, sha256 in sorted(benchmarks.items()):
        path = folder / f"{name}.u64"
        if not path.is_file():
            raise UnknownName("benchmark", name, [known.stem for known in folder.glob("*.u64")], "documents.protected")
        found = file_sha256(path)
        if found != sha256:
            raise InputError(f"documents.protected: {path} has the SHA-256 {found}, not the one that the recipe gives")
        lists[name] = np.fromfile(path, dtype="<u8").astype(np.uint64)
    return lists


def repeated(text: str, lists: Mapping[str, Hashes]) -> str:
    """The benchmark with the longest run of hits, as a reason; "" when there is no run to speak of."""
    if not lists:
        return ""
    hashes = hashed(text)
    runs = {name: longest_run(_hits(hashes, known)) for name, known in lists.items()}
    name = max(sorted(runs), key=lambda each: runs[each])
    return f"repeats {name}: {runs[name]} n-grams in a row" if runs[name] >= IN_A_ROW else ""


def hashed(text: str) -> Hashes:
    """The hash of every n-gram, in order: the first 8 bytes of BLAKE2b, little-endian (the lists' own format)."""
    text = unicodedata.normalize("NFKC", text).lower()
    chinese = len(re.findall("[\u3400-\u9fff]", text))
    script = CHINESE if chinese * 3 > len(text) else LATIN
    grams = _grams(re.findall(script.token, text), script)
    return np.frombuffer(b"".join(hashlib.blake2b(gram.encode(), digest_size=8).digest() for gram in grams), dtype="<u8")


def longest_run(hits: Iterable[bool]) -> int:
    longest = run = 0
    for hit in hits:
        run = run + 1 if hit else 0
        longest = max(longest, run)
    return longest


def _grams(tokens: Sequence[str], script: Script) -> Iterator[str]:
    for at in range(len(tokens) - script.size + 1):
        yield script.joint.join(tokens[at : at + script.size])


def _hits(hashes: Hashes, known: Hashes) -> list[bool]:
    if not len(known):
        return [False] * len(hashes)
    nearest = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    hits: list[bool] = (known[nearest] == hashes).tolist()
    return hits
