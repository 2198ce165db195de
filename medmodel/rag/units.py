"""Quantities as numbers: "1 g", "1000 mg" and "1,000 milligrams" are one, "at least 5" and "5 or more" too.

A quantity is a range of numbers, a comparator and a unit in one spelling (units.yaml has the scales and their factors).
`same` says whether two are equal. Exactly, where factors are exact; between mg/dL and mmol/L, which hold for one analyte
alone, within 1.5 %, since 180 mg/dL of glucose are written as 10 mmol/L. Fahrenheit and Celsius agree within 0.1 °C.
Not covered: units of enzymes and hormones, whose factor depends on the method; months in days.

    from medmodel.rag.units import quantity, same
    same(quantity("at least 1 g"), quantity("≥ 1000 mg"))  # True
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROUNDED = 0.015  # share by which a converted laboratory value may differ: both sides are written with two or three digits
DEGREES = 0.1  # °C
COUNTS = dict(
    zip("one two three four five six seven eight nine ten eleven twelve".split(), map(str, range(1, 13)), strict=True)
) | dict(zip("一二两三四五六七八九十", "1 2 2 3 4 5 6 7 8 9 10".split(), strict=True))
_ENGLISH = "|".join(word for word in COUNTS if word.isascii())
_DIGITS = r"(?:(?<![\w.)])-)?(?:\d+(?:[.,]\d+)*|(?<![\w.])\.\d+)(?:\^\d+|[⁰¹²³⁴-⁹]+)?"
NUMBER = rf"(?:{_DIGITS}|\b(?:{_ENGLISH})\b|[一二两三四五六七八九十](?=个月|天|周|小时|分钟|次|年))"
COMPARATORS = {
    "≥": r"≥|>=|at least|at or (?:above|over)|no(?:t)? less than|no(?:t)? (?:lower|under|below|shallower|shorter|smaller) than|no fewer than|not (?:below|under)|(?:a |the )?minimum of|reach(?:es|ed|ing)?|不低于|不少于|至少|不小于|大于等于|年?满",
    "≤": r"≤|<=|at most|at or (?:below|under)|up to|as (?:much|many|long|late|high) as|no(?:t)? (?:more|later|longer|higher|greater|larger|deeper|older) than|(?:not|never) exceed(?:ing)?|(?:not|never) (?:above|over|beyond)|no (?:above|over)|(?:a |the )?(?:maximum|ceiling|limit) of|不(?:要|应|得|能|可|宜)?超过|不高于|不大于|最多|至多|最长|封顶|小于等于",
    ">": r">|(?:more|greater|higher|longer|older|larger|hotter|heavier|deeper) than|above|over|past|exceeding|exceed(?:s|ed)?|in excess of|beyond|大于|超过|高于|长于",
    "<": r"<|(?:less|fewer|lower|shorter|younger|smaller|lighter) than|below|under|not yet|未满|不满|小于|低于|不足|少于|不到|短于",
}
OR_MORE = {
    "≥": r"\s?(?:or|and|及|或)\s?(?:more|greater|higher|above|older|longer|over|beyond|upwards?|onwards?|worse|以上|更高)|\s?(?:upwards?|onwards?)\b|\s?(?:及?以上|或以上|或更[早长久多])",
    "≤": r"\s?(?:or|and|及|或)\s?(?:less|fewer|lower|below|younger|shorter|under|earlier|以下|更低)|\s?(?:及?以下|或以下|以内|之内|或更[短少])",
}


class Quantity(NamedTuple):
    low: float
    high: float  # of a range; else as low
    comparator: str  # "≥", "≤", ">", "<" or ""
    unit: str  # "mg", "mg/mL", "°C", "" for a bare number
    words: str  # as written
    form: str = ""  # "–" for a range, "/" and ":" for a ratio

    def __str__(self) -> str:
        number = f"{self.low:.10g}" + (f"{self.form}{self.high:.10g}" if self.form else "")
        return f"{self.comparator}{number}{' ' if self.unit else ''}{self.unit}"


def quantity(words: str) -> Quantity:
    """One quantity as `pattern` finds it. A number of an unknown form counts by its letters."""
    text, comparator = words, ""
    for table, ends in ((COMPARATORS, r"^(?:{})\s*"), (OR_MORE, r"(?:{})$")):
        for sign, spellings in table.items():
            shorter = re.sub(ends.format(spellings), "", text, flags=re.IGNORECASE)
            if shorter != text:
                text, comparator = shorter, sign
    text = text.removeprefix("=").strip()
    match = re.match(rf"({NUMBER})(?:([–/:])({NUMBER}))?", text, re.IGNORECASE)
    assert match, "a quantity has a number"
    low = _number(match[1])
    high = _number(match[3]) if match[3] else low
    unit, factor = _unit(text[match.end() :].strip(" -").removesuffix("."))
    if unit == "°F":
        return Quantity((low - 32) / 1.8, (high - 32) / 1.8, comparator, "°C", words, match[2] or "")
    return Quantity(low * factor, high * factor, comparator, unit, words, match[2] or "")


def same(one: Quantity, other: Quantity, text: str = "") -> bool:
    """Equal in number and unit, comparators aside. `text`: both sentences, which may name an analyte."""
    if one.form != other.form:
        return False
    if one.unit == other.unit:
        near = DEGREES / 2 if one.unit == "°C" else ROUNDED if _converted(one, other) else 1e-6
        return _near(one.low, other.low, near, one.unit) and _near(one.high, other.high, near, one.unit)
    if {one.unit, other.unit} == {"mmol/mL", "mEq/mL"} or {one.unit, other.unit} == {"mmol", "mEq"}:
        doubled = re.search("calcium|magnes|phosph|钙|镁|磷", text, re.IGNORECASE)  # of two charges
        return not doubled and _near(one.low, other.low, 1e-6) and _near(one.high, other.high, 1e-6)
    if {one.unit, other.unit} == {"mmol/mL", "mg/mL"}:
        mass, molar = (one, other) if one.unit == "mg/mL" else (other, one)
        factors = _factors(text.lower())
        return any(
            _near(mass.low, molar.low * factor * 10, ROUNDED) and _near(mass.high, molar.high * factor * 10, ROUNDED)
            for factor in factors
        )
    return False


def end(span: Quantity, side: int) -> Quantity:
    """The lower (0) or upper (1) end of a range, by itself."""
    value = span.high if side else span.low
    return span._replace(low=value, high=value, comparator="", form="")


def bare(found: Quantity) -> Quantity:
    """Its number as written, without the unit: 30 of "30 mL/min"."""
    match = re.search(rf"({NUMBER})(?:([–/:])({NUMBER}))?", found.words, re.IGNORECASE)
    assert match, "a quantity has a number"
    low = _number(match[1])
    return Quantity(low, _number(match[3]) if match[3] else low, found.comparator, "", found.words, match[2] or "")


def pattern() -> str:
    """A regular expression for a quantity with its comparator and unit, to be used without regard to case."""
    comparators = "|".join(COMPARATORS.values())
    return (
        rf"(?:(?<![A-Za-zÀ-ÿ\d])(?:{comparators})\s*)?(?:=\s?)?{NUMBER}(?:[–/:]{NUMBER})?(?:[\s-]?(?:{_unit_pattern()}))?"
        rf"(?:{'|'.join(OR_MORE.values())})?"
    )


def _converted(one: Quantity, other: Quantity) -> bool:
    """One in kPa, the other in mmHg: both are written with two or three digits."""
    return one.unit == "mmHg" and ("kpa" in one.words.lower()) != ("kpa" in other.words.lower())


def _near(one: float, other: float, share: float, unit: str = "") -> bool:
    limit = share if unit == "°C" else share * max(abs(one), abs(other))
    return abs(one - other) <= limit


@lru_cache(maxsize=4096)
def _number(text: str) -> float:
    text = COUNTS.get(text.lower(), text)
    if match := re.fullmatch(r"(.+?)(?:\^(\d+)|([⁰¹²³⁴-⁹]+))", text):
        power = match[2] or match[3].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
        return _number(match[1]) ** min(int(power), 99)
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")  # 2,5; thousands have lost their comma before
    if re.fullmatch(r"-?\d*\.?\d+", text):
        return float(text[:300])
    return float(hash_of(text))  # "1.4.3", "1,2,3": equal to itself alone


def hash_of(text: str) -> int:
    """A number that stands for letters, the same in every process."""
    return -1_000_000_000 - int.from_bytes(text.encode()[:6], "big")


@lru_cache(maxsize=4096)
def _unit(text: str) -> tuple[str, float]:
    """ "mg/dL" -> ("mg/mL", 0.01): every part in the first spelling of its scale."""
    text = re.sub(r"\s*/\s*", "/", text)
    if re.fullmatch(r"(?:bpm|(?:beats?|breaths?|次)?\s?/\s?(?:min(?:ute)?|分钟?))s?", text, re.IGNORECASE):
        return "/min", 1.0
    if match := re.fullmatch(r"(?:°|degrees?)\s?([CF])(?:elsius|ahrenheit)?|℃|摄氏度", text, re.IGNORECASE):
        return "°" + (match[1] or "C").upper(), 1.0
    parts = re.sub(r"/1\.73\s?m[²2]", "", text).split("/")  # eGFR: few write it out
    names, factor = [], 1.0
    for at, part in enumerate(parts):
        name, scale = _scales().get(part.strip()) or _scales().get(_singular(part)) or (_singular(part), 1.0)
        names.append(name)
        factor = factor * scale if at == 0 else factor / scale
    return "/".join(names), factor


def _singular(text: str) -> str:
    text = text.strip().lower()
    return text.removesuffix("s") if len(text) > 2 else text


@cache
def _scales() -> dict[str, tuple[str, float]]:
    found: dict[str, tuple[str, float]] = {}
    for name, spellings in _tables()["scales"].items():
        for spelling, factor in spellings.items():
            found[spelling] = (name, float(factor))
            found.setdefault(spelling.lower(), (name, float(factor)))
    return found


@cache
def _unit_pattern() -> str:
    spellings = [spelling for table in _tables()["scales"].values() for spelling in table]
    words = sorted((s for s in spellings if s.isascii() or s[0] in "µ"), key=len, reverse=True)
    chinese = sorted((s for s in spellings if "\u4e00" <= s[0] <= "\u9fff"), key=len, reverse=True)
    one = "|".join(
        re.escape(word).replace(r"\ ", r"\s?") + ("s?" if word.isalpha() and len(word) > 2 else "") for word in words
    )
    english = rf"(?:{one})(?![A-Za-zÀ-ÿ\d])"
    below = rf"(?:\s?/\s?(?!d(?:ay)?\b|w(?:ee)?k\b)(?:\d+(?:\.\d+)?\s?m[²2]|{english}|m²|[A-Za-zµ]+\d?))*"
    return (
        rf"[%‰]|x\sULN|×\sULN|×|°\s?[CF]\b|℃|degrees?\s[CF](?:elsius|ahrenheit)?\b|bpm\b|(?:beats?|breaths?)\s?/\s?min(?:ute)?s?\b|次/分钟?|/\s?min(?:ute)?\b"
        rf"|/\s?(?:µL|mcL|uL|mm3|mm³|lit(?:re|er)|microlit(?:re|er)|L|mL)\b|{english}{below}|(?:{'|'.join(chinese)})(?:\s?/\s?(?:{'|'.join(chinese)}|{one}))*"
    )


def _factors(text: str) -> Iterable[float]:
    analytes: dict[str, Any] = _tables()["analytes"]
    return [entry["factor"] for entry in analytes.values() if any(word in text for word in entry["words"])]


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("units.yaml").read_text(encoding="utf-8"))
    return tables
