"""A sentence said otherwise by rule, its meaning unchanged: units converted, clauses turned round, signs and short forms
written out, voice changed, lists reordered. What the support check must admit.

A rule gives None where it finds nothing. `paraphrased` applies as many of them as `rules` names, in order. The
hand-written ones, which no rule could make, are in paraphrases.yaml. Not covered: free rewording, Chinese grammar.

    paraphrased("If eGFR is < 30, reduce the dose to 500 mg.", ("order", "units"))
    ->  "Reduce the dose to 0.5 g if eGFR is < 30."
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import yaml

SEED = 17
_SHORT = {
    "atrial fibrillation": "AF", "heart failure": "HF", "blood pressure": "BP", "chronic kidney disease": "CKD", "acute kidney injury": "AKI",
    "diabetic ketoacidosis": "DKA", "type 2 diabetes": "T2D", "alcohol use disorder": "AUD", "intensive care unit": "ICU", "heart rate": "HR",
    "body mass index": "BMI", "upper gastrointestinal bleeding": "UGIB", "venous thromboembolism": "VTE", "electrocardiogram": "ECG",
}  # fmt: skip
_SIGNS = {
    ">=": "at least ", "≥": "at least ", "<=": "at most ", "≤": "at most ", ">": "more than ", "<": "less than ",
}  # fmt: skip
_WORDS = {
    "patients": "people", "physicians": "doctors", "clinicians": "doctors", "hemorrhage": "bleeding", "renal": "kidney", "hepatic": "liver", "initiate": "start", "initiated": "started",
    "initiation": "start", "discontinue": "stop", "discontinued": "stopped", "administer": "give", "administered": "given", "approximately": "about", "therapy": "treatment",
    "edema": "swelling", "mortality": "death", "adverse effects": "side effects", "medications": "drugs", "medication": "drug", "epinephrine": "adrenaline",
    "norepinephrine": "noradrenaline", "acetaminophen": "paracetamol", "albuterol": "salbutamol", "intravenous": "IV", "intravenously": "IV", "orally": "by mouth",
    "immediately": "at once", "prior to": "before", "assess": "evaluate", "obtain": "get", "utilize": "use", "children": "kids", "physician": "doctor", "tumor": "tumour",
    "ischemia": "ischaemia", "hemodynamic": "haemodynamic", "pediatric": "paediatric", "twice daily": "two times a day", "once daily": "every day", "hypertension": "high blood pressure",
    "myocardial infarction": "heart attack", "affects": "involves", "disorder": "disease", "individuals": "people", "newborns": "neonates", "sufficient": "enough", "inadequate": "insufficient",
}  # fmt: skip
_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_VERBS = {
    "reduces": "reduced", "increases": "increased", "causes": "caused", "inhibits": "inhibited", "improves": "improved", "prevents": "prevented", "affects": "affected",
    "requires": "required", "produces": "produced", "blocks": "blocked", "guides": "guided", "predicts": "predicted", "worsens": "worsened",
}  # fmt: skip


def paraphrased(text: str, rules: Sequence[str]) -> str | None:
    """The sentence after every rule that finds something; None when none does."""
    changed = text
    for name in rules:
        changed = RULES[name](changed, random.Random(f"{SEED}\n{name}\n{text}")) or changed
    return changed if changed != text else None


def written(path: Path | None = None) -> dict[str, list[tuple[str, str]]]:
    """Hand-written (quote, claim) by language."""
    found = yaml.safe_load((path or Path(__file__).with_name("paraphrases.yaml")).read_text(encoding="utf-8"))
    return {language: [(quote, claim) for quote, claim in pairs] for language, pairs in found.items()}


class Claims(NamedTuple):
    quote: str
    same: Sequence[str]  # what says what the quote says
    other: Sequence[tuple[str, str]]  # (what is wrong, claim)


def claims() -> dict[str, list[Claims]]:
    """Hand-written claims of both sides, by language."""
    found = yaml.safe_load(Path(__file__).with_name("claims.yaml").read_text(encoding="utf-8"))
    return {
        language: [Claims(one["quote"], one["same"], [(kind, claim) for kind, claim in one["other"]]) for one in groups]
        for language, groups in found.items()
    }


def _units(text: str, draw: random.Random) -> str | None:
    changed = re.sub(
        r"(?<![\w.–-])(\d+(?:\.\d+)?)\s?(mg|g|hours|days|weeks|months|minutes|mL|L|mcg|kg)(?![\w/²])", _converted, text
    )
    return changed if changed != text else None


def _converted(match: re.Match[str]) -> str:
    value, unit = Decimal(match[1]), match[2]
    for name, factor, other in (
        ("g", 1000, "mg"), ("L", 1000, "mL"), ("mcg", Decimal("0.001"), "mg"), ("kg", 1000, "g"), ("weeks", 7, "days"), ("days", 24, "hours"),
    ):  # fmt: skip
        if unit == name and value * factor <= 5000:
            return f"{(value * factor).normalize():f} {other}"
    for name, factor, other in (
        ("mg", 1000, "g"),
        ("mL", 1000, "L"),
        ("hours", 24, "days"),
        ("months", 12, "years"),
        ("minutes", 60, "hours"),
    ):
        if unit == name and (value * 2) % factor == 0:
            return f"{(value / factor).normalize():f} {other if value != factor else other.removesuffix('s')}"
    return match[0]


def _signs(text: str, draw: random.Random) -> str | None:
    changed = re.sub(r"(>=|≥|<=|≤|>|<)\s*(?=\d)", lambda match: _SIGNS[match[1]], text)
    changed = re.sub(r"(?<=\d)\s?[–-]\s?(?=\d+ ?(?:mg|g|mL|hours|days|weeks|months|years|%|minutes))", " to ", changed)
    changed = re.sub(
        r"\b([2-9]|1[0-2])(?= (?:hours|days|weeks|months|years|minutes)\b)", lambda match: _NUMBERS[int(match[1])], changed
    )
    return changed if changed != text else None


def _short(text: str, draw: random.Random) -> str | None:
    both = {**_SHORT, **{short: full for full, short in _SHORT.items()}}
    names = "|".join(map(re.escape, sorted(both, key=len, reverse=True)))
    changed = re.sub(rf"(?<![\w-])(?:{names})(?![\w-])", lambda match: both[match[0]], text)
    return changed if changed != text else None


def _words(text: str, draw: random.Random) -> str | None:
    names = "|".join(map(re.escape, sorted(_WORDS, key=len, reverse=True)))
    changed = re.sub(rf"(?<![\w-])(?:{names})(?![\w-])", lambda match: _WORDS[match[0]], text)
    return changed if changed != text else None


def _order(text: str, draw: random.Random) -> str | None:
    """ "If A, B." <-> "B if A.", "In A, B." <-> "B in A.", "A: B" -> "For A: B"."""
    if match := re.fullmatch(r"(If|When|In|For|After|Before|During|Among) ([^,;:()]{6,90}), ([^;:]{15,})\.", text):
        return f"{match[3][0].upper()}{match[3][1:]} {match[1].lower()} {match[2]}."
    if match := re.fullmatch(
        r"([A-Z][^,;:()]{20,}) (if|when|after|before|in patients with|for patients with|among|in adults with) ([^,;:()]{6,80})\.",
        text,
    ):
        return f"{match[2][0].upper()}{match[2][1:]} {match[3]}, {_lowered(match[1])}."
    if match := re.fullmatch(r"([A-Z][^,;:()]{5,50}): ([A-Z][^;:]{15,})\.", text):
        return f"{match[2]} ({_lowered(match[1])})."
    return None


def _voice(text: str, draw: random.Random) -> str | None:
    if match := re.fullmatch(rf"([A-Z][^,;:()]{{4,60}}?) ({'|'.join(_VERBS)}) ([^,;:()]{{4,60}})\.", text):
        return f"{match[3][0].upper()}{match[3][1:]} is {_VERBS[match[2]]} by {_lowered(match[1])}."
    if match := re.fullmatch(r"([A-Z][^,;:()]{4,80}) (?:is|are) (not )?recommended\b([^;:]*)\.", text, re.IGNORECASE):
        verb = "should not be used" if match[2] else "should be used"
        return f"{match[1]} {verb}{match[3]}."
    if match := re.fullmatch(r"Avoid (?:the use of )?([^;:,]{8,80})\.", text):
        return f"{match[1][0].upper()}{match[1][1:]} should be avoided."
    if match := re.fullmatch(
        r"(Consider|Offer|Administer|Give|Use|Continue|Monitor|Assess|Provide|Check|Measure) ([^;:,()]{8,60})\.", text
    ):
        participle = {"Consider": "considered", "Offer": "offered", "Administer": "administered", "Give": "given", "Use": "used", "Continue": "continued",
                      "Monitor": "monitored", "Assess": "assessed", "Provide": "provided", "Check": "checked", "Measure": "measured"}[match[1]]  # fmt: skip
        return f"{match[2][0].upper()}{match[2][1:]} should be {participle}."
    return None


def _lists(text: str, draw: random.Random) -> str | None:
    """ "A, B, and C" -> "C, A, and B"; "(A, B)" -> "(B, A)"; "A and B" of two single words turned."""
    if match := re.search(r"(?<![\w-])([a-z]{4,}), ([a-z]{4,}),? (and|or) ([a-z]{4,})(?=[.,;)])", text):
        return f"{text[: match.start()]}{match[4]}, {match[1]} {match[3]} {match[2]}{text[match.end() :]}"
    if match := re.search(r"\((e\.g\., )?([a-z]{4,}(?: [a-z]+)?), ([a-z]{4,}(?: [a-z]+)?)\)", text):
        return f"{text[: match.start()]}({match[1] or ''}{match[3]}, {match[2]}){text[match.end() :]}"
    if match := re.search(r"(?<= )([a-z]{5,}) (and|or) ([a-z]{5,})(?=[.,;)])", text):
        return f"{text[: match.start()]}{match[3]} {match[2]} {match[1]}{text[match.end() :]}"
    return None


def _chinese(text: str, draw: random.Random) -> str | None:
    changed = text
    for said, other in (
        ("mg", "毫克"), ("应避免使用", "不应使用"), ("患者", "病人"), ("推荐", "建议"), ("每日", "每天"), ("升高", "增高"), ("低于", "小于"), ("停用", "停止使用"),
        ("应", "需"), ("立即", "马上"), ("静脉注射", "静脉给予"), ("禁用", "不可使用"), ("监测", "检测"), ("成人", "成年人"), ("约", "大约"), ("以下", "以下"),
    ):  # fmt: skip
        if said in changed and draw.random() < 0.7:
            changed = changed.replace(said, other)
    if (match := re.fullmatch(r"([^，。]{4,})，([^，。]{4,})。", changed)) and re.search(r"时$", match[1]):
        changed = f"{match[2]}（{match[1]}）。"
    return changed if changed != text else None


def _lowered(text: str) -> str:
    return text[0].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


RULES: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "order": _order,
    "voice": _voice,
    "lists": _lists,
    "units": _units,
    "signs": _signs,
    "short": _short,
    "words": _words,
    "chinese": _chinese,
}
