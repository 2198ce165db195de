"""From what the model wrote to claims with byte-exact quotes, and the check that a quote supports its claim.

The product, the gate and example building all call `check`: what is trained for, gated and shown is one rule.
A claim is supported by the sentence it cites when every number stands there with its unit and comparator, every drug
named stands there, negation and direction agree, and most of its content words stand there. It is a check by rule:
strict on what harms (doses, units, drugs, negation), and blind to paraphrase, which it calls unsupported.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from medmodel import prompts
from medmodel.models.engine import Completion
from medmodel.records import Citation, Claim, FirstTry, Passage

OVERLAP = 0.6  # share of the claim's content words that the quote must hold; fixed before any held-out item was asked
FEWEST_WORDS = 3  # content words below which a claim says nothing that could be checked

_LINE = re.compile(r"^\[(\d{1,3})\] (\S.*)$")
_WORD = re.compile(r"[A-Za-zÀ-ÿ][\w₀-₉²³⁰-⁹+\-/]*|[\u4e00-\u9fff]")
# A number with its comparator before it and its unit after it: "≥ 2.5 mg/kg", "5–10 %", "10⁹/L".
_QUANTITY = re.compile(
    r"(?P<comparator>[<>≤≥]=?|=)?\s*(?P<number>\d+(?:[.,]\d+)*(?:[⁰-⁹]+)?)\s*"
    r"(?P<unit>%|‰|°C|°F|(?:mcg|µg|μg|ug|mg|g|kg|ng|pg|mL|dL|L|ml|dl|l|IU|units?|U|mmol|µmol|μmol|mol|mEq|mmHg|mm Hg|cm|mm|m|kPa|"
    r"hours?|hrs?|h|minutes?|mins?|min|days?|weeks?|wks?|months?|years?|yrs?|bpm|kcal)\b(?:\s?/\s?(?:[A-Za-zµμ]+\d?|\d+(?:\.\d+)?\s?m²|m²))*)?"
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|can't|don't|doesn't|isn't|shouldn't|avoid(?:ed|s|ing)?|contraindicated|"
    r"contraindication|discouraged|harm|withhold|withheld|discontinue[ds]?|stop(?:ped)?)\b|不|勿|禁|避免|无需|没有",
    re.IGNORECASE,
)
_UP = re.compile(r"\b(?:increas\w+|rais\w+|higher|elevat\w+|up-?titrat\w+|escalat\w+)\b", re.IGNORECASE)
_DOWN = re.compile(r"\b(?:decreas\w+|reduc\w+|lower\w*|declin\w+|de-?escalat\w+|taper\w*)\b", re.IGNORECASE)
_DRUG_ENDING = re.compile(
    r"\b[a-z]{3,}(?:pril|sartan|olol|statin|azole|cillin|mycin|micin|floxacin|cycline|parin|gliptin|gliflozin|glutide|"
    r"xaban|gatran|prazole|tidine|semide|thiazide|dipine|zosin|triptan|setron|mab|nib|vir|oxetine|pram|zepam|zolam|"
    r"barbital|profen|olone|sone|solone|caine|curium|dronate|fibrate|glitazone|formin|lukast|terol|tropium)\b",
    re.IGNORECASE,
)
_COMMON = frozenset(
    "a an the and or of in on at to for from by with as is are was were be been being it its this that these those than then "
    "if when which who what how do does did has have had may can should must will would could also such per via into over "
    "under after before during between among each all any both more most other some only very recommended recommend".split()
)


def parse(text: str, sentences: int) -> list[tuple[int, str]] | None:
    """(sentence number, text) for each line, or None when a line does not parse or cites a number that does not exist."""
    lines = []
    for line in text.strip().split("\n"):
        match = _LINE.match(line.strip())
        if not match or not 1 <= int(match[1]) <= sentences:
            return None
        lines.append((int(match[1]), match[2].strip()))
    return lines


def check(claim: str, quote: str) -> str:
    """Why `quote` does not support `claim`, in a few words; "" when it does."""
    held = quantities(quote)
    for quantity in quantities(claim):
        if quantity not in held:
            return f"number: '{' '.join(part for part in quantity if part)}' is not in the quote"
    drugs = drugs_in(quote)
    for drug in sorted(drugs_in(claim)):
        if drug not in drugs:
            return f"drug: '{drug}' is not in the quote"
    if bool(_NEGATION.search(claim)) != bool(_NEGATION.search(quote)):
        return "negation: one of claim and quote negates, the other does not"
    for here, there in ((_UP, _DOWN), (_DOWN, _UP)):
        if here.search(claim) and there.search(quote) and not here.search(quote):
            return "direction: the quote says the opposite"
    words = content_words(claim)
    if len(words) < FEWEST_WORDS:
        return "too short: it says nothing that could be checked"
    share = len(words & content_words(quote)) / len(words)
    if share < OVERLAP:
        return f"overlap: {share:.0%} of its words are in the quote, fewer than {OVERLAP:.0%}"
    return ""


def quantities(text: str) -> set[tuple[str, str, str]]:
    """(comparator, number, unit) of every number; units and comparators in one spelling."""
    found = set()
    for match in _QUANTITY.finditer(text):
        comparator = {">=": "≥", "<=": "≤", "=": ""}.get(match["comparator"] or "", match["comparator"] or "")
        unit = re.sub(r"\s+", "", match["unit"] or "").replace("μ", "µ").replace("mcg", "µg").replace("ug", "µg").lower()
        unit = {"hour": "h", "hours": "h", "hr": "h", "hrs": "h", "minute": "min", "minutes": "min", "mins": "min"}.get(
            unit, unit
        )
        found.add((comparator, match["number"].replace(",", ""), unit.removesuffix("s") if len(unit) > 3 else unit))
    return found


def drugs_in(text: str) -> set[str]:
    """Drug names, lower case: those of a terminology, and words with a drug's ending."""
    words = {word.lower() for word in _WORD.findall(text)}
    return (words & _known_drugs()) | {match[0].lower() for match in _DRUG_ENDING.finditer(text)}


def content_words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)} - _COMMON


def judge_first_try(completion: Completion, passages: Sequence[Passage]) -> FirstTry:
    """Score what the model wrote at the first try: well formed? every sentence supported by the one it cites?"""
    text = completion.text.strip()

    def tried(well_formed: bool, grounded: bool, reason: str, abstained: bool = False) -> FirstTry:
        return FirstTry(
            text=text,
            finish_reason=completion.finish_reason,
            well_formed=well_formed,
            grounded=grounded,
            abstained=abstained,
            reason=reason,
        )

    if completion.finish_reason != "stop":
        return tried(False, False, "cut off: it did not end by itself")
    if text == prompts.NO_ANSWER:
        return tried(True, False, "abstained", abstained=True)
    shown = prompts.numbered(passages)
    lines = parse(text, len(shown))
    if lines is None:
        return tried(False, False, "a line does not parse, or cites a sentence that was not shown")
    if len({sentence.lower() for _, sentence in lines}) < len(lines):
        return tried(False, False, "it says the same thing twice")
    for number, sentence in lines:
        passage, at = shown[number - 1]
        reason = check(sentence, prompts.one_line(passage.sentence(at)))
        if reason:
            return tried(True, False, f"line [{number}]: {reason}")
    return tried(True, True, "")


def resolve(lines: Sequence[tuple[int, str]], passages: Sequence[Passage]) -> tuple[Claim, ...]:
    """Claims with their quotes: the cited sentence, byte for byte, and whether it supports the claim."""
    shown = prompts.numbered(passages)
    claims = []
    for number, text in lines:
        passage, at = shown[number - 1]
        reason = check(text, prompts.one_line(passage.sentence(at)))
        claims.append(
            Claim(
                text=text,
                citations=(cite(passage, at, number),),
                verdict="unsupported" if reason else "supported",
                reason=reason,
            )
        )
    return tuple(claims)


def cite(passage: Passage, sentence: int, number: int) -> Citation:
    """The citation of the `sentence`-th sentence (from 0) of a passage, shown as `number`."""
    span = passage.sentences[sentence]
    quote = passage.text[span.start : span.end]
    return Citation(passage_id=passage.id, source=passage.source, quote=quote, start=span.start, end=span.end, number=number)


@cache
def _known_drugs() -> frozenset[str]:
    """Single-word names and aliases from open-medicine's drug terminology, where it is installed."""
    spec = importlib.util.find_spec("open_medicine")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "graphrag" / "terminology" / "drugs.json"
        if path.exists():
            drugs = json.loads(path.read_text(encoding="utf-8"))
            names = {name for drug, entry in drugs.items() for name in (drug, *entry.get("aliases", ()))}
            return frozenset(name.lower() for name in names if " " not in name and len(name) > 3)
    return frozenset()
