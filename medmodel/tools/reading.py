"""Inputs as they stand in a question: numbers with their units, findings said or denied, by rule, in English and Chinese.

    read(tool, "CrCl for a 70-year-old woman, 60 kg, creatinine 1.2 mg/dL")
    -> age 70 years, is_female yes, weight 60 kg, serum_creatinine 1.2 mg/dL

What is read is shown and can be changed. What is not certain is not read: a creatinine without a unit, two values of one
thing, a finding "in the family" or "if". It is asked for instead. Labels and findings stand in `inputs.yaml`.
Not covered: numbers in words, values in tables, other languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from medmodel.errors import InputError
from medmodel.records import ToolInput, ToolReading
from medmodel.tools import units
from medmodel.tools.inputs import Finding, Number, findings, numbers
from medmodel.tools.tool import Tool, condition_input, holds

_NUMBER = r"(?P<number>\d{1,3}(?:,\d{3})+(?![\d,])|\d+(?:\.\d+)?)"
# What may stand between a label and its number: at most three small words.
_BETWEEN = (
    r"[\s:=：,，(（]*(?:(?:is|was|of|at|level|about|approximately|now|today|currently|value|result|score|measured|reading"
    r"|为|是|值|水平|约|评分|现为|检查|测得|降至|升至)[\s:=：]*){0,3}"
)
_CLAUSE = re.compile(r"[.;!?。；！？\n]|\bbut\b|\bhowever\b|但是|但")
_NEGATION = re.compile(
    r"\b(?:no|not|without|non|denies|denied|denying|never|negative for|absence of|free of|neither|nor)\b|无|没有|否认|未见|未|不伴"
)
_AFFIRMED = re.compile(
    r"\b(?:prior|previous|history of|known|with|has|had|takes|on|current|active|treated|positive)\b|既往|有|伴|患"
)
_ALTERNATIVES = re.compile(r"\b(?:or|nor)\b|或|及|和|、")
_UNSURE = re.compile(
    r"\b(?:family history|mother|father|brother|sister|parents?|if|whether|suspected|possible|rule out|risk of|risk for"
    r"|prevent\w*|predict\w*|avoid\w*|prophyla\w*)\b|家族|母亲|父亲|兄弟|姐妹|如果|是否|可疑|疑似|排除|风险|预防|预测|避免"
)
_NOT_THE_PATIENT_S = re.compile(  # what follows a finding and takes it back: stroke prevention, heart failure was ruled out
    r"\s*(?:prevention|prophyla\w*|risk|score|scale|unit|ward|clinic|guideline|(?:was|is|has been|were)?\s*(?:ruled out|excluded)"
    r"|(?:in|of)\s+(?:his|her|the)\s+(?:mother|father|brother|sister|parents?|family))\b|\s*(?:的?预防|的?风险|评分|指南|已排除|待排)"
)
_ANSWERED_NO = re.compile(r"\s*[:：=(（]\s*(?:no|none|absent|negative|denied|not)\b|\s*[:：=(（]\s*(?:无|否|阴性|没有)")
_CHANGE = re.compile(
    r"(?:\b(?:lost|loss|losing|gain\w*|by|per|every|each|of another)\b|下降|减轻|减少|增加|每)[^,.;，。；\d]{0,14}$",
    re.IGNORECASE,
)
_SEX = {
    "female": re.compile(r"\b(?:woman|female|lady|girl|she|her)\b|女性|女士|女患者|妇女|，女|岁女|女，|女孩", re.IGNORECASE),
    "male": re.compile(r"\b(?:man|male|gentleman|boy|he|his)\b|男性|男士|男患者|，男|岁男|男，|男孩", re.IGNORECASE),
}
_AGE = re.compile(
    r"(?<![\d.])(?P<number>\d{1,3})(?:\s*-?\s*(?:years?|yrs?)[\s-]*old\b|\s*-?\s*(?:yo|y/o)\b|\s*岁|\s?(?P<sex>[MF])(?=[\s,.;:)]|$))"
)
_PRESSURE = re.compile(
    r"(?:\bBP|blood pressure|血压)" + _BETWEEN + r"(?P<high>\d{2,3})\s*/\s*(?P<low>\d{2,3})(?!\s*[\d/])"
    r"|(?<![\d/.])(?P<high2>\d{2,3})\s*/\s*(?P<low2>\d{2,3})\s*(?:mm\s?Hg|毫米汞柱)",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s?(?:-|–|~|to|至|到)\s?\d")  # 80 to 90 is not one value
_END = r"(?![A-Za-z0-9/^%])"  # a unit does not run on: mg is not the unit of mg/kg
_COMA = re.compile(r"\bE\s?(?P<eye>[1-4])[\s,+]*V\s?(?P<verbal>[1-5])[\s,+]*M\s?(?P<motor>[1-6])\b")


class Found(NamedTuple):
    number: str
    unit: str
    text: str


def read(tool: Tool, question: str) -> tuple[ToolReading, ...]:
    """Every input of this tool that the question states, each one that the tool will take."""
    text = question.translate(units.SUPERSCRIPTS)
    asked = {wanted.name: wanted for wanted in tool.spec.inputs}
    readings: dict[str, ToolReading] = {}
    for name, concept in tool.concepts.items():
        if name not in asked:
            continue
        if concept in numbers():
            found = read_number(concept, text)
            if found is not None:
                readings[name] = _reading(asked[name], found)
        else:
            said = _finding(findings()[concept], text)
            if said is not None:
                readings[name] = ToolReading(name=name, value=said[0], text=said[1])
    for name, condition in tool.derived.items():
        answer = _derived(condition, text)
        if answer is not None and name in asked:
            readings.setdefault(name, ToolReading(name=name, value=answer[0], text=answer[1]))
    for name, choices in tool.said.items():
        chosen = _choice(choices, text)
        if chosen is not None:
            readings[name] = ToolReading(name=name, value=chosen[0], text=chosen[1])
    if tool.compact and (coma := _COMA.search(text)):
        for part, number in coma.groupdict().items():
            readings[f"{part}_response"] = ToolReading(name=f"{part}_response", value=float(number), text=coma[0])
    return tuple(readings[name] for name in asked if name in readings)


def amounts(question: str) -> list[tuple[str, str, str]]:
    """(number, unit, words) of every number that a unit follows."""
    text = question.translate(units.SUPERSCRIPTS)
    found = re.finditer(rf"(?<![A-Za-z0-9_.]){_NUMBER}\s*(?P<unit>{_all_units()}){_END}", text, re.IGNORECASE)
    return [(hit["number"].replace(",", ""), units.unit(hit["unit"]).symbol, hit[0]) for hit in found]


def unit_pattern() -> str:
    """Every unit as it may be written, in any case when the pattern that holds it is; nothing may run on after it."""
    return f"(?:{_all_units()}){_END}"


def _reading(wanted: ToolInput, found: Found) -> ToolReading:
    return ToolReading(name=wanted.name, value=float(found.number), unit=found.unit or wanted.unit, text=found.text)


@cache
def _known(concept: str) -> tuple[Number, re.Pattern[str] | None]:
    number = numbers()[concept]
    labels = [*(_label(word) for word in number.say), *(re.escape(word) for word in number.say_zh)]
    pattern = "|".join(sorted(labels, key=len, reverse=True))
    if not pattern:
        return number, None
    unit = f"(?:\\s*-?\\s*(?P<unit>{_spelled(number)}){_END})?"
    return number, re.compile(rf"(?:{pattern}){_BETWEEN}(?<![A-Za-z0-9_.]){_NUMBER}(?![\d.]\d){unit}")


def read_number(concept: str, text: str) -> Found | None:
    """The one value that the text gives; None when there is none, when two differ, or when its unit is not said."""
    values = {(found.number, found.unit): found for found in _values(concept, text)}
    return next(iter(values.values())) if len(values) == 1 else None


def _values(concept: str, text: str) -> Iterator[Found]:
    number, pattern = _known(concept)
    if concept == "age":
        yield from (Found(hit["number"], "years", hit[0]) for hit in _AGE.finditer(text))
    if concept in ("systolic", "diastolic"):
        for hit in _PRESSURE.finditer(text):
            high, low = hit["high"] or hit["high2"], hit["low"] or hit["low2"]
            yield Found(high if concept == "systolic" else low, "mmHg", hit[0])
    for unit in number.bare:
        for hit in re.finditer(rf"(?<![A-Za-z0-9_./]){_NUMBER}\s*-?\s*(?P<unit>{_written(unit)}){_END}", text, re.IGNORECASE):
            if not _CHANGE.search(text[: hit.start()]):  # a loss of 5 kg is no weight
                yield Found(hit["number"].replace(",", ""), units.unit(hit["unit"]).symbol, hit[0])
    for hit in pattern.finditer(text) if pattern else ():
        unit = hit["unit"]
        if unit or number.plain:
            if _RANGE.match(text[hit.end() :]) or (not unit and _stranger(text[hit.end() :])):
                continue
            yield Found(hit["number"].replace(",", ""), units.unit(unit).symbol if unit else number.unit, hit[0])
    for label, unit in number.say_in.items():
        for hit in re.finditer(rf"{_label(label)}{_BETWEEN}{_NUMBER}\s*(?P<unit>{_written(unit)}){_END}", text):
            yield Found(hit["number"], unit, hit[0])


def _stranger(rest: str) -> bool:
    """Whether a unit follows that this number cannot have: then the number is of something else."""
    hit = re.match(rf"\s?(?P<unit>{_all_units()}){_END}", rest, re.IGNORECASE)
    return bool(hit and len(hit["unit"]) > 1 and hit["unit"].lower() not in ("in", "min", "day", "days", "year", "years"))


def _label(word: str) -> str:
    """A label as a pattern: its words in any case, unless a leading = asks for its capitals."""
    exact = word.startswith("=")
    written = re.escape(word.removeprefix("=")).replace(r"\ ", r"[\s-]+")
    return rf"(?<![A-Za-z0-9]){written if exact else f'(?i:{written})'}(?![A-Za-z0-9])"


@cache
def _written(symbol: str) -> str:
    ways = sorted((way for way, known in _display().items() if known == symbol), key=len, reverse=True)
    return "(?i:" + "|".join(_flexible(way) for way in ways) + ")"


def _spelled(number: Number) -> str:
    allowed = [units.unit(unit).symbol for unit in number.accepted] or ["1"]
    return "|".join(_written(symbol) for symbol in allowed)


@cache
def _all_units() -> str:
    ways = sorted((way for way, symbol in _display().items() if symbol != "1"), key=len, reverse=True)
    return "|".join(_flexible(way) for way in ways)


@cache
def _display() -> dict[str, str]:
    return units.spellings()


def _flexible(way: str) -> str:
    """A spelling without spaces, `^` and `*` -> a pattern that allows them: 10^9/L, 10*9 / L."""
    return r"[\s^*]*".join(re.escape(letter) for letter in way) if not way.isalpha() else re.escape(way)


def _finding(finding: Finding, text: str) -> tuple[bool, str] | None:
    """Said, denied, or None: not mentioned, contradicted, or not of this patient."""
    if finding.sex:
        return read_sex(finding.sex, text)
    said: dict[bool, str] = {}
    spent = text
    for word in finding.say_not:
        for hit in re.finditer(_any(word), spent):
            said.setdefault(False, hit[0])
            spent = spent[: hit.start()] + " " * len(hit[0]) + spent[hit.end() :]
    for word in sorted((*finding.say, *finding.say_zh), key=len, reverse=True):
        for hit in re.finditer(_any(word), spent):
            before = _CLAUSE.split(spent[: hit.start()])[-1]
            if _UNSURE.search(before.lower()):
                continue
            rest = spent[hit.end() :].lower()
            if _NOT_THE_PATIENT_S.match(rest):
                continue
            if _ANSWERED_NO.match(rest):
                said.setdefault(False, hit[0])
                continue
            denied = False if finding.plain_words else _denied(before.lower(), _CLAUSE.split(spent[hit.end() :])[0].lower())
            if denied is not None:
                said.setdefault(not denied, hit[0])
    return next(iter(said.items())) if len(said) == 1 else None


def _denied(before: str, after: str) -> bool | None:
    """Whether what stands between is denied; None when an earlier no in the same list may or may not reach it.

    "no A, B or C" denies all three, "no A, prior B" does not deny B, and "no A, B, C" is not certain.
    """
    *earlier, own = re.split(r"[,，]", before)
    if _NEGATION.search(own):
        return True
    if not earlier or not _NEGATION.search(earlier[-1] if _AFFIRMED.search(earlier[-1]) else before):
        return False
    if _AFFIRMED.search(own):
        return False
    listed = own + re.split(r"\b(?:no|not|without|but|with|has)\b|无|没有|有", after)[0]
    return True if _ALTERNATIVES.search(listed) else None


def _any(word: str) -> str:
    return re.escape(word) if re.search(r"[\u4e00-\u9fff]", word) else _label(word)


def read_sex(wanted: str, text: str) -> tuple[bool, str] | None:
    hits = {sex: pattern.search(text) for sex, pattern in _SEX.items()}
    for hit in _AGE.finditer(text):
        if hit["sex"]:
            hits["female" if hit["sex"] == "F" else "male"] = hit
    found = [(sex, hit) for sex, hit in hits.items() if hit]
    return (found[0][0] == wanted, found[0][1][0]) if len(found) == 1 else None


def _derived(condition: str, text: str) -> tuple[bool, str] | None:
    concept = condition_input(condition)
    found = read_number(concept, text)
    if found is None:
        return None
    number = numbers()[concept]
    try:
        value = units.convert(found.number, found.unit or "1", number.unit or "1", number.analyte)
    except InputError:
        return None
    return holds(condition, {concept: float(value)}), found.text


def _choice(choices: Mapping[str, Iterable[str]], text: str) -> tuple[str, str] | None:
    """The one choice whose words stand in the text, the longest words first."""
    hits = [
        (len(word), value, hit[0]) for value, words in choices.items() for word in words if (hit := re.search(_any(word), text))
    ]
    if not hits:
        return None
    longest = max(size for size, _, _ in hits)
    best = {value: word for size, value, word in hits if size == longest}
    return next(iter(best.items())) if len(best) == 1 else None
