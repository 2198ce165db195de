"""Does a sentence support a claim? By rule: what harms must agree, term by term, and the rest must mostly be there.

Terms are what a clinician acts on: quantities with comparator and unit, how often, drugs, grades ("Class III"), limits
("not", "only", "unless"), opposites ("increase", "before") and qualifiers ("oral", "acute", "children"). Five rules:

    1. every term of the claim stands in the quote
    2. both hold the same limits: no claim leaves out a "not", an "only" or an "unless"
    3. where the quote has two terms of a kind, or a limit, the claim's terms are an unbroken run of the quote's, qualifiers
       aside: doses and drugs cannot change partners
    4. no word is one of the quote's with its prefix turned: "hyperkalemia", "hypokalemia"
    5. most of its content words stand there

Strict on what harms, and blind to paraphrase and reordering, which it calls unsupported. It does not see a condition
made up in ordinary words below the share of rule 5, nor whether the quote is right. Chinese must be copied.
The words are in support.yaml and drugs.yaml.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import yaml

OVERLAP = 0.6  # share of the claim's content words that the quote must hold; fixed before any held-out item was asked
FEWEST_WORDS = 3  # content words below which a claim says nothing that could be checked
SEAMS = 2  # places where a Chinese claim may leave something out: each makes one new pair of neighbours

_WORD = re.compile(r"[A-Za-zÀ-ÿ][\w₀-₉²³⁰-⁹+\-/]*|[\u4e00-\u9fff]")
_COMMON = frozenset(
    "a an the and or of in on at to for from by with as is are was were be been being it its this that these those than then "
    "if when which who what how do does did has have had may can should must will would could also such per via into over "
    "under after before during between among each all any both more most other some only very recommended recommend".split()
)
_PREFIXES = "hyper hypo un in im non non- dis anti tachy brady pre post intra extra macro micro sub supra over under".split()
_COUNTS = dict(
    zip("one two three four five six seven eight nine ten eleven twelve".split(), map(str, range(1, 13)), strict=True)
)
_DIGITS = r"(?:(?<![\w.)])-)?(?:\d+(?:[.,]\d+)*|(?<![\w.])\.\d+)(?:\^\d+|[⁰¹²³⁴-⁹]+)?"
_NUMBER = rf"(?:{_DIGITS}|\b(?:{'|'.join(_COUNTS)})\b)"
_UNIT = (
    r"%|‰|°\s?[CF]\b|(?:mcg|µg|ug|mg|g|kg|ng|pg|mL|dL|L|IU|units?|U|mmol|µmol|mol|mEq|mm\s?Hg|cm|mm|m|kPa|seconds?|"
    r"hours?|hrs?|h|minutes?|mins?|days?|weeks?|wks?|months?|years?|yrs?|bpm|kcal|METs?|x\sULN|×\sULN)(?![A-Za-zÀ-ÿ\d])"
    r"(?:\s?/\s?(?:\d+(?:\.\d+)?\s?m[²2]|m²|[A-Za-zµ]+\d?))*|微克|毫克|千克|公斤|克|毫升|升|单位|小时|分钟|秒|天|日|周|个月|月|年|岁|次|片|粒"
)
_UNITS = {"mcg": "µg", "ug": "µg", "hour": "h", "hr": "h", "minute": "min", "wk": "week", "yr": "year", "unit": "u"}
_COMPARATORS = {
    "≥": r"≥|>=|at least|no(?:t)? less than|no fewer than|(?:a )?minimum of",
    "≤": r"≤|<=|at most|up to|no(?:t)? more than|not exceeding|(?:a )?maximum of",
    ">": r">|(?:more|greater|higher|longer|older) than|above|over|exceeding|exceeds",
    "<": r"<|(?:less|fewer|lower|shorter|younger) than|below|under",
}
_OR_MORE = {"≥": r"or (?:more|greater|higher|above|older|longer)", "≤": r"or (?:less|fewer|lower|below|younger|shorter)"}
_GRADE = (
    r"(?:class|stage|grade|type|category|level|NYHA|COR|LOE|GOLD|group|step|phase)\s(?:(?-i:VI{0,3}|I[VX]|I{1,3}|X|[A-E])|\d)[ab]?"
    r"|(?-i:III?[ab]?|VI{1,3}|IX)|first|second|third|fourth"
)
_DRUG_ENDING = (
    r"[a-z]{3,}(?:pril|sartan|olol|statin|azole|cillin|mycin|micin|floxacin|cycline|parin|gliptin|gliflozin|glutide|"
    r"xaban|gatran|prazole|tidine|semide|thiazide|dipine|zosin|triptan|setron|mab|nib|vir|oxetine|pram|zepam|zolam|"
    r"barbital|profen|olone|sone|caine|curium|dronate|fibrate|glitazone|formin|lukast|terol|tropium)s?"
)


class Term(NamedTuple):
    """Something a clinician acts on, in one spelling."""

    kind: str  # "drug", "code", "frequency", "grade", "number", "limit", "opposite", "qualifier"
    value: str


@lru_cache(maxsize=4096)  # an answer that is judged is then resolved, and many say the same sentence
def check(claim: str, quote: str) -> str:
    """Why `quote` does not support `claim`, in a few words; "" when it does."""
    said, held = terms(claim), terms(quote)
    for term in said:
        if term not in held:
            return f"{term.kind}: '{term.value}' is not in the quote"
    if _of(said, "limit") != _of(held, "limit"):
        return "limit: the claim leaves out a 'not', 'only' or 'unless' of the quote"
    if _has_partners(held) and not _run_of(_ordered(said), _ordered(held)):
        return "order: numbers, drugs or limits do not follow each other as in the quote"
    words, known = content_words(claim), content_words(quote)
    if len(words) < FEWEST_WORDS:
        return "too short: it says nothing that could be checked"
    for word in sorted(words - known):
        if any(_turned(word, other) for other in known - words):
            return f"opposite: '{word}' turns a word of the quote"
    share = len(words & known) / len(words)
    if share < OVERLAP:
        return f"overlap: {share:.0%} of its words are in the quote, fewer than {OVERLAP:.0%}"
    if len(_chinese_pairs(claim) - _chinese_pairs(quote)) > SEAMS:
        return "overlap: Chinese that is not copied from the quote"
    return ""


def terms(text: str) -> list[Term]:
    """Every term, in the order of the text."""
    return [
        Term(str(match.lastgroup), _spelling(str(match.lastgroup), match[0])) for match in _pattern().finditer(_plain(text))
    ]


def quantities(text: str) -> set[str]:
    """Every number with its comparator and unit, in one spelling: "≥2.5 mg/kg"."""
    return set(_of(terms(text), "number"))


def content_words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)} - _COMMON


def _of(found: Sequence[Term], kind: str) -> list[str]:
    return [term.value for term in found if term.kind == kind]


def _ordered(found: Sequence[Term]) -> list[Term]:
    return [term for term in found if term.kind != "qualifier"]


def _has_partners(held: Sequence[Term]) -> bool:
    """False when each kind of term occurs once and nothing is denied: then no order can pair what did not belong together."""
    kinds = [term.kind for term in _ordered(held)]
    return "limit" in kinds or len(set(kinds)) < len(kinds)


def _run_of(part: list[Term], whole: list[Term]) -> bool:
    return any(whole[at : at + len(part)] == part for at in range(len(whole) - len(part) + 1))


def _turned(word: str, other: str) -> bool:
    """True for "hypokalemia" and "hyperkalemia", "unstable" and "stable": one stem of five letters or more."""
    stems = [
        {(prefix, text.removeprefix(prefix)) for prefix in ("", *_PREFIXES) if text.startswith(prefix)}
        for text in (word, other)
    ]
    return any(a != b and x == y and len(x) >= 5 for a, x in stems[0] for b, y in stems[1])


def _chinese_pairs(text: str) -> set[str]:
    return {a + b for a, b in pairwise(text) if a >= "\u4e00" and b >= "\u4e00" and a <= "\u9fff" and b <= "\u9fff"}


def _plain(text: str) -> str:
    """Signs that have several code points, as one; thousands without commas; "-" for a minus, "–" for a range."""
    text = text.translate(str.maketrans("μ−\u00a0\u202f％’‑", "µ-  %'-"))
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = re.sub(r"\bq\s?(\d+)\s?h\b", r"every \1 h", text, flags=re.IGNORECASE)
    return re.sub(r"(?<=\d)\s?[-–—]\s?(?=\d)|(?<=\d)\sto\s(?=\d)", "–", text)


@lru_cache(maxsize=10_000)
def _spelling(kind: str, words: str) -> str:
    if kind == "number":
        return _quantity(words)
    for value, spellings in _words().get(kind, {}).items():
        if re.fullmatch("|".join(spellings), words, re.IGNORECASE):
            return value
    return words.lower().removesuffix("s") if kind == "drug" else words.lower()


def _quantity(words: str) -> str:
    """ "at least 2.5 mcg" and "2.5 µg or more" as "≥2.5 µg"; "three hours" as "3 h"."""
    comparator = ""
    for table, ends in ((_COMPARATORS, r"^(?:{})\s*"), (_OR_MORE, r"\s(?:{})$")):
        for sign, spellings in table.items():
            shorter = re.sub(ends.format(spellings), "", words, flags=re.IGNORECASE)
            if shorter != words:
                words, comparator = shorter, sign
    words = words.removeprefix("=").strip().lower()
    match = re.match(rf"{_NUMBER}(?:[–/:]{_NUMBER})?", words, re.IGNORECASE)
    assert match, "a quantity has a number"
    number = re.sub(r"^(-?)\.", r"\g<1>0.", _COUNTS.get(match[0], match[0]).replace(",", "."))
    unit = re.sub(r"\s", "", words[match.end() :]).removeprefix("-")
    head, *rest = unit.split("/")
    head = head.removesuffix("s") if len(head) > 2 else head
    return " ".join(part for part in (comparator + number, "/".join([_UNITS.get(head, head), *rest])) if part)


@cache
def _pattern() -> re.Pattern[str]:
    comparators = "|".join(_COMPARATORS.values())
    quantity = rf"(?:(?<![A-Za-zÀ-ÿ\d])(?:{comparators})\s*)?(?:=\s?)?{_NUMBER}(?:[–/:]{_NUMBER})?(?:[\s-]?(?:{_UNIT}))?(?:\s(?:{'|'.join(_OR_MORE.values())})\b)?"
    words = {kind: [word for spellings in table.values() for word in spellings] for kind, table in _words().items()}
    kinds = {
        "drug": _whole(*words["drug"], _DRUG_ENDING),
        "code": r"(?<![A-Za-z\d])[A-Za-zα-ω]+-?\d[A-Za-z\d-]*",  # CHA2DS2-VASc, HbA1c, GLP-1: their digits are no quantity
        "grade": _whole(_GRADE),
        "frequency": _whole(*words["frequency"]),
        "number": quantity,
        **{kind: _whole(*words[kind]) for kind in ("limit", "opposite", "qualifier")},
    }
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()), re.IGNORECASE)


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    """Kind -> one spelling -> the patterns of all its spellings."""
    here = Path(__file__)
    tables: dict[str, dict[str, list[str]]] = yaml.safe_load(here.with_name("support.yaml").read_text(encoding="utf-8"))
    drugs: dict[str, list[str]] = yaml.safe_load(here.with_name("drugs.yaml").read_text(encoding="utf-8"))
    tables["drug"] = {name.lower(): [_as_pattern(other) for other in (name, *others)] for name, others in drugs.items()}
    for name, others in _open_medicine().items():
        tables["drug"].setdefault(name, []).extend(_as_pattern(other) for other in others)
    return tables


def _open_medicine() -> dict[str, list[str]]:
    """Drugs and classes with their aliases from open-medicine's terminology, where it is installed."""
    found: dict[str, list[str]] = {}
    spec = importlib.util.find_spec("open_medicine")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for file in ("drugs.json", "drug_classes.json"):
            path = Path(folder) / "graphrag" / "terminology" / file
            entries: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            found.update({name.lower(): [name, *entry.get("aliases", ())] for name, entry in entries.items()})
    return found


def _as_pattern(name: str) -> str:
    """A name as a pattern; one in capitals is an abbreviation, and matched in capitals only."""
    escaped = re.escape(name).replace(r"\ ", r"[\s-]").replace(r"\-", r"[\s-]?")
    return rf"(?-i:{escaped}s?)" if name.isupper() else rf"{escaped}s?"


def _whole(*words: str) -> str:
    """Whole words in English; Chinese has no word boundaries."""
    chinese = [word for word in words if re.search(r"[\u4e00-\u9fff]", word)]
    english = [word for word in words if word not in chinese]
    longest = sorted(english, key=len, reverse=True)
    return "|".join(
        [
            *([rf"(?<![A-Za-zÀ-ÿ\d])(?:{'|'.join(longest)})(?![A-Za-zÀ-ÿ\d])"] if english else []),
            *sorted(chinese, key=len, reverse=True),
        ]
    )
