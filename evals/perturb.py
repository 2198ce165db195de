"""One question, written otherwise by rule: the meaning stays, the letters do not.

A rule returns the question as it would be typed carelessly, in other units, in capitals, with abbreviations written out
or shortened, with stray spaces, or (Chinese) in full-width digits; None where it finds nothing to change. Chance is
seeded by the question's text and the rule, so a run can be repeated. Not covered: Chinese words of the same sound, and
grammar that breaks; paraphrases are written by hand in the suite.

    perturbed("Metformin 1 g twice daily?", "units", "en")  ->  "Metformin 1000 mg twice daily?"
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal

Language = Literal["en", "zh"]
SEED = 17
EVERY = 7  # words a typing error: about the 1 to 2 % of letters that are wrong in typed text
SHORTEST = 5  # letters: a typing error in a shorter word makes another word of it
_NEIGHBOURS = {
    key: near
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for at, key in enumerate(row)
    for near in [row[max(0, at - 1) : at] + row[at + 1 : at + 2]]
}
_SHORT = {  # written out -> abbreviation
    "en": {
        "atrial fibrillation": "AF",
        "heart failure": "HF",
        "blood pressure": "BP",
        "chronic kidney disease": "CKD",
        "acute kidney injury": "AKI",
        "myocardial infarction": "MI",
        "rheumatoid arthritis": "RA",
        "community-acquired pneumonia": "CAP",
        "urinary tract infection": "UTI",
        "venous thromboembolism": "VTE",
        "deep vein thrombosis": "DVT",
        "diabetic ketoacidosis": "DKA",
        "intracerebral haemorrhage": "ICH",
        "subarachnoid haemorrhage": "SAH",
        "shortness of breath": "SOB",
        "type 2 diabetes": "T2DM",
        "ejection fraction": "EF",
        "creatinine clearance": "CrCl",
        "chronic obstructive pulmonary disease": "COPD",
        "direct oral anticoagulant": "DOAC",
    },
    "zh": {
        "心房颤动": "房颤",
        "心力衰竭": "心衰",
        "慢性阻塞性肺疾病": "慢阻肺",
        "心肌梗死": "心梗",
        "急性肾损伤": "AKI",
        "类风湿关节炎": "RA",
        "糖尿病酮症酸中毒": "DKA",
        "泌尿道感染": "尿感",
        "2型糖尿病": "T2DM",
        "血压": "BP",
    },
}
_NAMES = {
    "en": {"mg": "milligrams", "kg": "kilograms", "mmol/L": "millimoles per litre", "mL/min": "millilitres per minute", "g/dL": "grams per decilitre"},
    "zh": {"mg": "毫克", "kg": "公斤", "mmol/L": "毫摩尔/升", "mL/min": "毫升/分钟", "g/dL": "克/分升"},
}  # fmt: skip
_NUMBER = r"(?<![\d.])(\d+(?:\.\d+)?)\s?"
_SPACES = (" ",) * 5 + ("  ", "\t", "\n")
_SUGAR = r"(?:glucose|sugar|血糖)"
MG_PER_MMOL = Decimal("18.02")  # of glucose, a decilitre for a litre


def perturbed(text: str, kind: str, language: Language) -> str | None:
    """The question, changed by one rule; None where the rule has nothing to change."""
    changed = RULES[kind](text, language, random.Random(f"{SEED}\n{kind}\n{text}"))
    return changed if changed != text else None


def _typos(text: str, language: Language, draw: random.Random) -> str:
    """One letter of a long word in every few words becomes its neighbour on the keyboard; first letters stay."""
    words = [match for match in re.finditer(r"[A-Za-z]+", text) if len(match[0]) >= SHORTEST and match[0][1:].islower()]
    letters = list(text)
    for word in draw.sample(words, min(len(words), max(1, len(text.split()) // EVERY))):
        at = draw.randrange(word.start() + 1, word.end())
        letters[at] = draw.choice(_NEIGHBOURS[letters[at]])
    return "".join(letters)


def _case(text: str, language: Language, draw: random.Random) -> str:
    return draw.choice((text.upper(), text.lower())) if re.search(r"[A-Za-z]", text) else text


def _spacing(text: str, language: Language, draw: random.Random) -> str:
    """Stray spaces and lines, as pasted from a form; Chinese gets them at punctuation and numbers, not inside words."""
    if language == "zh":
        return (
            "  "
            + re.sub(r"(?<=[，。；])", "\n", re.sub(r"(?<=[\u4e00-\u9fff])(?=\d)|(?<=\d)(?=[\u4e00-\u9fff])", " ", text))
            + " "
        )
    return "\n " + re.sub(r" ", lambda _: draw.choice(_SPACES), re.sub(r"(?=[?,.](?:\s|$))", " ", text)) + " "


def _abbreviations(text: str, language: Language, draw: random.Random) -> str:
    """Each known term the other way: written out becomes short, short becomes written out."""
    both = {**_SHORT[language], **{short: full for full, short in _SHORT[language].items()}}
    border = (r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])") if language == "en" else ("", "")
    longest = sorted(both, key=len, reverse=True)
    return re.sub(f"{border[0]}(?:{'|'.join(map(re.escape, longest))}){border[1]}", lambda match: both[match[0]], text)


def _units(text: str, language: Language, draw: random.Random) -> str:
    """mg, g and µg into one another, glucose between mmol/L and mg/dL, °C into °F; what is left is spelled."""
    end = r"(?![A-Za-z/])"
    text = re.sub(rf"({_SUGAR}\D{{0,12}}){_NUMBER}mmol/L", lambda m: f"{m[1]}{round(Decimal(m[2]) * MG_PER_MMOL)} mg/dL", text)
    text = re.sub(r"(?<=\d)\s?°C", "°C", text)
    text = re.sub(rf"{_NUMBER}(?:°C|℃)", lambda m: f"{Decimal(m[1]) * 9 / 5 + 32:.1f} °F", text)
    text = re.sub(rf"{_NUMBER}(g|mg|µg|mcg){end}", _mass, text)
    for unit, name in _NAMES[language].items():
        text = re.sub(rf"(?<=\d)\s?{re.escape(unit)}{end}", f" {name}" if language == "en" else name, text)
    return text


def _mass(match: re.Match[str]) -> str:
    number, unit = Decimal(match[1]), match[2]
    if unit == "g":
        return f"{_plain(number * 1000)} mg"
    if unit == "mg" and number >= 1000:
        return f"{_plain(number / 1000)} g"
    if unit == "mg" and number < 1:
        return f"{_plain(number * 1000)} µg"
    if unit in ("µg", "mcg"):
        return f"{match[1]} micrograms"
    return match[0]


def _plain(number: Decimal) -> str:
    return f"{number.quantize(Decimal('0.001')).normalize():f}"


def _full_width(text: str, language: Language, draw: random.Random) -> str:
    """Digits, point and percent as a Chinese keyboard leaves them; English keyboards have none."""
    wide = {ord(narrow): ord(narrow) + 0xFEE0 for narrow in "0123456789.%/"}
    return text.translate(wide) if language == "zh" and re.search(r"\d", text) else text


RULES: Mapping[str, Callable[[str, Language, random.Random], str]] = {
    "typos": _typos,
    "case": _case,
    "spacing": _spacing,
    "abbreviations": _abbreviations,
    "units": _units,
    "full_width": _full_width,
}
