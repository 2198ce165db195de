"""What is decided by rule, before and without any model: red flags that are shown, and requests that are refused.

The rules are data (`safety.yaml`), each with the guideline it rests on. They know explicit findings in English and
Chinese, and negation just before a finding ("no chest pain", "否认胸痛"). They do not understand: a textbook question that
lists the findings of an emergency raises the flag too, and a finding told in other words does not. A first layer, not triage.

    red_flags("Crushing chest pain, he has just collapsed")  ->  (RedFlag(id="chest_pain", …),)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

from medmodel.records import RedFlag

RULES = Path(__file__).with_name("safety.yaml")
Language = Literal["en", "zh"]
_NOT = r"\b(?:no|not|without|denies|denied|denying|never|negative for|nor|rules? out|ruled out|absence of)\b"
_WORD = r"(?!(?:but|however|yet|though|although|except|now|with|has|have|had)\b)[^\s.,;:?!]+"  # these begin what is present
# Up to three words between the negation and the finding it denies; a list may stand between when it ends in "or".
_NEGATED = re.compile(
    rf"(?:{_NOT}(?:\s+{_WORD}){{0,3}}\s*|{_NOT}(?:\s+{_WORD}){{1,4}}(?:,\s+{_WORD}(?:\s+{_WORD}){{0,2}})*,?\s+(?:or|nor)\s+(?:{_WORD}\s+)?"
    # 无力, 无法, 无诱因 deny no finding; 但, 伴, 突 begin what is present.
    r"|(?:没有|无(?!力|法|诱因|明显诱因)|否认|未见|不伴|未出现)[^。，；？！但却伴突现]{0,8})$",
    re.IGNORECASE,
)
_IN_LIST = re.compile(rf"{_NOT}(?:\s+{_WORD}){{1,4}}(?:,\s+{_WORD}(?:\s+{_WORD}){{0,2}})*,\s+$", re.IGNORECASE)
_LIST_GOES_ON = re.compile(rf"(?:,\s+{_WORD}(?:\s+{_WORD}){{0,2}})*,?\s+(?:or|nor)\b", re.IGNORECASE)
# "family history of stroke", "a stroke last year": not now, not this patient. "A two-hour history of" is now.
_ELSEWHERE = re.compile(
    r"(?:family history of|history of|previous|prior|家族史|既往)(?:\s+[^\s.,;:?!]+){0,2}\s*$", re.IGNORECASE
)
_ONSET = re.compile(
    r"\b(?:minutes?|hours?|hrs?|days?|weeks?|acute|short|brief|sudden)['’]?s?[\s-]+history of(?:\s+[^\s.,;:?!]+){0,2}\s*$",
    re.IGNORECASE,
)
_SHOWN = 30  # characters: longer than any finding of three words that the rules name
_NEARBY = 120  # characters before a finding that are read for a negation: longer than any list a question holds


class _Rule(NamedTuple):
    id: str
    title: dict[str, str]
    action: dict[str, str]
    urgency: Literal["emergency", "urgent"]
    source: str
    groups: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None
    negation: bool


class _Refusal(NamedTuple):
    message: dict[str, str]
    ask: re.Pattern[str]
    harm: re.Pattern[str]
    unless: re.Pattern[str] | None


def red_flags(text: str, language: Language = "en") -> tuple[RedFlag, ...]:
    """Rules that fire on a question, in the rules' order; titles and actions in `language`."""
    rules, _ = _load()
    flags = []
    for rule in rules:
        found = [_first(group, text, rule.negation) for group in rule.groups]
        if all(found) and not (rule.unless and rule.unless.search(text)):
            flags.append(
                RedFlag(
                    id=rule.id,
                    title=rule.title[language],
                    action=rule.action[language],
                    urgency=rule.urgency,
                    matched=", ".join(words for words in found if words),
                    source=rule.source,
                )
            )
    return tuple(flags)


def refusal(text: str, language: Language = "en") -> str | None:
    """Why a request is not answered, and what is offered instead; None when it is answered."""
    _, refusals = _load()
    for rule in refusals:
        if rule.harm.search(text) and rule.ask.search(text) and not (rule.unless and rule.unless.search(text)):
            return rule.message[language]
    return None


def _first(group: re.Pattern[str], text: str, negation: bool) -> str:
    """The first finding of a group that is not negated, as the text has it; "" when there is none."""
    for match in group.finditer(text):
        if not (negation and _denied(text, match)):
            return _shown(match[0])
    return ""


def _shown(words: str) -> str:
    """The ends of a long match: what stands between them is the patient's own sentence."""
    parts = words.split()
    if len(parts) > 3:
        return f"{parts[0]} … {parts[-1]}"
    return words if len(words) <= _SHOWN else f"{words[:4]} … {words[-4:]}"


def _denied(text: str, match: re.Match[str]) -> bool:
    """Whether the words before a finding deny it, or put it in the past or the family."""
    before = text[max(0, match.start() - _NEARBY) : match.start()]
    if _NEGATED.search(before) or (_IN_LIST.search(before) and _LIST_GOES_ON.match(text, match.end())):
        return True
    return bool(_ELSEWHERE.search(before)) and not _ONSET.search(before)


@cache
def _load() -> tuple[tuple[_Rule, ...], tuple[_Refusal, ...]]:
    raw = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    rules = tuple(
        _Rule(
            id=rule["id"],
            title=rule["title"],
            action=rule["action"],
            urgency=rule["urgency"],
            source=rule["source"],
            groups=tuple(_pattern(group) for group in rule["all"]),
            unless=_pattern(rule["unless"]) if rule.get("unless") else None,
            negation=rule.get("negation", True),
        )
        for rule in raw["red_flags"]
    )
    refusals = tuple(
        _Refusal(
            message=rule["message"],
            ask=_pattern(rule["ask"]),
            harm=_pattern(rule["harm"]),
            unless=_pattern(rule["unless"]) if rule["unless"] else None,
        )
        for rule in raw["refusals"]
    )
    return rules, refusals


def _pattern(phrases: Sequence[str]) -> re.Pattern[str]:
    """One pattern for all phrases: whole words in English; Chinese has no word boundaries."""
    chinese = [phrase for phrase in phrases if re.search(r"[\u4e00-\u9fff]", phrase)]
    english = [phrase for phrase in phrases if phrase not in chinese]
    parts = ([rf"\b(?:{'|'.join(english)})(?!\w)"] if english else []) + chinese
    return re.compile("|".join(parts), re.IGNORECASE)
